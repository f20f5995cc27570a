// Opening, drawing and closing.

#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE
#define NCURSES_WIDECHAR 1
#include "curses_shim.h"
#include "keys.h"
#include "state.h"

#include <langinfo.h>
#include <locale.h>
#include <ncursesw/curses.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static SCREEN *screen;
static bool is_open;
static bool is_mouse_on;
static int next_pair;

bool octerm_use_locale(bool names_utf8) {
  // Numbers keep their points: only what a character is follows the environment.
  const char *set = setlocale(LC_CTYPE, "");
  if (set && strcmp(nl_langinfo(CODESET), "UTF-8") == 0)
    return true;
  if (names_utf8 && setlocale(LC_CTYPE, "C.UTF-8"))
    return true;
  return false;
}

static void take(void) {
  raw();
  noecho();
  nonl();
  intrflush(stdscr, FALSE);
  keypad(stdscr, TRUE);
  nodelay(stdscr, TRUE);
  scrollok(stdscr, FALSE);
  leaveok(stdscr, FALSE);
  curs_set(0);
}

octerm_status octerm_open(const char *term) {
  if (is_open)
    return OCTERM_OK;
  // A short wait tells Escape from the start of a key's sequence. ncurses reads ESCDELAY itself.
  if (!getenv("ESCDELAY"))
    set_escdelay(25);
  octerm_guard_begin();
  screen = newterm(term, stdout, stdin);
  if (!screen) {
    octerm_guard_end();
    return OCTERM_FAILED;
  }
  set_term(screen);
  is_open = true;
  octerm_guard_reports(octerm_is_ansi());
  octerm_guard_active(true);
  take();
  octerm_define_keys();
  if (has_colors()) {
    start_color();
    use_default_colors();
  }
  octerm_forget_pairs();
  octerm_write(OCTERM_PASTE_ON, strlen(OCTERM_PASTE_ON));
  int columns, rows;
  octerm_size(&columns, &rows);
  clearok(curscr, TRUE);
  return OCTERM_OK;
}

void octerm_release(void) {
  if (!is_open)
    return;
  if (is_mouse_on)
    mousemask(0, NULL);
  octerm_write(OCTERM_PASTE_OFF, strlen(OCTERM_PASTE_OFF));
  size_t length;
  const char *undo = octerm_undo_bytes(&length);
  octerm_write(undo, length);
  curs_set(1);
  endwin();
  octerm_guard_active(false);
}

void octerm_resume(void) {
  if (!is_open)
    return;
  octerm_guard_active(true);
  reset_prog_mode();
  // A refresh is what makes ncurses enter the alternate screen again.
  clearok(curscr, TRUE);
  refresh();
  take();
  octerm_write(OCTERM_PASTE_ON, strlen(OCTERM_PASTE_ON));
  if (is_mouse_on)
    octerm_mouse(true);
}

void octerm_close(void) {
  if (!is_open)
    return;
  octerm_release();
  is_open = false;
  octerm_guard_end();
  delscreen(screen);
  screen = NULL;
}

void octerm_stop(void) {
  octerm_release();
  struct sigaction standard = {.sa_handler = SIG_DFL}, ours;
  sigemptyset(&standard.sa_mask);
  sigaction(SIGTSTP, &standard, &ours);
  unsigned before = octerm_guard_continuations();
  // The whole group, so that a pipeline, make or a wrapper script stops with us. Any thread may
  // take the signal, perhaps after kill has returned here: wait until someone has continued us. A
  // group that nobody could continue is not stopped at all, and the wait ends.
  kill(0, SIGTSTP);
  const struct timespec moment = {.tv_nsec = 1000000};
  for (int i = 0; i < 50 && octerm_guard_continuations() == before; i++)
    nanosleep(&moment, NULL);
  sigaction(SIGTSTP, &ours, NULL);
  octerm_resume();
}

void octerm_size(int *columns, int *rows) {
  struct winsize size;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
    if (is_open && (size.ws_row != LINES || size.ws_col != COLS)) {
      resize_term(size.ws_row, size.ws_col);
      erase();
      clearok(curscr, TRUE);
    }
    *columns = size.ws_col;
    *rows = size.ws_row;
  } else {
    *columns = is_open ? COLS : 80;
    *rows = is_open ? LINES : 24;
  }
}

int octerm_colors(void) { return has_colors() ? COLORS : 0; }

void octerm_forget_pairs(void) { next_pair = 1; }

int octerm_pair(int foreground, int background) {
  if (!has_colors() || next_pair >= COLOR_PAIRS)
    return 0;
  if (init_extended_pair(next_pair, foreground, background) == ERR)
    return 0;
  return next_pair++;
}

void octerm_put(int x, int y, const uint32_t *scalars, int count, int attributes, int pair) {
  wchar_t text[CCHARW_MAX + 1] = {0};
  for (int i = 0; i < count && i < CCHARW_MAX; i++)
    text[i] = (wchar_t)scalars[i];
  attr_t flags = A_NORMAL;
  if (attributes & OCTERM_BOLD)
    flags |= A_BOLD;
  if (attributes & OCTERM_UNDERLINE)
    flags |= A_UNDERLINE;
  if (attributes & OCTERM_REVERSE)
    flags |= A_REVERSE;
  if (attributes & OCTERM_DIM)
    flags |= A_DIM;
  if (attributes & OCTERM_ITALIC)
    flags |= A_ITALIC;
  cchar_t cell;
  // Pairs above a short's range are given by address.
  if (setcchar(&cell, text, flags, (short)(pair > 0x7fff ? 0 : pair), &pair) == OK) {
    mvadd_wchnstr(y, x, &cell, 1);
  }
}

void octerm_cursor(int x, int y) {
  if (x < 0) {
    curs_set(0);
  } else {
    curs_set(1);
    move(y, x);
  }
}

void octerm_flush(void) {
  wnoutrefresh(stdscr);
  doupdate();
}

void octerm_redraw(void) { clearok(curscr, TRUE); }

void octerm_bell(void) { beep(); }

void octerm_mouse(bool is_on) {
  is_mouse_on = is_on;
  mouseinterval(0);
  mousemask(is_on ? BUTTON1_PRESSED | BUTTON1_RELEASED | BUTTON4_PRESSED | BUTTON5_PRESSED : 0,
            NULL);
}

void octerm_write(const char *bytes, size_t count) {
  fflush(stdout);
  while (count > 0) {
    ssize_t written = write(STDOUT_FILENO, bytes, count);
    if (written <= 0)
      return;
    bytes += written;
    count -= (size_t)written;
  }
}
