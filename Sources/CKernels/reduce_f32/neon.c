// FMIN and FMAX give NaN where either side is, so that it stays.
#if defined(__aarch64__)
#include "joined_neon.h"
#include "joined_scalar.h"

// One column whose values lie one behind the other.
INLINE float folded(const kern_f32_reduction op, const float *x, size_t rows) {
  size_t r = 0;
  float value = x[r++];
  if (rows >= 16) {
    float32x4_t parts[4];
#pragma unroll
    for (size_t i = 0; i < 4; i++) {
      parts[i] = vld1q_f32(x + 4 * i);
    }
    for (r = 16; r + 16 <= rows; r += 16) {
#pragma unroll
      for (size_t i = 0; i < 4; i++) {
        parts[i] = joined(op, parts[i], vld1q_f32(x + r + 4 * i));
      }
    }
    float lanes[4];
    vst1q_f32(lanes, joined(op, joined(op, parts[0], parts[1]), joined(op, parts[2], parts[3])));
    value = kern_joined_scalar(op, kern_joined_scalar(op, lanes[0], lanes[1]),
                               kern_joined_scalar(op, lanes[2], lanes[3]));
  }
  for (; r < rows; r++) {
    value = kern_joined_scalar(op, value, x[r]);
  }
  return value;
}

INLINE void reduce(const kern_f32_reduction op, const float *x, size_t rows, size_t stride,
                   size_t columns, float factor, float *y) {
  if (columns == 1 && stride == 1) {
    y[0] = factor * folded(op, x, rows);
    return;
  }
  size_t c = 0;
  for (; c + 4 <= columns; c += 4) {
    float32x4_t value = vld1q_f32(x + c);
    for (size_t r = 1; r < rows; r++) {
      value = joined(op, value, vld1q_f32(x + r * stride + c));
    }
    vst1q_f32(y + c, vmulq_n_f32(value, factor));
  }
  kern_reduce_f32__scalar(op, x + c, rows, stride, columns - c, factor, y + c);
}

void kern_reduce_f32__neon(kern_f32_reduction op, const float *x, size_t rows, size_t stride,
                           size_t columns, float factor, float *y) {
  switch (op) {
  case KERN_F32_SUM:
    reduce(KERN_F32_SUM, x, rows, stride, columns, factor, y);
    break;
  case KERN_F32_LARGEST:
    reduce(KERN_F32_LARGEST, x, rows, stride, columns, factor, y);
    break;
  case KERN_F32_SMALLEST:
    reduce(KERN_F32_SMALLEST, x, rows, stride, columns, factor, y);
    break;
  }
}

#endif
