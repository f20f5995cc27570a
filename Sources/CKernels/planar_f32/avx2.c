// Tiles of 6 columns times a panel of 16 channels, or 8 times one of 8. The columns of a tile are
// as far apart as the lines say, so that no pointers are needed.
#if defined(__x86_64__)
#include "../lanes_avx2.h"
#include "kernels_f32.h"
#include <math.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#include "../unary_f32/math_avx2.h"

enum { MOST_COLUMNS = 8, MOST_VECTORS = 2, LANES = 8 };

// The bounds come first: where the sum is NaN these instructions give their second operand.
INLINE __m256 result(const kern_planar_f32_row *row, const bool clamps, const bool swishes,
                     __m256 sum) {
  if (clamps)
    sum = _mm256_min_ps(constant(row->high), _mm256_max_ps(constant(row->low), sum));
  return swishes ? hard_swish(sum) : sum;
}

// Channels of the result from `first` on, at most a vector of them.
INLINE void store(const kern_planar_f32_row *row, float *output, size_t first, __m256 value) {
  if (row->channels >= first + LANES) {
    _mm256_storeu_ps(output + first, value);
  } else if (row->channels > first) {
    _mm256_maskstore_ps(output + first, kern_lanes8(row->channels - first), value);
  }
}

// `columns`, `vectors` and `clamps` are constants wherever this is called.
INLINE void store_tile(const size_t columns, const size_t vectors, const kern_planar_f32_row *row,
                       size_t first, const bool clamps, const bool swishes,
                       __m256 sums[MOST_COLUMNS][MOST_VECTORS]) {
#pragma unroll
  for (size_t i = 0; i < columns; i++) {
#pragma unroll
    for (size_t j = 0; j < vectors; j++)
      store(row, row->output + (first + i) * row->output_stride, j * LANES,
            result(row, clamps, swishes, sums[i][j]));
  }
}

// `columns`, `vectors` and `step` are constants wherever this is called.
INLINE void tile(const size_t columns, const size_t vectors, const size_t step,
                 const kern_planar_f32_row *row, size_t first) {
  __m256 sums[MOST_COLUMNS][MOST_VECTORS];
#pragma unroll
  for (size_t i = 0; i < columns; i++) {
#pragma unroll
    for (size_t j = 0; j < vectors; j++)
      sums[i][j] = _mm256_loadu_ps(row->bias + j * LANES);
  }
  const float *panel = row->panel;
  const size_t dilation = row->dilation, kernel_columns = row->kernel_columns;
  for (size_t l = 0; l < row->line_count; l++) {
    const float *at = row->lines[l] + first * step;
    for (size_t k = 0; k < kernel_columns; k++, at += dilation) {
      __m256 weights[MOST_VECTORS];
#pragma unroll
      for (size_t j = 0; j < vectors; j++)
        weights[j] = _mm256_loadu_ps(panel + j * LANES);
      panel += vectors * LANES;
#pragma unroll
      for (size_t i = 0; i < columns; i++) {
        const __m256 value = _mm256_broadcast_ss(at + i * step);
#pragma unroll
        for (size_t j = 0; j < vectors; j++)
          sums[i][j] = _mm256_fmadd_ps(value, weights[j], sums[i][j]);
      }
    }
  }
  const bool clamps = row->low > -INFINITY || row->high < INFINITY;
  if (!clamps && row->hard_swish) {
    store_tile(columns, vectors, row, first, false, true, sums);
  } else if (clamps || row->hard_swish) {
    store_tile(columns, vectors, row, first, true, row->hard_swish, sums);
  } else {
    store_tile(columns, vectors, row, first, false, false, sums);
  }
}

// The last tile lies over the one before it, where columns are no whole number of tiles.
#define TILES(vectors, most)                                                                       \
  INLINE void tiles_of_##vectors(const kern_planar_f32_row *row, const size_t step,                \
                                 size_t columns) {                                                 \
    if (columns < most) {                                                                          \
      for (size_t x = 0; x < columns; x++)                                                         \
        tile(1, vectors, step, row, x);                                                            \
      return;                                                                                      \
    }                                                                                              \
    size_t x = 0;                                                                                  \
    for (; x + most <= columns; x += most)                                                         \
      tile(most, vectors, step, row, x);                                                           \
    if (x < columns)                                                                               \
      tile(most, vectors, step, row, columns - most);                                              \
  }                                                                                                \
  __attribute__((noinline)) static void all_tiles_of_##vectors(const kern_planar_f32_row *row,     \
                                                               size_t columns) {                   \
    if (row->step == 1) {                                                                          \
      tiles_of_##vectors(row, 1, columns);                                                         \
    } else if (row->step == 2) {                                                                   \
      tiles_of_##vectors(row, 2, columns);                                                         \
    } else {                                                                                       \
      tiles_of_##vectors(row, row->step, columns);                                                 \
    }                                                                                              \
  }
TILES(1, 8)
TILES(2, 6)

void kern_planar_f32__avx2(const kern_planar_f32_row *row, size_t width, size_t columns) {
  if (width > LANES) {
    all_tiles_of_2(row, columns);
  } else {
    all_tiles_of_1(row, columns);
  }
}

#pragma clang attribute pop
#endif
