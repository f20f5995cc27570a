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
  __m256 either = op == KERN_F32_LARGEST ? _mm256_max_ps(a, b) : _mm256_min_ps(a, b);
  return _mm256_blendv_ps(either, a, _mm256_cmp_ps(a, a, _CMP_UNORD_Q));
}

INLINE __m256i first_lanes(size_t count) {
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int32_t)count), lanes);
}

INLINE __m256 load(const float *from, __m256i mask, const bool is_whole) {
  return is_whole ? _mm256_loadu_ps(from) : _mm256_maskload_ps(from, mask);
}

// `op` and `is_whole` are constants wherever the functions below are called.
INLINE __m256 window(const kern_f32_reduction op, const kern_windows_f32 *windows,
                     const float *first, __m256i mask, const bool is_whole) {
  __m256 value = load(first, mask, is_whole);
  size_t column = 1;
  for (size_t r = 0; r < windows->rows; r++, column = 0) {
    const float *row = first + r * windows->row_stride;
    for (; column < windows->columns; column++)
      value = joined(op, value, load(row + column * windows->column_stride, mask, is_whole));
  }
  return value;
}

INLINE void reduce(const kern_f32_reduction op, const kern_windows_f32 *windows, float factor,
                   float *y) {
  const size_t channels = windows->channels, whole = channels / LANES * LANES;
  const __m256 scale = _mm256_set1_ps(factor);
  const __m256i rest = first_lanes(channels - whole);
  const float *first = windows->first;
  for (size_t w = 0; w < windows->count; w++, first += windows->step, y += channels) {
    for (size_t c = 0; c < whole; c += LANES)
      _mm256_storeu_ps(y + c, _mm256_mul_ps(window(op, windows, first + c, rest, true), scale));
    if (whole < channels)
      _mm256_maskstore_ps(y + whole, rest,
                          _mm256_mul_ps(window(op, windows, first + whole, rest, false), scale));
  }
}

void kern_reduce_windows_f32__avx2(kern_f32_reduction op, const kern_windows_f32 *windows,
                                   float factor, float *y) {
  if (op == KERN_F32_SUM) {
    reduce(KERN_F32_SUM, windows, factor, y);
  } else if (op == KERN_F32_LARGEST) {
    reduce(KERN_F32_LARGEST, windows, factor, y);
  } else {
    reduce(KERN_F32_SMALLEST, windows, factor, y);
  }
}

#pragma clang attribute pop
#endif
