#include "kernels_f32.h"

static float joined(kern_f32_reduction op, float a, float b) {
  if (op == KERN_F32_SUM)
    return a + b;
  return a != a || (op == KERN_F32_LARGEST ? a > b : a < b) ? a : b;
}

void kern_reduce_f32__scalar(kern_f32_reduction op, const float *x, size_t rows, size_t stride,
                             size_t columns, float factor, float *y) {
  for (size_t c = 0; c < columns; c++) {
    float value = x[c];
    for (size_t r = 1; r < rows; r++)
      value = joined(op, value, x[r * stride + c]);
    y[c] = factor * value;
  }
}
