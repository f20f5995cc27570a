// Interleaves every window column of an output row once: four rows of a channel become four
// neighbouring bytes, [column][quad][32 or 16 channels][4], which are codes less 128.
// Include inside functions' target pragma.
#pragma once
#include "../lanes_neon.h"
#include "../quads_neon.h"
#include "dwconv_u8s8s32.h"

// One pointer for each slot of a quad; a row outside of the image stays where it is.
typedef struct {
  const uint8_t *codes[4];
  size_t steps[4];
} quad_rows;

// Channels 0...15 and 16...31 alternate by groups of four, as in kern_dwconv_place.
INLINE void interleave_wide(const uint8_t *const codes[4], int8_t *out) {
  for (size_t half = 0; half < 2; half++) {
    int8x16_t row[4];
    for (size_t i = 0; i < 4; i++) {
      row[i] = centred(vld1q_u8(codes[i] + 16 * half));
    }
    const int16x8_t first[2] = {vreinterpretq_s16_s8(vzip1q_s8(row[0], row[1])),
                                vreinterpretq_s16_s8(vzip2q_s8(row[0], row[1]))};
    const int16x8_t second[2] = {vreinterpretq_s16_s8(vzip1q_s8(row[2], row[3])),
                                 vreinterpretq_s16_s8(vzip2q_s8(row[2], row[3]))};
    for (size_t i = 0; i < 2; i++) {
      int8_t *const to = out + 64 * i + 16 * half;
      vst1q_s8(to, vreinterpretq_s8_s16(vzip1q_s16(first[i], second[i])));
      vst1q_s8(to + 32, vreinterpretq_s8_s16(vzip2q_s16(first[i], second[i])));
    }
  }
}

INLINE void interleave_narrow(const uint8_t *const codes[4], size_t count, int8_t *out) {
  int8x16x4_t rows;
  for (size_t i = 0; i < 4; i++) {
    rows.val[i] = centred(kern_load_codes16(codes[i], count));
  }
  vst4q_s8(out, rows);
}

INLINE void interleave_run(const quad_rows *from, size_t columns, size_t count, const bool is_wide,
                           int8_t *out, size_t out_step) {
  quad_rows rows = *from;
  for (size_t x = 0; x < columns; x++, out += out_step) {
    if (is_wide) {
      interleave_wide(rows.codes, out);
    } else {
      interleave_narrow(rows.codes, count, out);
    }
    for (size_t i = 0; i < 4; i++) {
      rows.codes[i] += rows.steps[i];
    }
  }
}

static void interleave_columns(const quad_rows *rows, size_t columns, size_t count, bool is_wide,
                               int8_t *out, size_t out_step) {
  if (is_wide) {
    interleave_run(rows, columns, 32, true, out, out_step);
  } else {
    interleave_run(rows, columns, count, false, out, out_step);
  }
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

static void fill_strip(const kern_window_u8 *window, const kern_dwconv_u8s8_block *block,
                       const uint8_t *image, const uint8_t *pad, size_t output_row, size_t first,
                       size_t count, int8_t *strip) {
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
    int8_t *const out = strip + quad * quad_bytes;
    interleave_columns(&padding, before, count, block->is_wide, out, step);
    interleave_columns(&rows, inside, count, block->is_wide, out + before * step, step);
    interleave_columns(&padding, columns - before - inside, count, block->is_wide,
                       out + (before + inside) * step, step);
  }
}
