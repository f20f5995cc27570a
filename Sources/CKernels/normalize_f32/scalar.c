#include "kernels_f32.h"

kern_deviation kern_deviation_f32__scalar(const float *x, size_t count, bool centers) {
  kern_deviation result = {0, 0};
  if (centers && count > 0) {
    for (size_t i = 0; i < count; i++)
      result.mean += x[i];
    result.mean /= (double)count;
  }
  for (size_t i = 0; i < count; i++) {
    double difference = x[i] - result.mean;
    result.squares += difference * difference;
  }
  return result;
}

void kern_normalize_f32__scalar(const float *x, float *y, size_t count, float mean, float factor,
                                const float *scale, size_t scale_step, const float *bias,
                                size_t bias_step) {
  for (size_t i = 0; i < count; i++)
    y[i] = (x[i] - mean) * factor * scale[i * scale_step] + bias[i * bias_step];
}
