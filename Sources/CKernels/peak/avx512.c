#include "kernels_peak.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))),        \
                             apply_to = function)

#define CHAINS 12

float kern_peak_f32__avx512(size_t rounds, uint64_t *macs) {
  __m512 sums[CHAINS];
  for (int j = 0; j < CHAINS; j++)
    sums[j] = _mm512_set1_ps((float)j);
  const __m512 factor = _mm512_set1_ps(0.999f), term = _mm512_set1_ps(0.5f);
  for (size_t i = 0; i < rounds; i++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < CHAINS; j++)
      sums[j] = _mm512_fmadd_ps(sums[j], factor, term);
  }
  for (int j = 1; j < CHAINS; j++)
    sums[0] = _mm512_add_ps(sums[0], sums[j]);
  *macs = (uint64_t)rounds * CHAINS * 16;
  return _mm512_reduce_add_ps(sums[0]);
}

#pragma clang attribute pop
#endif
