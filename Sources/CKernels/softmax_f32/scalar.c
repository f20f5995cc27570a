#include "kernels_f32.h"
#include <math.h>

void kern_softmax_f32__scalar(const float *x, float *y, size_t count, bool logarithm) {
  if (count == 0)
    return;
  float largest;
  kern_reduce_f32__scalar(KERN_F32_LARGEST, x, count, 1, 1, 1, &largest);
  float sum = 0;
  for (size_t i = 0; i < count; i++) {
    float term = expf(x[i] - largest);
    sum += term;
    y[i] = logarithm ? x[i] - largest : term;
  }
  const float shift = logf(sum);
  for (size_t i = 0; i < count; i++)
    y[i] = logarithm ? y[i] - shift : y[i] / sum;
}
