// What is left of eight values goes through masked loads, so that short rows need no other way.
#if defined(__x86_64__)
#include "../lanes_avx2.h"
#include <math.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#include "../unary_f32/math_avx2.h"

// Rows go through each pass together: what sums up one row is not waited for.
enum { LANES = 8, GROUP = 4 };

// Where the whole vectors of a row end, and which lanes there are behind.
typedef struct {
  size_t whole;
  size_t rest;
  __m256i lanes;
} extent;

INLINE __m256 exchanged(__m256 x) { return _mm256_permute2f128_ps(x, x, 1); }

INLINE __m256 largest(const float *x, const extent *all) {
  const __m256 nothing = constant(-__builtin_inff());
  __m256 a = nothing, b = nothing;
  size_t i = 0;
  for (; i + 2 * LANES <= all->whole; i += 2 * LANES) {
    a = _mm256_max_ps(a, _mm256_loadu_ps(x + i));
    b = _mm256_max_ps(b, _mm256_loadu_ps(x + i + LANES));
  }
  if (i < all->whole)
    b = _mm256_max_ps(b, _mm256_loadu_ps(x + i));
  if (all->rest) {
    const __m256 rest = _mm256_maskload_ps(x + all->whole, all->lanes);
    a = _mm256_max_ps(a, _mm256_blendv_ps(nothing, rest, _mm256_castsi256_ps(all->lanes)));
  }
  a = _mm256_max_ps(a, b);
  a = _mm256_max_ps(a, exchanged(a));
  a = _mm256_max_ps(a, _mm256_permute_ps(a, 0x4e));
  return _mm256_max_ps(a, _mm256_permute_ps(a, 0xb1));
}

INLINE float total(__m256 x) {
  x = _mm256_add_ps(x, exchanged(x));
  x = _mm256_add_ps(x, _mm256_permute_ps(x, 0x4e));
  return _mm256_cvtss_f32(_mm256_add_ps(x, _mm256_permute_ps(x, 0xb1)));
}

// exp(factor * (x - most)), the factor being given by way of powers of two.
INLINE __m256 term(__m256 x, __m256 most, __m256 slope) {
  return flushed_power_of_two(_mm256_mul_ps(_mm256_sub_ps(x, most), slope));
}

// Their sum, and the terms in place of y unless only the sum is wanted.
INLINE float terms(const float *x, float *y, const extent *all, __m256 most, __m256 slope,
                   const bool stores) {
  __m256 a = _mm256_setzero_ps(), b = a;
  size_t i = 0;
  for (; i + 2 * LANES <= all->whole; i += 2 * LANES) {
    const __m256 first = term(_mm256_loadu_ps(x + i), most, slope);
    const __m256 second = term(_mm256_loadu_ps(x + i + LANES), most, slope);
    a = _mm256_add_ps(a, first);
    b = _mm256_add_ps(b, second);
    if (stores) {
      _mm256_storeu_ps(y + i, first);
      _mm256_storeu_ps(y + i + LANES, second);
    }
  }
  if (i < all->whole) {
    const __m256 last = term(_mm256_loadu_ps(x + i), most, slope);
    a = _mm256_add_ps(a, last);
    if (stores)
      _mm256_storeu_ps(y + i, last);
  }
  if (all->rest) {
    const __m256 rest = term(_mm256_maskload_ps(x + all->whole, all->lanes), most, slope);
    b = _mm256_add_ps(b, _mm256_and_ps(rest, _mm256_castsi256_ps(all->lanes)));
    if (stores)
      _mm256_maskstore_ps(y + all->whole, all->lanes, rest);
  }
  return total(_mm256_add_ps(a, b));
}

// factor * (x - most) - change, or else y * change.
INLINE __m256 result(__m256 value, __m256 most, __m256 factor, __m256 change,
                     const bool logarithm) {
  return logarithm ? _mm256_fmsub_ps(_mm256_sub_ps(value, most), factor, change)
                   : _mm256_mul_ps(value, change);
}

// `logarithm` is a constant.
INLINE void softmax(const kern_softmax_f32_rows *rows, const bool logarithm) {
  const size_t whole = rows->count / LANES * LANES, rest = rows->count - whole;
  const extent all = {whole, rest, kern_lanes8(rest)};
  const __m256 slope = constant(rows->factor * 1.44269504f), factor = constant(rows->factor);
  for (size_t first = 0; first < rows->rows; first += GROUP) {
    const size_t left = rows->rows - first, group = left < GROUP ? left : GROUP;
    const float *x = rows->x + first * rows->stride;
    float *y = rows->y + first * rows->stride;
    __m256 most[GROUP], changes[GROUP];
    for (size_t r = 0; r < group; r++)
      most[r] = largest(x + r * rows->stride, &all);
    for (size_t r = 0; r < group; r++) {
      const size_t start = r * rows->stride;
      const float sum = terms(x + start, y + start, &all, most[r], slope, !logarithm);
      changes[r] = constant(logarithm ? logf(sum) : 1 / sum);
    }
    const float *values = logarithm ? x : y;
    for (size_t r = 0; r < group; r++) {
      const size_t start = r * rows->stride;
      for (size_t i = start; i < start + whole; i += LANES) {
        const __m256 value = _mm256_loadu_ps(values + i);
        _mm256_storeu_ps(y + i, result(value, most[r], factor, changes[r], logarithm));
      }
      if (rest) {
        const __m256 value = _mm256_maskload_ps(values + start + whole, all.lanes);
        _mm256_maskstore_ps(y + start + whole, all.lanes,
                            result(value, most[r], factor, changes[r], logarithm));
      }
    }
  }
}

void kern_softmax_f32__avx2(const kern_softmax_f32_rows *rows, bool logarithm) {
  if (logarithm) {
    softmax(rows, true);
  } else {
    softmax(rows, false);
  }
}

#pragma clang attribute pop
#endif
