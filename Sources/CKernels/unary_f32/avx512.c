#if defined(__x86_64__)
#include "../lanes_avx512.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))),        \
                             apply_to = function)

#include "math_avx512.h"

enum { LANES = 16 };

// x tanh(log(1 + e)) = x w / (w + 2) with e = exp x and w = e (e + 2).
INLINE __m512 mish(__m512 x) {
  __m512 e = flushed_exponential(_mm512_min_ps(constant(20), x));
  __m512 w = _mm512_mul_ps(e, _mm512_add_ps(e, constant(2)));
  return _mm512_mul_ps(x, _mm512_mul_ps(w, reciprocal(_mm512_add_ps(w, constant(2)))));
}

INLINE __m512 softplus(__m512 x) {
  __m512 e = flushed_exponential(_mm512_or_ps(constant(-0.0f), x));
  __m512 rest = logarithm(_mm512_add_ps(constant(1), e));
  return _mm512_add_ps(_mm512_max_ps(constant(0), x), rest);
}

// x times the share of the normal distribution below x: 1 / 2 + x P(x^2) / Q(x^2), and 0 where the
// result is less than 1e-6.
INLINE __m512 gelu(__m512 x) {
  const float above[] = {0.398942232f,    0.0331855081f,   0.00464675296f,
                         0.000163296267f, 6.43963631e-06f, 2.41230023e-08f};
  const float below[] = {
      1, 0.249849558f, 0.028290689f, 0.00185327197f, 7.25078207e-05f, 1.2436509e-06f};
  const __m512 near = within(x, -5.2f, 5.2f), square = _mm512_mul_ps(near, near);
  const __m512 odd = _mm512_mul_ps(near, polynomial(square, above, 5));
  const __m512 factor = reciprocal(polynomial(square, below, 5));
  const __mmask16 is_seen = _mm512_cmp_ps_mask(x, constant(-5.2f), _CMP_NLT_UQ);
  return _mm512_mul_ps(x, _mm512_maskz_fmadd_ps(is_seen, odd, factor, constant(0.5f)));
}

INLINE __m512 gelu_tanh(__m512 x) {
  __m512 cube = _mm512_mul_ps(_mm512_mul_ps(x, x), x);
  __m512 inner =
      _mm512_mul_ps(constant(0.7978845608f), _mm512_fmadd_ps(constant(0.044715f), cube, x));
  __m512 half = _mm512_mul_ps(constant(0.5f), x);
  return _mm512_fmadd_ps(half, hyperbolic_tangent(inner), half);
}

INLINE __m512 leaky_relu(__m512 x, __m512 p) {
  return _mm512_mask_mul_ps(x, _mm512_cmp_ps_mask(x, constant(0), _CMP_LT_OQ), p, x);
}

INLINE __m512 elu(__m512 x, __m512 p) {
  __mmask16 is_negative = _mm512_cmp_ps_mask(x, constant(0), _CMP_LT_OQ);
  return _mm512_mask_mul_ps(x, is_negative, p, exponential_minus_one(x));
}

// 1 with the sign of x; zero and NaN as they are.
INLINE __m512 sign(__m512 x) {
  __mmask16 is_plain = _mm512_cmp_ps_mask(x, constant(0), _CMP_NEQ_OQ);
  return _mm512_mask_mov_ps(x, is_plain, with_sign(constant(1), x));
}

INLINE __m512 apply(const kern_f32_unary op, __m512 p, __m512 q, __m512 x) {
  switch (op) {
  case KERN_F32_COPY:
    return x;
  case KERN_F32_CLAMP:
    return _mm512_min_ps(q, _mm512_max_ps(p, x));
  case KERN_F32_LEAKY_RELU:
    return leaky_relu(x, p);
  case KERN_F32_HARD_SIGMOID:
    return hard_sigmoid(x, p, q);
  case KERN_F32_HARD_SWISH:
    return hard_swish(x);
  case KERN_F32_HARD_SWISH_AFFINE:
    return _mm512_add_ps(_mm512_mul_ps(p, hard_swish(x)), q);
  case KERN_F32_SIGMOID:
    return sigmoid(x);
  case KERN_F32_SILU:
    return _mm512_mul_ps(x, sigmoid(x));
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
    return _mm512_sqrt_ps(x);
  case KERN_F32_RECIPROCAL:
    return _mm512_div_ps(constant(1), x);
  case KERN_F32_ERF:
    return error_function(x);
  case KERN_F32_NEGATE:
    return _mm512_xor_ps(constant(-0.0f), x);
  case KERN_F32_ABSOLUTE:
    return magnitude(x);
  case KERN_F32_FLOOR:
    return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
  case KERN_F32_CEIL:
    return _mm512_roundscale_ps(x, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC);
  case KERN_F32_ROUND:
    return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  case KERN_F32_AFFINE:
    return _mm512_add_ps(_mm512_mul_ps(p, x), q);
  case KERN_F32_SQUARE:
    return _mm512_mul_ps(x, x);
  case KERN_F32_SIGN:
    return sign(x);
  case KERN_F32_SOFTSIGN:
    return _mm512_div_ps(x, _mm512_add_ps(constant(1), magnitude(x)));
  case KERN_F32_THRESHOLDED:
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, p, _CMP_NLE_UQ), x);
  }
  return x;
}

// `op` is a constant wherever this is called.
INLINE void span(const kern_f32_unary op, float p, float q, const float *x, float *y,
                 size_t count) {
  const __m512 first = constant(p), second = constant(q);
  size_t i = 0;
#pragma clang loop unroll_count(2)
  for (; i + LANES <= count; i += LANES)
    _mm512_storeu_ps(y + i, apply(op, first, second, _mm512_loadu_ps(x + i)));
  if (i < count) {
    const __mmask16 lanes = kern_lanes16(count - i);
    __m512 rest = _mm512_maskz_loadu_ps(lanes, x + i);
    _mm512_mask_storeu_ps(y + i, lanes, apply(op, first, second, rest));
  }
}

#define CASE(op)                                                                                   \
  case op:                                                                                         \
    span(op, p, q, x, y, count);                                                                   \
    break

void kern_unary_f32__avx512(kern_f32_unary op, float p, float q, const float *x, float *y,
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
