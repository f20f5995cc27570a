#include "kernels_peak.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni"))),      \
                             apply_to = function)

#define CHAINS 12

int32_t kern_peak_u8s8__avx512vnni(size_t rounds, uint64_t *macs) {
  __m512i sums[CHAINS];
  for (int j = 0; j < CHAINS; j++)
    sums[j] = _mm512_set1_epi32(j);
  __m512i a = _mm512_set1_epi8(3);
  const __m512i b = _mm512_set1_epi8(-5);
  for (size_t i = 0; i < rounds; i++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < CHAINS; j++) {
      // The compiler must believe that every product has another operand, or it makes one of all.
      __asm__ volatile("" : "+v"(a));
      sums[j] = _mm512_dpbusd_epi32(sums[j], a, b);
    }
  }
  for (int j = 1; j < CHAINS; j++)
    sums[0] = _mm512_add_epi32(sums[0], sums[j]);
  *macs = (uint64_t)rounds * CHAINS * 64;
  return _mm512_reduce_add_epi32(sums[0]);
}

#pragma clang attribute pop
#endif
