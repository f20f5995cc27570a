// Tiles of 12 rows times a panel of 32, 16 or 8 columns, in one or two vectors, fed by one load per
// vector and one broadcast per row. Rows are spread evenly over tiles, so that no tile is nearly
// empty.
#if defined(__x86_64__)
#include "../lanes_avx512.h"
#include "errand.h"
#include "kernels_f32.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))),        \
                             apply_to = function)

#include "../unary_f32/math_avx512.h"

enum { MOST_ROWS = 12, MOST_VECTORS = 2, LANES = 16, PARTS = 4 };

// Which lanes of each vector there are: columns of the result, and room in the panel.
typedef struct {
  __mmask16 columns[MOST_VECTORS];
  __mmask16 room;
  size_t width;
} panel_lanes;

INLINE __m512 weights_at(const float *panel, const size_t vectors, size_t vector,
                         const panel_lanes *lanes) {
  // Behind 8 columns the next depth begins.
  return vectors == 1 ? _mm512_maskz_loadu_ps(lanes->room, panel)
                      : _mm512_loadu_ps(panel + vector * LANES);
}

// What a sum starts from: the bias, and what is added.
INLINE __m512 start_of(const kern_igemm_f32_block *block, size_t row, const size_t vectors,
                       size_t vector, const panel_lanes *lanes) {
  __m512 sum = weights_at(block->bias, vectors, vector, lanes);
  if (block->addend) {
    const float *addend = block->addend + row * block->output_stride + vector * LANES;
    sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(lanes->columns[vector], addend));
  }
  return sum;
}

// The bounds come first: where the sum is NaN these instructions give their second operand.
INLINE void finish(const kern_igemm_f32_block *block, size_t row, size_t vector,
                   const panel_lanes *lanes, const finish_kind kind, __m512 sum) {
  float *output = block->output + row * block->output_stride + vector * LANES;
  if (kind == FINISH_ALL) {
    const __m512 low = _mm512_set1_ps(block->low), high = _mm512_set1_ps(block->high);
    sum = _mm512_min_ps(high, _mm512_max_ps(low, sum));
  }
  if (kind == FINISH_HARD_SWISH || (kind == FINISH_ALL && block->hard_swish))
    sum = hard_swish(sum);
  _mm512_mask_storeu_ps(output, lanes->columns[vector], sum);
}

// `rows`, `vectors` and `kind` are constants wherever this is called.
INLINE void finish_tile(const size_t rows, const size_t vectors, const kern_igemm_f32_block *block,
                        const panel_lanes *lanes, size_t first_row, const finish_kind kind,
                        __m512 sums[MOST_ROWS][MOST_VECTORS]) {
#pragma unroll
  for (size_t i = 0; i < rows; i++) {
#pragma unroll
    for (size_t j = 0; j < vectors; j++)
      finish(block, first_row + i, j, lanes, kind, sums[i][j]);
  }
}

// `rows` and `vectors` are constants wherever this is called.
INLINE void tile(const size_t rows, const size_t vectors, const kern_igemm_f32_block *block,
                 const panel_lanes *lanes, size_t first_row, errand fetch) {
  __m512 sums[MOST_ROWS][MOST_VECTORS];
#pragma unroll
  for (size_t i = 0; i < rows; i++) {
#pragma unroll
    for (size_t j = 0; j < vectors; j++)
      sums[i][j] = start_of(block, first_row + i, vectors, j, lanes);
  }
  const float *panel = block->panel;
  const size_t channels = block->channels;
  const size_t width = vectors == 2 ? 2 * LANES : lanes->width;
  for (size_t t = 0; t < block->taps; t++) {
    const float *const *pointers = block->rows + t * block->row_stride + first_row;
    const float *row[MOST_ROWS];
#pragma unroll
    for (size_t i = 0; i < rows; i++)
      row[i] = pointers[i];
#pragma clang loop unroll_count(2)
    for (size_t c = 0; c < channels; c++) {
      __m512 weights[MOST_VECTORS];
#pragma unroll
      for (size_t j = 0; j < vectors; j++)
        weights[j] = weights_at(panel, vectors, j, lanes);
      panel += width;
      if (vectors == 2) { // behind a narrow panel there is little
        _mm_prefetch((const char *)fetch.next, _MM_HINT_T1);
        fetch.next += fetch.pace;
      }
#pragma unroll
      for (size_t i = 0; i < rows; i++) {
        const __m512 value = _mm512_set1_ps(row[i][c]);
#pragma unroll
        for (size_t j = 0; j < vectors; j++)
          sums[i][j] = _mm512_fmadd_ps(value, weights[j], sums[i][j]);
      }
    }
  }
  switch (kind_of(block)) {
  case FINISH_NOTHING:
    finish_tile(rows, vectors, block, lanes, first_row, FINISH_NOTHING, sums);
    break;
  case FINISH_HARD_SWISH:
    finish_tile(rows, vectors, block, lanes, first_row, FINISH_HARD_SWISH, sums);
    break;
  case FINISH_ALL:
    finish_tile(rows, vectors, block, lanes, first_row, FINISH_ALL, sums);
  }
}

// One row alone has too few sums to hide the latency of an addition: cut the depth into four.
INLINE void single_row(const size_t vectors, const kern_igemm_f32_block *block,
                       const panel_lanes *lanes, size_t row_index) {
  __m512 sums[PARTS][MOST_VECTORS];
#pragma unroll
  for (size_t j = 0; j < vectors; j++) {
    sums[0][j] = start_of(block, row_index, vectors, j, lanes);
#pragma unroll
    for (size_t p = 1; p < PARTS; p++)
      sums[p][j] = _mm512_setzero_ps();
  }
  const float *panel = block->panel;
  const size_t width = vectors == 2 ? 2 * LANES : lanes->width;
  for (size_t t = 0; t < block->taps; t++) {
    const float *row = block->rows[t * block->row_stride + row_index];
    size_t c = 0;
    for (; c + PARTS <= block->channels; c += PARTS) {
#pragma unroll
      for (size_t p = 0; p < PARTS; p++) {
        const __m512 value = _mm512_set1_ps(row[c + p]);
#pragma unroll
        for (size_t j = 0; j < vectors; j++)
          sums[p][j] = _mm512_fmadd_ps(value, weights_at(panel, vectors, j, lanes), sums[p][j]);
        panel += width;
      }
    }
    for (; c < block->channels; c++, panel += width) {
      const __m512 value = _mm512_set1_ps(row[c]);
#pragma unroll
      for (size_t j = 0; j < vectors; j++)
        sums[0][j] = _mm512_fmadd_ps(value, weights_at(panel, vectors, j, lanes), sums[0][j]);
    }
  }
#pragma unroll
  for (size_t j = 0; j < vectors; j++) {
    const __m512 sum =
        _mm512_add_ps(_mm512_add_ps(sums[0][j], sums[1][j]), _mm512_add_ps(sums[2][j], sums[3][j]));
    finish(block, row_index, j, lanes, FINISH_ALL, sum);
  }
}

#define TILE_CASE(rows, vectors)                                                                   \
  case rows:                                                                                       \
    tile(rows, vectors, block, lanes, row, fetch);                                                 \
    break

#define TILES(vectors)                                                                             \
  __attribute__((noinline)) static void tiles_of_##vectors(const kern_igemm_f32_block *block,      \
                                                           const panel_lanes *lanes, size_t row,   \
                                                           size_t rows, errand fetch) {            \
    switch (rows) {                                                                                \
      TILE_CASE(12, vectors);                                                                      \
      TILE_CASE(11, vectors);                                                                      \
      TILE_CASE(10, vectors);                                                                      \
      TILE_CASE(9, vectors);                                                                       \
      TILE_CASE(8, vectors);                                                                       \
      TILE_CASE(7, vectors);                                                                       \
      TILE_CASE(6, vectors);                                                                       \
      TILE_CASE(5, vectors);                                                                       \
      TILE_CASE(4, vectors);                                                                       \
      TILE_CASE(3, vectors);                                                                       \
      TILE_CASE(2, vectors);                                                                       \
    default:                                                                                       \
      single_row(vectors, block, lanes, row);                                                      \
    }                                                                                              \
  }
TILES(1)
TILES(2)

void kern_igemm_f32__avx512(const kern_igemm_f32_block *block, size_t width, size_t rows) {
  const size_t rest = block->columns > LANES ? block->columns - LANES : 0;
  const panel_lanes lanes = {
      {kern_lanes16(block->columns), kern_lanes16(rest)}, kern_lanes16(width), width};
  const size_t tiles = (rows + MOST_ROWS - 1) / MOST_ROWS;
  errand fetch = first_errand(block, width, tiles);
  for (size_t i = 0; i < tiles; i++) {
    const size_t row = rows * i / tiles, end = rows * (i + 1) / tiles;
    if (width > LANES) {
      tiles_of_2(block, &lanes, row, end - row, fetch);
    } else {
      tiles_of_1(block, &lanes, row, end - row, fetch);
    }
    fetch = errand_behind(fetch, block);
  }
}

#pragma clang attribute pop
#endif
