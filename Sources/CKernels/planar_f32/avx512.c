// Tiles of 16 columns times a panel of 16 or 8 channels, or 8 times one of 32. The columns of a
// tile are as far apart as the lines say, so that no pointers are needed.
#if defined(__x86_64__)
#include "../lanes_avx512.h"
#include "kernels_f32.h"
#include <math.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))),        \
                             apply_to = function)

#include "../unary_f32/math_avx512.h"

enum { MOST_COLUMNS = 16, MOST_VECTORS = 2, LANES = 16 };

// Which lanes of each vector there are: channels of the result, and room in the panel.
typedef struct {
  __mmask16 channels[MOST_VECTORS];
  __mmask16 room;
  size_t width;
} panel_lanes;

INLINE __m512 weights_at(const float *panel, const size_t vectors, size_t vector,
                         const panel_lanes *lanes) {
  // Behind 8 channels the next weights begin.
  return vectors == 1 ? _mm512_maskz_loadu_ps(lanes->room, panel)
                      : _mm512_loadu_ps(panel + vector * LANES);
}

// The bounds come first: where the sum is NaN these instructions give their second operand.
INLINE __m512 result(const kern_planar_f32_row *row, const bool clamps, const bool swishes,
                     __m512 sum) {
  if (clamps)
    sum = _mm512_min_ps(constant(row->high), _mm512_max_ps(constant(row->low), sum));
  return swishes ? hard_swish(sum) : sum;
}

// `columns`, `vectors` and `clamps` are constants wherever this is called.
INLINE void store_tile(const size_t columns, const size_t vectors, const kern_planar_f32_row *row,
                       const panel_lanes *lanes, size_t first, const bool clamps,
                       const bool swishes, __m512 sums[MOST_COLUMNS][MOST_VECTORS]) {
#pragma unroll
  for (size_t i = 0; i < columns; i++) {
#pragma unroll
    for (size_t j = 0; j < vectors; j++) {
      float *output = row->output + (first + i) * row->output_stride + j * LANES;
      _mm512_mask_storeu_ps(output, lanes->channels[j], result(row, clamps, swishes, sums[i][j]));
    }
  }
}

// `columns`, `vectors` and `step` are constants wherever this is called.
INLINE void tile(const size_t columns, const size_t vectors, const size_t step,
                 const kern_planar_f32_row *row, const panel_lanes *lanes, size_t first) {
  __m512 sums[MOST_COLUMNS][MOST_VECTORS];
#pragma unroll
  for (size_t i = 0; i < columns; i++) {
#pragma unroll
    for (size_t j = 0; j < vectors; j++)
      sums[i][j] = weights_at(row->bias, vectors, j, lanes);
  }
  const float *panel = row->panel;
  const size_t dilation = row->dilation, kernel_columns = row->kernel_columns;
  for (size_t l = 0; l < row->line_count; l++) {
    const float *at = row->lines[l] + first * step;
    for (size_t k = 0; k < kernel_columns; k++, at += dilation) {
      __m512 weights[MOST_VECTORS];
#pragma unroll
      for (size_t j = 0; j < vectors; j++)
        weights[j] = weights_at(panel, vectors, j, lanes);
      panel += vectors == 2 ? 2 * LANES : lanes->width;
#pragma unroll
      for (size_t i = 0; i < columns; i++) {
        const __m512 value = _mm512_set1_ps(at[i * step]);
#pragma unroll
        for (size_t j = 0; j < vectors; j++)
          sums[i][j] = _mm512_fmadd_ps(value, weights[j], sums[i][j]);
      }
    }
  }
  const bool clamps = row->low > -INFINITY || row->high < INFINITY;
  if (!clamps && row->hard_swish) {
    store_tile(columns, vectors, row, lanes, first, false, true, sums);
  } else if (clamps || row->hard_swish) {
    store_tile(columns, vectors, row, lanes, first, true, row->hard_swish, sums);
  } else {
    store_tile(columns, vectors, row, lanes, first, false, false, sums);
  }
}

// The last tile lies over the one before it, where columns are no whole number of tiles.
#define TILES(vectors, most)                                                                       \
  INLINE void tiles_of_##vectors(const kern_planar_f32_row *row, const panel_lanes *lanes,         \
                                 const size_t step, size_t columns) {                              \
    if (columns < most) {                                                                          \
      for (size_t x = 0; x < columns; x++)                                                         \
        tile(1, vectors, step, row, lanes, x);                                                     \
      return;                                                                                      \
    }                                                                                              \
    size_t x = 0;                                                                                  \
    for (; x + most <= columns; x += most)                                                         \
      tile(most, vectors, step, row, lanes, x);                                                    \
    if (x < columns)                                                                               \
      tile(most, vectors, step, row, lanes, columns - most);                                       \
  }                                                                                                \
  __attribute__((noinline)) static void all_tiles_of_##vectors(                                    \
      const kern_planar_f32_row *row, const panel_lanes *lanes, size_t columns) {                  \
    if (row->step == 1) {                                                                          \
      tiles_of_##vectors(row, lanes, 1, columns);                                                  \
    } else if (row->step == 2) {                                                                   \
      tiles_of_##vectors(row, lanes, 2, columns);                                                  \
    } else {                                                                                       \
      tiles_of_##vectors(row, lanes, row->step, columns);                                          \
    }                                                                                              \
  }
TILES(1, 16)
TILES(2, 8)

void kern_planar_f32__avx512(const kern_planar_f32_row *row, size_t width, size_t columns) {
  const size_t rest = row->channels > LANES ? row->channels - LANES : 0;
  const panel_lanes lanes = {
      {kern_lanes16(row->channels), kern_lanes16(rest)}, kern_lanes16(width), width};
  if (width > LANES) {
    all_tiles_of_2(row, &lanes, columns);
  } else {
    all_tiles_of_1(row, &lanes, columns);
  }
}

#pragma clang attribute pop
#endif
