// Tiles of 6x16 or 8x8: as many sums as registers hold, fed by one load per eight columns and one
// broadcast per row. Rows are spread evenly over tiles, so that no tile is nearly empty.
#if defined(__x86_64__)
#include "../lanes_avx2.h"
#include "errand.h"
#include "kernels_f32.h"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#include "../unary_f32/math_avx2.h"

enum { MAX_ROWS = 8, MAX_VECTORS = 2, LANES = 8 };

INLINE size_t lanes_of(size_t columns, size_t vector) {
  size_t before = vector * LANES;
  if (columns <= before)
    return 0;
  return columns - before < LANES ? columns - before : LANES;
}

INLINE __m256 load_lanes(const float *from, size_t lanes) {
  return lanes == LANES ? _mm256_loadu_ps(from) : _mm256_maskload_ps(from, kern_lanes8(lanes));
}

INLINE void store_lanes(float *to, size_t lanes, __m256 value) {
  if (lanes == LANES) {
    _mm256_storeu_ps(to, value);
  } else {
    _mm256_maskstore_ps(to, kern_lanes8(lanes), value);
  }
}

// The bounds come first: where the sum is NaN these instructions give their second operand.
INLINE __m256 finished(const kern_igemm_f32_block *block, const finish_kind kind, __m256 sum) {
  if (kind == FINISH_ALL) {
    const __m256 low = _mm256_set1_ps(block->low), high = _mm256_set1_ps(block->high);
    sum = _mm256_min_ps(high, _mm256_max_ps(low, sum));
  }
  return kind == FINISH_HARD_SWISH || (kind == FINISH_ALL && block->hard_swish) ? hard_swish(sum)
                                                                                : sum;
}

// `rows`, `vectors` and `kind` are constants wherever this is called.
INLINE void finish_tile(const size_t rows, const size_t vectors, const kern_igemm_f32_block *block,
                        float *output, const finish_kind kind, __m256 sums[MAX_ROWS][MAX_VECTORS]) {
#pragma unroll
  for (size_t i = 0; i < rows; i++) {
#pragma unroll
    for (size_t j = 0; j < vectors; j++) {
      const __m256 sum = finished(block, kind, sums[i][j]);
      store_lanes(output + i * block->output_stride + j * LANES, lanes_of(block->columns, j), sum);
    }
  }
}

// `rows` and `vectors` are constants wherever this is called.
INLINE void tile(const size_t rows, const size_t vectors, const kern_igemm_f32_block *block,
                 size_t first_row, errand fetch) {
  __m256 sums[MAX_ROWS][MAX_VECTORS];
  float *output = block->output + first_row * block->output_stride;
  const float *addend =
      block->addend ? block->addend + first_row * block->output_stride : (const float *)0;
#pragma unroll
  for (size_t i = 0; i < rows; i++) {
#pragma unroll
    for (size_t j = 0; j < vectors; j++) {
      size_t lanes = lanes_of(block->columns, j);
      sums[i][j] = _mm256_loadu_ps(block->bias + j * LANES);
      if (addend) {
        __m256 term = load_lanes(addend + i * block->output_stride + j * LANES, lanes);
        sums[i][j] = _mm256_add_ps(sums[i][j], term);
      }
    }
  }

  const float *panel = block->panel;
  const size_t channels = block->channels;
  for (size_t t = 0; t < block->taps; t++) {
    const float *const *pointers = block->rows + t * block->row_stride + first_row;
    const float *row[MAX_ROWS];
#pragma unroll
    for (size_t i = 0; i < rows; i++)
      row[i] = pointers[i];
#pragma clang loop unroll_count(2)
    for (size_t c = 0; c < channels; c++) {
      __m256 weights[MAX_VECTORS];
#pragma unroll
      for (size_t j = 0; j < vectors; j++)
        weights[j] = _mm256_loadu_ps(panel + j * LANES);
      _mm_prefetch((const char *)fetch.next, _MM_HINT_T1);
      fetch.next += fetch.pace;
      panel += vectors * LANES;
#pragma unroll
      for (size_t i = 0; i < rows; i++) {
        __m256 value = _mm256_broadcast_ss(row[i] + c);
#pragma unroll
        for (size_t j = 0; j < vectors; j++) {
          sums[i][j] = _mm256_fmadd_ps(value, weights[j], sums[i][j]);
        }
      }
    }
  }

  switch (kind_of(block)) {
  case FINISH_NOTHING:
    finish_tile(rows, vectors, block, output, FINISH_NOTHING, sums);
    break;
  case FINISH_HARD_SWISH:
    finish_tile(rows, vectors, block, output, FINISH_HARD_SWISH, sums);
    break;
  case FINISH_ALL:
    finish_tile(rows, vectors, block, output, FINISH_ALL, sums);
  }
}

// One row alone has too few sums to hide the latency of an addition: cut the depth into four.
INLINE void single_row(const size_t vectors, const kern_igemm_f32_block *block, size_t row_index) {
  enum { PARTS = 4 };
  __m256 sums[PARTS][MAX_VECTORS];
  float *output = block->output + row_index * block->output_stride;
#pragma unroll
  for (size_t j = 0; j < vectors; j++) {
    size_t lanes = lanes_of(block->columns, j);
#pragma unroll
    for (size_t p = 1; p < PARTS; p++)
      sums[p][j] = _mm256_setzero_ps();
    sums[0][j] = _mm256_loadu_ps(block->bias + j * LANES);
    if (block->addend) {
      const float *addend = block->addend + row_index * block->output_stride + j * LANES;
      sums[0][j] = _mm256_add_ps(sums[0][j], load_lanes(addend, lanes));
    }
  }
  const float *panel = block->panel;
  for (size_t t = 0; t < block->taps; t++) {
    const float *row = block->rows[t * block->row_stride + row_index];
    size_t c = 0;
    for (; c + PARTS <= block->channels; c += PARTS) {
#pragma unroll
      for (size_t p = 0; p < PARTS; p++) {
        __m256 value = _mm256_broadcast_ss(row + c + p);
#pragma unroll
        for (size_t j = 0; j < vectors; j++) {
          __m256 weights = _mm256_loadu_ps(panel + (p * vectors + j) * LANES);
          sums[p][j] = _mm256_fmadd_ps(value, weights, sums[p][j]);
        }
      }
      panel += PARTS * vectors * LANES;
    }
    for (; c < block->channels; c++, panel += vectors * LANES) {
      __m256 value = _mm256_broadcast_ss(row + c);
#pragma unroll
      for (size_t j = 0; j < vectors; j++) {
        sums[0][j] = _mm256_fmadd_ps(value, _mm256_loadu_ps(panel + j * LANES), sums[0][j]);
      }
    }
  }
#pragma unroll
  for (size_t j = 0; j < vectors; j++) {
    const __m256 sum =
        _mm256_add_ps(_mm256_add_ps(sums[0][j], sums[1][j]), _mm256_add_ps(sums[2][j], sums[3][j]));
    store_lanes(output + j * LANES, lanes_of(block->columns, j), finished(block, FINISH_ALL, sum));
  }
}

#define TILE_CASE(rows, vectors)                                                                   \
  case rows:                                                                                       \
    tile(rows, vectors, block, row, fetch);                                                        \
    break

__attribute__((noinline)) static void tile_8(const kern_igemm_f32_block *block, size_t row,
                                             size_t rows, errand fetch) {
  switch (rows) {
    TILE_CASE(8, 1);
    TILE_CASE(7, 1);
    TILE_CASE(6, 1);
    TILE_CASE(5, 1);
    TILE_CASE(4, 1);
    TILE_CASE(3, 1);
    TILE_CASE(2, 1);
  default:
    single_row(1, block, row);
  }
}

__attribute__((noinline)) static void tile_16(const kern_igemm_f32_block *block, size_t row,
                                              size_t rows, errand fetch) {
  switch (rows) {
    TILE_CASE(6, 2);
    TILE_CASE(5, 2);
    TILE_CASE(4, 2);
    TILE_CASE(3, 2);
    TILE_CASE(2, 2);
  default:
    single_row(2, block, row);
  }
}

void kern_igemm_f32__avx2(const kern_igemm_f32_block *block, size_t width, size_t rows) {
  const size_t most = width == 8 ? 8 : 6;
  const size_t tiles = (rows + most - 1) / most;
  errand fetch = first_errand(block, width, tiles);
  for (size_t i = 0; i < tiles; i++) {
    size_t row = rows * i / tiles, end = rows * (i + 1) / tiles;
    if (width == 8) {
      tile_8(block, row, end - row, fetch);
    } else {
      tile_16(block, row, end - row, fetch);
    }
    fetch = errand_behind(fetch, block);
  }
}

#pragma clang attribute pop
#endif
