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

INLINE double sum(const float *x, size_t count) {
  __m256d low = _mm256_setzero_pd(), high = _mm256_setzero_pd();
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    low = _mm256_add_pd(low, _mm256_cvtps_pd(_mm_loadu_ps(x + i)));
    high = _mm256_add_pd(high, _mm256_cvtps_pd(_mm_loadu_ps(x + i + 4)));
  }
  double result = total(low, high);
  for (; i < count; i++)
    result += x[i];
  return result;
}

kern_deviation kern_deviation_f32__avx2(const float *x, size_t count, bool centers) {
  kern_deviation result = {0, 0};
  if (centers && count > 0)
    result.mean = sum(x, count) / (double)count;
  const __m256d mean = _mm256_set1_pd(result.mean);
  __m256d low = _mm256_setzero_pd(), high = _mm256_setzero_pd();
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    __m256d a = _mm256_sub_pd(_mm256_cvtps_pd(_mm_loadu_ps(x + i)), mean);
    __m256d b = _mm256_sub_pd(_mm256_cvtps_pd(_mm_loadu_ps(x + i + 4)), mean);
    low = _mm256_fmadd_pd(a, a, low);
    high = _mm256_fmadd_pd(b, b, high);
  }
  result.squares = total(low, high);
  for (; i < count; i++) {
    double difference = x[i] - result.mean;
    result.squares += difference * difference;
  }
  return result;
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
