// Two passes per output row and block of channels. First every window column of the row is
// interleaved once: four rows of a channel become four neighbouring bytes, [column][quad][32 or 16
// channels][4]. Then an output is kernel_width * quads multiplications, 32 bytes each, as in the
// matrix product; neighbouring outputs share columns, so the shuffles are paid once per column.
#include "dwconv_u8s8s32.h"

#if defined(__x86_64__)
#include "../requantize_avx2.h"
#include "strip_avx2.h"
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

INLINE __m256i pair_sums(const uint8_t *codes, __m256i weights) {
  return _mm256_maddubs_epi16(_mm256_loadu_si256((const __m256i *)codes), weights);
}

INLINE __m256i added(__m256i sum, __m256i pairs) {
  return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

// Up to four vectors of 8 channels: those of a wide block, or the first two.
typedef struct {
  __m256i at[4];
} channel_sums;

// Vector v of a wide block holds channels 4v...4v+3 and 16+4v...16+4v+3.
INLINE size_t low_channel(bool is_wide, size_t v) { return is_wide ? 4 * v : 8 * v; }
INLINE size_t high_channel(bool is_wide, size_t v) { return is_wide ? 16 + 4 * v : 8 * v + 4; }

INLINE channel_sums load_initial(const int32_t *initial, bool is_wide) {
  channel_sums sums;
  for (size_t v = 0; v < (is_wide ? 4 : 2); v++) {
    sums.at[v] = _mm256_loadu2_m128i((const __m128i *)(initial + high_channel(is_wide, v)),
                                     (const __m128i *)(initial + low_channel(is_wide, v)));
  }
  return sums;
}

typedef struct {
  const int8_t *weights;
  size_t columns, quads;
  size_t column_step; // bytes of the strip between window columns
  size_t pixel_step;  // and between outputs
} strip_window;

// Adds the windows of one or two neighbouring outputs; two share the loads of weights. The sizes
// are constants where it matters, so that the loops are written out.
INLINE void add_windows(const strip_window *window, const uint8_t *codes, bool is_wide,
                        size_t pixels, channel_sums sums[2]) {
  const size_t quad_bytes = is_wide ? 128 : 64;
  for (size_t kx = 0; kx < window->columns; kx++) {
    for (size_t q = 0; q < window->quads; q++) {
      const int8_t *w = window->weights + (kx * window->quads + q) * quad_bytes;
      const uint8_t *x = codes + kx * window->column_step + q * quad_bytes;
      for (size_t v = 0; v < (is_wide ? 4 : 2); v++) {
        __m256i weights = _mm256_loadu_si256((const __m256i *)(w + 32 * v));
        for (size_t p = 0; p < pixels; p++) {
          sums[p].at[v] =
              added(sums[p].at[v], pair_sums(x + p * window->pixel_step + 32 * v, weights));
        }
      }
    }
  }
}

// The same for two quads whose sums fit into 16 bits together.
INLINE void add_windows_of_two(const strip_window *window, const uint8_t *codes, bool is_wide,
                               size_t pixels, channel_sums sums[2]) {
  const size_t quad_bytes = is_wide ? 128 : 64;
  for (size_t kx = 0; kx < window->columns; kx++) {
    const int8_t *w = window->weights + kx * 2 * quad_bytes;
    const uint8_t *x = codes + kx * window->column_step;
    for (size_t v = 0; v < (is_wide ? 4 : 2); v++) {
      __m256i first = _mm256_loadu_si256((const __m256i *)(w + 32 * v));
      __m256i second = _mm256_loadu_si256((const __m256i *)(w + quad_bytes + 32 * v));
      for (size_t p = 0; p < pixels; p++) {
        const uint8_t *pixel = x + p * window->pixel_step + 32 * v;
        __m256i pairs =
            _mm256_add_epi16(pair_sums(pixel, first), pair_sums(pixel + quad_bytes, second));
        sums[p].at[v] = added(sums[p].at[v], pairs);
      }
    }
  }
}

INLINE void store_codes(uint8_t *out, const channel_sums *sums, const __m256 multipliers[4],
                        const kern_bounded_avx2 *to, size_t count, bool is_wide) {
  if (!is_wide) {
    __m128i codes =
        kern_bounded_codes16_avx2(sums->at[0], sums->at[1], multipliers[0], multipliers[1], to);
    kern_store_codes_avx2(out, codes, count);
    return;
  }
  __m256i low =
      kern_bounded_words_avx2(sums->at[0], sums->at[1], multipliers[0], multipliers[1], to);
  __m256i high =
      kern_bounded_words_avx2(sums->at[2], sums->at[3], multipliers[2], multipliers[3], to);
  __m256i codes = _mm256_max_epu8(_mm256_packus_epi16(low, high), to->low);
  _mm256_storeu_si256((__m256i *)out, _mm256_min_epu8(codes, to->high));
}

INLINE void row_u8(const kern_window_u8 *window, const kern_dwconv_u8s8_block *block,
                   size_t columns, size_t quads, bool adds_quads, bool is_wide, size_t count,
                   const kern_requantization *to, const uint8_t *strip, uint8_t *out) {
  const kern_bounded_avx2 bounded = kern_bounded_make_avx2(to);
  const channel_sums initial = load_initial(block->initial, is_wide);
  __m256 multipliers[4];
  for (size_t v = 0; v < (is_wide ? 4 : 2); v++) {
    multipliers[v] = _mm256_loadu2_m128(to->multipliers + high_channel(is_wide, v),
                                        to->multipliers + low_channel(is_wide, v));
  }
  const size_t column = quads * (is_wide ? 128 : 64);
  const strip_window from = {block->weights, columns, quads, window->dilation_width * column,
                             window->stride_width * column};
  size_t x = 0;
  for (; x + 2 <= window->output_width; x += 2) {
    channel_sums sums[2] = {initial, initial};
    if (adds_quads) {
      add_windows_of_two(&from, strip + x * from.pixel_step, is_wide, 2, sums);
    } else {
      add_windows(&from, strip + x * from.pixel_step, is_wide, 2, sums);
    }
    for (size_t p = 0; p < 2; p++) {
      store_codes(out + (x + p) * window->channels, &sums[p], multipliers, &bounded, count,
                  is_wide);
    }
  }
  if (x < window->output_width) {
    channel_sums sums[2] = {initial, initial};
    add_windows(&from, strip + x * from.pixel_step, is_wide, 1, sums);
    store_codes(out + x * window->channels, &sums[0], multipliers, &bounded, count, is_wide);
  }
}

INLINE void row_of(const kern_window_u8 *window, const kern_dwconv_u8s8_block *block, bool is_wide,
                   size_t count, const kern_requantization *to, const uint8_t *strip,
                   uint8_t *out) {
  if (window->kernel_width == 3 && block->quads == 1) {
    row_u8(window, block, 3, 1, false, is_wide, count, to, strip, out);
  } else if (window->kernel_width == 5 && block->adds_quads) {
    row_u8(window, block, 5, 2, true, is_wide, count, to, strip, out);
  } else if (window->kernel_width == 5 && block->quads == 2) {
    row_u8(window, block, 5, 2, false, is_wide, count, to, strip, out);
  } else {
    row_u8(window, block, window->kernel_width, block->quads, false, is_wide, count, to, strip,
           out);
  }
}

void kern_dwconv_u8s8_u8__avx2(const kern_window_u8 *window, const kern_dwconv_u8s8_block *block,
                               const uint8_t *image, const uint8_t *pad, size_t output_row,
                               size_t first, size_t count,
                               const kern_requantization *requantization, uint8_t *strip,
                               uint8_t *out) {
  if (!requantization->is_bounded) {
    kern_dwconv_u8s8_u8__scalar(window, block, image, pad, output_row, first, count, requantization,
                                strip, out);
    return;
  }
  fill_strip(window, block, image, pad, output_row, first, count, strip);
  if (block->is_wide) {
    row_of(window, block, true, wide_channels, requantization, strip, out + first);
  } else if (count == narrow_channels) {
    row_of(window, block, false, narrow_channels, requantization, strip, out + first);
  } else {
    row_of(window, block, false, count, requantization, strip, out + first);
  }
}

void kern_dwconv_u8s8_s32__avx2(const kern_window_u8 *window, const kern_dwconv_u8s8_block *block,
                                const uint8_t *image, const uint8_t *pad, size_t output_row,
                                size_t first, size_t count, uint8_t *strip, int32_t *out) {
  fill_strip(window, block, image, pad, output_row, first, count, strip);
  const bool is_wide = block->is_wide;
  const size_t column = block->quads * (is_wide ? 128 : 64);
  const strip_window from = {block->weights, window->kernel_width, block->quads,
                             window->dilation_width * column, window->stride_width * column};
  const channel_sums initial = load_initial(block->initial, is_wide);
  for (size_t x = 0; x < window->output_width; x++) {
    channel_sums sums[2] = {initial, initial};
    add_windows(&from, strip + x * from.pixel_step, is_wide, 1, sums);
    int32_t buffer[wide_channels];
    for (size_t v = 0; v < (is_wide ? 4 : 2); v++) {
      _mm_storeu_si128((__m128i *)(buffer + low_channel(is_wide, v)),
                       _mm256_castsi256_si128(sums[0].at[v]));
      _mm_storeu_si128((__m128i *)(buffer + high_channel(is_wide, v)),
                       _mm256_extracti128_si256(sums[0].at[v], 1));
    }
    memcpy(out + x * window->channels + first, buffer, count * sizeof(int32_t));
  }
}

#pragma clang attribute pop
#endif
