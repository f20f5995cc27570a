// Reading keys.

#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE
#define NCURSES_WIDECHAR 1
#include "keys.h"
#include "curses_shim.h"

#include <ncursesw/curses.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

// Far above the codes that ncurses gives to the keys of extended terminfo entries.
enum { PASTE_BEGIN = KEY_MAX + 4000, PASTE_FINISH };

void octerm_define_keys(void) {
  define_key("\033[200~", PASTE_BEGIN);
  define_key("\033[201~", PASTE_FINISH);
  // What terminals send when they think that the other keypad mode is on.
  define_key("\033[A", KEY_UP);
  define_key("\033[B", KEY_DOWN);
  define_key("\033[C", KEY_RIGHT);
  define_key("\033[D", KEY_LEFT);
  define_key("\033OA", KEY_UP);
  define_key("\033OB", KEY_DOWN);
  define_key("\033OC", KEY_RIGHT);
  define_key("\033OD", KEY_LEFT);
  define_key("\033[H", KEY_HOME);
  define_key("\033[F", KEY_END);
  define_key("\033[1~", KEY_HOME);
  define_key("\033[4~", KEY_END);
  define_key("\033[Z", KEY_BTAB);
}

static int32_t name_of(wint_t code) {
  if (code >= KEY_F0 && code <= KEY_F(63))
    return OCTERM_F0 + (int32_t)(code - KEY_F0);
  switch (code) {
  case KEY_UP:
    return OCTERM_UP;
  case KEY_DOWN:
    return OCTERM_DOWN;
  case KEY_LEFT:
    return OCTERM_LEFT;
  case KEY_RIGHT:
    return OCTERM_RIGHT;
  case KEY_HOME:
    return OCTERM_HOME;
  case KEY_END:
    return OCTERM_LAST;
  case KEY_PPAGE:
    return OCTERM_PAGE_UP;
  case KEY_NPAGE:
    return OCTERM_PAGE_DOWN;
  case KEY_IC:
    return OCTERM_INSERT;
  case KEY_DC:
    return OCTERM_DELETE;
  case KEY_BACKSPACE:
    return OCTERM_BACKSPACE;
  case KEY_BTAB:
    return OCTERM_BACK_TAB;
  case KEY_ENTER:
    return OCTERM_ENTER;
  case PASTE_BEGIN:
    return OCTERM_PASTE_BEGIN;
  case PASTE_FINISH:
    return OCTERM_PASTE_FINISH;
  default:
    return OCTERM_UNNAMED;
  }
}

static bool is_at_end(void) {
  struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
  int waiting = 0;
  return poll(&input, 1, 0) == 1 &&
         ((input.revents & (POLLHUP | POLLERR | POLLNVAL)) ||
          ((input.revents & POLLIN) && ioctl(STDIN_FILENO, FIONREAD, &waiting) == 0 && !waiting));
}

static octerm_event mouse_event(void) {
  octerm_event event = {.kind = OCTERM_KEY, .value = OCTERM_UNNAMED};
  MEVENT mouse;
  if (getmouse(&mouse) != OK)
    return event;
  int32_t what = mouse.bstate & BUTTON4_PRESSED    ? OCTERM_WHEEL_UP
                 : mouse.bstate & BUTTON5_PRESSED  ? OCTERM_WHEEL_DOWN
                 : mouse.bstate & BUTTON1_PRESSED  ? OCTERM_PRESS
                 : mouse.bstate & BUTTON1_RELEASED ? OCTERM_RELEASE
                                                   : 0;
  if (!what)
    return event;
  return (octerm_event){.kind = OCTERM_MOUSE, .value = what, .x = mouse.x, .y = mouse.y};
}

octerm_event octerm_read(void) {
  wint_t code = 0;
  switch (get_wch(&code)) {
  case OK:
    return (octerm_event){.kind = OCTERM_CHARACTER, .value = (int32_t)code};
  case KEY_CODE_YES:
    if (code == KEY_MOUSE)
      return mouse_event();
    return (octerm_event){.kind = OCTERM_KEY, .value = name_of(code)};
  default:
    return (octerm_event){.kind = is_at_end() ? OCTERM_END : OCTERM_NOTHING};
  }
}
