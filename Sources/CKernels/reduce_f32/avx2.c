#if defined(__x86_64__)
#include "kernels_f32.h"
#include <immintrin.h>
#include <stdint.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define INLINE static inline __attribute__((always_inline))

enum { LANES = 8 };

// The instruction gives its second operand where either is NaN: that is right unless the first is.
INLINE __m256 joined(const kern_f32_reduction op, __m256 a, __m256 b) {
  if (op == KERN_F32_SUM)
    return _mm256_add_ps(a, b);
  return _mm256_blendv_ps(_mm256_max_ps(a, b), a, _mm256_cmp_ps(a, a, _CMP_UNORD_Q));
}

INLINE __m256i lane_mask(size_t count) {
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int32_t)count), lanes);
}

// `op` is a constant wherever the functions below are called.
INLINE void pointed(const kern_f32_reduction op, const float *const *rows, size_t row_count,
                    size_t columns, float factor, float *y) {
  const __m256 scale = _mm256_set1_ps(factor);
  size_t c = 0;
  for (; c + 2 * LANES <= columns; c += 2 * LANES) {
    __m256 a = _mm256_loadu_ps(rows[0] + c), b = _mm256_loadu_ps(rows[0] + c + LANES);
    for (size_t r = 1; r < row_count; r++) {
      a = joined(op, a, _mm256_loadu_ps(rows[r] + c));
      b = joined(op, b, _mm256_loadu_ps(rows[r] + c + LANES));
    }
    _mm256_storeu_ps(y + c, _mm256_mul_ps(a, scale));
    _mm256_storeu_ps(y + c + LANES, _mm256_mul_ps(b, scale));
  }
  for (; c < columns; c += LANES) {
    const __m256i mask = lane_mask(columns - c < LANES ? columns - c : LANES);
    __m256 a = _mm256_maskload_ps(rows[0] + c, mask);
    for (size_t r = 1; r < row_count; r++) {
      a = joined(op, a, _mm256_maskload_ps(rows[r] + c, mask));
    }
    _mm256_maskstore_ps(y + c, mask, _mm256_mul_ps(a, scale));
  }
}

INLINE void strided(const kern_f32_reduction op, const float *x, size_t rows, size_t stride,
                    size_t columns, float factor, float *y) {
  const __m256 scale = _mm256_set1_ps(factor);
  for (size_t c = 0; c < columns; c += LANES) {
    const __m256i mask = lane_mask(columns - c < LANES ? columns - c : LANES);
    const float *from = x + c;
    __m256 a = _mm256_maskload_ps(from, mask), b = a;
    size_t r = 1;
    if (rows > 1)
      b = _mm256_maskload_ps(x + c + stride, mask), r = 2;
    for (; r + 2 <= rows; r += 2) {
      a = joined(op, a, _mm256_maskload_ps(from + r * stride, mask));
      b = joined(op, b, _mm256_maskload_ps(from + (r + 1) * stride, mask));
    }
    if (r < rows)
      a = joined(op, a, _mm256_maskload_ps(from + r * stride, mask));
    if (rows > 1)
      a = joined(op, a, b);
    _mm256_maskstore_ps(y + c, mask, _mm256_mul_ps(a, scale));
  }
}

// One column of adjacent values: eight partial results, joined at the end.
INLINE float contiguous(const kern_f32_reduction op, const float *x, size_t count) {
  float lanes[LANES];
  __m256 a = _mm256_loadu_ps(x);
  size_t i = LANES;
  for (; i + LANES <= count; i += LANES)
    a = joined(op, a, _mm256_loadu_ps(x + i));
  _mm256_storeu_ps(lanes, a);
  float value, rest;
  kern_reduce_f32__scalar(op, lanes, LANES, 1, 1, 1, &value);
  if (i == count)
    return value;
  kern_reduce_f32__scalar(op, x + i, count - i, 1, 1, 1, &rest);
  const float both[2] = {value, rest};
  kern_reduce_f32__scalar(op, both, 2, 1, 1, 1, &value);
  return value;
}

void kern_reduce_rows_f32__avx2(kern_f32_reduction op, const float *const *rows, size_t row_count,
                                size_t columns, float factor, float *y) {
  if (op == KERN_F32_SUM) {
    pointed(KERN_F32_SUM, rows, row_count, columns, factor, y);
  } else {
    pointed(KERN_F32_LARGEST, rows, row_count, columns, factor, y);
  }
}

void kern_reduce_f32__avx2(kern_f32_reduction op, const float *x, size_t rows, size_t stride,
                           size_t columns, float factor, float *y) {
  if (columns == 1 && stride == 1 && rows >= LANES) {
    *y = factor * (op == KERN_F32_SUM ? contiguous(KERN_F32_SUM, x, rows)
                                      : contiguous(KERN_F32_LARGEST, x, rows));
  } else if (op == KERN_F32_SUM) {
    strided(KERN_F32_SUM, x, rows, stride, columns, factor, y);
  } else {
    strided(KERN_F32_LARGEST, x, rows, stride, columns, factor, y);
  }
}

#pragma clang attribute pop
#endif
