// Gates beside products of codes: ratios of polynomials, and one division for each product of two.
#if defined(__x86_64__)
#include "../lanes_avx2.h"
#include "kernels_recurrent.h"
#include "ratio.h"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define INLINE static inline __attribute__((always_inline))

typedef struct {
  __m256 top, bottom;
} ratio;

INLINE __m256 fitted(__m256 square, const float *coefficients) {
  __m256 sum = _mm256_set1_ps(coefficients[ratio_degree]);
#pragma unroll
  for (int i = ratio_degree - 1; i >= 0; i--)
    sum = _mm256_fmadd_ps(sum, square, _mm256_set1_ps(coefficients[i]));
  return sum;
}

// The bounds come first in min and max, so that NaN stays NaN.
INLINE ratio hyperbolic_tangent(__m256 x) {
  x = _mm256_min_ps(_mm256_set1_ps(ratio_limit), _mm256_max_ps(_mm256_set1_ps(-ratio_limit), x));
  __m256 square = _mm256_mul_ps(x, x);
  return (ratio){_mm256_mul_ps(x, fitted(square, ratio_top)), fitted(square, ratio_bottom)};
}

INLINE ratio sigmoid(__m256 x) {
  const __m256 half = _mm256_set1_ps(0.5f);
  ratio t = hyperbolic_tangent(_mm256_mul_ps(x, half));
  return (ratio){_mm256_mul_ps(_mm256_add_ps(t.bottom, t.top), half), t.bottom};
}

INLINE ratio product(ratio x, ratio y) {
  return (ratio){_mm256_mul_ps(x.top, y.top), _mm256_mul_ps(x.bottom, y.bottom)};
}

INLINE __m256 quotient(ratio x) { return _mm256_div_ps(x.top, x.bottom); }

void kern_quick_lstm_f32__avx2(const float *input, const float *recurrent, size_t count,
                               float *cell, float *hidden) {
  for (size_t i = 0; i < count; i += 8) {
    const __m256i lanes = kern_lanes8(count - i);
    __m256 sums[4];
#pragma unroll
    for (size_t gate = 0; gate < 4; gate++) {
      const size_t first = gate * count + i;
      sums[gate] = _mm256_add_ps(_mm256_maskload_ps(input + first, lanes),
                                 _mm256_maskload_ps(recurrent + first, lanes));
    }
    __m256 added = quotient(product(sigmoid(sums[0]), hyperbolic_tangent(sums[3])));
    __m256 state =
        _mm256_fmadd_ps(quotient(sigmoid(sums[2])), _mm256_maskload_ps(cell + i, lanes), added);
    _mm256_maskstore_ps(cell + i, lanes, state);
    __m256 shown = quotient(product(sigmoid(sums[1]), hyperbolic_tangent(state)));
    _mm256_maskstore_ps(hidden + i, lanes, shown);
  }
}

void kern_quick_gru_f32__avx2(const float *input, const float *recurrent, size_t count,
                              float *hidden) {
  for (size_t i = 0; i < count; i += 8) {
    const __m256i lanes = kern_lanes8(count - i);
    __m256 in[3], back[3];
#pragma unroll
    for (size_t gate = 0; gate < 3; gate++) {
      in[gate] = _mm256_maskload_ps(input + gate * count + i, lanes);
      back[gate] = _mm256_maskload_ps(recurrent + gate * count + i, lanes);
    }
    __m256 update = quotient(sigmoid(_mm256_add_ps(in[0], back[0])));
    __m256 reset = quotient(sigmoid(_mm256_add_ps(in[1], back[1])));
    __m256 candidate = quotient(hyperbolic_tangent(_mm256_fmadd_ps(reset, back[2], in[2])));
    __m256 change = _mm256_sub_ps(_mm256_maskload_ps(hidden + i, lanes), candidate);
    _mm256_maskstore_ps(hidden + i, lanes, _mm256_fmadd_ps(update, change, candidate));
  }
}

#pragma clang attribute pop
#endif
