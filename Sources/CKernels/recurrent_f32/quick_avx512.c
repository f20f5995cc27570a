// Gates beside products of codes: ratios of polynomials, and one division for each product of two.
#if defined(__x86_64__)
#include "../lanes_avx512.h"
#include "kernels_recurrent.h"
#include "ratio.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq"))),        \
                             apply_to = function)

#define INLINE static inline __attribute__((always_inline))

typedef struct {
  __m512 top, bottom;
} ratio;

INLINE __m512 fitted(__m512 square, const float *coefficients) {
  __m512 sum = _mm512_set1_ps(coefficients[ratio_degree]);
#pragma unroll
  for (int i = ratio_degree - 1; i >= 0; i--)
    sum = _mm512_fmadd_ps(sum, square, _mm512_set1_ps(coefficients[i]));
  return sum;
}

// The bounds come first in min and max, so that NaN stays NaN.
INLINE ratio hyperbolic_tangent(__m512 x) {
  x = _mm512_min_ps(_mm512_set1_ps(ratio_limit), _mm512_max_ps(_mm512_set1_ps(-ratio_limit), x));
  __m512 square = _mm512_mul_ps(x, x);
  return (ratio){_mm512_mul_ps(x, fitted(square, ratio_top)), fitted(square, ratio_bottom)};
}

INLINE ratio sigmoid(__m512 x) {
  const __m512 half = _mm512_set1_ps(0.5f);
  ratio t = hyperbolic_tangent(_mm512_mul_ps(x, half));
  return (ratio){_mm512_mul_ps(_mm512_add_ps(t.bottom, t.top), half), t.bottom};
}

INLINE ratio product(ratio x, ratio y) {
  return (ratio){_mm512_mul_ps(x.top, y.top), _mm512_mul_ps(x.bottom, y.bottom)};
}

// An estimate of 14 bits, and one step of Newton's.
INLINE __m512 quotient(ratio x) {
  __m512 inverse = _mm512_rcp14_ps(x.bottom);
  __m512 error = _mm512_fnmadd_ps(x.bottom, inverse, _mm512_set1_ps(1));
  return _mm512_mul_ps(x.top, _mm512_fmadd_ps(inverse, error, inverse));
}

void kern_quick_lstm_f32__avx512(const float *input, const float *recurrent, size_t count,
                                 float *cell, float *hidden) {
  for (size_t i = 0; i < count; i += 16) {
    const __mmask16 lanes = kern_lanes16(count - i);
    __m512 sums[4];
#pragma unroll
    for (size_t gate = 0; gate < 4; gate++) {
      const size_t first = gate * count + i;
      sums[gate] = _mm512_add_ps(_mm512_maskz_loadu_ps(lanes, input + first),
                                 _mm512_maskz_loadu_ps(lanes, recurrent + first));
    }
    __m512 added = quotient(product(sigmoid(sums[0]), hyperbolic_tangent(sums[3])));
    __m512 state =
        _mm512_fmadd_ps(quotient(sigmoid(sums[2])), _mm512_maskz_loadu_ps(lanes, cell + i), added);
    _mm512_mask_storeu_ps(cell + i, lanes, state);
    __m512 shown = quotient(product(sigmoid(sums[1]), hyperbolic_tangent(state)));
    _mm512_mask_storeu_ps(hidden + i, lanes, shown);
  }
}

void kern_quick_gru_f32__avx512(const float *input, const float *recurrent, size_t count,
                                float *hidden) {
  for (size_t i = 0; i < count; i += 16) {
    const __mmask16 lanes = kern_lanes16(count - i);
    __m512 in[3], back[3];
#pragma unroll
    for (size_t gate = 0; gate < 3; gate++) {
      in[gate] = _mm512_maskz_loadu_ps(lanes, input + gate * count + i);
      back[gate] = _mm512_maskz_loadu_ps(lanes, recurrent + gate * count + i);
    }
    __m512 update = quotient(sigmoid(_mm512_add_ps(in[0], back[0])));
    __m512 reset = quotient(sigmoid(_mm512_add_ps(in[1], back[1])));
    __m512 candidate = quotient(hyperbolic_tangent(_mm512_fmadd_ps(reset, back[2], in[2])));
    __m512 change = _mm512_sub_ps(_mm512_maskz_loadu_ps(lanes, hidden + i), candidate);
    _mm512_mask_storeu_ps(hidden + i, lanes, _mm512_fmadd_ps(update, change, candidate));
  }
}

#pragma clang attribute pop
#endif
