#include "pool_u8.h"

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

void kern_max_windows_u8__avx2(const kern_windows_u8 *windows, uint8_t *out) {
  const size_t channels = windows->channels;
  kern_windows_u8 rest = *windows;
  for (size_t w = 0; w < windows->count; w++, out += channels) {
    const uint8_t *first = windows->first + w * windows->step;
    size_t c = 0;
    for (; c + 32 <= channels; c += 32) {
      __m256i most = _mm256_setzero_si256();
      for (size_t r = 0; r < windows->rows; r++) {
        const uint8_t *codes = first + r * windows->row_stride + c;
        for (size_t k = 0; k < windows->columns; k++, codes += windows->column_stride)
          most = _mm256_max_epu8(most, _mm256_loadu_si256((const __m256i *)codes));
      }
      _mm256_storeu_si256((__m256i *)(out + c), most);
    }
    for (; c + 8 <= channels; c += 8) {
      __m128i most = _mm_setzero_si128();
      for (size_t r = 0; r < windows->rows; r++) {
        const uint8_t *codes = first + r * windows->row_stride + c;
        for (size_t k = 0; k < windows->columns; k++, codes += windows->column_stride)
          most = _mm_max_epu8(most, _mm_loadl_epi64((const __m128i *)codes));
      }
      _mm_storel_epi64((__m128i *)(out + c), most);
    }
    rest.first = first + c;
    rest.count = 1;
    rest.channels = channels - c;
    kern_max_windows_u8__scalar(&rest, out + c);
  }
}

void kern_sum_rows_u8__avx2(const uint8_t *in, size_t rows, size_t row_stride, size_t channels,
                            int32_t *out) {
  size_t c = 0;
  for (; c + 16 <= channels; c += 16) {
    __m256i low = _mm256_loadu_si256((const __m256i *)(out + c));
    __m256i high = _mm256_loadu_si256((const __m256i *)(out + c + 8));
    size_t r = 0;
    while (r < rows) {
      // 257 codes fit into 16 bits without a sign.
      size_t end = rows - r < 257 ? rows : r + 257;
      __m256i sums = _mm256_setzero_si256();
      for (; r < end; r++) {
        __m128i codes = _mm_loadu_si128((const __m128i *)(in + r * row_stride + c));
        sums = _mm256_add_epi16(sums, _mm256_cvtepu8_epi16(codes));
      }
      low = _mm256_add_epi32(low, _mm256_cvtepu16_epi32(_mm256_castsi256_si128(sums)));
      high = _mm256_add_epi32(high, _mm256_cvtepu16_epi32(_mm256_extracti128_si256(sums, 1)));
    }
    _mm256_storeu_si256((__m256i *)(out + c), low);
    _mm256_storeu_si256((__m256i *)(out + c + 8), high);
  }
  kern_sum_rows_u8__scalar(in + c, rows, row_stride, channels - c, out + c);
}

#pragma clang attribute pop
#endif
