#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#include "math_avx2.h"

// x tanh(log(1 + e)) = x w / (w + 2) with e = exp x and w = e (e + 2).
INLINE __m256 mish(__m256 x) {
  __m256 e = flushed_exponential(_mm256_min_ps(constant(20), x));
  __m256 w = _mm256_mul_ps(e, _mm256_add_ps(e, constant(2)));
  return _mm256_mul_ps(x, _mm256_div_ps(w, _mm256_add_ps(w, constant(2))));
}

INLINE __m256 softplus(__m256 x) {
  __m256 e = flushed_exponential(_mm256_or_ps(constant(-0.0f), x));
  __m256 rest = logarithm(_mm256_add_ps(constant(1), e));
  return _mm256_add_ps(_mm256_max_ps(constant(0), x), rest);
}

// x times the share of the normal distribution below x: 1 / 2 + x P(x^2) / Q(x^2), and 0 where the
// result is less than 1e-6.
INLINE __m256 gelu(__m256 x) {
  const float above[] = {0.398942232f,    0.0331855081f,   0.00464675296f,
                         0.000163296267f, 6.43963631e-06f, 2.41230023e-08f};
  const float below[] = {
      1, 0.249849558f, 0.028290689f, 0.00185327197f, 7.25078207e-05f, 1.2436509e-06f};
  const __m256 near = within(x, -5.2f, 5.2f), square = _mm256_mul_ps(near, near);
  const __m256 odd = _mm256_mul_ps(near, polynomial(square, above, 5));
  const __m256 share = _mm256_div_ps(odd, polynomial(square, below, 5));
  const __m256 is_seen = _mm256_cmp_ps(x, constant(-5.2f), _CMP_NLT_UQ);
  return _mm256_mul_ps(x, _mm256_and_ps(is_seen, _mm256_add_ps(share, constant(0.5f))));
}

INLINE __m256 gelu_tanh(__m256 x) {
  __m256 cube = _mm256_mul_ps(_mm256_mul_ps(x, x), x);
  __m256 inner =
      _mm256_mul_ps(constant(0.7978845608f), _mm256_fmadd_ps(constant(0.044715f), cube, x));
  __m256 share = hyperbolic_tangent(inner);
  return _mm256_mul_ps(_mm256_mul_ps(constant(0.5f), x), _mm256_add_ps(constant(1), share));
}

INLINE __m256 leaky_relu(__m256 x, __m256 p) {
  __m256 is_negative = _mm256_cmp_ps(x, constant(0), _CMP_LT_OQ);
  return _mm256_blendv_ps(x, _mm256_mul_ps(p, x), is_negative);
}

INLINE __m256 elu(__m256 x, __m256 p) {
  __m256 is_negative = _mm256_cmp_ps(x, constant(0), _CMP_LT_OQ);
  return _mm256_blendv_ps(x, _mm256_mul_ps(p, exponential_minus_one(x)), is_negative);
}

// 1 with the sign of x; zero and NaN as they are.
INLINE __m256 sign(__m256 x) {
  __m256 is_plain = _mm256_cmp_ps(x, constant(0), _CMP_NEQ_OQ);
  return _mm256_blendv_ps(x, _mm256_or_ps(constant(1), sign_bit(x)), is_plain);
}

INLINE __m256 apply(const kern_f32_unary op, __m256 p, __m256 q, __m256 x) {
  switch (op) {
  case KERN_F32_COPY:
    return x;
  case KERN_F32_CLAMP:
    return _mm256_min_ps(q, _mm256_max_ps(p, x));
  case KERN_F32_LEAKY_RELU:
    return leaky_relu(x, p);
  case KERN_F32_HARD_SIGMOID:
    return hard_sigmoid(x, p, q);
  case KERN_F32_HARD_SWISH:
    return hard_swish(x);
  case KERN_F32_HARD_SWISH_AFFINE:
    return _mm256_add_ps(_mm256_mul_ps(p, hard_swish(x)), q);
  case KERN_F32_SIGMOID:
    return sigmoid(x);
  case KERN_F32_SILU:
    return _mm256_mul_ps(x, sigmoid(x));
  case KERN_F32_TANH:
    return hyperbolic_tangent(x);
  case KERN_F32_GELU:
    return gelu(x);
  case KERN_F32_GELU_TANH:
    return gelu_tanh(x);
  case KERN_F32_ELU:
    return elu(x, p);
  case KERN_F32_SOFTPLUS:
    return softplus(x);
  case KERN_F32_MISH:
    return mish(x);
  case KERN_F32_EXP:
    return exponential(x);
  case KERN_F32_LOG:
    return logarithm(x);
  case KERN_F32_SQRT:
    return _mm256_sqrt_ps(x);
  case KERN_F32_RECIPROCAL:
    return _mm256_div_ps(constant(1), x);
  case KERN_F32_ERF:
    return error_function(x);
  case KERN_F32_NEGATE:
    return _mm256_xor_ps(constant(-0.0f), x);
  case KERN_F32_ABSOLUTE:
    return magnitude(x);
  case KERN_F32_FLOOR:
    return _mm256_round_ps(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
  case KERN_F32_CEIL:
    return _mm256_round_ps(x, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC);
  case KERN_F32_ROUND:
    return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  case KERN_F32_AFFINE:
    return _mm256_add_ps(_mm256_mul_ps(p, x), q);
  case KERN_F32_SQUARE:
    return _mm256_mul_ps(x, x);
  case KERN_F32_SIGN:
    return sign(x);
  case KERN_F32_SOFTSIGN:
    return _mm256_div_ps(x, _mm256_add_ps(constant(1), magnitude(x)));
  case KERN_F32_THRESHOLDED:
    return _mm256_andnot_ps(_mm256_cmp_ps(x, p, _CMP_LE_OQ), x);
  }
  return x;
}

// `op` is a constant wherever this is called. What is left of eight goes through a buffer, so that
// a value comes out the same wherever it stands.
INLINE void span(const kern_f32_unary op, float p, float q, const float *x, float *y,
                 size_t count) {
  const __m256 first = constant(p), second = constant(q);
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    _mm256_storeu_ps(y + i, apply(op, first, second, _mm256_loadu_ps(x + i)));
  }
  if (i == count)
    return;
  float rest[8] = {0};
  memcpy(rest, x + i, (count - i) * sizeof(float));
  _mm256_storeu_ps(rest, apply(op, first, second, _mm256_loadu_ps(rest)));
  memcpy(y + i, rest, (count - i) * sizeof(float));
}

#define CASE(op)                                                                                   \
  case op:                                                                                         \
    span(op, p, q, x, y, count);                                                                   \
    break

void kern_unary_f32__avx2(kern_f32_unary op, float p, float q, const float *x, float *y,
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

#pragma clang attribute pop
#endif
