// Giving the terminal back whatever happens. Only functions that are safe in a signal handler are
// called from one: write, tcsetattr, sigaction, raise.

#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE
#include "curses_shim.h"
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static const int deadly[] = {SIGTERM, SIGHUP, SIGINT,  SIGQUIT, SIGABRT, SIGSEGV, SIGBUS,
                             SIGILL,  SIGFPE, SIGTRAP, SIGSYS,  SIGXCPU, SIGPIPE};
static const int reported[] = {SIGWINCH, SIGTSTP, SIGCONT};
enum { DEADLY = sizeof deadly / sizeof *deadly, REPORTED = sizeof reported / sizeof *reported };

static struct sigaction old_deadly[DEADLY], old_reported[REPORTED];
static struct termios shell_modes;
static bool has_shell_modes;
static volatile sig_atomic_t is_taken;
static volatile sig_atomic_t is_guarding;
static volatile sig_atomic_t continuations;
static int pipe_ends[2] = {-1, -1};

// Mouse and paste off, colours and attributes off, cursor on, keypad off, primary screen: what
// every terminal with these modes understands, and others ignore.
static const char restore[] = "\033[?1006l\033[?1002l\033[?1000l" OCTERM_PASTE_OFF
                              "\033[m\033[?25h\033[?1l\033>\033[?1049l\r";
static bool is_ansi;
static char undo[2048];
static volatile sig_atomic_t undo_length;

static void restore_now(void) {
  if (!is_taken)
    return;
  is_taken = 0;
  if (is_ansi) {
    ssize_t ignored = write(STDOUT_FILENO, undo, (size_t)undo_length);
    ignored = write(STDOUT_FILENO, restore, sizeof restore - 1);
    (void)ignored;
  }
  if (has_shell_modes)
    tcsetattr(STDIN_FILENO, TCSANOW, &shell_modes);
}

static void die(int number, siginfo_t *info, void *context) {
  (void)context;
  int saved = errno;
  restore_now();
  for (int i = 0; i < (int)DEADLY; i++) {
    if (deadly[i] == number)
      sigaction(number, &old_deadly[i], NULL);
  }
  errno = saved;
  // A fault of our own happens again as soon as this returns, now with its first handler, which
  // then sees the true address. What was sent by someone is sent again.
  bool is_fault = info && info->si_code > 0 &&
                  (number == SIGSEGV || number == SIGBUS || number == SIGILL || number == SIGFPE);
  if (!is_fault)
    raise(number);
}

static void report(int number) {
  int saved = errno;
  if (number == SIGCONT)
    continuations++;
  unsigned char byte = (unsigned char)number;
  ssize_t ignored = write(pipe_ends[1], &byte, 1);
  (void)ignored;
  errno = saved;
}

static void at_exit(void) {
  if (is_guarding)
    octerm_close();
}

void octerm_undo(const char *bytes) {
  size_t length = strlen(bytes);
  undo_length = 0;
  if (length > sizeof undo)
    return;
  memcpy(undo, bytes, length);
  undo_length = (sig_atomic_t)length;
}

const char *octerm_undo_bytes(size_t *length) {
  *length = (size_t)undo_length;
  return undo;
}

unsigned octerm_guard_continuations(void) { return (unsigned)continuations; }

int octerm_signals(void) { return pipe_ends[0]; }

void octerm_guard_active(bool is_active) { is_taken = is_active; }

void octerm_guard_begin(void) {
  if (is_guarding)
    return;
  static bool is_registered;
  if (!is_registered) {
    is_registered = true;
    atexit(at_exit);
  }
  has_shell_modes = tcgetattr(STDIN_FILENO, &shell_modes) == 0;
  if (pipe_ends[0] < 0 && pipe(pipe_ends) == 0) {
    for (int i = 0; i < 2; i++) {
      fcntl(pipe_ends[i], F_SETFL, O_NONBLOCK);
      fcntl(pipe_ends[i], F_SETFD, FD_CLOEXEC);
    }
  }
  // On a stack of its own, since an overflowing stack is one way to die.
  static char stack[64 * 1024];
  stack_t present, alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  if (sigaltstack(NULL, &present) == 0 && (present.ss_flags & SS_DISABLE)) {
    sigaltstack(&alternate, NULL);
  }
  struct sigaction dying = {.sa_sigaction = die, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigemptyset(&dying.sa_mask);
  for (int i = 0; i < (int)DEADLY; i++) {
    sigaction(deadly[i], NULL, &old_deadly[i]);
    // Under nohup, and for a pipe whose reader may leave, ignoring stays ignoring.
    if (!(old_deadly[i].sa_flags & SA_SIGINFO) && old_deadly[i].sa_handler == SIG_IGN)
      continue;
    sigaction(deadly[i], &dying, NULL);
  }
  is_guarding = 1;
}

void octerm_guard_reports(bool is_ansi_terminal) {
  is_ansi = is_ansi_terminal;
  struct sigaction reporting = {.sa_handler = report, .sa_flags = SA_RESTART};
  sigemptyset(&reporting.sa_mask);
  for (int i = 0; i < (int)REPORTED; i++)
    sigaction(reported[i], &reporting, &old_reported[i]);
}

void octerm_guard_end(void) {
  if (!is_guarding)
    return;
  is_guarding = 0;
  is_taken = 0;
  for (int i = 0; i < (int)DEADLY; i++)
    sigaction(deadly[i], &old_deadly[i], NULL);
  for (int i = 0; i < (int)REPORTED; i++)
    sigaction(reported[i], &old_reported[i], NULL);
}
