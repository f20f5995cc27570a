#include "kernels_peak.h"

#if defined(__x86_64__)
#include "../vnni_avx2.h"
#pragma clang attribute push(KERN_VNNI_TARGET, apply_to = function)

#define CHAINS 12

int32_t kern_peak_u8s8__avxvnni(size_t rounds, uint64_t *macs) {
  __m256i sums[CHAINS];
  for (int j = 0; j < CHAINS; j++)
    sums[j] = _mm256_set1_epi32(j);
  __m256i a = _mm256_set1_epi8(3);
  const __m256i b = _mm256_set1_epi8(-5);
  for (size_t i = 0; i < rounds; i++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < CHAINS; j++) {
      // The compiler must believe that every product has another operand, or it makes one of all.
      __asm__ volatile("" : "+x"(a));
      sums[j] = KERN_DOT_PRODUCT(sums[j], a, b);
    }
  }
  for (int j = 1; j < CHAINS; j++)
    sums[0] = _mm256_add_epi32(sums[0], sums[j]);
  int32_t lanes[8];
  _mm256_storeu_si256((__m256i *)lanes, sums[0]);
  *macs = (uint64_t)rounds * CHAINS * 32;
  return lanes[0] + lanes[7];
}

#pragma clang attribute pop
#endif
