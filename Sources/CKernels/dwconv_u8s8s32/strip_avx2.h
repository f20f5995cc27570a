// Interleaves every window column of an output row once: four rows of a channel become four
// neighbouring bytes, [column][quad][32 or 16 channels][4].
#pragma once
#include "dwconv_u8s8s32.h"
#include <immintrin.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define INLINE static inline __attribute__((always_inline))

enum { wide_channels = 32, narrow_channels = 16 };

// One pointer for each slot of a quad; a row outside of the image stays where it is.
typedef struct {
  const uint8_t *codes[4];
  size_t steps[4];
} quad_rows;

INLINE __m256i load_wide(const uint8_t *codes) {
  return _mm256_loadu_si256((const __m256i *)codes);
}

INLINE void interleave_wide(const uint8_t *const codes[4], uint8_t *out) {
  __m256i a = load_wide(codes[0]), b = load_wide(codes[1]);
  __m256i c = load_wide(codes[2]), d = load_wide(codes[3]);
  __m256i ab = _mm256_unpacklo_epi8(a, b), cd = _mm256_unpacklo_epi8(c, d);
  _mm256_storeu_si256((__m256i *)out, _mm256_unpacklo_epi16(ab, cd));
  _mm256_storeu_si256((__m256i *)(out + 32), _mm256_unpackhi_epi16(ab, cd));
  ab = _mm256_unpackhi_epi8(a, b);
  cd = _mm256_unpackhi_epi8(c, d);
  _mm256_storeu_si256((__m256i *)(out + 64), _mm256_unpacklo_epi16(ab, cd));
  _mm256_storeu_si256((__m256i *)(out + 96), _mm256_unpackhi_epi16(ab, cd));
}

INLINE __m128i load_narrow(const uint8_t *codes, size_t count) {
  if (count == narrow_channels) {
    return _mm_loadu_si128((const __m128i *)codes);
  }
  if (count == 8) {
    return _mm_loadl_epi64((const __m128i *)codes);
  }
  uint8_t buffer[narrow_channels] = {0};
  memcpy(buffer, codes, count);
  return _mm_loadu_si128((const __m128i *)buffer);
}

INLINE void interleave_narrow(const uint8_t *const codes[4], size_t count, uint8_t *out) {
  __m128i a = load_narrow(codes[0], count), b = load_narrow(codes[1], count);
  __m128i c = load_narrow(codes[2], count), d = load_narrow(codes[3], count);
  __m128i ab = _mm_unpacklo_epi8(a, b), cd = _mm_unpacklo_epi8(c, d);
  _mm_storeu_si128((__m128i *)out, _mm_unpacklo_epi16(ab, cd));
  _mm_storeu_si128((__m128i *)(out + 16), _mm_unpackhi_epi16(ab, cd));
  ab = _mm_unpackhi_epi8(a, b);
  cd = _mm_unpackhi_epi8(c, d);
  _mm_storeu_si128((__m128i *)(out + 32), _mm_unpacklo_epi16(ab, cd));
  _mm_storeu_si128((__m128i *)(out + 48), _mm_unpackhi_epi16(ab, cd));
}

INLINE void interleave_run(const quad_rows *from, size_t columns, size_t count, bool is_wide,
                           uint8_t *out, size_t out_step) {
  quad_rows rows = *from;
  for (size_t x = 0; x < columns; x++) {
    if (is_wide) {
      interleave_wide(rows.codes, out);
    } else {
      interleave_narrow(rows.codes, count, out);
    }
    out += out_step;
    for (size_t i = 0; i < 4; i++) {
      rows.codes[i] += rows.steps[i];
    }
  }
}

static void interleave_columns(const quad_rows *rows, size_t columns, size_t count, bool is_wide,
                               uint8_t *out, size_t out_step) {
  if (is_wide) {
    interleave_run(rows, columns, wide_channels, true, out, out_step);
  } else if (count == narrow_channels) {
    interleave_run(rows, columns, narrow_channels, false, out, out_step);
  } else if (count == 8) {
    interleave_run(rows, columns, 8, false, out, out_step);
  } else {
    interleave_run(rows, columns, count, false, out, out_step);
  }
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

static void fill_strip(const kern_window_u8 *window, const kern_dwconv_u8s8_block *block,
                       const uint8_t *image, const uint8_t *pad, size_t output_row, size_t first,
                       size_t count, uint8_t *strip) {
  const size_t columns = (window->output_width - 1) * window->stride_width +
                         (window->kernel_width - 1) * window->dilation_width + 1;
  const size_t quad_bytes = block->is_wide ? 128 : 64;
  const size_t step = block->quads * quad_bytes;
  const size_t before = least(window->pad_left, columns);
  const size_t inside = least(window->width, columns - before);
  for (size_t quad = 0; quad < block->quads; quad++) {
    const quad_rows padding = {{pad, pad, pad, pad}, {0, 0, 0, 0}};
    quad_rows rows;
    for (size_t i = 0; i < 4; i++) {
      rows.codes[i] = kern_dwconv_codes(window, image, pad, output_row, block->rows[quad * 4 + i],
                                        window->pad_left, first);
      rows.steps[i] = rows.codes[i] == pad ? 0 : window->channels;
    }
    uint8_t *out = strip + quad * quad_bytes;
    interleave_columns(&padding, before, count, block->is_wide, out, step);
    interleave_columns(&rows, inside, count, block->is_wide, out + before * step, step);
    interleave_columns(&padding, columns - before - inside, count, block->is_wide,
                       out + (before + inside) * step, step);
  }
}

#pragma clang attribute pop
