// The instruction sets that kernels are written for, and whether this processor has one.
#pragma once
#include <stdbool.h>

// Each includes those before it.
typedef enum {
  KERN_SCALAR,     // plain C
  KERN_AVX2,       // AVX2, FMA and F16C
  KERN_AVX512,     // AVX2's, and AVX-512 F, BW, DQ and VL
  KERN_AVX512VNNI, // AVX512's, and AVX-512 VNNI and VBMI
  KERN_ISA_COUNT
} kern_isa;

bool kern_isa_supported(kern_isa isa);

// Whether a processor that runs `isa` also runs the kernels of `other`: what an instruction set has
// no kernel of its own for is done by one that it includes.
static inline bool kern_isa_includes(kern_isa isa, kern_isa other) { return isa >= other; }

// Tells the processor that this is a waiting loop.
static inline void kern_relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}
