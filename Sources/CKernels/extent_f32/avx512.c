// Blocks as on AVX2: one with anything that is not finite is left to the scalar kernel.
#include "extent_f32.h"

#if defined(__x86_64__)
#include "../lanes_avx512.h"
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))),        \
                             apply_to = function)

enum { block_values = 2048, not_finite = 0x99 }; // NaN of both kinds and both infinities

static void add_block(const float *values, size_t count, kern_extent *extent) {
  const __m512 most = _mm512_set1_ps(__builtin_inff()), least = _mm512_set1_ps(-__builtin_inff());
  __m512 low[2] = {most, most}, high[2] = {least, least};
  __mmask16 beyond = 0;
  size_t i = 0;
  for (; i + 32 <= count; i += 32) {
#pragma unroll
    for (size_t part = 0; part < 2; part++) {
      const __m512 value = _mm512_loadu_ps(values + i + 16 * part);
      low[part] = _mm512_min_ps(value, low[part]);
      high[part] = _mm512_max_ps(value, high[part]);
      beyond |= _mm512_fpclass_ps_mask(value, not_finite);
    }
  }
  for (; i < count; i += 16) {
    const __mmask16 lanes = kern_lanes16(count - i);
    const __m512 value = _mm512_maskz_loadu_ps(lanes, values + i);
    low[0] = _mm512_mask_min_ps(low[0], lanes, value, low[0]);
    high[0] = _mm512_mask_max_ps(high[0], lanes, value, high[0]);
    beyond |= _mm512_fpclass_ps_mask(value, not_finite);
  }
  if (beyond) {
    kern_extent_f32__scalar(values, count, extent);
  } else {
    kern_widen(_mm512_reduce_min_ps(_mm512_min_ps(low[0], low[1])),
               _mm512_reduce_max_ps(_mm512_max_ps(high[0], high[1])), &extent->min, &extent->max);
  }
}

void kern_extent_f32__avx512(const float *values, size_t count, kern_extent *extent) {
  for (size_t first = 0; first < count; first += block_values) {
    const size_t rest = count - first;
    add_block(values + first, rest < block_values ? rest : block_values, extent);
  }
}

#pragma clang attribute pop
#endif
