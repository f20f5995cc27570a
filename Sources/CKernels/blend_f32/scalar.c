#include "kernels_f32.h"

void kern_blend_f32__scalar(const float *a, const float *b, const float *c, const float *d, float u,
                            float v, float *y, size_t count) {
  for (size_t i = 0; i < count; i++) {
    float top = a[i] * (1 - u) + b[i] * u;
    float bottom = c[i] * (1 - u) + d[i] * u;
    y[i] = top * (1 - v) + bottom * v;
  }
}
