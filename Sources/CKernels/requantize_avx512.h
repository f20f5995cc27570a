// Requantization in registers, for the AVX-512 files.
#pragma once
#include "include/kernels_int8.h"
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl"))),                 \
                             apply_to = function)

// Sixteen codes of any requantization. maxps returns its second operand for NaN, as the scalar form
// does.
static inline __attribute__((always_inline)) __m128i
kern_codes16_avx512(__m512i sums, __m512 multipliers, __m512 low, __m512 high, __m512i zero_point) {
  __m512 real = _mm512_mul_ps(_mm512_cvtepi32_ps(sums), multipliers);
  real = _mm512_min_ps(_mm512_max_ps(real, low), high);
  return _mm512_cvtepi32_epi8(_mm512_add_epi32(_mm512_cvtps_epi32(real), zero_point));
}

// For a requantization that is bounded: saturating packs do the clamping to 0...255, and bytes the
// rest.
typedef struct {
  __m512i zero_point; // 16-bit
  __m512i low, high;  // 8-bit codes
  __m512i order;      // of groups of four codes, since packing works within quarters
} kern_bounded_avx512;

static inline __attribute__((always_inline)) kern_bounded_avx512
kern_bounded_make_avx512(const kern_requantization *to) {
  return (kern_bounded_avx512){
      _mm512_set1_epi16((short)to->zero_point),
      _mm512_set1_epi8((char)((int32_t)to->low + to->zero_point)),
      _mm512_set1_epi8((char)((int32_t)to->high + to->zero_point)),
      _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)};
}

static inline __attribute__((always_inline)) __m512i kern_rounded_avx512(__m512i sums,
                                                                         __m512 multipliers) {
  return _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_cvtepi32_ps(sums), multipliers));
}

// The codes of four rounded vectors, one behind the other, or in another `order`.
static inline __attribute__((always_inline)) __m512i
kern_bounded_codes64_avx512(__m512i first, __m512i second, __m512i third, __m512i fourth,
                            const kern_bounded_avx512 *to) {
  const __m512i low = _mm512_adds_epi16(_mm512_packs_epi32(first, second), to->zero_point);
  const __m512i high = _mm512_adds_epi16(_mm512_packs_epi32(third, fourth), to->zero_point);
  const __m512i codes = _mm512_packus_epi16(low, high);
  const __m512i clamped = _mm512_min_epu8(_mm512_max_epu8(codes, to->low), to->high);
  return _mm512_permutexvar_epi32(to->order, clamped);
}

// Up to four quarters of some codes, `step` bytes apart.
static inline __attribute__((always_inline)) void
kern_store_quarters_avx512(__m512i codes, __mmask16 lanes, const size_t count, uint8_t *out,
                           size_t step) {
  _mm_mask_storeu_epi8(out, lanes, _mm512_castsi512_si128(codes));
  if (count > 1)
    _mm_mask_storeu_epi8(out + step, lanes, _mm512_extracti32x4_epi32(codes, 1));
  if (count > 2)
    _mm_mask_storeu_epi8(out + 2 * step, lanes, _mm512_extracti32x4_epi32(codes, 2));
  if (count > 3)
    _mm_mask_storeu_epi8(out + 3 * step, lanes, _mm512_extracti32x4_epi32(codes, 3));
}

#pragma clang attribute pop
