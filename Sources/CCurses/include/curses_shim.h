#pragma once

// The part of ncursesw that a screen needs, as plain functions: no macros, no varargs, no global
// window. One terminal at a time, and all calls from one thread.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// Why a terminal could not be opened.
typedef enum {
  OCTERM_OK = 0,
  // terminfo knows no such terminal.
  OCTERM_UNKNOWN = 1,
  // The terminal is known, but cannot place its cursor.
  OCTERM_NO_CURSOR = 2,
  // ncurses could not take the terminal over.
  OCTERM_FAILED = 3
} octerm_status;

// Whether `term` can be drawn on. Changes nothing.
octerm_status octerm_probe(const char *term);

// Takes standard input and output over as terminal `term`: alternate screen, raw keys, no echo,
// bracketed paste. Installs signal handlers that give the terminal back before the program stops
// or dies, however that comes. Call octerm_probe first: ncurses ends the program on its own for a
// terminal it cannot use.
octerm_status octerm_open(const char *term);

// Gives the terminal back. Harmless when it is not open.
void octerm_close(void);

// Gives the terminal back for a while, and takes it again. Between the two, other programs may
// draw. After octerm_resume everything is to be drawn anew.
void octerm_release(void);
void octerm_resume(void);

// Stops this process group as Control-Z does, with the terminal given back; returns after it has
// been continued, with the terminal taken again.
void octerm_stop(void);

// The end to read of a pipe: a byte for each SIGWINCH, SIGTSTP and SIGCONT, its number.
int octerm_signals(void);

// Asks the terminal for its size and follows it.
void octerm_size(int *columns, int *rows);

// The number of colours that can be told apart: 0 without any.
int octerm_colors(void);

// The number of a colour pair; -1 is the terminal's own colour. 0 when there are no pairs left.
int octerm_pair(int foreground, int background);
// Forgets all pairs, for a new theme.
void octerm_forget_pairs(void);

enum {
  OCTERM_BOLD = 1,
  OCTERM_UNDERLINE = 2,
  OCTERM_REVERSE = 4,
  OCTERM_DIM = 8,
  OCTERM_ITALIC = 16
};

// Puts one character, of `count` code points (at most 5), where its cell is. Nothing is sent yet.
void octerm_put(int x, int y, const uint32_t *scalars, int count, int attributes, int pair);

// Shows the cursor at a place, or hides it when x is negative.
void octerm_cursor(int x, int y);

// Sends what has changed, at once.
void octerm_flush(void);

// Sends everything at the next flush, whatever the terminal may show.
void octerm_redraw(void);

void octerm_bell(void);
void octerm_mouse(bool is_on);

// Writes bytes to the terminal, past ncurses: for sequences that move nothing.
void octerm_write(const char *bytes, size_t count);

// Bytes that undo what octerm_write did, such as a changed palette: sent whenever the terminal is
// given back, also from a signal handler. At most 2048; replaces those given before.
void octerm_undo(const char *bytes);

// What octerm_read found.
typedef enum { OCTERM_NOTHING, OCTERM_CHARACTER, OCTERM_KEY, OCTERM_MOUSE, OCTERM_END } octerm_kind;

// Names of keys, as octerm_read gives them. Function keys follow OCTERM_F0.
enum {
  OCTERM_UP = 1,
  OCTERM_DOWN,
  OCTERM_LEFT,
  OCTERM_RIGHT,
  OCTERM_HOME,
  OCTERM_LAST,
  OCTERM_PAGE_UP,
  OCTERM_PAGE_DOWN,
  OCTERM_INSERT,
  OCTERM_DELETE,
  OCTERM_BACKSPACE,
  OCTERM_BACK_TAB,
  OCTERM_ENTER,
  OCTERM_PASTE_BEGIN,
  OCTERM_PASTE_FINISH,
  OCTERM_UNNAMED,
  OCTERM_F0 = 256
};

enum { OCTERM_PRESS = 1, OCTERM_RELEASE, OCTERM_WHEEL_UP, OCTERM_WHEEL_DOWN };

typedef struct {
  octerm_kind kind;
  // A code point, or a key's name, or what the mouse did.
  int32_t value;
  // The place of the mouse.
  int32_t x, y;
} octerm_event;

// The next event, without waiting. OCTERM_END: nobody will type any more.
octerm_event octerm_read(void);

// Takes the locale of the environment for characters only; says whether it is UTF-8. A UTF-8
// locale that is named but not installed, as often over ssh, is replaced by C.UTF-8.
bool octerm_use_locale(bool names_utf8);

#pragma clang assume_nonnull end
