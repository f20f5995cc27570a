// Masks of lanes, for the AVX2 files.
#pragma once
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

// The first `count` of 8 lanes, or all.
static inline __attribute__((always_inline, target("avx2"))) __m256i kern_lanes8(size_t count) {
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int32_t)(count < 8 ? count : 8)), lanes);
}
