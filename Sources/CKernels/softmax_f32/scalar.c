#include "kernels_f32.h"
#include <math.h>

static void softmax(const float *x, float *y, size_t count, float factor, bool logarithm) {
  if (count == 0)
    return;
  float largest;
  kern_reduce_f32__scalar(KERN_F32_LARGEST, x, count, 1, 1, 1, &largest);
  float sum = 0;
  for (size_t i = 0; i < count; i++) {
    const float shifted = factor * (x[i] - largest);
    const float term = expf(shifted);
    sum += term;
    y[i] = logarithm ? shifted : term;
  }
  const float shift = logf(sum);
  for (size_t i = 0; i < count; i++)
    y[i] = logarithm ? y[i] - shift : y[i] / sum;
}

void kern_softmax_f32__scalar(const kern_softmax_f32_rows *rows, bool logarithm) {
  for (size_t r = 0; r < rows->rows; r++) {
    const size_t start = r * rows->stride;
    softmax(rows->x + start, rows->y + start, rows->count, rows->factor, logarithm);
  }
}
