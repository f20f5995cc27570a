#include "moments_f32.h"

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma,popcnt"))), apply_to = function)

void kern_moments_f32__avx2(const float *values, size_t count, kern_moments *moments) {
  const __m256 largest = _mm256_set1_ps(__FLT_MAX__);
  const __m256 magnitude = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
  __m256d sum_low = _mm256_setzero_pd(), sum_high = _mm256_setzero_pd();
  __m256d squares_low = _mm256_setzero_pd(), squares_high = _mm256_setzero_pd();
  size_t zeros = 0, i = 0;
  for (; i + kern_moment_lanes <= count; i += kern_moment_lanes) {
    __m256 value = _mm256_loadu_ps(values + i);
    __m256 zero = _mm256_cmp_ps(value, _mm256_setzero_ps(), _CMP_EQ_OQ);
    zeros += (size_t)__builtin_popcount((unsigned)_mm256_movemask_ps(zero));
    // What is not finite becomes zero, which adds nothing.
    __m256 finite = _mm256_cmp_ps(_mm256_and_ps(value, magnitude), largest, _CMP_LE_OQ);
    value = _mm256_and_ps(value, finite);
    __m256d low = _mm256_cvtps_pd(_mm256_castps256_ps128(value));
    __m256d high = _mm256_cvtps_pd(_mm256_extractf128_ps(value, 1));
    sum_low = _mm256_add_pd(sum_low, low);
    sum_high = _mm256_add_pd(sum_high, high);
    // Squares are exact, so fusing changes nothing.
    squares_low = _mm256_fmadd_pd(low, low, squares_low);
    squares_high = _mm256_fmadd_pd(high, high, squares_high);
  }
  kern_moment_sums sums;
  _mm256_storeu_pd(sums.sum, sum_low);
  _mm256_storeu_pd(sums.sum + 4, sum_high);
  _mm256_storeu_pd(sums.squares, squares_low);
  _mm256_storeu_pd(sums.squares + 4, squares_high);
  sums.zero_count = zeros;
  kern_add_moments(values + i, count - i, &sums);
  kern_finish_moments(&sums, moments);
}

#pragma clang attribute pop
#endif
