#include "joined_scalar.h"

void kern_reduce_f32__scalar(kern_f32_reduction op, const float *x, size_t rows, size_t stride,
                             size_t columns, float factor, float *y) {
  for (size_t c = 0; c < columns; c++) {
    float value = x[c];
    for (size_t r = 1; r < rows; r++)
      value = kern_joined_scalar(op, value, x[r * stride + c]);
    y[c] = factor * value;
  }
}
