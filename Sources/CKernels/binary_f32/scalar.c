#include "kernels_f32.h"
#include <math.h>

// NaN wins: it compares unequal to itself.
static float minimum(float a, float b) { return a != a || a < b ? a : b; }
static float maximum(float a, float b) { return a != a || a > b ? a : b; }

static float apply(kern_f32_binary op, float a, float b) {
  switch (op) {
  case KERN_F32_ADD:
    return a + b;
  case KERN_F32_SUBTRACT:
    return a - b;
  case KERN_F32_MULTIPLY:
    return a * b;
  case KERN_F32_DIVIDE:
    return a / b;
  case KERN_F32_MINIMUM:
    return minimum(a, b);
  case KERN_F32_MAXIMUM:
    return maximum(a, b);
  case KERN_F32_POWER:
    return powf(a, b);
  }
  return a;
}

void kern_binary_f32__scalar(kern_f32_binary op, const float *a, size_t a_step, const float *b,
                             size_t b_step, float *y, size_t count) {
  for (size_t i = 0; i < count; i++)
    y[i] = apply(op, a[i * a_step], b[i * b_step]);
}
