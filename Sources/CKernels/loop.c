// Swift boxes a closure that does not escape, one allocation for each loop, before it lets other
// threads see it. C takes it apart instead: clang knows Swift's calling convention.
#include "kernels_loop.h"

#pragma clang assume_nonnull begin

typedef __attribute__((swiftcall)) void loop_body(ptrdiff_t worker, __attribute__((swift_context))
                                                                    const void *_Nullable context);

typedef void loop_user(const kern_loop *loop, void *owner);

// Declared in ThreadTeam.swift, where `code` and `context` are one parameter.
__attribute__((swiftcall)) void kern_lend_loop(const void *code, const void *_Nullable context,
                                               void *owner, loop_user *use);

void kern_lend_loop(const void *code, const void *_Nullable context, void *owner, loop_user *use) {
  const kern_loop loop = {.code = code, .context = context};
  use(&loop, owner);
}

void kern_run_loop(const kern_loop *loop, ptrdiff_t worker) {
  ((loop_body *)loop->code)(worker, loop->context);
}

#pragma clang assume_nonnull end
