// Blocks of 8x8 through registers; sixteen rows at a time, so that a written line is filled at
// once.
#if defined(__x86_64__)
#include "kernels_f32.h"
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

static inline __attribute__((always_inline)) void block_8x8(const float *x, size_t x_stride,
                                                            float *y, size_t y_stride) {
  __m256 pair[8], quad[8];
#pragma unroll
  for (size_t i = 0; i < 4; i++) {
    // Rows i and i + 4 share a register, so that only shuffles inside halves remain.
    const float *top = x + i * x_stride, *bottom = x + (i + 4) * x_stride;
    pair[i] =
        _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(top)), _mm_loadu_ps(bottom), 1);
    pair[i + 4] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(top + 4)),
                                       _mm_loadu_ps(bottom + 4), 1);
  }
#pragma unroll
  for (size_t h = 0; h < 8; h += 4) {
    quad[h] = _mm256_unpacklo_ps(pair[h], pair[h + 1]);
    quad[h + 1] = _mm256_unpackhi_ps(pair[h], pair[h + 1]);
    quad[h + 2] = _mm256_unpacklo_ps(pair[h + 2], pair[h + 3]);
    quad[h + 3] = _mm256_unpackhi_ps(pair[h + 2], pair[h + 3]);
    float *to = y + h * y_stride;
    _mm256_storeu_ps(to, _mm256_shuffle_ps(quad[h], quad[h + 2], 0x44));
    _mm256_storeu_ps(to + y_stride, _mm256_shuffle_ps(quad[h], quad[h + 2], 0xEE));
    _mm256_storeu_ps(to + 2 * y_stride, _mm256_shuffle_ps(quad[h + 1], quad[h + 3], 0x44));
    _mm256_storeu_ps(to + 3 * y_stride, _mm256_shuffle_ps(quad[h + 1], quad[h + 3], 0xEE));
  }
}

void kern_transpose_f32__avx2(const float *x, size_t x_stride, float *y, size_t y_stride,
                              size_t rows, size_t columns) {
  const size_t whole_rows = rows / 8 * 8, whole_columns = columns / 8 * 8;
  // Every row is another page where rows are long: few of those that are far apart at a time.
  const size_t side = y_stride > x_stride ? whole_rows : 16;
  for (size_t r = 0; r < whole_rows; r += side) {
    const size_t end = r + side < whole_rows ? r + side : whole_rows;
    for (size_t c = 0; c < whole_columns; c += 8) {
      for (size_t i = r; i < end; i += 8) {
        block_8x8(x + i * x_stride + c, x_stride, y + c * y_stride + i, y_stride);
      }
    }
  }
  kern_transpose_f32__scalar(x + whole_columns, x_stride, y + whole_columns * y_stride, y_stride,
                             whole_rows, columns - whole_columns);
  kern_transpose_f32__scalar(x + whole_rows * x_stride, x_stride, y + whole_rows, y_stride,
                             rows - whole_rows, columns);
}

#pragma clang attribute pop
#endif
