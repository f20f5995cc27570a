#include "pool_u8.h"

#if defined(__x86_64__)
#include "../lanes_avx512.h"
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl"))),                 \
                             apply_to = function)

enum { BYTES = 64 };

void kern_max_windows_u8__avx512vnni(const kern_windows_u8 *windows, uint8_t *out) {
  const size_t channels = windows->channels;
  for (size_t c = 0; c < channels; c += BYTES) {
    const __mmask64 lanes = kern_lanes64(channels - c);
    const uint8_t *first = windows->first + c;
    for (size_t w = 0; w < windows->count; w++, first += windows->step) {
      __m512i most = _mm512_setzero_si512();
      const uint8_t *row = first;
      for (size_t r = 0; r < windows->rows; r++, row += windows->row_stride) {
        const uint8_t *codes = row;
        for (size_t k = 0; k < windows->columns; k++, codes += windows->column_stride)
          most = _mm512_max_epu8(most, _mm512_maskz_loadu_epi8(lanes, codes));
      }
      _mm512_mask_storeu_epi8(out + w * channels + c, lanes, most);
    }
  }
}

void kern_sum_rows_u8__avx512vnni(const uint8_t *in, size_t rows, size_t row_stride,
                                  size_t channels, int32_t *out) {
  for (size_t c = 0; c < channels; c += 32) {
    const size_t rest = channels - c;
    const __mmask32 lanes = (__mmask32)kern_lanes64(rest < 32 ? rest : 32);
    const __mmask16 first = (__mmask16)lanes, second = (__mmask16)(lanes >> 16);
    __m512i low = _mm512_maskz_loadu_epi32(first, out + c);
    __m512i high = _mm512_maskz_loadu_epi32(second, out + c + 16);
    size_t r = 0;
    while (r < rows) {
      // 257 codes fit into 16 bits without a sign.
      const size_t end = rows - r < 257 ? rows : r + 257;
      __m512i sums = _mm512_setzero_si512();
      for (; r < end; r++) {
        const __m256i codes = _mm256_maskz_loadu_epi8(lanes, in + r * row_stride + c);
        sums = _mm512_add_epi16(sums, _mm512_cvtepu8_epi16(codes));
      }
      low = _mm512_add_epi32(low, _mm512_cvtepu16_epi32(_mm512_castsi512_si256(sums)));
      high = _mm512_add_epi32(high, _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(sums, 1)));
    }
    _mm512_mask_storeu_epi32(out + c, first, low);
    _mm512_mask_storeu_epi32(out + c + 16, second, high);
  }
}

#pragma clang attribute pop
#endif
