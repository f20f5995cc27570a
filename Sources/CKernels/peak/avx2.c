#include "kernels_peak.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

// Twelve chains hide the latency of a multiply-accumulate on every core so far.
#define CHAINS 12

float kern_peak_f32__avx2(size_t rounds, uint64_t *macs) {
  __m256 sums[CHAINS];
  for (int j = 0; j < CHAINS; j++)
    sums[j] = _mm256_set1_ps((float)j);
  const __m256 factor = _mm256_set1_ps(0.999f), term = _mm256_set1_ps(0.5f);
  for (size_t i = 0; i < rounds; i++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < CHAINS; j++)
      sums[j] = _mm256_fmadd_ps(sums[j], factor, term);
  }
  for (int j = 1; j < CHAINS; j++)
    sums[0] = _mm256_add_ps(sums[0], sums[j]);
  float lanes[8];
  _mm256_storeu_ps(lanes, sums[0]);
  *macs = (uint64_t)rounds * CHAINS * 8;
  return lanes[0] + lanes[7];
}

int32_t kern_peak_u8s8__avx2(size_t rounds, uint64_t *macs) {
  __m256i sums[CHAINS];
  for (int j = 0; j < CHAINS; j++)
    sums[j] = _mm256_set1_epi32(j);
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i a = _mm256_set1_epi8(3);
  const __m256i b = _mm256_set1_epi8(-5);
  for (size_t i = 0; i < rounds; i++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < CHAINS; j++) {
      // The compiler must believe that every product has another operand, or it makes one of all.
      __asm__ volatile("" : "+x"(a));
      const __m256i pairs = _mm256_maddubs_epi16(a, b);
      sums[j] = _mm256_add_epi32(sums[j], _mm256_madd_epi16(pairs, ones));
    }
  }
  for (int j = 1; j < CHAINS; j++)
    sums[0] = _mm256_add_epi32(sums[0], sums[j]);
  int32_t lanes[8];
  _mm256_storeu_si256((__m256i *)lanes, sums[0]);
  *macs = (uint64_t)rounds * CHAINS * 32;
  return lanes[0] ^ lanes[7];
}

int32_t kern_peak_u8s8_narrow__avx2(size_t rounds, uint64_t *macs) {
  // Six pairs of sums and three constants are what sixteen registers hold.
  enum { chains = 6, additions = 8 };
  __m256i sums[chains];
  for (int j = 0; j < chains; j++)
    sums[j] = _mm256_set1_epi32(j);
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i a = _mm256_set1_epi8(3);
  const __m256i b = _mm256_set1_epi8(-5);
  for (size_t i = 0; i < rounds; i++) {
    __m256i narrow[chains];
#pragma clang loop unroll(full)
    for (int j = 0; j < chains; j++)
      narrow[j] = _mm256_setzero_si256();
#pragma clang loop unroll(full)
    for (int step = 0; step < additions; step++) {
#pragma clang loop unroll(full)
      for (int j = 0; j < chains; j++) {
        __asm__ volatile("" : "+x"(a));
        narrow[j] = _mm256_add_epi16(narrow[j], _mm256_maddubs_epi16(a, b));
      }
    }
#pragma clang loop unroll(full)
    for (int j = 0; j < chains; j++)
      sums[j] = _mm256_add_epi32(sums[j], _mm256_madd_epi16(narrow[j], ones));
  }
  for (int j = 1; j < chains; j++)
    sums[0] = _mm256_add_epi32(sums[0], sums[j]);
  int32_t lanes[8];
  _mm256_storeu_si256((__m256i *)lanes, sums[0]);
  *macs = (uint64_t)rounds * chains * additions * 32;
  return lanes[0] ^ lanes[7];
}

#pragma clang attribute pop
#endif
