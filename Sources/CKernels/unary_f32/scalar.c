#include "hard_swish_scalar.h"
#include "kernels_f32.h"
#include <math.h>

static float sigmoid(float x) { return 1 / (1 + expf(-x)); }

static float softplus(float x) { return (x > 0 ? x : 0) + log1pf(expf(-fabsf(x))); }

static float gelu_tanh(float x) {
  return 0.5f * x * (1 + tanhf(0.7978845608f * (x + 0.044715f * x * x * x)));
}

static float clamped(float x, float low, float high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

static float sign(float x) { return x > 0 ? 1 : x < 0 ? -1 : x; }

static float apply(kern_f32_unary op, float p, float q, float x) {
  switch (op) {
  case KERN_F32_COPY:
    return x;
  case KERN_F32_CLAMP:
    return clamped(x, p, q);
  case KERN_F32_LEAKY_RELU:
    return x < 0 ? p * x : x;
  case KERN_F32_HARD_SIGMOID:
    return hard_sigmoid(x, p, q);
  case KERN_F32_HARD_SWISH:
    return hard_swish(x);
  case KERN_F32_HARD_SWISH_AFFINE:
    return p * hard_swish(x) + q;
  case KERN_F32_SIGMOID:
    return sigmoid(x);
  case KERN_F32_SILU:
    return x * sigmoid(x);
  case KERN_F32_TANH:
    return tanhf(x);
  case KERN_F32_GELU:
    return 0.5f * x * (1 + erff(x * 0.70710678f));
  case KERN_F32_GELU_TANH:
    return gelu_tanh(x);
  case KERN_F32_ELU:
    return x < 0 ? p * expm1f(x) : x;
  case KERN_F32_SOFTPLUS:
    return softplus(x);
  case KERN_F32_MISH:
    return x * tanhf(softplus(x));
  case KERN_F32_EXP:
    return expf(x);
  case KERN_F32_LOG:
    return logf(x);
  case KERN_F32_SQRT:
    return sqrtf(x);
  case KERN_F32_RECIPROCAL:
    return 1 / x;
  case KERN_F32_ERF:
    return erff(x);
  case KERN_F32_NEGATE:
    return -x;
  case KERN_F32_ABSOLUTE:
    return fabsf(x);
  case KERN_F32_FLOOR:
    return floorf(x);
  case KERN_F32_CEIL:
    return ceilf(x);
  case KERN_F32_ROUND:
    return rintf(x);
  case KERN_F32_AFFINE:
    return p * x + q;
  case KERN_F32_SQUARE:
    return x * x;
  case KERN_F32_SIGN:
    return sign(x);
  case KERN_F32_SOFTSIGN:
    return x / (1 + fabsf(x));
  case KERN_F32_THRESHOLDED:
    return x <= p ? 0 : x;
  }
  return x;
}

void kern_unary_f32__scalar(kern_f32_unary op, float p, float q, const float *x, float *y,
                            size_t count) {
  for (size_t i = 0; i < count; i++)
    y[i] = apply(op, p, q, x[i]);
}
