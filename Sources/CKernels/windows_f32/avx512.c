#if defined(__x86_64__)
#include "../lanes_avx512.h"
#include "kernels_f32.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))),        \
                             apply_to = function)

#define INLINE static inline __attribute__((always_inline))

enum { LANES = 16 };

// The instruction gives its second operand where either is NaN: that is right unless the first is.
INLINE __m512 joined(const kern_f32_reduction op, __m512 a, __m512 b) {
  if (op == KERN_F32_SUM)
    return _mm512_add_ps(a, b);
  __m512 either = op == KERN_F32_LARGEST ? _mm512_max_ps(a, b) : _mm512_min_ps(a, b);
  return _mm512_mask_mov_ps(either, _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q), a);
}

// `op` is a constant wherever this is called.
INLINE void reduce(const kern_f32_reduction op, const kern_windows_f32 *windows, float factor,
                   float *y) {
  const __m512 scale = _mm512_set1_ps(factor);
  for (size_t c = 0; c < windows->channels; c += LANES) {
    const __mmask16 lanes = kern_lanes16(windows->channels - c);
    const float *first = windows->first + c;
    for (size_t w = 0; w < windows->count; w++, first += windows->step) {
      __m512 value = _mm512_maskz_loadu_ps(lanes, first);
      const float *row = first;
      size_t column = 1;
      for (size_t r = 0; r < windows->rows; r++, row += windows->row_stride, column = 0) {
        const float *from = row + column * windows->column_stride;
        for (; column < windows->columns; column++, from += windows->column_stride)
          value = joined(op, value, _mm512_maskz_loadu_ps(lanes, from));
      }
      _mm512_mask_storeu_ps(y + w * windows->channels + c, lanes, _mm512_mul_ps(value, scale));
    }
  }
}

void kern_reduce_windows_f32__avx512(kern_f32_reduction op, const kern_windows_f32 *windows,
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
