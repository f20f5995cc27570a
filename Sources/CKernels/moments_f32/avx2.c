#include "moments_f32.h"

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma,popcnt"))), apply_to = function)
#pragma STDC FP_CONTRACT OFF

void kern_moments_f32__avx2(const float *values, size_t count, kern_moments *moments) {
  *moments = (kern_moments){.sum = 0, .squares = 0, .zero_count = 0};
  size_t i = 0;
  for (; i + kern_moment_block <= count; i += kern_moment_block) {
    __m256 sum = _mm256_setzero_ps(), square = _mm256_setzero_ps();
    uint64_t zeros = 0;
    for (size_t k = 0; k < kern_moment_block; k += kern_moment_lanes) {
      __m256 value = _mm256_loadu_ps(values + i + k);
      __m256 zero = _mm256_cmp_ps(value, _mm256_setzero_ps(), _CMP_EQ_OQ);
      zeros += (uint64_t)__builtin_popcount((unsigned)_mm256_movemask_ps(zero));
      sum = _mm256_add_ps(sum, value);
      square = _mm256_add_ps(square, _mm256_mul_ps(value, value));
    }
    float sums[kern_moment_lanes], squares[kern_moment_lanes];
    _mm256_storeu_ps(sums, sum);
    _mm256_storeu_ps(squares, square);
    kern_add_block(values + i, sums, squares, zeros, moments);
  }
  kern_add_moments(values + i, count - i, moments);
}

#pragma clang attribute pop
#endif
