// Eight units at a time; what is left goes through masked loads and stores.
#if defined(__x86_64__)
#include "../lanes_avx2.h"
#include "kernels_recurrent.h"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#include "../unary_f32/math_avx2.h"

enum { LANES = 8 };

INLINE __m256 load(const float *from, __m256i mask, const bool is_whole) {
  return is_whole ? _mm256_loadu_ps(from) : _mm256_maskload_ps(from, mask);
}

INLINE void store(float *to, __m256i mask, const bool is_whole, __m256 value) {
  if (is_whole) {
    _mm256_storeu_ps(to, value);
  } else {
    _mm256_maskstore_ps(to, mask, value);
  }
}

INLINE void lstm_units(const float *input, const float *recurrent, size_t count, float *cell,
                       float *hidden, __m256i mask, const bool is_whole) {
  __m256 sums[4];
#pragma unroll
  for (size_t gate = 0; gate < 4; gate++)
    sums[gate] = _mm256_add_ps(load(input + gate * count, mask, is_whole),
                               load(recurrent + gate * count, mask, is_whole));
  __m256 kept = _mm256_mul_ps(sigmoid(sums[2]), load(cell, mask, is_whole));
  __m256 state = _mm256_fmadd_ps(sigmoid(sums[0]), hyperbolic_tangent(sums[3]), kept);
  store(cell, mask, is_whole, state);
  store(hidden, mask, is_whole, _mm256_mul_ps(sigmoid(sums[1]), hyperbolic_tangent(state)));
}

void kern_lstm_f32__avx2(const float *input, const float *recurrent, size_t count, float *cell,
                         float *hidden) {
  const __m256i all = _mm256_set1_epi32(-1);
  size_t i = 0;
  for (; i + LANES <= count; i += LANES)
    lstm_units(input + i, recurrent + i, count, cell + i, hidden + i, all, true);
  if (i < count)
    lstm_units(input + i, recurrent + i, count, cell + i, hidden + i, kern_lanes8(count - i),
               false);
}

INLINE void gru_units(const float *input, const float *recurrent, size_t count, float *hidden,
                      __m256i mask, const bool is_whole) {
  __m256 in[3], back[3];
#pragma unroll
  for (size_t gate = 0; gate < 3; gate++) {
    in[gate] = load(input + gate * count, mask, is_whole);
    back[gate] = load(recurrent + gate * count, mask, is_whole);
  }
  __m256 update = sigmoid(_mm256_add_ps(in[0], back[0]));
  __m256 reset = sigmoid(_mm256_add_ps(in[1], back[1]));
  __m256 candidate = hyperbolic_tangent(_mm256_fmadd_ps(reset, back[2], in[2]));
  __m256 change = _mm256_sub_ps(load(hidden, mask, is_whole), candidate);
  store(hidden, mask, is_whole, _mm256_fmadd_ps(update, change, candidate));
}

void kern_gru_f32__avx2(const float *input, const float *recurrent, size_t count, float *hidden) {
  const __m256i all = _mm256_set1_epi32(-1);
  size_t i = 0;
  for (; i + LANES <= count; i += LANES)
    gru_units(input + i, recurrent + i, count, hidden + i, all, true);
  if (i < count)
    gru_units(input + i, recurrent + i, count, hidden + i, kern_lanes8(count - i), false);
}

#pragma clang attribute pop
#endif
