// Two passes per output row and 16 channels. First every window column of the row is interleaved
// once: four rows of a channel become four neighbouring bytes, [column][quad][16 channels][4]. Then
// an output is kernel_width * quads multiplications of 32 bytes, as in the matrix product;
// neighbouring outputs share columns, so the shuffles are paid once per column.
#include "dwconv_u8s8s32.h"

#if defined(__x86_64__)
#include "../requantize_avx2.h"
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define INLINE static inline __attribute__((always_inline))

typedef struct {
  __m256i low, high;
} sums16;

INLINE __m128i load_codes(const uint8_t *codes, size_t count) {
  if (count == 16) {
    return _mm_loadu_si128((const __m128i *)codes);
  }
  if (count == 8) {
    return _mm_loadl_epi64((const __m128i *)codes);
  }
  uint8_t buffer[16] = {0};
  memcpy(buffer, codes, count);
  return _mm_loadu_si128((const __m128i *)buffer);
}

INLINE void interleave(const uint8_t *const codes[4], size_t count, uint8_t *out) {
  __m128i a = load_codes(codes[0], count), b = load_codes(codes[1], count);
  __m128i c = load_codes(codes[2], count), d = load_codes(codes[3], count);
  __m128i ab = _mm_unpacklo_epi8(a, b), cd = _mm_unpacklo_epi8(c, d);
  _mm_storeu_si128((__m128i *)out, _mm_unpacklo_epi16(ab, cd));
  _mm_storeu_si128((__m128i *)(out + 16), _mm_unpackhi_epi16(ab, cd));
  ab = _mm_unpackhi_epi8(a, b);
  cd = _mm_unpackhi_epi8(c, d);
  _mm_storeu_si128((__m128i *)(out + 32), _mm_unpacklo_epi16(ab, cd));
  _mm_storeu_si128((__m128i *)(out + 48), _mm_unpackhi_epi16(ab, cd));
}

static void fill_strip(const kern_window_u8 *window, const kern_dwconv_u8s8_block *block,
                       const uint8_t *image, const uint8_t *pad, size_t output_row, size_t first,
                       size_t count, uint8_t *strip) {
  const size_t columns = (window->output_width - 1) * window->stride_width +
                         (window->kernel_width - 1) * window->dilation_width + 1;
  const size_t inside_end = window->pad_left + window->width;
  for (size_t quad = 0; quad < block->quads; quad++) {
    const uint8_t *codes[4];
    size_t steps[4];
    for (size_t x = 0; x < columns; x++) {
      // Pointers advance by one pixel inside of the image; rows outside of it do not advance.
      if (x == 0 || x == window->pad_left || x == inside_end) {
        for (size_t i = 0; i < 4; i++) {
          codes[i] = kern_dwconv_codes(window, image, pad, output_row, block->rows[quad * 4 + i], x,
                                       first);
          steps[i] = codes[i] == pad ? 0 : window->channels;
        }
      }
      interleave(codes, count, strip + (x * block->quads + quad) * 64);
      for (size_t i = 0; i < 4; i++) {
        codes[i] += steps[i];
      }
    }
  }
}

INLINE __m256i product(__m256i sum, const uint8_t *codes, __m256i weights) {
  __m256i x = _mm256_loadu_si256((const __m256i *)codes);
  __m256i pairs = _mm256_maddubs_epi16(x, weights);
  return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

INLINE __m256i vector(const int8_t *bytes) { return _mm256_loadu_si256((const __m256i *)bytes); }

// `columns` and `quads` are constants where it matters, so that the loops are written out and the
// weights of a 3 x 3 window stay in registers.
INLINE sums16 window_sums(const int8_t *weights, const uint8_t *codes, size_t columns, size_t quads,
                          size_t column_step, sums16 sums) {
  for (size_t kx = 0; kx < columns; kx++) {
    for (size_t q = 0; q < quads; q++) {
      const int8_t *w = weights + (kx * quads + q) * 64;
      const uint8_t *x = codes + kx * column_step + q * 64;
      sums.low = product(sums.low, x, vector(w));
      sums.high = product(sums.high, x + 32, vector(w + 32));
    }
  }
  return sums;
}

INLINE void row_u8(const kern_window_u8 *window, const kern_dwconv_u8s8_block *block,
                   size_t columns, size_t quads, size_t count, const kern_requantization *to,
                   const uint8_t *strip, uint8_t *out) {
  const kern_rounding_avx2 rounding = kern_rounding_make_avx2(to->low, to->high, to->zero_point);
  const sums16 initial = {_mm256_loadu_si256((const __m256i *)block->initial),
                          _mm256_loadu_si256((const __m256i *)(block->initial + 8))};
  const __m256 low = _mm256_loadu_ps(to->multipliers);
  const __m256 high = _mm256_loadu_ps(to->multipliers + 8);
  const size_t column_step = window->dilation_width * quads * 64;
  for (size_t x = 0; x < window->output_width; x++) {
    sums16 sums = window_sums(block->weights, strip + x * window->stride_width * quads * 64,
                              columns, quads, column_step, initial);
    __m128i codes = kern_codes16_avx2(kern_requantized_avx2(sums.low, low, &rounding),
                                      kern_requantized_avx2(sums.high, high, &rounding));
    kern_store_codes_avx2(out + x * window->channels, codes, count);
  }
}

void kern_dwconv_u8s8_u8__avx2(const kern_window_u8 *window, const kern_dwconv_u8s8_block *block,
                               const uint8_t *image, const uint8_t *pad, size_t output_row,
                               size_t first, size_t count,
                               const kern_requantization *requantization, uint8_t *strip,
                               uint8_t *out) {
  fill_strip(window, block, image, pad, output_row, first, count, strip);
  if (window->kernel_width == 3 && block->quads == 1 && count == 16) {
    row_u8(window, block, 3, 1, 16, requantization, strip, out + first);
  } else if (window->kernel_width == 3 && block->quads == 1 && count == 8) {
    row_u8(window, block, 3, 1, 8, requantization, strip, out + first);
  } else if (window->kernel_width == 5 && block->quads == 2) {
    row_u8(window, block, 5, 2, count, requantization, strip, out + first);
  } else {
    row_u8(window, block, window->kernel_width, block->quads, count, requantization, strip,
           out + first);
  }
}

void kern_dwconv_u8s8_s32__avx2(const kern_window_u8 *window, const kern_dwconv_u8s8_block *block,
                                const uint8_t *image, const uint8_t *pad, size_t output_row,
                                size_t first, size_t count, uint8_t *strip, int32_t *out) {
  fill_strip(window, block, image, pad, output_row, first, count, strip);
  const size_t pixel = block->quads * 64;
  const sums16 initial = {_mm256_loadu_si256((const __m256i *)block->initial),
                          _mm256_loadu_si256((const __m256i *)(block->initial + 8))};
  for (size_t x = 0; x < window->output_width; x++) {
    sums16 sums =
        window_sums(block->weights, strip + x * window->stride_width * pixel, window->kernel_width,
                    block->quads, window->dilation_width * pixel, initial);
    int32_t buffer[16];
    _mm256_storeu_si256((__m256i *)buffer, sums.low);
    _mm256_storeu_si256((__m256i *)(buffer + 8), sums.high);
    memcpy(out + x * window->channels + first, buffer, count * sizeof(int32_t));
  }
}

#pragma clang attribute pop
#endif
