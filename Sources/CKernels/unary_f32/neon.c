#if defined(__aarch64__)
#include "math_neon.h"
#include <string.h>

// x tanh(log(1 + e)) = x w / (w + 2) with e = exp x and w = e (e + 2).
INLINE float32x4_t mish(float32x4_t x) {
  const float32x4_t e = flushed_exponential(vminq_f32(x, constant(20)));
  const float32x4_t w = vmulq_f32(e, vaddq_f32(e, constant(2)));
  return vmulq_f32(x, vdivq_f32(w, vaddq_f32(w, constant(2))));
}

INLINE float32x4_t softplus(float32x4_t x) {
  const float32x4_t e = flushed_exponential(vnegq_f32(vabsq_f32(x)));
  return vaddq_f32(vmaxq_f32(x, constant(0)), logarithm(vaddq_f32(constant(1), e)));
}

INLINE float32x4_t half_of_share(float32x4_t x, float32x4_t share) {
  return vmulq_f32(vmulq_f32(constant(0.5f), x), vaddq_f32(constant(1), share));
}

INLINE float32x4_t gelu(float32x4_t x) {
  return half_of_share(x, error_function(vmulq_f32(x, constant(0.70710678f))));
}

INLINE float32x4_t gelu_tanh(float32x4_t x) {
  const float32x4_t cube = vmulq_f32(vmulq_f32(x, x), x);
  const float32x4_t inner =
      vmulq_f32(constant(0.7978845608f), vfmaq_f32(x, constant(0.044715f), cube));
  return half_of_share(x, hyperbolic_tangent(inner));
}

INLINE float32x4_t apply(const kern_f32_unary op, float32x4_t p, float32x4_t q, float32x4_t x) {
  switch (op) {
  case KERN_F32_COPY:
    return x;
  case KERN_F32_CLAMP:
    return vminq_f32(vmaxq_f32(x, p), q);
  case KERN_F32_LEAKY_RELU:
    return vbslq_f32(vcltzq_f32(x), vmulq_f32(p, x), x);
  case KERN_F32_HARD_SIGMOID:
    return hard_sigmoid(x, p, q);
  case KERN_F32_HARD_SWISH:
    return hard_swish(x);
  case KERN_F32_HARD_SWISH_AFFINE:
    return vaddq_f32(vmulq_f32(p, hard_swish(x)), q);
  case KERN_F32_SIGMOID:
    return sigmoid(x);
  case KERN_F32_SILU:
    return vmulq_f32(x, sigmoid(x));
  case KERN_F32_TANH:
    return hyperbolic_tangent(x);
  case KERN_F32_GELU:
    return gelu(x);
  case KERN_F32_GELU_TANH:
    return gelu_tanh(x);
  case KERN_F32_ELU:
    return vbslq_f32(vcltzq_f32(x), vmulq_f32(p, exponential_minus_one(x)), x);
  case KERN_F32_SOFTPLUS:
    return softplus(x);
  case KERN_F32_MISH:
    return mish(x);
  case KERN_F32_EXP:
    return exponential(x);
  case KERN_F32_LOG:
    return logarithm(x);
  case KERN_F32_SQRT:
    return vsqrtq_f32(x);
  case KERN_F32_RECIPROCAL:
    return vdivq_f32(constant(1), x);
  case KERN_F32_ERF:
    return error_function(x);
  case KERN_F32_NEGATE:
    return vnegq_f32(x);
  case KERN_F32_ABSOLUTE:
    return vabsq_f32(x);
  case KERN_F32_FLOOR:
    return vrndmq_f32(x);
  case KERN_F32_CEIL:
    return vrndpq_f32(x);
  case KERN_F32_ROUND:
    return vrndnq_f32(x);
  case KERN_F32_AFFINE:
    return vaddq_f32(vmulq_f32(p, x), q);
  case KERN_F32_SQUARE:
    return vmulq_f32(x, x);
  case KERN_F32_SIGN:
    // Zero and NaN as they are.
    return vbslq_f32(vorrq_u32(vcltzq_f32(x), vcgtzq_f32(x)), with_sign(constant(1), x), x);
  case KERN_F32_SOFTSIGN:
    return vdivq_f32(x, vaddq_f32(constant(1), vabsq_f32(x)));
  case KERN_F32_THRESHOLDED:
    return masked(vmvnq_u32(vcleq_f32(x, p)), x);
  }
  return x;
}

// `op` is a constant wherever this is called. What is left of four goes through a buffer, so that
// a value comes out the same wherever it stands.
INLINE void span(const kern_f32_unary op, float p, float q, const float *x, float *y,
                 size_t count) {
  const float32x4_t first = constant(p), second = constant(q);
  size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    vst1q_f32(y + i, apply(op, first, second, vld1q_f32(x + i)));
  }
  if (i == count)
    return;
  float rest[4] = {0};
  memcpy(rest, x + i, (count - i) * sizeof(float));
  vst1q_f32(rest, apply(op, first, second, vld1q_f32(rest)));
  memcpy(y + i, rest, (count - i) * sizeof(float));
}

#define CASE(op)                                                                                   \
  case op:                                                                                         \
    span(op, p, q, x, y, count);                                                                   \
    break

void kern_unary_f32__neon(kern_f32_unary op, float p, float q, const float *x, float *y,
                          size_t count) {
  switch (op) {
    CASE(KERN_F32_COPY);
    CASE(KERN_F32_CLAMP);
    CASE(KERN_F32_LEAKY_RELU);
    CASE(KERN_F32_HARD_SIGMOID);
    CASE(KERN_F32_HARD_SWISH);
    CASE(KERN_F32_HARD_SWISH_AFFINE);
    CASE(KERN_F32_SIGMOID);
    CASE(KERN_F32_SILU);
    CASE(KERN_F32_TANH);
    CASE(KERN_F32_GELU);
    CASE(KERN_F32_GELU_TANH);
    CASE(KERN_F32_ELU);
    CASE(KERN_F32_SOFTPLUS);
    CASE(KERN_F32_MISH);
    CASE(KERN_F32_EXP);
    CASE(KERN_F32_LOG);
    CASE(KERN_F32_SQRT);
    CASE(KERN_F32_RECIPROCAL);
    CASE(KERN_F32_ERF);
    CASE(KERN_F32_NEGATE);
    CASE(KERN_F32_ABSOLUTE);
    CASE(KERN_F32_FLOOR);
    CASE(KERN_F32_CEIL);
    CASE(KERN_F32_ROUND);
    CASE(KERN_F32_AFFINE);
    CASE(KERN_F32_SQUARE);
    CASE(KERN_F32_SIGN);
    CASE(KERN_F32_SOFTSIGN);
    CASE(KERN_F32_THRESHOLDED);
  }
}

#endif
