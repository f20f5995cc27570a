// A Swift closure that other threads call while its owner waits.
#pragma once
#include <stddef.h>

#pragma clang assume_nonnull begin

// The body of a loop: what a closure consists of, code and context. Valid while its owner waits.
typedef struct {
  const void *code;
  const void *_Nullable context;
} kern_loop;

// Runs the share of `worker`.
void kern_run_loop(const kern_loop *loop, ptrdiff_t worker);

#pragma clang assume_nonnull end
