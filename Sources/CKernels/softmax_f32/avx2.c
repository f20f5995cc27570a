#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#include "../unary_f32/math_avx2.h"

INLINE float total(__m256 lanes) {
  __m128 half = _mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps(lanes, 1));
  half = _mm_add_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}

void kern_softmax_f32__avx2(const float *x, float *y, size_t count, bool logarithm) {
  if (count < 8) {
    kern_softmax_f32__scalar(x, y, count, logarithm);
    return;
  }
  float largest;
  kern_reduce_f32__avx2(KERN_F32_LARGEST, x, count, 1, 1, 1, &largest);
  const __m256 shift = constant(largest);
  // Terms that would be subnormal are 0: the largest is 1.
  __m256 sums = constant(0);
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    __m256 shifted = _mm256_sub_ps(_mm256_loadu_ps(x + i), shift);
    __m256 term = flushed_exponential(shifted);
    sums = _mm256_add_ps(sums, term);
    _mm256_storeu_ps(y + i, logarithm ? shifted : term);
  }
  float sum = total(sums);
  for (; i < count; i++) {
    float shifted = x[i] - largest;
    float term = expf(shifted);
    sum += term;
    y[i] = logarithm ? shifted : term;
  }
  const float offset = logarithm ? -logf(sum) : 0, factor = logarithm ? 1 : 1 / sum;
  kern_unary_f32__avx2(KERN_F32_AFFINE, factor, offset, y, y, count);
}

#pragma clang attribute pop
#endif
