// Several output columns stay in registers while the taps pass by. Where windows overlap, as with
// the usual kernels of 3 and 5 columns, every pixel is loaded once for all windows it lies under.
#if defined(__x86_64__)
#include "../lanes_avx2.h"
#include "kernels_f32.h"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#include "../unary_f32/math_avx2.h"

enum { MAX_COLUMNS = 7, MAX_KERNEL = 5, LANES = 8, BLOCK = 16 };

INLINE const float *weights_at(const kern_depthwise_f32_row *row, size_t c) {
  return row->weights + c / BLOCK * row->weight_stride + c % BLOCK;
}

INLINE __m256 clamped(const kern_depthwise_f32_row *row, __m256 value) {
  // The bounds come first: where the sum is NaN these instructions give their second operand.
  value = _mm256_max_ps(_mm256_set1_ps(row->low), value);
  value = _mm256_min_ps(_mm256_set1_ps(row->high), value);
  return row->hard_swish ? hard_swish(value) : value;
}

// Eight channels from c on of `columns` columns from x on. The first three parameters are constants
// wherever this is called.
INLINE void sliding(const size_t kernel_columns, const size_t step, const size_t columns,
                    const kern_depthwise_f32_row *row, size_t x, size_t c) {
  __m256 sums[MAX_COLUMNS];
  const __m256 bias = _mm256_loadu_ps(row->bias + c);
#pragma unroll
  for (size_t i = 0; i < columns; i++) {
    sums[i] = bias;
    if (row->addend) {
      __m256 term = _mm256_loadu_ps(row->addend + (x + i) * row->channels + c);
      sums[i] = _mm256_add_ps(bias, term);
    }
  }
  const float *weights = weights_at(row, c);
  const float *const *pixels = row->pixels + x * step;
  for (size_t ky = 0; ky < row->kernel_rows; ky++) {
    __m256 weight[MAX_KERNEL];
#pragma unroll
    for (size_t kx = 0; kx < kernel_columns; kx++) {
      weight[kx] = _mm256_loadu_ps(weights + kx * BLOCK);
    }
#pragma unroll
    for (size_t at = 0; at < (columns - 1) * step + kernel_columns; at++) {
      __m256 value = _mm256_loadu_ps(pixels[at] + c);
#pragma unroll
      for (size_t i = 0; i < columns; i++) {
        if (at < i * step || at - i * step >= kernel_columns)
          continue;
        sums[i] = _mm256_fmadd_ps(value, weight[at - i * step], sums[i]);
      }
    }
    weights += kernel_columns * BLOCK;
    pixels += row->pixel_stride;
  }
#pragma unroll
  for (size_t i = 0; i < columns; i++) {
    _mm256_storeu_ps(row->output + (x + i) * row->channels + c, clamped(row, sums[i]));
  }
}

// Up to eight channels from c on of one column, for any kernel.
INLINE void single(const kern_depthwise_f32_row *row, size_t x, size_t c) {
  const __m256i mask = kern_lanes8(row->channels - c);
  __m256 sum = _mm256_loadu_ps(row->bias + c), other = _mm256_setzero_ps();
  if (row->addend) {
    const float *addend = row->addend + x * row->channels + c;
    sum = _mm256_add_ps(sum, _mm256_maskload_ps(addend, mask));
  }
  const float *weights = weights_at(row, c);
  for (size_t ky = 0; ky < row->kernel_rows; ky++) {
    const float *const *pixels = row->pixels + ky * row->pixel_stride + x * row->step;
    for (size_t kx = 0; kx < row->kernel_columns; kx++, weights += BLOCK) {
      __m256 value = _mm256_maskload_ps(pixels[kx * row->dilation] + c, mask);
      __m256 next = _mm256_fmadd_ps(value, _mm256_loadu_ps(weights), other);
      other = sum;
      sum = next;
    }
  }
  sum = clamped(row, _mm256_add_ps(sum, other));
  _mm256_maskstore_ps(row->output + x * row->channels + c, mask, sum);
}

// All whole vectors of channels. What the next row needs is fetched in equal shares.
INLINE void tile(const size_t kernel_columns, const size_t step, const size_t columns,
                 const kern_depthwise_f32_row *row, size_t x, const char *next, size_t share) {
  for (size_t c = 0; c + LANES <= row->channels; c += LANES) {
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
  const size_t calls = row->channels / LANES;
  const size_t lines = row->next ? row->next_count * sizeof(float) / 64 : 0;
  const size_t share = calls == 0 ? 0 : (lines + tiles * calls - 1) / (tiles * calls) * 64;
  const char *next = (const char *)row->next;
  for (size_t i = 0; i < tiles; i++) {
    size_t x = columns * i / tiles;
    switch (columns * (i + 1) / tiles - x) {
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

__attribute__((noinline)) static void rows_3_1(const kern_depthwise_f32_row *row, size_t columns) {
  all_columns(3, 1, row, columns);
}
__attribute__((noinline)) static void rows_3_2(const kern_depthwise_f32_row *row, size_t columns) {
  all_columns(3, 2, row, columns);
}
__attribute__((noinline)) static void rows_5_1(const kern_depthwise_f32_row *row, size_t columns) {
  all_columns(5, 1, row, columns);
}
__attribute__((noinline)) static void rows_5_2(const kern_depthwise_f32_row *row, size_t columns) {
  all_columns(5, 2, row, columns);
}

void kern_depthwise_f32__avx2(const kern_depthwise_f32_row *row, size_t columns) {
  size_t done = row->channels / LANES * LANES;
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
    done = 0;
  }
  for (size_t x = 0; x < columns; x++) {
    for (size_t c = done; c < row->channels; c += LANES)
      single(row, x, c);
  }
}

#pragma clang attribute pop
#endif
