#include "elementwise_u8.h"

#if defined(__x86_64__)
#include "../requantize_avx2.h"
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#pragma STDC FP_CONTRACT OFF

#define INLINE static inline __attribute__((always_inline))

INLINE __m256i codes_at(const uint8_t *in) {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)in));
}

INLINE __m256i added(const kern_binary_u8 *p, const kern_rounding_avx2 *to, const uint8_t *x,
                     const uint8_t *y) {
  __m256i left = _mm256_sub_epi32(codes_at(x), _mm256_set1_epi32(p->left_zero));
  __m256i right = _mm256_sub_epi32(codes_at(y), _mm256_set1_epi32(p->right_zero));
  __m256 sum =
      _mm256_add_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(left), _mm256_set1_ps(p->left_multiplier)),
                    _mm256_mul_ps(_mm256_cvtepi32_ps(right), _mm256_set1_ps(p->right_multiplier)));
  return kern_rounded_avx2(sum, to);
}

void kern_add_u8__avx2(const kern_binary_u8 *p, const uint8_t *x, const uint8_t *y, uint8_t *out,
                       size_t count) {
  const kern_rounding_avx2 to = kern_rounding_make_avx2(p->low, p->high, p->zero_point);
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    __m256i first = added(p, &to, x + i, y + i);
    __m256i second = added(p, &to, x + i + 8, y + i + 8);
    _mm_storeu_si128((__m128i *)(out + i), kern_codes16_avx2(first, second));
  }
  kern_add_u8__scalar(p, x + i, y + i, out + i, count - i);
}

INLINE __m256i multiplied(const kern_binary_u8 *p, const kern_rounding_avx2 *to, const uint8_t *x,
                          const uint8_t *y) {
  __m256i left = _mm256_sub_epi32(codes_at(x), _mm256_set1_epi32(p->left_zero));
  __m256i right = _mm256_sub_epi32(codes_at(y), _mm256_set1_epi32(p->right_zero));
  // Differences have 9 bits, so the 16-bit halves of the product of low halves are all of it.
  __m256i low = _mm256_and_si256(left, _mm256_set1_epi32(0xffff));
  __m256i product = _mm256_madd_epi16(low, right);
  return kern_requantized_avx2(product, _mm256_set1_ps(p->left_multiplier), to);
}

void kern_mul_u8__avx2(const kern_binary_u8 *p, const uint8_t *x, const uint8_t *y, uint8_t *out,
                       size_t count) {
  const kern_rounding_avx2 to = kern_rounding_make_avx2(p->low, p->high, p->zero_point);
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    __m256i first = multiplied(p, &to, x + i, y + i);
    __m256i second = multiplied(p, &to, x + i + 8, y + i + 8);
    _mm_storeu_si128((__m128i *)(out + i), kern_codes16_avx2(first, second));
  }
  kern_mul_u8__scalar(p, x + i, y + i, out + i, count - i);
}

// A byte shuffle looks up 16 entries and gives 0 for an index with its top bit set. The entries of
// one half of the table are stored as differences (exclusive or) to the row before; counting the
// index down by 16 each time, with signed saturation, leaves the shuffles 0...index/16 active,
// whose differences add up to the entry. Indices of the other half are negative from the start and
// stay so.
INLINE void lookup_half(const uint8_t *table, __m256i index[2], __m256i value[2]) {
  const __m256i sixteen = _mm256_set1_epi8(16);
  __m256i before = _mm256_setzero_si256();
  for (size_t row = 0; row < 8; row++) {
    __m256i entries =
        _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(table + 16 * row)));
    __m256i difference = _mm256_xor_si256(entries, before);
    before = entries;
    for (size_t v = 0; v < 2; v++) {
      value[v] = _mm256_xor_si256(value[v], _mm256_shuffle_epi8(difference, index[v]));
      index[v] = _mm256_subs_epi8(index[v], sixteen);
    }
  }
}

void kern_table_u8__avx2(const uint8_t *table, const uint8_t *in, uint8_t *out, size_t count) {
  const __m256i top = _mm256_set1_epi8((char)0x80);
  size_t i = 0;
  for (; i + 64 <= count; i += 64) {
    __m256i low[2], high[2], value[2];
    for (size_t v = 0; v < 2; v++) {
      low[v] = _mm256_loadu_si256((const __m256i *)(in + i + 32 * v));
      high[v] = _mm256_xor_si256(low[v], top);
      value[v] = _mm256_setzero_si256();
    }
    const int has_high = _mm256_movemask_epi8(_mm256_or_si256(low[0], low[1]));
    lookup_half(table, low, value);
    // Codes of 7 bits are common and need no upper half.
    if (has_high) {
      lookup_half(table + 128, high, value);
    }
    _mm256_storeu_si256((__m256i *)(out + i), value[0]);
    _mm256_storeu_si256((__m256i *)(out + i + 32), value[1]);
  }
  kern_table_u8__scalar(table, in + i, out + i, count - i);
}

INLINE __m256i quantized(const float *in, __m256 scale, const kern_rounding_avx2 *to) {
  __m256 value = _mm256_loadu_ps(in);
  __m256 number = _mm256_cmp_ps(value, value, _CMP_ORD_Q);
  return kern_rounded_avx2(_mm256_and_ps(_mm256_div_ps(value, scale), number), to);
}

void kern_quantize_f32_u8__avx2(const float *in, uint8_t *out, size_t count, float scale,
                                int32_t zero_point) {
  const kern_rounding_avx2 to =
      kern_rounding_make_avx2((float)(0 - zero_point), (float)(255 - zero_point), zero_point);
  const __m256 divisor = _mm256_set1_ps(scale);
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    __m128i codes =
        kern_codes16_avx2(quantized(in + i, divisor, &to), quantized(in + i + 8, divisor, &to));
    _mm_storeu_si128((__m128i *)(out + i), codes);
  }
  kern_quantize_f32_u8__scalar(in + i, out + i, count - i, scale, zero_point);
}

void kern_dequantize_u8_f32__avx2(const uint8_t *in, float *out, size_t count, float scale,
                                  int32_t zero_point) {
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    __m256i difference = _mm256_sub_epi32(codes_at(in + i), _mm256_set1_epi32(zero_point));
    _mm256_storeu_ps(out + i, _mm256_mul_ps(_mm256_cvtepi32_ps(difference), _mm256_set1_ps(scale)));
  }
  kern_dequantize_u8_f32__scalar(in + i, out + i, count - i, scale, zero_point);
}

void kern_requantize_s32_u8__avx2(const int32_t *in, uint8_t *out, size_t count,
                                  const kern_requantization *to) {
  const kern_rounding_avx2 rounding = kern_rounding_make_avx2(to->low, to->high, to->zero_point);
  const __m256 multiplier = _mm256_set1_ps(to->multipliers[0]);
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    __m256i first = _mm256_loadu_si256((const __m256i *)(in + i));
    __m256i second = _mm256_loadu_si256((const __m256i *)(in + i + 8));
    __m128i codes = kern_codes16_avx2(kern_requantized_avx2(first, multiplier, &rounding),
                                      kern_requantized_avx2(second, multiplier, &rounding));
    _mm_storeu_si128((__m128i *)(out + i), codes);
  }
  kern_requantize_s32_u8__scalar(in + i, out + i, count - i, to);
}

void kern_offset_u8__avx2(const uint8_t *in, uint8_t *out, size_t count, uint8_t offset) {
  const __m256i change = _mm256_set1_epi8((char)offset);
  size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    __m256i codes = _mm256_loadu_si256((const __m256i *)(in + i));
    _mm256_storeu_si256((__m256i *)(out + i), _mm256_add_epi8(codes, change));
  }
  kern_offset_u8__scalar(in + i, out + i, count - i, offset);
}

uint8_t kern_largest_u8__avx2(const uint8_t *in, size_t count) {
  __m256i largest[4] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(),
                        _mm256_setzero_si256()};
  size_t i = 0;
  for (; i + 128 <= count; i += 128) {
    for (size_t v = 0; v < 4; v++) {
      __m256i codes = _mm256_loadu_si256((const __m256i *)(in + i + 32 * v));
      largest[v] = _mm256_max_epu8(largest[v], codes);
    }
  }
  for (; i + 32 <= count; i += 32) {
    largest[0] = _mm256_max_epu8(largest[0], _mm256_loadu_si256((const __m256i *)(in + i)));
  }
  __m256i all = _mm256_max_epu8(_mm256_max_epu8(largest[0], largest[1]),
                                _mm256_max_epu8(largest[2], largest[3]));
  uint8_t lanes[32];
  _mm256_storeu_si256((__m256i *)lanes, all);
  uint8_t rest = kern_largest_u8__scalar(in + i, count - i);
  uint8_t most = kern_largest_u8__scalar(lanes, sizeof lanes);
  return most > rest ? most : rest;
}

#pragma clang attribute pop
#endif
