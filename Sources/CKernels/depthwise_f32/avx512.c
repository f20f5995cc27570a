// As in avx2.c, with 16 channels in a vector: a block of weights is one vector, and the channels
// that are left after whole vectors are lanes of a mask.
#if defined(__x86_64__)
#include "../lanes_avx512.h"
#include "kernels_f32.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))),        \
                             apply_to = function)

#include "../unary_f32/math_avx512.h"

enum { MAX_COLUMNS = 8, MAX_KERNEL = 5, LANES = 16 };

INLINE const float *weights_at(const kern_depthwise_f32_row *row, size_t c) {
  return row->weights + c / LANES * row->weight_stride;
}

// What the sum of column x starts from, for the channels from c on.
INLINE __m512 start_of(const kern_depthwise_f32_row *row, size_t x, size_t c, __mmask16 lanes) {
  const __m512 bias = _mm512_loadu_ps(row->bias + c);
  if (!row->addend)
    return bias;
  return _mm512_add_ps(bias, _mm512_maskz_loadu_ps(lanes, row->addend + x * row->channels + c));
}

INLINE void finish(const kern_depthwise_f32_row *row, size_t x, size_t c, __mmask16 lanes,
                   __m512 value) {
  // The bounds come first: where the sum is NaN these instructions give their second operand.
  value = _mm512_max_ps(_mm512_set1_ps(row->low), value);
  value = _mm512_min_ps(_mm512_set1_ps(row->high), value);
  if (row->hard_swish)
    value = hard_swish(value);
  _mm512_mask_storeu_ps(row->output + x * row->channels + c, lanes, value);
}

// Channels from c on of `columns` columns from x on. The first three parameters are constants
// wherever this is called.
INLINE void sliding(const size_t kernel_columns, const size_t step, const size_t columns,
                    const kern_depthwise_f32_row *row, size_t x, size_t c) {
  const __mmask16 lanes = kern_lanes16(row->channels - c);
  __m512 sums[MAX_COLUMNS];
#pragma unroll
  for (size_t i = 0; i < columns; i++)
    sums[i] = start_of(row, x + i, c, lanes);
  const float *weights = weights_at(row, c);
  const float *const *pixels = row->pixels + x * step;
  for (size_t ky = 0; ky < row->kernel_rows; ky++) {
    __m512 weight[MAX_KERNEL];
#pragma unroll
    for (size_t kx = 0; kx < kernel_columns; kx++)
      weight[kx] = _mm512_loadu_ps(weights + kx * LANES);
#pragma unroll
    for (size_t at = 0; at < (columns - 1) * step + kernel_columns; at++) {
      const __m512 value = _mm512_maskz_loadu_ps(lanes, pixels[at] + c);
#pragma unroll
      for (size_t i = 0; i < columns; i++) {
        if (at < i * step || at - i * step >= kernel_columns)
          continue;
        sums[i] = _mm512_fmadd_ps(value, weight[at - i * step], sums[i]);
      }
    }
    weights += kernel_columns * LANES;
    pixels += row->pixel_stride;
  }
#pragma unroll
  for (size_t i = 0; i < columns; i++)
    finish(row, x + i, c, lanes, sums[i]);
}

// Channels from c on of one column, for any kernel.
INLINE void single(const kern_depthwise_f32_row *row, size_t x, size_t c) {
  const __mmask16 lanes = kern_lanes16(row->channels - c);
  __m512 sum = start_of(row, x, c, lanes), other = _mm512_setzero_ps();
  const float *weights = weights_at(row, c);
  for (size_t ky = 0; ky < row->kernel_rows; ky++) {
    const float *const *pixels = row->pixels + ky * row->pixel_stride + x * row->step;
    for (size_t kx = 0; kx < row->kernel_columns; kx++, weights += LANES) {
      const __m512 value = _mm512_maskz_loadu_ps(lanes, pixels[kx * row->dilation] + c);
      const __m512 next = _mm512_fmadd_ps(value, _mm512_loadu_ps(weights), other);
      other = sum;
      sum = next;
    }
  }
  finish(row, x, c, lanes, _mm512_add_ps(sum, other));
}

// All channels. What the next row needs is fetched in equal shares.
INLINE void tile(const size_t kernel_columns, const size_t step, const size_t columns,
                 const kern_depthwise_f32_row *row, size_t x, const char *next, size_t share) {
  for (size_t c = 0; c < row->channels; c += LANES) {
    for (const char *end = next + share; next < end; next += 64)
      _mm_prefetch(next, _MM_HINT_T0);
    sliding(kernel_columns, step, columns, row, x, c);
  }
}

#define COLUMNS_CASE(count)                                                                        \
  case count:                                                                                      \
    tile(kernel_columns, step, count, row, x, next + i * calls * share, share);                    \
    break

INLINE void all_columns(const size_t kernel_columns, const size_t step,
                        const kern_depthwise_f32_row *row, size_t columns) {
  const size_t tiles = (columns + MAX_COLUMNS - 1) / MAX_COLUMNS;
  const size_t calls = (row->channels + LANES - 1) / LANES;
  const size_t lines = row->next ? row->next_count * sizeof(float) / 64 : 0;
  const size_t share = calls == 0 ? 0 : (lines + tiles * calls - 1) / (tiles * calls) * 64;
  const char *next = (const char *)row->next;
  for (size_t i = 0; i < tiles; i++) {
    const size_t x = columns * i / tiles;
    switch (columns * (i + 1) / tiles - x) {
      COLUMNS_CASE(8);
      COLUMNS_CASE(7);
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

#define ROWS(kernel_columns, step)                                                                 \
  __attribute__((noinline)) static void rows_##kernel_columns##_##step(                            \
      const kern_depthwise_f32_row *row, size_t columns) {                                         \
    all_columns(kernel_columns, step, row, columns);                                               \
  }
ROWS(3, 1)
ROWS(3, 2)
ROWS(5, 1)
ROWS(5, 2)

void kern_depthwise_f32__avx512(const kern_depthwise_f32_row *row, size_t columns) {
  const bool is_dense = row->dilation == 1;
  if (is_dense && row->kernel_columns == 3 && row->step == 1) {
    rows_3_1(row, columns);
  } else if (is_dense && row->kernel_columns == 3 && row->step == 2) {
    rows_3_2(row, columns);
  } else if (is_dense && row->kernel_columns == 5 && row->step == 1) {
    rows_5_1(row, columns);
  } else if (is_dense && row->kernel_columns == 5 && row->step == 2) {
    rows_5_2(row, columns);
  } else {
    for (size_t x = 0; x < columns; x++) {
      for (size_t c = 0; c < row->channels; c += LANES)
        single(row, x, c);
    }
  }
}

#pragma clang attribute pop
#endif
