#if defined(__x86_64__)
#include "../lanes_avx2.h"
#include "kernels_f32.h"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#include "joined_avx2.h"

#define INLINE static inline __attribute__((always_inline))

enum { LANES = 8 };

// `op` is a constant wherever the functions below are called.
// Columns of `blocks` vectors, whose lines are read while they are at hand.
INLINE void strided_block(const kern_f32_reduction op, const int blocks, const float *x,
                          size_t rows, size_t stride, __m256 scale, float *y) {
  __m256 sums[4];
#pragma unroll
  for (int i = 0; i < blocks; i++)
    sums[i] = _mm256_loadu_ps(x + i * LANES);
  for (size_t r = 1; r < rows; r++) {
#pragma unroll
    for (int i = 0; i < blocks; i++)
      sums[i] = kern_joined_avx2(op, sums[i], _mm256_loadu_ps(x + r * stride + i * LANES));
  }
#pragma unroll
  for (int i = 0; i < blocks; i++)
    _mm256_storeu_ps(y + i * LANES, _mm256_mul_ps(sums[i], scale));
}

INLINE void strided(const kern_f32_reduction op, const float *x, size_t rows, size_t stride,
                    size_t columns, float factor, float *y) {
  const __m256 scale = _mm256_set1_ps(factor);
  size_t c = 0;
  for (; c + 4 * LANES <= columns; c += 4 * LANES)
    strided_block(op, 4, x + c, rows, stride, scale, y + c);
  for (; c < columns; c += LANES) {
    const __m256i mask = kern_lanes8(columns - c);
    const float *from = x + c;
    __m256 a = _mm256_maskload_ps(from, mask), b = a;
    size_t r = 1;
    if (rows > 1)
      b = _mm256_maskload_ps(x + c + stride, mask), r = 2;
    for (; r + 2 <= rows; r += 2) {
      a = kern_joined_avx2(op, a, _mm256_maskload_ps(from + r * stride, mask));
      b = kern_joined_avx2(op, b, _mm256_maskload_ps(from + (r + 1) * stride, mask));
    }
    if (r < rows)
      a = kern_joined_avx2(op, a, _mm256_maskload_ps(from + r * stride, mask));
    if (rows > 1)
      a = kern_joined_avx2(op, a, b);
    _mm256_maskstore_ps(y + c, mask, _mm256_mul_ps(a, scale));
  }
}

INLINE float across(const kern_f32_reduction op, __m256 lanes) {
  __m128 half = _mm256_castps256_ps128(lanes), upper = _mm256_extractf128_ps(lanes, 1);
  if (op == KERN_F32_SUM) {
    half = _mm_add_ps(half, upper);
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
  }
  if (op == KERN_F32_LARGEST) {
    half = _mm_max_ps(half, upper);
    half = _mm_max_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_max_ss(half, _mm_movehdup_ps(half)));
  }
  half = _mm_min_ps(half, upper);
  half = _mm_min_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_min_ss(half, _mm_movehdup_ps(half)));
}

INLINE __m256 either(const kern_f32_reduction op, __m256 a, __m256 b) {
  if (op == KERN_F32_SUM)
    return _mm256_add_ps(a, b);
  return op == KERN_F32_LARGEST ? _mm256_max_ps(a, b) : _mm256_min_ps(a, b);
}

// One column of adjacent values: partial results of four vectors, joined at the end. Whether a
// value was NaN, which a maximum or minimum loses, is noted beside them.
INLINE float contiguous(const kern_f32_reduction op, const float *x, size_t count) {
  __m256 a = _mm256_loadu_ps(x), unordered = _mm256_cmp_ps(a, a, _CMP_UNORD_Q);
  size_t i = LANES;
  if (count >= 4 * LANES) {
    __m256 sums[4] = {a};
#pragma unroll
    for (int part = 1; part < 4; part++) {
      sums[part] = _mm256_loadu_ps(x + part * LANES);
      unordered = _mm256_or_ps(unordered, _mm256_cmp_ps(sums[part], sums[part], _CMP_UNORD_Q));
    }
    for (i = 4 * LANES; i + 4 * LANES <= count; i += 4 * LANES) {
#pragma unroll
      for (int part = 0; part < 4; part++) {
        __m256 value = _mm256_loadu_ps(x + i + part * LANES);
        sums[part] = either(op, sums[part], value);
        if (op != KERN_F32_SUM)
          unordered = _mm256_or_ps(unordered, _mm256_cmp_ps(value, value, _CMP_UNORD_Q));
      }
    }
    a = either(op, either(op, sums[0], sums[1]), either(op, sums[2], sums[3]));
  }
  for (; i + LANES <= count; i += LANES) {
    __m256 value = _mm256_loadu_ps(x + i);
    a = either(op, a, value);
    unordered = _mm256_or_ps(unordered, _mm256_cmp_ps(value, value, _CMP_UNORD_Q));
  }
  float result = across(op, a);
  for (; i < count; i++) {
    if (op == KERN_F32_SUM)
      result += x[i];
    else if (op == KERN_F32_LARGEST ? x[i] > result : x[i] < result)
      result = x[i];
    else if (x[i] != x[i])
      return x[i];
  }
  if (op != KERN_F32_SUM && _mm256_movemask_ps(unordered))
    return __builtin_nanf("");
  return result;
}

void kern_reduce_f32__avx2(kern_f32_reduction op, const float *x, size_t rows, size_t stride,
                           size_t columns, float factor, float *y) {
  if (columns == 1 && stride == 1 && rows >= LANES) {
    float value;
    if (op == KERN_F32_SUM)
      value = contiguous(KERN_F32_SUM, x, rows);
    else if (op == KERN_F32_LARGEST)
      value = contiguous(KERN_F32_LARGEST, x, rows);
    else
      value = contiguous(KERN_F32_SMALLEST, x, rows);
    *y = factor * value;
  } else if (op == KERN_F32_SUM) {
    strided(KERN_F32_SUM, x, rows, stride, columns, factor, y);
  } else if (op == KERN_F32_LARGEST) {
    strided(KERN_F32_LARGEST, x, rows, stride, columns, factor, y);
  } else {
    strided(KERN_F32_SMALLEST, x, rows, stride, columns, factor, y);
  }
}

#pragma clang attribute pop
#endif
