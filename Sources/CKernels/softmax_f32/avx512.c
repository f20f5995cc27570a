// What is left of sixteen values goes through masked loads, so that short rows need no other way.
#if defined(__x86_64__)
#include "../lanes_avx512.h"
#include <math.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))),        \
                             apply_to = function)

#include "../unary_f32/math_avx512.h"

enum { LANES = 16 };

// `lanes` are those that there are; the others take no part.
INLINE __m512 largest(const float *x, size_t whole, __mmask16 lanes) {
  const __m512 nothing = constant(-__builtin_inff());
  __m512 a = _mm512_mask_loadu_ps(nothing, lanes, x + whole), b = nothing;
  size_t i = 0;
  for (; i + 2 * LANES <= whole; i += 2 * LANES) {
    a = _mm512_max_ps(a, _mm512_loadu_ps(x + i));
    b = _mm512_max_ps(b, _mm512_loadu_ps(x + i + LANES));
  }
  if (i < whole)
    b = _mm512_max_ps(b, _mm512_loadu_ps(x + i));
  return _mm512_set1_ps(_mm512_reduce_max_ps(_mm512_max_ps(a, b)));
}

// Terms that would be subnormal are 0: the largest is 1. `logarithm` is a constant.
INLINE void softmax(const float *x, float *y, size_t count, const bool logarithm) {
  const size_t whole = count / LANES * LANES;
  const __mmask16 lanes = (__mmask16)((1u << (count - whole)) - 1);
  const __m512 shift = largest(x, whole, lanes);
  __m512 sums = _mm512_setzero_ps();
#pragma clang loop unroll_count(2)
  for (size_t i = 0; i < whole; i += LANES) {
    const __m512 shifted = _mm512_sub_ps(_mm512_loadu_ps(x + i), shift);
    const __m512 term = flushed_exponential(shifted);
    sums = _mm512_add_ps(sums, term);
    _mm512_storeu_ps(y + i, logarithm ? shifted : term);
  }
  if (lanes) {
    const __m512 shifted = _mm512_sub_ps(_mm512_maskz_loadu_ps(lanes, x + whole), shift);
    const __m512 term = flushed_exponential(shifted);
    sums = _mm512_mask_add_ps(sums, lanes, sums, term);
    _mm512_mask_storeu_ps(y + whole, lanes, logarithm ? shifted : term);
  }
  const float sum = _mm512_reduce_add_ps(sums);
  const __m512 change = constant(logarithm ? logf(sum) : 1 / sum);
  for (size_t i = 0; i < whole; i += LANES) {
    const __m512 value = _mm512_loadu_ps(y + i);
    _mm512_storeu_ps(y + i,
                     logarithm ? _mm512_sub_ps(value, change) : _mm512_mul_ps(value, change));
  }
  if (lanes) {
    const __m512 value = _mm512_maskz_loadu_ps(lanes, y + whole);
    _mm512_mask_storeu_ps(y + whole, lanes,
                          logarithm ? _mm512_sub_ps(value, change) : _mm512_mul_ps(value, change));
  }
}

void kern_softmax_f32__avx512(const float *x, float *y, size_t count, bool logarithm) {
  if (logarithm) {
    softmax(x, y, count, true);
  } else {
    softmax(x, y, count, false);
  }
}

#pragma clang attribute pop
#endif
