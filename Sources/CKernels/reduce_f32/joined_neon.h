// What reductions do to two vectors: NaN stays.
#pragma once
#include "kernels_f32.h"
#include <arm_neon.h>

#define INLINE static inline __attribute__((always_inline))

INLINE float32x4_t joined(const kern_f32_reduction op, float32x4_t a, float32x4_t b) {
  return op == KERN_F32_SUM       ? vaddq_f32(a, b)
         : op == KERN_F32_LARGEST ? vmaxq_f32(a, b)
                                  : vminq_f32(a, b);
}
