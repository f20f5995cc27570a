// Up to six output columns times sixteen channels stay in registers while the taps pass by: one
// pointer and two input loads feed two multiply-adds, the weights are loaded once for all columns.
#if defined(__x86_64__)
#include "kernels_f32.h"
#include <immintrin.h>
#include <stdint.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define INLINE static inline __attribute__((always_inline))

enum { MAX_COLUMNS = 6, LANES = 8, BLOCK = 16 };

INLINE __m256 load_lanes(const float *from, const bool is_masked, __m256i mask) {
  return is_masked ? _mm256_maskload_ps(from, mask) : _mm256_loadu_ps(from);
}

// `columns`, `vectors` and `is_masked` are constants wherever this is called; `mask` is for the
// last vector.
INLINE void tile(const size_t columns, const size_t vectors, const bool is_masked, __m256i mask,
                 const kern_depthwise_f32_row *row, size_t x, size_t c) {
  __m256 sums[MAX_COLUMNS][2];
#pragma unroll
  for (size_t i = 0; i < columns; i++) {
#pragma unroll
    for (size_t j = 0; j < vectors; j++) {
      const bool is_tail = is_masked && j == vectors - 1;
      sums[i][j] = _mm256_loadu_ps(row->bias + c + j * LANES);
      if (row->addend) {
        const float *addend = row->addend + (x + i) * row->channels + c + j * LANES;
        sums[i][j] = _mm256_add_ps(sums[i][j], load_lanes(addend, is_tail, mask));
      }
    }
  }
  const float *weights = row->weights + c / BLOCK * row->weight_stride;
  const float *const *line = row->pixels + x * row->step;
  const size_t step = row->step, dilation = row->dilation, kernel_columns = row->kernel_columns;
  for (size_t ky = 0; ky < row->kernel_rows; ky++, line += row->pixel_stride) {
    const float *const *pixels = line;
    for (size_t kx = 0; kx < kernel_columns; kx++, pixels += dilation, weights += BLOCK) {
      __m256 weight[2];
#pragma unroll
      for (size_t j = 0; j < vectors; j++)
        weight[j] = _mm256_loadu_ps(weights + j * LANES);
#pragma unroll
      for (size_t i = 0; i < columns; i++) {
        const float *pixel = pixels[i * step] + c;
#pragma unroll
        for (size_t j = 0; j < vectors; j++) {
          __m256 value = load_lanes(pixel + j * LANES, is_masked && j == vectors - 1, mask);
          sums[i][j] = _mm256_fmadd_ps(value, weight[j], sums[i][j]);
        }
      }
    }
  }
  const __m256 low = _mm256_set1_ps(row->low), high = _mm256_set1_ps(row->high);
#pragma unroll
  for (size_t i = 0; i < columns; i++) {
#pragma unroll
    for (size_t j = 0; j < vectors; j++) {
      // The bounds come first: where the sum is NaN these instructions give their second operand.
      __m256 value = _mm256_min_ps(high, _mm256_max_ps(low, sums[i][j]));
      float *output = row->output + (x + i) * row->channels + c + j * LANES;
      if (is_masked && j == vectors - 1) {
        _mm256_maskstore_ps(output, mask, value);
      } else {
        _mm256_storeu_ps(output, value);
      }
    }
  }
}

INLINE void all_channels(const size_t columns, const kern_depthwise_f32_row *row, size_t x) {
  const __m256i none = _mm256_setzero_si256();
  size_t c = 0;
  for (; c + BLOCK <= row->channels; c += BLOCK)
    tile(columns, 2, false, none, row, x, c);
  const size_t rest = row->channels - c;
  if (rest == 0)
    return;
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32((int32_t)(rest % LANES)), lanes);
  if (rest == LANES) {
    tile(columns, 1, false, none, row, x, c);
  } else if (rest < LANES) {
    tile(columns, 1, true, mask, row, x, c);
  } else {
    tile(columns, 2, true, mask, row, x, c);
  }
}

#define COLUMNS_CASE(count)                                                                        \
  case count:                                                                                      \
    all_channels(count, row, x);                                                                   \
    break

void kern_depthwise_f32__avx2(const kern_depthwise_f32_row *row, size_t columns) {
  const size_t tiles = (columns + MAX_COLUMNS - 1) / MAX_COLUMNS;
  for (size_t i = 0; i < tiles; i++) {
    size_t x = columns * i / tiles;
    switch (columns * (i + 1) / tiles - x) {
      COLUMNS_CASE(6);
      COLUMNS_CASE(5);
      COLUMNS_CASE(4);
      COLUMNS_CASE(3);
      COLUMNS_CASE(2);
      COLUMNS_CASE(1);
    default:
      break;
    }
  }
}

#pragma clang attribute pop
#endif
