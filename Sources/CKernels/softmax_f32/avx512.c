// What is left of sixteen values goes through masked loads, so that short rows need no other way.
#if defined(__x86_64__)
#include "../lanes_avx512.h"
#include <math.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))),        \
                             apply_to = function)

#include "../unary_f32/math_avx512.h"

// Rows go through each pass together: what sums up one row is not waited for.
enum { LANES = 16, GROUP = 4 };

// Where the whole vectors of a row end, and which lanes there are behind.
typedef struct {
  size_t whole;
  __mmask16 lanes;
} extent;

INLINE __m512 largest(const float *x, extent all) {
  const __m512 nothing = constant(-__builtin_inff());
  __m512 a = _mm512_mask_loadu_ps(nothing, all.lanes, x + all.whole), b = nothing;
  size_t i = 0;
  for (; i + 2 * LANES <= all.whole; i += 2 * LANES) {
    a = _mm512_max_ps(a, _mm512_loadu_ps(x + i));
    b = _mm512_max_ps(b, _mm512_loadu_ps(x + i + LANES));
  }
  if (i < all.whole)
    b = _mm512_max_ps(b, _mm512_loadu_ps(x + i));
  return _mm512_set1_ps(_mm512_reduce_max_ps(_mm512_max_ps(a, b)));
}

// exp(factor * (x - most)), the factor being given by way of powers of two.
INLINE __m512 term(__m512 x, __m512 most, __m512 slope) {
  return flushed_power_of_two(_mm512_mul_ps(_mm512_sub_ps(x, most), slope));
}

// Their sum, and the terms in place of y unless only the sum is wanted.
INLINE float terms(const float *x, float *y, extent all, __m512 most, __m512 slope,
                   const bool stores) {
  __m512 a = _mm512_setzero_ps(), b = a;
  size_t i = 0;
  for (; i + 2 * LANES <= all.whole; i += 2 * LANES) {
    const __m512 first = term(_mm512_loadu_ps(x + i), most, slope);
    const __m512 second = term(_mm512_loadu_ps(x + i + LANES), most, slope);
    a = _mm512_add_ps(a, first);
    b = _mm512_add_ps(b, second);
    if (stores) {
      _mm512_storeu_ps(y + i, first);
      _mm512_storeu_ps(y + i + LANES, second);
    }
  }
  if (i < all.whole) {
    const __m512 last = term(_mm512_loadu_ps(x + i), most, slope);
    a = _mm512_add_ps(a, last);
    if (stores)
      _mm512_storeu_ps(y + i, last);
  }
  if (all.lanes) {
    const __m512 rest = term(_mm512_maskz_loadu_ps(all.lanes, x + all.whole), most, slope);
    b = _mm512_mask_add_ps(b, all.lanes, b, rest);
    if (stores)
      _mm512_mask_storeu_ps(y + all.whole, all.lanes, rest);
  }
  return _mm512_reduce_add_ps(_mm512_add_ps(a, b));
}

// factor * (x - most) - change, or else y * change.
INLINE __m512 result(__m512 value, __m512 most, __m512 factor, __m512 change,
                     const bool logarithm) {
  return logarithm ? _mm512_fmsub_ps(_mm512_sub_ps(value, most), factor, change)
                   : _mm512_mul_ps(value, change);
}

// `logarithm` is a constant.
INLINE void softmax(const kern_softmax_f32_rows *rows, const bool logarithm) {
  const size_t count = rows->count, whole = count / LANES * LANES;
  const extent all = {whole, kern_lanes16(count - whole)};
  const __m512 slope = constant(rows->factor * 1.44269504f), factor = constant(rows->factor);
  for (size_t first = 0; first < rows->rows; first += GROUP) {
    const size_t rest = rows->rows - first, group = rest < GROUP ? rest : GROUP;
    const float *x = rows->x + first * rows->stride;
    float *y = rows->y + first * rows->stride;
    __m512 most[GROUP], changes[GROUP];
    for (size_t r = 0; r < group; r++)
      most[r] = largest(x + r * rows->stride, all);
    for (size_t r = 0; r < group; r++) {
      const size_t start = r * rows->stride;
      const float sum = terms(x + start, y + start, all, most[r], slope, !logarithm);
      changes[r] = constant(logarithm ? logf(sum) : 1 / sum);
    }
    const float *values = logarithm ? x : y;
    for (size_t r = 0; r < group; r++) {
      const size_t start = r * rows->stride;
      for (size_t i = start; i < start + whole; i += LANES) {
        const __m512 value = _mm512_loadu_ps(values + i);
        _mm512_storeu_ps(y + i, result(value, most[r], factor, changes[r], logarithm));
      }
      if (all.lanes) {
        const __m512 value = _mm512_maskz_loadu_ps(all.lanes, values + start + whole);
        _mm512_mask_storeu_ps(y + start + whole, all.lanes,
                              result(value, most[r], factor, changes[r], logarithm));
      }
    }
  }
}

void kern_softmax_f32__avx512(const kern_softmax_f32_rows *rows, bool logarithm) {
  if (logarithm) {
    softmax(rows, true);
  } else {
    softmax(rows, false);
  }
}

#pragma clang attribute pop
#endif
