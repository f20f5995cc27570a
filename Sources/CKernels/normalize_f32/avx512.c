// Sums are of doubles, as the reference's; what is left of a vector goes through masked loads.
#if defined(__x86_64__)
#include "../lanes_avx512.h"
#include "kernels_f32.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))),        \
                             apply_to = function)

#define INLINE static inline __attribute__((always_inline))

enum { LANES = 16, DOUBLES = 8, SUMS = 4 };

INLINE __m512d widened(const float *x) { return _mm512_cvtps_pd(_mm256_loadu_ps(x)); }

// `term` of a value, or of its difference from the mean.
INLINE __m512d added(__m512d sum, __m512d value, const bool squares) {
  return squares ? _mm512_fmadd_pd(value, value, sum) : _mm512_add_pd(sum, value);
}

// The sum over x[i] - mean, or over its square. `squares` is a constant wherever this is called.
INLINE double total(const float *x, size_t count, double mean, const bool squares) {
  const __m512d center = _mm512_set1_pd(mean);
  __m512d sums[SUMS];
#pragma unroll
  for (size_t s = 0; s < SUMS; s++)
    sums[s] = _mm512_setzero_pd();
  size_t i = 0;
  for (; i + SUMS * DOUBLES <= count; i += SUMS * DOUBLES) {
#pragma unroll
    for (size_t s = 0; s < SUMS; s++)
      sums[s] = added(sums[s], _mm512_sub_pd(widened(x + i + s * DOUBLES), center), squares);
  }
  for (; i < count; i += DOUBLES) {
    const __mmask8 lanes = (__mmask8)kern_lanes16(count - i);
    const __m512d value = _mm512_cvtps_pd(_mm256_maskz_loadu_ps(lanes, x + i));
    sums[0] = added(sums[0], _mm512_maskz_sub_pd(lanes, value, center), squares);
  }
  return _mm512_reduce_add_pd(
      _mm512_add_pd(_mm512_add_pd(sums[0], sums[1]), _mm512_add_pd(sums[2], sums[3])));
}

kern_deviation kern_deviation_f32__avx512(const float *x, size_t count, bool centers) {
  kern_deviation result = {0, 0};
  if (centers && count > 0)
    result.mean = total(x, count, 0, false) / (double)count;
  result.squares = total(x, count, result.mean, true);
  return result;
}

typedef struct {
  __m512 center, multiplier, slope, offset;
} shared;

INLINE __m512 normal(const shared *all, __m512 x, __m512 slope, __m512 offset) {
  return _mm512_fmadd_ps(_mm512_mul_ps(_mm512_sub_ps(x, all->center), all->multiplier), slope,
                         offset);
}

// The flags are constants wherever this is called.
INLINE void normalize(const shared *all, const float *x, float *y, size_t count, const float *scale,
                      const bool many_scales, const float *bias, const bool many_biases) {
  size_t i = 0;
#pragma clang loop unroll_count(2)
  for (; i + LANES <= count; i += LANES) {
    const __m512 slope = many_scales ? _mm512_loadu_ps(scale + i) : all->slope;
    const __m512 offset = many_biases ? _mm512_loadu_ps(bias + i) : all->offset;
    _mm512_storeu_ps(y + i, normal(all, _mm512_loadu_ps(x + i), slope, offset));
  }
  if (i < count) {
    const __mmask16 lanes = kern_lanes16(count - i);
    const __m512 slope = many_scales ? _mm512_maskz_loadu_ps(lanes, scale + i) : all->slope;
    const __m512 offset = many_biases ? _mm512_maskz_loadu_ps(lanes, bias + i) : all->offset;
    _mm512_mask_storeu_ps(y + i, lanes,
                          normal(all, _mm512_maskz_loadu_ps(lanes, x + i), slope, offset));
  }
}

void kern_normalize_f32__avx512(const float *x, float *y, size_t count, float mean, float factor,
                                const float *scale, size_t scale_step, const float *bias,
                                size_t bias_step) {
  if (count == 0)
    return;
  const shared all = {_mm512_set1_ps(mean), _mm512_set1_ps(factor), _mm512_set1_ps(*scale),
                      _mm512_set1_ps(*bias)};
  if (scale_step && bias_step) {
    normalize(&all, x, y, count, scale, true, bias, true);
  } else if (scale_step) {
    normalize(&all, x, y, count, scale, true, bias, false);
  } else if (bias_step) {
    normalize(&all, x, y, count, scale, false, bias, true);
  } else {
    normalize(&all, x, y, count, scale, false, bias, false);
  }
}

#pragma clang attribute pop
#endif
