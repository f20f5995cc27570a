// Two passes per output row and block of channels: strips (strip_neon.h), and then kernel_width *
// quads multiplications for every four channels of an output. KERNEL(name) adds the instruction
// set. Include inside functions' target pragma.
#include "../requantize_neon.h"
#include "strip_neon.h"

enum { most_vectors = 8, most_pixels = 2 };

// As many neighbouring outputs share the loads of weights as there are registers for.
#if defined(HAS_DOT_PRODUCT)
enum { wide_pixels = 2 };
#else
enum { wide_pixels = 1 };
#endif

typedef struct {
  quad_sums at[most_vectors];
} channel_sums;

typedef struct {
  int32x4_t at[most_vectors];
} channel_starts;

typedef struct {
  const int8_t *weights;
  size_t taps, quads;
  size_t column_step; // bytes of the strip between window columns
  size_t pixel_step;  // and between outputs
} strip_window;

// The first of the four channels of vector v.
INLINE size_t channel_of(const size_t vectors, size_t v) {
  return vectors == 8 ? v % 2 * 16 + v / 2 * 4 : v * 4;
}

INLINE strip_window window_of(const kern_window_u8 *window, const kern_dwconv_u8s8_block *block) {
  const size_t column = block->quads * (block->is_wide ? 128 : 64);
  return (strip_window){block->weights, window->kernel_width, block->quads,
                        window->dilation_width * column, window->stride_width * column};
}

// Initial values, and 128 times the sum of weights, which codes less 128 lack.
INLINE channel_starts starts_of(const kern_dwconv_u8s8_block *block, const strip_window *window,
                                const size_t vectors) {
  channel_starts starts;
#pragma unroll
  for (size_t v = 0; v < vectors; v++) {
    quad_sums lacking = sums_from(vdupq_n_s32(0));
    for (size_t i = 0; i < window->taps * window->quads; i++) {
      const int8x16_t weights = vld1q_s8(window->weights + (i * vectors + v) * 16);
      lacking = with_quads(lacking, weights, vdupq_n_s8(-128));
    }
    starts.at[v] = vsubq_s32(vld1q_s32(block->initial + channel_of(vectors, v)), total(lacking));
  }
  return starts;
}

// The sums of some neighbouring outputs. `vectors` and `pixels` are constants wherever this is
// called.
INLINE void add_windows(const strip_window *window, const int8_t *codes, const size_t vectors,
                        const size_t pixels, const channel_starts *starts, channel_sums *sums) {
#pragma unroll
  for (size_t v = 0; v < vectors; v++) {
#pragma unroll
    for (size_t p = 0; p < pixels; p++) {
      sums[p].at[v] = sums_from(starts->at[v]);
    }
  }
  const int8_t *w = window->weights;
  for (size_t kx = 0; kx < window->taps; kx++) {
    const int8_t *x = codes + kx * window->column_step;
    for (size_t q = 0; q < window->quads; q++, w += 16 * vectors, x += 16 * vectors) {
#pragma unroll
      for (size_t v = 0; v < vectors; v++) {
        const int8x16_t weights = vld1q_s8(w + 16 * v);
#pragma unroll
        for (size_t p = 0; p < pixels; p++) {
          const int8x16_t pixel = vld1q_s8(x + p * window->pixel_step + 16 * v);
          sums[p].at[v] = with_quads(sums[p].at[v], weights, pixel);
        }
      }
    }
  }
}

typedef struct {
  kern_rounding_neon rounding;
  const float *multipliers; // of the block
} code_output;

// Vectors 0, 2, 4, 6 of a wide block hold channels 0...15, the others 16...31.
INLINE void store_codes(const channel_sums *sums, const size_t vectors, const code_output *to,
                        size_t count, uint8_t *out) {
  const size_t parts = vectors / 4;
#pragma unroll
  for (size_t part = 0; part < parts; part++) {
    int32x4_t codes[4];
#pragma unroll
    for (size_t i = 0; i < 4; i++) {
      codes[i] =
          kern_requantized_neon(total(sums->at[i * parts + part]),
                                vld1q_f32(to->multipliers + 16 * part + 4 * i), &to->rounding);
    }
    kern_store_codes16(out + 16 * part, kern_codes16_neon(codes[0], codes[1], codes[2], codes[3]),
                       vectors == 8 ? 16 : count);
  }
}

INLINE void row_u8(const kern_window_u8 *window, const kern_dwconv_u8s8_block *block,
                   const size_t vectors, const size_t pixels, size_t count, const code_output *to,
                   const int8_t *strip, uint8_t *out) {
  const strip_window from = window_of(window, block);
  const channel_starts starts = starts_of(block, &from, vectors);
  channel_sums sums[most_pixels];
  size_t x = 0;
  for (; x + pixels <= window->output_width; x += pixels) {
    add_windows(&from, strip + x * from.pixel_step, vectors, pixels, &starts, sums);
#pragma unroll
    for (size_t p = 0; p < pixels; p++) {
      store_codes(&sums[p], vectors, to, count, out + (x + p) * window->channels);
    }
  }
  for (; x < window->output_width; x++) {
    add_windows(&from, strip + x * from.pixel_step, vectors, 1, &starts, sums);
    store_codes(&sums[0], vectors, to, count, out + x * window->channels);
  }
}

void KERNEL(kern_dwconv_u8s8_u8)(const kern_window_u8 *window, const kern_dwconv_u8s8_block *block,
                                 const uint8_t *image, const uint8_t *pad, size_t output_row,
                                 size_t first, size_t count,
                                 const kern_requantization *requantization, uint8_t *strip,
                                 uint8_t *out) {
  int8_t *const columns = (int8_t *)strip;
  const code_output to = {kern_rounding_make_neon(requantization->low, requantization->high,
                                                  requantization->zero_point),
                          requantization->multipliers};
  fill_strip(window, block, image, pad, output_row, first, count, columns);
  if (block->is_wide) {
    row_u8(window, block, 8, wide_pixels, count, &to, columns, out + first);
  } else {
    row_u8(window, block, 4, 2, count, &to, columns, out + first);
  }
}

INLINE void row_s32(const kern_window_u8 *window, const kern_dwconv_u8s8_block *block,
                    const size_t vectors, size_t count, const int8_t *strip, int32_t *out) {
  const strip_window from = window_of(window, block);
  const channel_starts starts = starts_of(block, &from, vectors);
  for (size_t x = 0; x < window->output_width; x++, out += window->channels) {
    channel_sums sums;
    add_windows(&from, strip + x * from.pixel_step, vectors, 1, &starts, &sums);
    int32_t lanes[4 * most_vectors];
#pragma unroll
    for (size_t v = 0; v < vectors; v++) {
      vst1q_s32(lanes + channel_of(vectors, v), total(sums.at[v]));
    }
    memcpy(out, lanes, count * sizeof(int32_t));
  }
}

void KERNEL(kern_dwconv_u8s8_s32)(const kern_window_u8 *window, const kern_dwconv_u8s8_block *block,
                                  const uint8_t *image, const uint8_t *pad, size_t output_row,
                                  size_t first, size_t count, uint8_t *strip, int32_t *out) {
  int8_t *const columns = (int8_t *)strip;
  fill_strip(window, block, image, pad, output_row, first, count, columns);
  if (block->is_wide) {
    row_s32(window, block, 8, count, columns, out + first);
  } else {
    row_s32(window, block, 4, count, columns, out + first);
  }
}
