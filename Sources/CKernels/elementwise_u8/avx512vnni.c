// Codes become floats by interleaving: 16 bits behind 0x4b00 read as 2^23 more than they are, which
// a subtraction takes away together with the zero point. Packing undoes the interleaving.
#include "elementwise_u8.h"

#if defined(__x86_64__)
#include "../lanes_avx512.h"
#include <math.h>
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi"))),      \
                             apply_to = function)
#pragma STDC FP_CONTRACT OFF

#define INLINE static inline __attribute__((always_inline))

enum { BYTES = 64, PARTS = 4 };

// The real codes of four vectors of floats are less than this, so that 16 bits hold them with a
// zero point that is less as well.
static const float most = 16384;

typedef struct {
  __m512i zero_point, low, high; // words, and bytes twice
} code_range;

INLINE code_range range_of(int32_t zero_point, float low, float high) {
  const int32_t least = (int32_t)low + zero_point, greatest = (int32_t)high + zero_point;
  return (code_range){_mm512_set1_epi16((int16_t)zero_point), _mm512_set1_epi8((char)least),
                      _mm512_set1_epi8((char)greatest)};
}

// Codes of vectors as interleaving left them.
INLINE __m512i packed(const __m512 reals[PARTS], const code_range *to) {
  __m512i words[2];
  for (size_t half = 0; half < 2; half++) {
    words[half] = _mm512_packs_epi32(_mm512_cvtps_epi32(reals[2 * half]),
                                     _mm512_cvtps_epi32(reals[2 * half + 1]));
    words[half] = _mm512_add_epi16(words[half], to->zero_point);
  }
  const __m512i codes = _mm512_packus_epi16(words[0], words[1]);
  return _mm512_min_epu8(_mm512_max_epu8(codes, to->low), to->high);
}

// Words in two vectors, in the order that packing takes them in.
INLINE void words_of(__m512i codes, __m512i words[2]) {
  words[0] = _mm512_unpacklo_epi8(codes, _mm512_setzero_si512());
  words[1] = _mm512_unpackhi_epi8(codes, _mm512_setzero_si512());
}

// `offset` is 2^23 and the zero point.
INLINE void reals_of(__m512i codes, __m512 offset, __m512 reals[PARTS]) {
  const __m512i exponent = _mm512_set1_epi16(0x4b00);
  __m512i words[2];
  words_of(codes, words);
  for (size_t half = 0; half < 2; half++) {
    const __m512i low = _mm512_unpacklo_epi16(words[half], exponent);
    const __m512i high = _mm512_unpackhi_epi16(words[half], exponent);
    reals[2 * half] = _mm512_sub_ps(_mm512_castsi512_ps(low), offset);
    reals[2 * half + 1] = _mm512_sub_ps(_mm512_castsi512_ps(high), offset);
  }
}

INLINE __m512i sums_of(const kern_binary_u8 *p, const code_range *to, __m512i x, __m512i y) {
  __m512 left[PARTS], right[PARTS];
  reals_of(x, _mm512_set1_ps((float)(8388608 + p->left_zero)), left);
  reals_of(y, _mm512_set1_ps((float)(8388608 + p->right_zero)), right);
  const __m512 left_multiplier = _mm512_set1_ps(p->left_multiplier);
  const __m512 right_multiplier = _mm512_set1_ps(p->right_multiplier);
  for (size_t part = 0; part < PARTS; part++)
    left[part] = _mm512_add_ps(_mm512_mul_ps(left[part], left_multiplier),
                               _mm512_mul_ps(right[part], right_multiplier));
  return packed(left, to);
}

// Differences have 9 bits, so that two halves of 16 bits are all of a product.
INLINE __m512i products_of(const kern_binary_u8 *p, const code_range *to, __m512i x, __m512i y) {
  const __m512i left_zero = _mm512_set1_epi16((int16_t)p->left_zero);
  const __m512i right_zero = _mm512_set1_epi16((int16_t)p->right_zero);
  const __m512 multiplier = _mm512_set1_ps(p->left_multiplier);
  __m512i left[2], right[2];
  words_of(x, left);
  words_of(y, right);
  __m512 reals[PARTS];
  for (size_t half = 0; half < 2; half++) {
    left[half] = _mm512_sub_epi16(left[half], left_zero);
    right[half] = _mm512_sub_epi16(right[half], right_zero);
    const __m512i low = _mm512_mullo_epi16(left[half], right[half]);
    const __m512i high = _mm512_mulhi_epi16(left[half], right[half]);
    const __m512i first = _mm512_unpacklo_epi16(low, high);
    const __m512i second = _mm512_unpackhi_epi16(low, high);
    reals[2 * half] = _mm512_mul_ps(_mm512_cvtepi32_ps(first), multiplier);
    reals[2 * half + 1] = _mm512_mul_ps(_mm512_cvtepi32_ps(second), multiplier);
  }
  return packed(reals, to);
}

typedef __m512i binary(const kern_binary_u8 *p, const code_range *to, __m512i x, __m512i y);

// `kernel` is known wherever this is called.
INLINE void combine(binary *kernel, const kern_binary_u8 *p, const uint8_t *x, const uint8_t *y,
                    uint8_t *out, size_t count) {
  const code_range to = range_of(p->zero_point, p->low, p->high);
  size_t i = 0;
  for (; i + BYTES <= count; i += BYTES) {
    const __m512i codes = kernel(p, &to, _mm512_loadu_si512(x + i), _mm512_loadu_si512(y + i));
    _mm512_storeu_si512(out + i, codes);
  }
  if (i < count) {
    const __mmask64 lanes = kern_lanes64(count - i);
    const __m512i codes = kernel(p, &to, _mm512_maskz_loadu_epi8(lanes, x + i),
                                 _mm512_maskz_loadu_epi8(lanes, y + i));
    _mm512_mask_storeu_epi8(out + i, lanes, codes);
  }
}

void kern_add_u8__avx512vnni(const kern_binary_u8 *p, const uint8_t *x, const uint8_t *y,
                             uint8_t *out, size_t count) {
  const float largest = 256 * (fabsf(p->left_multiplier) + fabsf(p->right_multiplier));
  if (largest < most && fabsf((float)p->zero_point) < most) {
    combine(sums_of, p, x, y, out, count);
  } else {
    kern_add_u8__avx2(p, x, y, out, count);
  }
}

void kern_mul_u8__avx512vnni(const kern_binary_u8 *p, const uint8_t *x, const uint8_t *y,
                             uint8_t *out, size_t count) {
  const float largest = 256 * 256 * fabsf(p->left_multiplier);
  if (largest < most && fabsf((float)p->zero_point) < most) {
    combine(products_of, p, x, y, out, count);
  } else {
    kern_mul_u8__avx2(p, x, y, out, count);
  }
}

// Two permutations look up 128 entries each by the lower 7 bits; the top bit chooses between them.
void kern_table_u8__avx512vnni(const uint8_t *table, const uint8_t *in, uint8_t *out,
                               size_t count) {
  const __m512i first = _mm512_loadu_si512(table), second = _mm512_loadu_si512(table + 64);
  const __m512i third = _mm512_loadu_si512(table + 128), fourth = _mm512_loadu_si512(table + 192);
  for (size_t i = 0; i < count; i += BYTES) {
    const __mmask64 lanes = kern_lanes64(count - i);
    const __m512i codes = _mm512_maskz_loadu_epi8(lanes, in + i);
    const __m512i low = _mm512_permutex2var_epi8(first, codes, second);
    const __m512i high = _mm512_permutex2var_epi8(third, codes, fourth);
    const __m512i values = _mm512_mask_blend_epi8(_mm512_movepi8_mask(codes), low, high);
    _mm512_mask_storeu_epi8(out + i, lanes, values);
  }
}

typedef struct {
  __m512 scale, inverse, bound;
} divisor;

// value / scale, correctly rounded, for values of up to 512 scales; beyond them no less. A product
// with the rounded inverse is off by up to two units in the last place, one correction with the
// remainder by less than one, and then a second one gives the quotient (Markstein 1990).
INLINE __m512 quotient(__m512 value, const divisor *by) {
  const __mmask16 is_number = _mm512_cmp_ps_mask(value, value, _CMP_ORD_Q);
  value = _mm512_max_ps(value, _mm512_sub_ps(_mm512_setzero_ps(), by->bound));
  value = _mm512_maskz_min_ps(is_number, value, by->bound);
  __m512 result = _mm512_mul_ps(value, by->inverse);
  for (size_t step = 0; step < 2; step++) {
    const __m512 remainder = _mm512_fnmadd_ps(result, by->scale, value);
    result = _mm512_fmadd_ps(remainder, by->inverse, result);
  }
  return result;
}

void kern_quantize_f32_u8__avx512vnni(const float *in, uint8_t *out, size_t count, float scale,
                                      int32_t zero_point) {
  // Where the inverse, the bound or a remainder that counts would not be a normal number.
  if (!(scale > 0x1p-90f && scale < 0x1p90f)) {
    kern_quantize_f32_u8__avx2(in, out, count, scale, zero_point);
    return;
  }
  const divisor by = {_mm512_set1_ps(scale), _mm512_set1_ps(1 / scale),
                      _mm512_set1_ps(512 * scale)};
  const code_range to = range_of(zero_point, (float)(0 - zero_point), (float)(255 - zero_point));
  // Packing works in quarters of a vector.
  const __m512i in_order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  size_t i = 0;
  for (; i + BYTES <= count; i += BYTES) {
    __m512 reals[PARTS];
    for (size_t part = 0; part < PARTS; part++)
      reals[part] = quotient(_mm512_loadu_ps(in + i + 16 * part), &by);
    _mm512_storeu_si512(out + i, _mm512_permutexvar_epi32(in_order, packed(reals, &to)));
  }
  for (; i < count; i += 16) {
    const __mmask16 lanes = kern_lanes16(count - i);
    const __m512 real = quotient(_mm512_maskz_loadu_ps(lanes, in + i), &by);
    const __m512i code = _mm512_add_epi32(_mm512_cvtps_epi32(real), _mm512_set1_epi32(zero_point));
    const __m512i least = _mm512_max_epi32(code, _mm512_setzero_si512());
    _mm_mask_storeu_epi8(out + i, lanes, _mm512_cvtusepi32_epi8(least));
  }
}

INLINE __m512 dequantized(__m128i codes, __m512i zero_point, __m512 scale) {
  const __m512i difference = _mm512_sub_epi32(_mm512_cvtepu8_epi32(codes), zero_point);
  return _mm512_mul_ps(_mm512_cvtepi32_ps(difference), scale);
}

void kern_dequantize_u8_f32__avx512vnni(const uint8_t *in, float *out, size_t count, float scale,
                                        int32_t zero_point) {
  const __m512i zero = _mm512_set1_epi32(zero_point);
  const __m512 factor = _mm512_set1_ps(scale);
  size_t i = 0;
#pragma clang loop unroll_count(4)
  for (; i + 16 <= count; i += 16) {
    const __m128i codes = _mm_loadu_si128((const __m128i *)(in + i));
    _mm512_storeu_ps(out + i, dequantized(codes, zero, factor));
  }
  if (i < count) {
    const __mmask16 lanes = kern_lanes16(count - i);
    const __m128i codes = _mm_maskz_loadu_epi8(lanes, in + i);
    _mm512_mask_storeu_ps(out + i, lanes, dequantized(codes, zero, factor));
  }
}

void kern_requantize_s32_u8__avx512vnni(const int32_t *in, uint8_t *out, size_t count,
                                        const kern_requantization *to) {
  const __m512 multiplier = _mm512_set1_ps(to->multipliers[0]);
  const __m512 low = _mm512_set1_ps(to->low), high = _mm512_set1_ps(to->high);
  const __m512i zero_point = _mm512_set1_epi32(to->zero_point);
  for (size_t i = 0; i < count; i += 16) {
    const __mmask16 lanes = kern_lanes16(count - i);
    const __m512i sums = _mm512_maskz_loadu_epi32(lanes, in + i);
    __m512 real = _mm512_mul_ps(_mm512_cvtepi32_ps(sums), multiplier);
    real = _mm512_min_ps(_mm512_max_ps(real, low), high);
    const __m512i codes = _mm512_add_epi32(_mm512_cvtps_epi32(real), zero_point);
    _mm_mask_storeu_epi8(out + i, lanes, _mm512_cvtepi32_epi8(codes));
  }
}

#pragma clang attribute pop
#endif
