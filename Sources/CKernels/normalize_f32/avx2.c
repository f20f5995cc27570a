#if defined(__x86_64__)
#include "kernels_f32.h"
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define INLINE static inline __attribute__((always_inline))

INLINE double total(__m256d a, __m256d b) {
  __m256d sums = _mm256_add_pd(a, b);
  __m128d half = _mm_add_pd(_mm256_castpd256_pd128(sums), _mm256_extractf128_pd(sums, 1));
  return _mm_cvtsd_f64(_mm_add_sd(half, _mm_unpackhi_pd(half, half)));
}

INLINE __m256d difference(const float *x, __m256d center) {
  return _mm256_sub_pd(_mm256_cvtps_pd(_mm_loadu_ps(x)), center);
}

// One pass over the values. As `center` is one of them, or 0 without a mean, the squares around it
// are at most count + 1 times those around the mean, which doubles can lose.
INLINE kern_deviation deviation(const float *x, size_t count, const bool centers) {
  const double first = centers ? x[0] : 0;
  const __m256d center = _mm256_set1_pd(first);
  __m256d a = _mm256_setzero_pd(), b = a, a_squares = a, b_squares = a;
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const __m256d low = difference(x + i, center), high = difference(x + i + 4, center);
    if (centers) {
      a = _mm256_add_pd(a, low);
      b = _mm256_add_pd(b, high);
    }
    a_squares = _mm256_fmadd_pd(low, low, a_squares);
    b_squares = _mm256_fmadd_pd(high, high, b_squares);
  }
  double sum = total(a, b);
  kern_deviation result = {0, total(a_squares, b_squares)};
  for (; i < count; i++) {
    const double rest = x[i] - first;
    sum += rest;
    result.squares += rest * rest;
  }
  if (centers) {
    const double offset = sum / (double)count;
    result.mean = first + offset;
    const double rest = result.squares - offset * offset * (double)count;
    result.squares = rest < 0 ? 0 : rest; // and NaN stays NaN
  }
  return result;
}

kern_deviation kern_deviation_f32__avx2(const float *x, size_t count, bool centers) {
  if (count == 0)
    return (kern_deviation){0, 0};
  return centers ? deviation(x, count, true) : deviation(x, count, false);
}

// The flags are constants wherever this is called.
INLINE size_t normalize(const float *x, float *y, size_t count, float mean, float factor,
                        const float *scale, const bool many_scales, const float *bias,
                        const bool many_biases) {
  const __m256 center = _mm256_set1_ps(mean), multiplier = _mm256_set1_ps(factor);
  const __m256 slope = _mm256_set1_ps(*scale), offset = _mm256_set1_ps(*bias);
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    __m256 value = _mm256_mul_ps(_mm256_sub_ps(_mm256_loadu_ps(x + i), center), multiplier);
    value = _mm256_fmadd_ps(value, many_scales ? _mm256_loadu_ps(scale + i) : slope,
                            many_biases ? _mm256_loadu_ps(bias + i) : offset);
    _mm256_storeu_ps(y + i, value);
  }
  return i;
}

void kern_normalize_f32__avx2(const float *x, float *y, size_t count, float mean, float factor,
                              const float *scale, size_t scale_step, const float *bias,
                              size_t bias_step) {
  size_t i = 0;
  if (count >= 8) {
    if (scale_step && bias_step)
      i = normalize(x, y, count, mean, factor, scale, true, bias, true);
    else if (scale_step)
      i = normalize(x, y, count, mean, factor, scale, true, bias, false);
    else if (bias_step)
      i = normalize(x, y, count, mean, factor, scale, false, bias, true);
    else
      i = normalize(x, y, count, mean, factor, scale, false, bias, false);
  }
  kern_normalize_f32__scalar(x + i, y + i, count - i, mean, factor, scale + i * scale_step,
                             scale_step, bias + i * bias_step, bias_step);
}

#pragma clang attribute pop
#endif
