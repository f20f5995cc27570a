#if defined(__x86_64__)
#include "../lanes_avx2.h"
#include "kernels_f32.h"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#include "../reduce_f32/joined_avx2.h"

#define INLINE static inline __attribute__((always_inline))

enum { LANES = 8 };

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
      value =
          kern_joined_avx2(op, value, load(row + column * windows->column_stride, mask, is_whole));
  }
  return value;
}

INLINE void reduce(const kern_f32_reduction op, const kern_windows_f32 *windows, float factor,
                   float *y) {
  const size_t channels = windows->channels, whole = channels / LANES * LANES;
  const __m256 scale = _mm256_set1_ps(factor);
  const __m256i rest = kern_lanes8(channels - whole);
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
