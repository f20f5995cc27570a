// Sixteen units at a time, under a mask that is whole but for the last.
#if defined(__x86_64__)
#include "../lanes_avx512.h"
#include "kernels_recurrent.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq"))),        \
                             apply_to = function)

#include "../unary_f32/math_avx512.h"

enum { LANES = 16 };

void kern_lstm_f32__avx512(const float *input, const float *recurrent, size_t count, float *cell,
                           float *hidden) {
  for (size_t i = 0; i < count; i += LANES) {
    const __mmask16 lanes = kern_lanes16(count - i);
    __m512 sums[4];
#pragma unroll
    for (size_t gate = 0; gate < 4; gate++) {
      const size_t first = gate * count + i;
      sums[gate] = _mm512_add_ps(_mm512_maskz_loadu_ps(lanes, input + first),
                                 _mm512_maskz_loadu_ps(lanes, recurrent + first));
    }
    __m512 kept = _mm512_mul_ps(sigmoid(sums[2]), _mm512_maskz_loadu_ps(lanes, cell + i));
    __m512 state = _mm512_fmadd_ps(sigmoid(sums[0]), hyperbolic_tangent(sums[3]), kept);
    _mm512_mask_storeu_ps(cell + i, lanes, state);
    _mm512_mask_storeu_ps(hidden + i, lanes,
                          _mm512_mul_ps(sigmoid(sums[1]), hyperbolic_tangent(state)));
  }
}

void kern_gru_f32__avx512(const float *input, const float *recurrent, size_t count, float *hidden) {
  for (size_t i = 0; i < count; i += LANES) {
    const __mmask16 lanes = kern_lanes16(count - i);
    __m512 in[3], back[3];
#pragma unroll
    for (size_t gate = 0; gate < 3; gate++) {
      in[gate] = _mm512_maskz_loadu_ps(lanes, input + gate * count + i);
      back[gate] = _mm512_maskz_loadu_ps(lanes, recurrent + gate * count + i);
    }
    __m512 update = sigmoid(_mm512_add_ps(in[0], back[0]));
    __m512 reset = sigmoid(_mm512_add_ps(in[1], back[1]));
    __m512 candidate = hyperbolic_tangent(_mm512_fmadd_ps(reset, back[2], in[2]));
    __m512 change = _mm512_sub_ps(_mm512_maskz_loadu_ps(lanes, hidden + i), candidate);
    _mm512_mask_storeu_ps(hidden + i, lanes, _mm512_fmadd_ps(update, change, candidate));
  }
}

#pragma clang attribute pop
#endif
