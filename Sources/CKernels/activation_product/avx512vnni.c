// Sixteen columns, or sixteen numbers, at a time.
#include "activation_product.h"

#if defined(__x86_64__)
#include "../lanes_avx512.h"
#pragma clang attribute push(                                                                      \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), apply_to = function)
#include "../unary_f32/math_avx512.h"

// The first `count` of 64 lanes, or all.
INLINE __mmask64 lanes64(size_t count) { return count < 64 ? (1ull << count) - 1 : ~0ull; }

// Sixteen rows of sixteen words turned: row r of the result has word r of every row.
INLINE void turn(__m512i *rows) {
  __m512i pairs[16], quads[16];
#pragma unroll
  for (size_t i = 0; i < 16; i += 2) {
    pairs[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
    pairs[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
  }
  // Word 4 l + j of rows 4 i to 4 i + 3 stands in part l of quads[4 i + j].
#pragma unroll
  for (size_t i = 0; i < 16; i += 4) {
    quads[i] = _mm512_unpacklo_epi64(pairs[i], pairs[i + 2]);
    quads[i + 1] = _mm512_unpackhi_epi64(pairs[i], pairs[i + 2]);
    quads[i + 2] = _mm512_unpacklo_epi64(pairs[i + 1], pairs[i + 3]);
    quads[i + 3] = _mm512_unpackhi_epi64(pairs[i + 1], pairs[i + 3]);
  }
#pragma unroll
  for (size_t j = 0; j < 4; j++) {
    const __m512i low_even = _mm512_shuffle_i32x4(quads[j], quads[4 + j], 0x88);
    const __m512i low_odd = _mm512_shuffle_i32x4(quads[j], quads[4 + j], 0xdd);
    const __m512i high_even = _mm512_shuffle_i32x4(quads[8 + j], quads[12 + j], 0x88);
    const __m512i high_odd = _mm512_shuffle_i32x4(quads[8 + j], quads[12 + j], 0xdd);
    rows[j] = _mm512_shuffle_i32x4(low_even, high_even, 0x88);
    rows[4 + j] = _mm512_shuffle_i32x4(low_odd, high_odd, 0x88);
    rows[8 + j] = _mm512_shuffle_i32x4(low_even, high_even, 0xdd);
    rows[12 + j] = _mm512_shuffle_i32x4(low_odd, high_odd, 0xdd);
  }
}

void kern_pack_columns_u8__avx512vnni(const kern_right_u8 *right, int8_t *panels, int32_t *sums) {
  // What does not exist is read as 128, which becomes 0.
  const __m512i middle = _mm512_set1_epi8((char)0x80), ones = _mm512_set1_epi8(1);
  const size_t quads = (right->depth + 3) / 4, count = (right->columns + 15) / 16;
  for (size_t p = 0; p < count; p++) {
    int8_t *panel = panels + p * quads * 64;
    __m512i sum = _mm512_setzero_si512();
    for (size_t first = 0; first < quads; first += 16) {
      const __mmask64 lanes = lanes64(right->depth - 4 * first);
      __m512i rows[16];
#pragma unroll
      for (size_t i = 0; i < 16; i++) {
        const size_t column = p * 16 + i;
        const bool exists = column < right->columns;
        rows[i] = _mm512_mask_loadu_epi8(middle, exists ? lanes : 0,
                                         right->codes +
                                             (exists ? column * right->stride + 4 * first : 0));
      }
      turn(rows);
      const size_t end = quads - first < 16 ? quads - first : 16;
#pragma unroll
      for (size_t i = 0; i < 16; i++) {
        if (i < end) {
          const __m512i quad = _mm512_xor_si512(rows[i], middle);
          sum = _mm512_dpbusd_epi32(sum, ones, quad);
          _mm512_storeu_si512(panel + (first + i) * 64, quad);
        }
      }
    }
    _mm512_storeu_si512(sums + p * 16, sum);
  }
}

void kern_pack_depths_u8__avx512vnni(const kern_right_u8 *right, int8_t *panels, int32_t *sums) {
  const __m128i middle = _mm_set1_epi8((char)0x80);
  const __m512i ones = _mm512_set1_epi8(1);
  const size_t quads = (right->depth + 3) / 4, count = (right->columns + 15) / 16;
  for (size_t p = 0; p < count; p++) {
    int8_t *panel = panels + p * quads * 64;
    const __mmask16 lanes = kern_lanes16(right->columns - p * 16);
    __m512i sum = _mm512_setzero_si512();
    for (size_t q = 0; q < quads; q++) {
      __m128i rows[4];
#pragma unroll
      for (size_t i = 0; i < 4; i++) {
        const bool exists = 4 * q + i < right->depth;
        const uint8_t *row = right->codes + (exists ? (4 * q + i) * right->stride + p * 16 : 0);
        rows[i] = _mm_xor_si128(_mm_mask_loadu_epi8(middle, exists ? lanes : 0, row), middle);
      }
      const __m128i low01 = _mm_unpacklo_epi8(rows[0], rows[1]);
      const __m128i high01 = _mm_unpackhi_epi8(rows[0], rows[1]);
      const __m128i low23 = _mm_unpacklo_epi8(rows[2], rows[3]);
      const __m128i high23 = _mm_unpackhi_epi8(rows[2], rows[3]);
      __m512i quad = _mm512_castsi128_si512(_mm_unpacklo_epi16(low01, low23));
      quad = _mm512_inserti32x4(quad, _mm_unpackhi_epi16(low01, low23), 1);
      quad = _mm512_inserti32x4(quad, _mm_unpacklo_epi16(high01, high23), 2);
      quad = _mm512_inserti32x4(quad, _mm_unpackhi_epi16(high01, high23), 3);
      sum = _mm512_dpbusd_epi32(sum, ones, quad);
      _mm512_storeu_si512(panel + q * 64, quad);
    }
    _mm512_storeu_si512(sums + p * 16, sum);
  }
}

void kern_sum_each_row_u8__avx512vnni(const uint8_t *codes, size_t stride, size_t rows,
                                      size_t columns, int32_t *sums) {
  const __m512i ones = _mm512_set1_epi8(1);
  for (size_t r = 0; r < rows; r++) {
    __m512i sum = _mm512_setzero_si512();
    for (size_t c = 0; c < columns; c += 64) {
      const __m512i row = _mm512_maskz_loadu_epi8(lanes64(columns - c), codes + r * stride + c);
      sum = _mm512_dpbusd_epi32(sum, row, ones);
    }
    sums[r] = _mm512_reduce_add_epi32(sum);
  }
}

void kern_scale_rows_s32_f32__avx512vnni(const int32_t *sums, size_t stride, size_t rows,
                                         size_t columns, const int32_t *terms, float factor,
                                         float *out) {
  const __m512 factors = _mm512_set1_ps(factor);
  for (size_t r = 0; r < rows; r++) {
    const __m512i term = _mm512_set1_epi32(terms[r]);
    for (size_t c = 0; c < columns; c += 16) {
      const __mmask16 lanes = kern_lanes16(columns - c);
      const __m512i sum = _mm512_maskz_loadu_epi32(lanes, sums + r * stride + c);
      const __m512 real = _mm512_cvtepi32_ps(_mm512_add_epi32(sum, term));
      _mm512_mask_storeu_ps(out + r * stride + c, lanes, _mm512_mul_ps(real, factors));
    }
  }
}

// maxps returns its second operand for NaN, as the scalar form does.
void kern_requantize_rows_s32_u8__avx512vnni(const int32_t *sums, size_t stride, size_t rows,
                                             size_t columns, const int32_t *terms,
                                             const kern_requantization *requantization,
                                             uint8_t *out, size_t out_stride) {
  const __m512 multiplier = _mm512_set1_ps(requantization->multipliers[0]);
  const __m512 low = _mm512_set1_ps(requantization->low);
  const __m512 high = _mm512_set1_ps(requantization->high);
  const __m512i zero_point = _mm512_set1_epi32(requantization->zero_point);
  for (size_t r = 0; r < rows; r++) {
    const __m512i term = _mm512_set1_epi32(terms[r]);
    for (size_t c = 0; c < columns; c += 16) {
      const __mmask16 lanes = kern_lanes16(columns - c);
      const __m512i sum = _mm512_maskz_loadu_epi32(lanes, sums + r * stride + c);
      __m512 real = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_add_epi32(sum, term)), multiplier);
      real = _mm512_min_ps(_mm512_max_ps(real, low), high);
      const __m512i codes = _mm512_add_epi32(_mm512_cvtps_epi32(real), zero_point);
      _mm_mask_storeu_epi8(out + r * out_stride + c, lanes, _mm512_cvtepi32_epi8(codes));
    }
  }
}

void kern_softmax_f32_u8__avx512vnni(float *x, size_t count, float scale, int32_t zero_point,
                                     uint8_t *codes) {
  __m512 largest = _mm512_set1_ps(-__builtin_inff());
  for (size_t i = 0; i < count; i += 16) {
    const __mmask16 lanes = kern_lanes16(count - i);
    largest = _mm512_mask_max_ps(largest, lanes, largest, _mm512_maskz_loadu_ps(lanes, x + i));
  }
  const __m512 most = _mm512_set1_ps(_mm512_reduce_max_ps(largest));
  __m512 sums = _mm512_setzero_ps();
  for (size_t i = 0; i < count; i += 16) {
    const __mmask16 lanes = kern_lanes16(count - i);
    const __m512 power = exponential(_mm512_sub_ps(_mm512_maskz_loadu_ps(lanes, x + i), most));
    sums = _mm512_mask_add_ps(sums, lanes, sums, power);
    _mm512_mask_storeu_ps(x + i, lanes, power);
  }
  const __m512 factor = _mm512_set1_ps(1 / (_mm512_reduce_add_ps(sums) * scale));
  const __m512 low = _mm512_set1_ps((float)-zero_point);
  const __m512 high = _mm512_set1_ps((float)(255 - zero_point));
  const __m512i zero_points = _mm512_set1_epi32(zero_point);
  for (size_t i = 0; i < count; i += 16) {
    const __mmask16 lanes = kern_lanes16(count - i);
    __m512 real = _mm512_mul_ps(_mm512_maskz_loadu_ps(lanes, x + i), factor);
    real = _mm512_min_ps(_mm512_max_ps(real, low), high);
    const __m512i rounded = _mm512_add_epi32(_mm512_cvtps_epi32(real), zero_points);
    _mm_mask_storeu_epi8(codes + i, lanes, _mm512_cvtepi32_epi8(rounded));
  }
}

#pragma clang attribute pop
#endif
