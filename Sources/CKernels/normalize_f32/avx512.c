// Sums are of doubles, as the reference's; what is left of a vector goes through masked loads.
#if defined(__x86_64__)
#include "../lanes_avx512.h"
#include "kernels_f32.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))),        \
                             apply_to = function)

#define INLINE static inline __attribute__((always_inline))

enum { LANES = 16, DOUBLES = 8, SUMS = 4 };

INLINE __m512d widened(const float *x) { return _mm512_cvtps_pd(_mm256_loadu_ps(x)); }

// Sums over the differences of values from one of them, and over their squares.
typedef struct {
  __m512d plain[SUMS], squares[SUMS];
} difference_sums;

// `plain` is a constant wherever this is called.
INLINE void add(difference_sums *sums, const size_t s, __m512d difference, const bool plain) {
  if (plain)
    sums->plain[s] = _mm512_add_pd(sums->plain[s], difference);
  sums->squares[s] = _mm512_fmadd_pd(difference, difference, sums->squares[s]);
}

INLINE double total(const __m512d sums[SUMS]) {
  return _mm512_reduce_add_pd(
      _mm512_add_pd(_mm512_add_pd(sums[0], sums[1]), _mm512_add_pd(sums[2], sums[3])));
}

// One pass over the values. As `center` is one of them, or 0 without a mean, the squares around it
// are at most count + 1 times those around the mean, which doubles can lose.
INLINE kern_deviation deviation(const float *x, size_t count, const bool centers) {
  const float first = centers ? x[0] : 0;
  const __m512d center = _mm512_set1_pd(first);
  difference_sums sums;
#pragma unroll
  for (size_t s = 0; s < SUMS; s++)
    sums.plain[s] = sums.squares[s] = _mm512_setzero_pd();
  size_t i = 0;
  for (; i + SUMS * DOUBLES <= count; i += SUMS * DOUBLES) {
#pragma unroll
    for (size_t s = 0; s < SUMS; s++)
      add(&sums, s, _mm512_sub_pd(widened(x + i + s * DOUBLES), center), centers);
  }
  for (; i < count; i += DOUBLES) {
    const __mmask8 lanes = (__mmask8)kern_lanes16(count - i);
    const __m512d value = _mm512_cvtps_pd(_mm256_maskz_loadu_ps(lanes, x + i));
    add(&sums, 0, _mm512_maskz_sub_pd(lanes, value, center), centers);
  }
  kern_deviation result = {0, total(sums.squares)};
  if (centers) {
    const double offset = total(sums.plain) / (double)count;
    result.mean = first + offset;
    const double rest = result.squares - offset * offset * (double)count;
    result.squares = rest < 0 ? 0 : rest; // and NaN stays NaN
  }
  return result;
}

kern_deviation kern_deviation_f32__avx512(const float *x, size_t count, bool centers) {
  if (count == 0)
    return (kern_deviation){0, 0};
  return centers ? deviation(x, count, true) : deviation(x, count, false);
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
