#pragma once

// What the parts of the shim share.

#include <stdbool.h>
#include <stddef.h>

// Keeps the terminal's modes and installs handlers for what ends the program. Before ncurses is
// started, which leaves alone what is taken.
void octerm_guard_begin(void);
// Installs the handlers that report SIGWINCH, SIGTSTP and SIGCONT. After ncurses, whose own
// handlers would draw from inside a signal. A terminal that is not ANSI gets no ANSI sequences
// when it is restored.
void octerm_guard_reports(bool is_ansi);
// Gives signals back to whoever had them.
void octerm_guard_end(void);
// Called when the terminal is taken and given back, so that a handler restores it only when needed.
void octerm_guard_active(bool is_active);

// Modes that ncurses does not know, sent when the terminal is taken and given back.
#define OCTERM_PASTE_ON "\033[?2004h"
#define OCTERM_PASTE_OFF "\033[?2004l"

// How often the program has been continued after a stop.
unsigned octerm_guard_continuations(void);

// Whether the open terminal understands ANSI sequences.
bool octerm_is_ansi(void);

// What octerm_undo was given.
const char *octerm_undo_bytes(size_t *length);
