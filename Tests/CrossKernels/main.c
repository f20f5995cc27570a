// cross-kernels [--seed N] [--sets NAME,NAME...]
//
// --sets names those that must be detected here, no more and no less, beside the reference.
#include "cases.h"
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const char *const set_names[KERN_ISA_COUNT] = {"scalar",     "avx2", "avxvnni", "avx512",
                                               "avx512vnni", "neon", "neondot"};
kern_isa tested_sets[KERN_ISA_COUNT];
size_t tested_set_count;

static uint64_t seed;
static uint64_t case_counts[KERN_ISA_COUNT];
static kern_isa running = KERN_SCALAR;
static char description[256] = "nothing yet";

uint64_t digest_so_far(void);

void describe_case(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(description, sizeof description, format, arguments);
  va_end(arguments);
  running = KERN_SCALAR;
}

void begin_set(kern_isa set) {
  running = set;
  case_counts[set]++;
}

void fail(const char *format, ...) {
  fflush(stdout);
  fprintf(stderr, "cross-kernels: %s: %s: ", set_names[running], description);
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fprintf(stderr, " (--seed %" PRIu64 ")\n", seed);
  exit(1);
}

static void report_fault(int signal) {
  static char text[512];
  const int length = snprintf(text, sizeof text, "cross-kernels: %s: %s: %s (--seed %" PRIu64 ")\n",
                              set_names[running], description,
                              signal == SIGILL ? "an instruction that this processor lacks"
                                               : "touched memory outside of its operands",
                              seed);
  if (write(STDERR_FILENO, text, (size_t)length) < 0) {
    _exit(2);
  }
  _exit(1);
}

static bool names(const char *list, const char *name) {
  const size_t length = strlen(name);
  for (const char *at = list; at != NULL; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
    if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == 0))
      return true;
  }
  return false;
}

static void choose_sets(const char *wanted) {
  for (kern_isa set = KERN_SCALAR; set < KERN_ISA_COUNT; set++) {
    if (set != KERN_SCALAR && kern_isa_supported(set))
      tested_sets[tested_set_count++] = set;
    if (set != KERN_SCALAR && wanted != NULL &&
        kern_isa_supported(set) != names(wanted, set_names[set])) {
      fprintf(stderr, "cross-kernels: %s is %sdetected here\n", set_names[set],
              kern_isa_supported(set) ? "" : "not ");
      exit(1);
    }
  }
  // What a set has no kernels of its own for is done by one that it includes.
  for (kern_isa set = KERN_SCALAR; set < KERN_ISA_COUNT; set++) {
    for (kern_isa other = KERN_SCALAR; other < KERN_ISA_COUNT; other++) {
      if (kern_isa_supported(set) && kern_isa_includes(set, other) && !kern_isa_supported(other)) {
        fprintf(stderr, "cross-kernels: %s is detected here and %s is not\n", set_names[set],
                set_names[other]);
        exit(1);
      }
    }
  }
}

int main(int count, char **arguments) {
  const char *wanted = NULL;
  seed = (uint64_t)time(NULL);
  for (int i = 1; i < count; i++) {
    if (strcmp(arguments[i], "--seed") == 0 && i + 1 < count) {
      seed = strtoull(arguments[++i], NULL, 10);
    } else if (strcmp(arguments[i], "--sets") == 0 && i + 1 < count) {
      wanted = arguments[++i];
    } else {
      fprintf(stderr, "usage: cross-kernels [--seed N] [--sets NAME,NAME...]\n");
      return 2;
    }
  }
  signal(SIGSEGV, report_fault);
  signal(SIGBUS, report_fault);
  signal(SIGILL, report_fault);
  choose_sets(wanted);
  void (*const groups[])(void) = {check_products,  check_depthwise,      check_codes,
                                  check_observers, check_float_products, check_float_functions,
                                  check_recurrent};
  for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
    seed_random(seed + i);
    groups[i]();
  }
  printf("seed %" PRIu64 ", reference %016" PRIx64, seed, digest_so_far());
  for (size_t i = 0; i < tested_set_count; i++)
    printf(", %s %" PRIu64 " cases", set_names[tested_sets[i]], case_counts[tested_sets[i]]);
  printf("\n");
  return 0;
}
