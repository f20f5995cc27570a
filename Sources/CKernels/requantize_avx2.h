// Requantization in registers, for the AVX2 files.
#pragma once
#include "include/kernels_int8.h"
#include <immintrin.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

typedef struct {
  __m256 low, high;
  __m256i zero_point;
} kern_rounding_avx2;

static inline __attribute__((always_inline)) kern_rounding_avx2
kern_rounding_make_avx2(float low, float high, int32_t zero_point) {
  return (kern_rounding_avx2){_mm256_set1_ps(low), _mm256_set1_ps(high),
                              _mm256_set1_epi32(zero_point)};
}

// maxps returns its second operand for NaN, as the scalar form does.
static inline __attribute__((always_inline)) __m256i
kern_rounded_avx2(__m256 value, const kern_rounding_avx2 *to) {
  __m256 clamped = _mm256_min_ps(_mm256_max_ps(value, to->low), to->high);
  return _mm256_add_epi32(_mm256_cvtps_epi32(clamped), to->zero_point);
}

static inline __attribute__((always_inline)) __m256i
kern_requantized_avx2(__m256i accumulators, __m256 multipliers, const kern_rounding_avx2 *to) {
  return kern_rounded_avx2(_mm256_mul_ps(_mm256_cvtepi32_ps(accumulators), multipliers), to);
}

// Sixteen codes 0...255 in order, from two vectors of int32.
static inline __attribute__((always_inline)) __m128i kern_codes16_avx2(__m256i first,
                                                                       __m256i second) {
  __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(first, second), 0xd8);
  return _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
}

static inline __attribute__((always_inline)) void kern_store_codes_avx2(uint8_t *out, __m128i codes,
                                                                        size_t count) {
  if (count == 16) {
    _mm_storeu_si128((__m128i *)out, codes);
  } else if (count == 8) {
    _mm_storel_epi64((__m128i *)out, codes);
  } else {
    uint8_t buffer[16];
    _mm_storeu_si128((__m128i *)buffer, codes);
    memcpy(out, buffer, count);
  }
}

#pragma clang attribute pop
