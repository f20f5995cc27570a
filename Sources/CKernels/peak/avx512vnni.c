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

int32_t kern_peak_u8s8_narrow__avx512vnni(size_t rounds, uint64_t *macs) {
  enum { chains = 12, additions = 8 };
  __m512i sums[chains];
  for (int j = 0; j < chains; j++)
    sums[j] = _mm512_set1_epi32(j);
  const __m512i ones = _mm512_set1_epi16(1);
  __m512i a = _mm512_set1_epi8(3);
  const __m512i b = _mm512_set1_epi8(-5);
  for (size_t i = 0; i < rounds; i++) {
    __m512i narrow[chains];
#pragma clang loop unroll(full)
    for (int j = 0; j < chains; j++)
      narrow[j] = _mm512_setzero_si512();
#pragma clang loop unroll(full)
    for (int step = 0; step < additions; step++) {
#pragma clang loop unroll(full)
      for (int j = 0; j < chains; j++) {
        __asm__ volatile("" : "+v"(a));
        narrow[j] = _mm512_add_epi16(narrow[j], _mm512_maddubs_epi16(a, b));
      }
    }
#pragma clang loop unroll(full)
    for (int j = 0; j < chains; j++)
      sums[j] = _mm512_add_epi32(sums[j], _mm512_madd_epi16(narrow[j], ones));
  }
  for (int j = 1; j < chains; j++)
    sums[0] = _mm512_add_epi32(sums[0], sums[j]);
  *macs = (uint64_t)rounds * chains * additions * 64;
  return _mm512_reduce_add_epi32(sums[0]);
}

#pragma clang attribute pop
#endif
