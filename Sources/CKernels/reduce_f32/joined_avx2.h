// What reductions do to two vectors. Include inside functions' target pragma.
#pragma once
#include "kernels_f32.h"
#include <immintrin.h>

// The instruction gives its second operand where either is NaN: that is right unless the first is.
static inline __attribute__((always_inline)) __m256 kern_joined_avx2(const kern_f32_reduction op,
                                                                     __m256 a, __m256 b) {
  if (op == KERN_F32_SUM)
    return _mm256_add_ps(a, b);
  __m256 either = op == KERN_F32_LARGEST ? _mm256_max_ps(a, b) : _mm256_min_ps(a, b);
  return _mm256_blendv_ps(either, a, _mm256_cmp_ps(a, a, _CMP_UNORD_Q));
}
