// Blocks of 4 x 4; edges one by one.
#if defined(__aarch64__)
#include "kernels_f32.h"
#include <arm_neon.h>

static inline __attribute__((always_inline)) void transpose_block(const float *x, size_t x_stride,
                                                                  float *y, size_t y_stride) {
  const float32x4_t a = vld1q_f32(x), b = vld1q_f32(x + x_stride);
  const float32x4_t c = vld1q_f32(x + 2 * x_stride), d = vld1q_f32(x + 3 * x_stride);
  // Rows in pairs that are two apart, and then those pairs.
  const float32x4_t ac = vzip1q_f32(a, c), bd = vzip1q_f32(b, d);
  const float32x4_t ac_high = vzip2q_f32(a, c), bd_high = vzip2q_f32(b, d);
  vst1q_f32(y, vzip1q_f32(ac, bd));
  vst1q_f32(y + y_stride, vzip2q_f32(ac, bd));
  vst1q_f32(y + 2 * y_stride, vzip1q_f32(ac_high, bd_high));
  vst1q_f32(y + 3 * y_stride, vzip2q_f32(ac_high, bd_high));
}

void kern_transpose_f32__neon(const float *x, size_t x_stride, float *y, size_t y_stride,
                              size_t rows, size_t columns) {
  const size_t whole_rows = rows & ~(size_t)3, whole_columns = columns & ~(size_t)3;
  for (size_t r = 0; r < whole_rows; r += 4) {
    for (size_t c = 0; c < whole_columns; c += 4) {
      transpose_block(x + r * x_stride + c, x_stride, y + c * y_stride + r, y_stride);
    }
  }
  kern_transpose_f32__scalar(x + whole_columns, x_stride, y + whole_columns * y_stride, y_stride,
                             whole_rows, columns - whole_columns);
  kern_transpose_f32__scalar(x + whole_rows * x_stride, x_stride, y + whole_rows, y_stride,
                             rows - whole_rows, columns);
}

#endif
