// What terminfo says. Apart from the rest, since term.h makes macros of everyday words.

#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE
#include "curses_shim.h"
#include "state.h"

#include <ncursesw/curses.h>
// After curses.h.
#include <ncursesw/term.h>
#include <string.h>
#include <unistd.h>

octerm_status octerm_probe(const char *term) {
  int found = 0;
  if (setupterm(term, STDOUT_FILENO, &found) == ERR || found != 1)
    return OCTERM_UNKNOWN;
  bool can_place = cursor_address != NULL && !generic_type;
  del_curterm(cur_term);
  return can_place ? OCTERM_OK : OCTERM_NO_CURSOR;
}

bool octerm_is_ansi(void) { return cursor_address && strncmp(cursor_address, "\033[", 2) == 0; }
