// Tiles of 4x16 or 8x8: four depths of a row are one load, and each of its lanes multiplies the
// weights of its depth. Rows are spread evenly over tiles, so that no tile is nearly empty.
#if defined(__aarch64__)
#include "../lanes_neon.h"
#include "kernels_f32.h"

#include "../unary_f32/math_neon.h"

enum { MAX_ROWS = 8, MAX_VECTORS = 4, LANES = 4 };

INLINE size_t lanes_of(size_t columns, size_t vector) {
  return columns <= vector * LANES ? 0 : columns - vector * LANES;
}

// Adds depth `lane` of the values of each row, whose weights are at `panel`.
#define ADD_DEPTH(values, panel, lane)                                                             \
  _Pragma("unroll") for (size_t j = 0; j < vectors; j++) {                                         \
    const float32x4_t weights = vld1q_f32((panel) + j * LANES);                                    \
    _Pragma("unroll") for (size_t i = 0; i < rows; i++) {                                          \
      sums[i][j] = vfmaq_laneq_f32(sums[i][j], weights, values[i], lane);                          \
    }                                                                                              \
  }

// `rows` and `vectors` are constants wherever this is called.
INLINE void tile(const size_t rows, const size_t vectors, const kern_igemm_f32_block *block,
                 size_t first_row) {
  float32x4_t sums[MAX_ROWS][MAX_VECTORS];
  const size_t first = first_row * block->output_stride;
#pragma unroll
  for (size_t i = 0; i < rows; i++) {
#pragma unroll
    for (size_t j = 0; j < vectors; j++) {
      sums[i][j] = vld1q_f32(block->bias + j * LANES);
      if (block->addend) {
        const float *const addend = block->addend + first + i * block->output_stride + j * LANES;
        sums[i][j] = vaddq_f32(sums[i][j], kern_load_lanes4(addend, lanes_of(block->columns, j)));
      }
    }
  }

  const float *panel = block->panel;
  const size_t channels = block->channels, step = vectors * LANES;
  for (size_t t = 0; t < block->taps; t++) {
    const float *const *row = block->rows + t * block->row_stride + first_row;
    size_t c = 0;
    for (; c + LANES <= channels; c += LANES, panel += LANES * step) {
      float32x4_t values[MAX_ROWS];
#pragma unroll
      for (size_t i = 0; i < rows; i++)
        values[i] = vld1q_f32(row[i] + c);
      ADD_DEPTH(values, panel, 0)
      ADD_DEPTH(values, panel + step, 1)
      ADD_DEPTH(values, panel + 2 * step, 2)
      ADD_DEPTH(values, panel + 3 * step, 3)
    }
    for (; c < channels; c++, panel += step) {
      float32x4_t values[MAX_ROWS];
#pragma unroll
      for (size_t i = 0; i < rows; i++)
        values[i] = vld1q_dup_f32(row[i] + c);
      ADD_DEPTH(values, panel, 0)
    }
  }

#pragma unroll
  for (size_t i = 0; i < rows; i++) {
#pragma unroll
    for (size_t j = 0; j < vectors; j++) {
      float32x4_t value = within(sums[i][j], block->low, block->high);
      if (block->hard_swish)
        value = hard_swish(value);
      kern_store_lanes4(block->output + first + i * block->output_stride + j * LANES, value,
                        lanes_of(block->columns, j));
    }
  }
}

#define TILE_CASE(rows, vectors)                                                                   \
  case rows:                                                                                       \
    tile(rows, vectors, block, row);                                                               \
    break

__attribute__((noinline)) static void tile_8(const kern_igemm_f32_block *block, size_t row,
                                             size_t rows) {
  switch (rows) {
    TILE_CASE(8, 2);
    TILE_CASE(7, 2);
    TILE_CASE(6, 2);
    TILE_CASE(5, 2);
    TILE_CASE(4, 2);
    TILE_CASE(3, 2);
    TILE_CASE(2, 2);
    TILE_CASE(1, 2);
  default:
    break;
  }
}

__attribute__((noinline)) static void tile_16(const kern_igemm_f32_block *block, size_t row,
                                              size_t rows) {
  switch (rows) {
    TILE_CASE(4, 4);
    TILE_CASE(3, 4);
    TILE_CASE(2, 4);
    TILE_CASE(1, 4);
  default:
    break;
  }
}

void kern_igemm_f32__neon(const kern_igemm_f32_block *block, size_t width, size_t rows) {
  const size_t most = width == 8 ? 8 : 4;
  const size_t tiles = (rows + most - 1) / most;
  for (size_t i = 0; i < tiles; i++) {
    const size_t row = rows * i / tiles, end = rows * (i + 1) / tiles;
    if (width == 8) {
      tile_8(block, row, end - row);
    } else {
      tile_16(block, row, end - row);
    }
  }
}

#endif
