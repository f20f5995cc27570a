// The instruction sets that kernels are written for, and whether this processor has one.
#pragma once
#include <stdbool.h>

typedef enum { KERN_SCALAR, KERN_AVX2, KERN_ISA_COUNT } kern_isa;

// Scalar is supported everywhere; AVX2 means AVX2 and FMA together.
bool kern_isa_supported(kern_isa isa);

// Tells the processor that this is a waiting loop.
static inline void kern_relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}
