// The strip of avx2.c, multiplied by vpdpbusd: a quad of 16 channels is one vector, and weights
// need no room in 16 bits. Vector v of a wide block holds channels 8v +
// 0...3, 16...19, 4...7, 20...23.
#include "dwconv_u8s8s32.h"

#if defined(__x86_64__)
#include "../lanes_avx512.h"
#include "../requantize_avx512.h"
#include "strip_avx2.h"
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni"))),      \
                             apply_to = function)

enum { most_vectors = 2, pixels_at_once = 4 };

typedef struct {
  __m512i at[most_vectors];
} channel_sums;

typedef struct {
  const int8_t *weights;
  size_t columns, quads;
  size_t column_step; // bytes of the strip between window columns
  size_t pixel_step;  // and between outputs
} strip_window;

INLINE strip_window window_of(const kern_window_u8 *window, const kern_dwconv_u8s8_block *block,
                              size_t columns, size_t quads) {
  const size_t column = quads * (block->is_wide ? 128 : 64);
  return (strip_window){block->weights, columns, quads, window->dilation_width * column,
                        window->stride_width * column};
}

INLINE __m512i four_quarters(const void *first, const void *second, const void *third,
                             const void *fourth) {
  const __m256i low = _mm256_loadu2_m128i(second, first);
  return _mm512_inserti64x4(_mm512_castsi256_si512(low), _mm256_loadu2_m128i(fourth, third), 1);
}

// 32-bit values of the channels of vector v, in its order.
INLINE __m512i channels_of(const void *values, bool is_wide, size_t v) {
  if (!is_wide) {
    return _mm512_loadu_si512(values);
  }
  const int32_t *first = (const int32_t *)values + 8 * v;
  return four_quarters(first, first + 16, first + 4, first + 20);
}

// Adds the windows of some neighbouring outputs, which share the loads of weights. The sizes are
// constants where it matters, so that the loops are written out.
INLINE void add_windows(const strip_window *window, const uint8_t *codes, const size_t vectors,
                        const size_t pixels, channel_sums *sums) {
  for (size_t kx = 0; kx < window->columns; kx++) {
    for (size_t q = 0; q < window->quads; q++) {
      const int8_t *w = window->weights + (kx * window->quads + q) * vectors * 64;
      const uint8_t *x = codes + kx * window->column_step + q * vectors * 64;
#pragma unroll
      for (size_t v = 0; v < vectors; v++) {
        const __m512i weights = _mm512_loadu_si512(w + 64 * v);
#pragma unroll
        for (size_t p = 0; p < pixels; p++) {
          const __m512i pixel = _mm512_loadu_si512(x + p * window->pixel_step + 64 * v);
          sums[p].at[v] = _mm512_dpbusd_epi32(sums[p].at[v], pixel, weights);
        }
      }
    }
  }
}

typedef struct {
  __m512 multipliers[most_vectors];
  kern_bounded_avx512 bounded;
} code_output;

INLINE code_output output_of(const kern_requantization *to, bool is_wide) {
  code_output output;
  for (size_t v = 0; v < (is_wide ? 2 : 1); v++) {
    output.multipliers[v] = _mm512_castsi512_ps(channels_of(to->multipliers, is_wide, v));
  }
  output.bounded = kern_bounded_make_avx512(to);
  if (is_wide) {
    // Each quarter holds two groups of the first output, then of the second.
    output.bounded.order = _mm512_setr_epi32(0, 8, 1, 9, 4, 12, 5, 13, 2, 10, 3, 11, 6, 14, 7, 15);
  }
  return output;
}

// Codes of two outputs of 32 channels.
INLINE void store_wide(const channel_sums *sums, const code_output *to, uint8_t *first,
                       uint8_t *second) {
  const __m512i codes = kern_bounded_codes64_avx512(
      kern_rounded_avx512(sums[0].at[0], to->multipliers[0]),
      kern_rounded_avx512(sums[0].at[1], to->multipliers[1]),
      kern_rounded_avx512(sums[1].at[0], to->multipliers[0]),
      kern_rounded_avx512(sums[1].at[1], to->multipliers[1]), &to->bounded);
  _mm256_storeu_si256((__m256i *)first, _mm512_castsi512_si256(codes));
  _mm256_storeu_si256((__m256i *)second, _mm512_extracti64x4_epi64(codes, 1));
}

// Codes of up to four outputs of up to 16 channels.
INLINE void store_narrow(const channel_sums *sums, const code_output *to, size_t pixels,
                         __mmask16 lanes, uint8_t *out, size_t step) {
  __m512i reals[pixels_at_once];
#pragma unroll
  for (size_t p = 0; p < pixels_at_once; p++) {
    reals[p] = kern_rounded_avx512(sums[p < pixels ? p : 0].at[0], to->multipliers[0]);
  }
  const __m512i codes =
      kern_bounded_codes64_avx512(reals[0], reals[1], reals[2], reals[3], &to->bounded);
  kern_store_quarters_avx512(codes, lanes, pixels, out, step);
}

INLINE void outputs(const strip_window *from, const uint8_t *codes, const channel_sums *initial,
                    const size_t vectors, const size_t pixels, __mmask16 lanes,
                    const code_output *to, uint8_t *out, size_t step) {
  channel_sums sums[pixels_at_once];
#pragma unroll
  for (size_t p = 0; p < pixels; p++) {
    sums[p] = *initial;
  }
  add_windows(from, codes, vectors, pixels, sums);
  if (vectors == 1) {
    store_narrow(sums, to, pixels, lanes, out, step);
    return;
  }
  if (pixels == 1) {
    sums[1] = sums[0];
    store_wide(sums, to, out, out);
    return;
  }
#pragma unroll
  for (size_t p = 0; p + 1 < pixels; p += 2) {
    store_wide(sums + p, to, out + p * step, out + (p + 1) * step);
  }
}

INLINE void row_u8(const kern_window_u8 *window, const kern_dwconv_u8s8_block *block,
                   const size_t columns, const size_t quads, const size_t vectors, size_t count,
                   const kern_requantization *requantization, const uint8_t *strip, uint8_t *out) {
  const code_output to = output_of(requantization, vectors == 2);
  const strip_window from = window_of(window, block, columns, quads);
  const __mmask16 lanes = kern_lanes16(count);
  channel_sums initial;
  for (size_t v = 0; v < vectors; v++) {
    initial.at[v] = channels_of(block->initial, vectors == 2, v);
  }
  const size_t step = window->channels;
  size_t x = 0;
  for (; x + pixels_at_once <= window->output_width; x += pixels_at_once) {
    outputs(&from, strip + x * from.pixel_step, &initial, vectors, pixels_at_once, lanes, &to,
            out + x * step, step);
  }
  for (; x < window->output_width; x++) {
    outputs(&from, strip + x * from.pixel_step, &initial, vectors, 1, lanes, &to, out + x * step,
            step);
  }
}

INLINE void row_of(const kern_window_u8 *window, const kern_dwconv_u8s8_block *block,
                   const size_t vectors, size_t count, const kern_requantization *to,
                   const uint8_t *strip, uint8_t *out) {
  if (window->kernel_width == 3 && block->quads == 1) {
    row_u8(window, block, 3, 1, vectors, count, to, strip, out);
  } else if (window->kernel_width == 5 && block->quads == 2) {
    row_u8(window, block, 5, 2, vectors, count, to, strip, out);
  } else {
    row_u8(window, block, window->kernel_width, block->quads, vectors, count, to, strip, out);
  }
}

void kern_dwconv_u8s8_u8__avx512vnni(const kern_window_u8 *window,
                                     const kern_dwconv_u8s8_block *block, const uint8_t *image,
                                     const uint8_t *pad, size_t output_row, size_t first,
                                     size_t count, const kern_requantization *requantization,
                                     uint8_t *strip, uint8_t *out) {
  if (!requantization->is_bounded) {
    kern_dwconv_u8s8_u8__scalar(window, block, image, pad, output_row, first, count, requantization,
                                strip, out);
    return;
  }
  fill_strip(window, block, image, pad, output_row, first, count, strip);
  if (block->is_wide) {
    row_of(window, block, 2, count, requantization, strip, out + first);
  } else {
    row_of(window, block, 1, count, requantization, strip, out + first);
  }
}

void kern_dwconv_u8s8_s32__avx512vnni(const kern_window_u8 *window,
                                      const kern_dwconv_u8s8_block *block, const uint8_t *image,
                                      const uint8_t *pad, size_t output_row, size_t first,
                                      size_t count, uint8_t *strip, int32_t *out) {
  fill_strip(window, block, image, pad, output_row, first, count, strip);
  const bool is_wide = block->is_wide;
  const strip_window from = window_of(window, block, window->kernel_width, block->quads);
  channel_sums initial;
  for (size_t v = 0; v < (is_wide ? 2 : 1); v++) {
    initial.at[v] = channels_of(block->initial, is_wide, v);
  }
  for (size_t x = 0; x < window->output_width; x++) {
    channel_sums sums = initial;
    int32_t *place = out + x * window->channels + first;
    if (!is_wide) {
      add_windows(&from, strip + x * from.pixel_step, 1, 1, &sums);
      _mm512_mask_storeu_epi32(place, kern_lanes16(count), sums.at[0]);
      continue;
    }
    add_windows(&from, strip + x * from.pixel_step, 2, 1, &sums);
#pragma unroll
    for (size_t v = 0; v < 2; v++) {
      int32_t *to = place + 8 * v;
      _mm_storeu_si128((__m128i *)to, _mm512_castsi512_si128(sums.at[v]));
      _mm_storeu_si128((__m128i *)(to + 16), _mm512_extracti32x4_epi32(sums.at[v], 1));
      _mm_storeu_si128((__m128i *)(to + 4), _mm512_extracti32x4_epi32(sums.at[v], 2));
      _mm_storeu_si128((__m128i *)(to + 20), _mm512_extracti32x4_epi32(sums.at[v], 3));
    }
  }
}

#pragma clang attribute pop
#endif
