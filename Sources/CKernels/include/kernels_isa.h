// The instruction sets that kernels are written for, and whether this processor has one.
#pragma once
#include <stdbool.h>

// In the order of their speed on a processor that has several.
typedef enum {
  KERN_SCALAR,     // plain C
  KERN_AVX2,       // AVX2, FMA and F16C
  KERN_AVXVNNI,    // AVX2's, and AVX-VNNI
  KERN_AVX512,     // AVX2's, and AVX-512 F, BW, DQ and VL
  KERN_AVX512VNNI, // AVX512's, and AVX-512 VNNI and VBMI
  KERN_NEON,       // AArch64's Advanced SIMD
  KERN_NEONDOT,    // NEON's, and its dot product
  KERN_ISA_COUNT
} kern_isa;

bool kern_isa_supported(kern_isa isa);

// Whether a processor that runs `isa` also runs the kernels of `other`: what an instruction set has
// no kernel of its own for is done by one that it includes.
static inline bool kern_isa_includes(kern_isa isa, kern_isa other) {
  switch (other) {
  case KERN_SCALAR:
    return true;
  case KERN_AVX2:
    return isa == KERN_AVX2 || isa == KERN_AVXVNNI || isa == KERN_AVX512 || isa == KERN_AVX512VNNI;
  case KERN_AVX512:
    return isa == KERN_AVX512 || isa == KERN_AVX512VNNI;
  case KERN_NEON:
    return isa == KERN_NEON || isa == KERN_NEONDOT;
  case KERN_AVXVNNI:
  case KERN_AVX512VNNI:
  case KERN_NEONDOT:
  case KERN_ISA_COUNT:
    return isa == other;
  }
  return false;
}

// Tells the processor that this is a waiting loop.
static inline void kern_relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}
