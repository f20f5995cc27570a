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

// Requantization that is bounded: saturating packs do the clamping to 0...255, and bytes the rest.
typedef struct {
  __m256i zero_point; // 16-bit
  __m256i low, high;  // 8-bit codes
} kern_bounded_avx2;

static inline __attribute__((always_inline)) kern_bounded_avx2
kern_bounded_make_avx2(const kern_requantization *to) {
  return (kern_bounded_avx2){_mm256_set1_epi16((short)to->zero_point),
                             _mm256_set1_epi8((char)((int32_t)to->low + to->zero_point)),
                             _mm256_set1_epi8((char)((int32_t)to->high + to->zero_point))};
}

// 16-bit codes before the clamp; each half of the result holds halves of `first` and `second`.
static inline __attribute__((always_inline)) __m256i
kern_bounded_words_avx2(__m256i first, __m256i second, __m256 first_multipliers,
                        __m256 second_multipliers, const kern_bounded_avx2 *to) {
  __m256 low = _mm256_mul_ps(_mm256_cvtepi32_ps(first), first_multipliers);
  __m256 high = _mm256_mul_ps(_mm256_cvtepi32_ps(second), second_multipliers);
  __m256i words = _mm256_packs_epi32(_mm256_cvtps_epi32(low), _mm256_cvtps_epi32(high));
  return _mm256_adds_epi16(words, to->zero_point);
}

static inline __attribute__((always_inline)) __m128i
kern_bounded_codes16_avx2(__m256i first, __m256i second, __m256 first_multipliers,
                          __m256 second_multipliers, const kern_bounded_avx2 *to) {
  __m256i words = kern_bounded_words_avx2(first, second, first_multipliers, second_multipliers, to);
  __m256i codes = _mm256_permute4x64_epi64(_mm256_packus_epi16(words, words), 0x08);
  // Quarters 0 and 2 hold what packing 32 bits to 8 within halves made of first and second.
  __m128i ordered = _mm_shuffle_epi32(_mm256_castsi256_si128(codes), 0xd8);
  return _mm_min_epu8(_mm_max_epu8(ordered, _mm256_castsi256_si128(to->low)),
                      _mm256_castsi256_si128(to->high));
}

static inline __attribute__((always_inline)) void kern_store_codes_avx2(uint8_t *out, __m128i codes,
                                                                        size_t count) {
  if (count == 16) {
    _mm_storeu_si128((__m128i *)out, codes);
  } else if (count == 8) {
    _mm_storel_epi64((__m128i *)out, codes);
  } else if (count == 4) {
    _mm_storeu_si32(out, codes);
  } else if (count == 2) {
    _mm_storeu_si16(out, codes);
  } else {
    uint8_t buffer[16];
    _mm_storeu_si128((__m128i *)buffer, codes);
    memcpy(out, buffer, count);
  }
}

#pragma clang attribute pop
