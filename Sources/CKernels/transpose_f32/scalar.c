#include "kernels_f32.h"

void kern_transpose_f32__scalar(const float *x, size_t x_stride, float *y, size_t y_stride,
                                size_t rows, size_t columns) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t c = 0; c < columns; c++)
      y[c * y_stride + r] = x[r * x_stride + c];
  }
}
