// The strip of avx2.c, multiplied by vpdpbusd: weights need no room in 16 bits. Vector v of a wide
// block holds channels 4v + 0...3 and 16 + 4v + 0...3.
#include "dwconv_u8s8s32.h"

#if defined(__x86_64__)
#include "../requantize_avx2.h"
#include "../vnni_avx2.h"
#include "strip_avx2.h"
#pragma clang attribute push(KERN_VNNI_TARGET, apply_to = function)

enum { most_vectors = 4, most_pixels = 4 };

typedef struct {
  __m256i at[most_vectors];
} channel_sums;

typedef struct {
  const int8_t *weights;
  size_t columns, quads;
  size_t column_step; // bytes of the strip between window columns
  size_t pixel_step;  // and between outputs
} strip_window;

INLINE strip_window window_of(const kern_window_u8 *window, const kern_dwconv_u8s8_block *block) {
  const size_t column = block->quads * (block->is_wide ? 128 : 64);
  return (strip_window){block->weights, window->kernel_width, block->quads,
                        window->dilation_width * column, window->stride_width * column};
}

// 32-bit values of the channels of vector v, in its order.
INLINE __m256i channels_of(const void *values, const size_t vectors, size_t v) {
  const __m128i *const at = values;
  return vectors == 4 ? _mm256_loadu2_m128i(at + 4 + v, at + v)
                      : _mm256_loadu2_m128i(at + 2 * v + 1, at + 2 * v);
}

// The sums of some neighbouring outputs, which share the loads of weights. `vectors` and `pixels`
// are constants wherever this is called.
INLINE void add_windows(const strip_window *window, const uint8_t *codes, const size_t vectors,
                        const size_t pixels, const channel_sums *initial, channel_sums *sums) {
#pragma unroll
  for (size_t p = 0; p < pixels; p++) {
    sums[p] = *initial;
  }
  const int8_t *w = window->weights;
  for (size_t kx = 0; kx < window->columns; kx++) {
    const uint8_t *x = codes + kx * window->column_step;
    for (size_t q = 0; q < window->quads; q++, w += 32 * vectors, x += 32 * vectors) {
#pragma unroll
      for (size_t v = 0; v < vectors; v++) {
        const __m256i weights = _mm256_loadu_si256((const __m256i *)(w + 32 * v));
#pragma unroll
        for (size_t p = 0; p < pixels; p++) {
          const uint8_t *const pixel = x + p * window->pixel_step + 32 * v;
          sums[p].at[v] =
              KERN_DOT_PRODUCT(sums[p].at[v], _mm256_loadu_si256((const __m256i *)pixel), weights);
        }
      }
    }
  }
}

typedef struct {
  kern_rounding_avx2 rounding;
  __m256 multipliers[most_vectors];
} code_output;

INLINE void store_codes(const channel_sums *sums, const size_t vectors, const code_output *to,
                        size_t count, uint8_t *out) {
  __m256i codes[most_vectors];
#pragma unroll
  for (size_t v = 0; v < vectors; v++) {
    codes[v] = kern_requantized_avx2(sums->at[v], to->multipliers[v], &to->rounding);
  }
  if (vectors == 2) {
    kern_store_codes_avx2(out, kern_codes16_avx2(codes[0], codes[1]), count);
    return;
  }
  // Packing works within halves, which brings channels 0...15 and 16...31 together.
  const __m256i low = _mm256_packs_epi32(codes[0], codes[1]);
  const __m256i high = _mm256_packs_epi32(codes[2], codes[3]);
  _mm256_storeu_si256((__m256i *)out, _mm256_packus_epi16(low, high));
}

INLINE channel_sums initial_of(const kern_dwconv_u8s8_block *block, const size_t vectors) {
  channel_sums initial;
  for (size_t v = 0; v < vectors; v++) {
    initial.at[v] = channels_of(block->initial, vectors, v);
  }
  return initial;
}

INLINE void row_u8(const kern_window_u8 *window, const kern_dwconv_u8s8_block *block,
                   const size_t vectors, const size_t pixels, size_t count,
                   const kern_requantization *requantization, const uint8_t *strip, uint8_t *out) {
  code_output to = {.rounding = kern_rounding_make_avx2(requantization->low, requantization->high,
                                                        requantization->zero_point)};
  for (size_t v = 0; v < vectors; v++) {
    to.multipliers[v] = _mm256_castsi256_ps(channels_of(requantization->multipliers, vectors, v));
  }
  const strip_window from = window_of(window, block);
  const channel_sums initial = initial_of(block, vectors);
  const size_t step = window->channels;
  channel_sums sums[most_pixels];
  size_t x = 0;
  for (; x + pixels <= window->output_width; x += pixels) {
    add_windows(&from, strip + x * from.pixel_step, vectors, pixels, &initial, sums);
#pragma unroll
    for (size_t p = 0; p < pixels; p++) {
      store_codes(&sums[p], vectors, &to, count, out + (x + p) * step);
    }
  }
  for (; x < window->output_width; x++) {
    add_windows(&from, strip + x * from.pixel_step, vectors, 1, &initial, sums);
    store_codes(&sums[0], vectors, &to, count, out + x * step);
  }
}

void kern_dwconv_u8s8_u8__avxvnni(const kern_window_u8 *window, const kern_dwconv_u8s8_block *block,
                                  const uint8_t *image, const uint8_t *pad, size_t output_row,
                                  size_t first, size_t count,
                                  const kern_requantization *requantization, uint8_t *strip,
                                  uint8_t *out) {
  fill_strip(window, block, image, pad, output_row, first, count, strip);
  if (block->is_wide) {
    row_u8(window, block, 4, 2, count, requantization, strip, out + first);
  } else {
    row_u8(window, block, 2, 4, count, requantization, strip, out + first);
  }
}

void kern_dwconv_u8s8_s32__avxvnni(const kern_window_u8 *window,
                                   const kern_dwconv_u8s8_block *block, const uint8_t *image,
                                   const uint8_t *pad, size_t output_row, size_t first,
                                   size_t count, uint8_t *strip, int32_t *out) {
  fill_strip(window, block, image, pad, output_row, first, count, strip);
  const strip_window from = window_of(window, block);
  const size_t vectors = block->is_wide ? 4 : 2;
  const channel_sums initial = initial_of(block, vectors);
  for (size_t x = 0; x < window->output_width; x++) {
    channel_sums sums;
    if (block->is_wide) {
      add_windows(&from, strip + x * from.pixel_step, 4, 1, &initial, &sums);
    } else {
      add_windows(&from, strip + x * from.pixel_step, 2, 1, &initial, &sums);
    }
    int32_t lanes[32];
    for (size_t v = 0; v < vectors; v++) {
      const size_t low = block->is_wide ? 4 * v : 8 * v, high = block->is_wide ? 16 + low : low + 4;
      _mm256_storeu2_m128i((__m128i *)(lanes + high), (__m128i *)(lanes + low), sums.at[v]);
    }
    memcpy(out + x * window->channels + first, lanes, count * sizeof(int32_t));
  }
}

#pragma clang attribute pop
#endif
