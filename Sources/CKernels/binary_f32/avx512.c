#if defined(__x86_64__)
#include "../lanes_avx512.h"
#include "kernels_f32.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))),        \
                             apply_to = function)

#define INLINE static inline __attribute__((always_inline))

enum { LANES = 16 };

// The instruction gives its second operand where either is NaN: that is right unless the first is.
INLINE __m512 minimum(__m512 a, __m512 b) {
  return _mm512_mask_mov_ps(_mm512_min_ps(a, b), _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q), a);
}

INLINE __m512 maximum(__m512 a, __m512 b) {
  return _mm512_mask_mov_ps(_mm512_max_ps(a, b), _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q), a);
}

INLINE __m512 apply(const kern_f32_binary op, __m512 a, __m512 b) {
  switch (op) {
  case KERN_F32_ADD:
    return _mm512_add_ps(a, b);
  case KERN_F32_SUBTRACT:
    return _mm512_sub_ps(a, b);
  case KERN_F32_MULTIPLY:
    return _mm512_mul_ps(a, b);
  case KERN_F32_DIVIDE:
    return _mm512_div_ps(a, b);
  case KERN_F32_MINIMUM:
    return minimum(a, b);
  case KERN_F32_MAXIMUM:
    return maximum(a, b);
  case KERN_F32_POWER:
    break;
  }
  return a;
}

// `op` and the flags are constants wherever this is called.
INLINE void steps(const kern_f32_binary op, const float *a, const bool many_a, const float *b,
                  const bool many_b, float *y, size_t count) {
  const __m512 left = _mm512_set1_ps(*a), right = _mm512_set1_ps(*b);
  size_t i = 0;
#pragma clang loop unroll_count(2)
  for (; i + LANES <= count; i += LANES) {
    _mm512_storeu_ps(y + i, apply(op, many_a ? _mm512_loadu_ps(a + i) : left,
                                  many_b ? _mm512_loadu_ps(b + i) : right));
  }
  if (i < count) {
    const __mmask16 lanes = kern_lanes16(count - i);
    _mm512_mask_storeu_ps(y + i, lanes,
                          apply(op, many_a ? _mm512_maskz_loadu_ps(lanes, a + i) : left,
                                many_b ? _mm512_maskz_loadu_ps(lanes, b + i) : right));
  }
}

INLINE void span(const kern_f32_binary op, const float *a, size_t a_step, const float *b,
                 size_t b_step, float *y, size_t count) {
  if (a_step && b_step) {
    steps(op, a, true, b, true, y, count);
  } else if (a_step) {
    steps(op, a, true, b, false, y, count);
  } else if (b_step) {
    steps(op, a, false, b, true, y, count);
  } else {
    steps(op, a, false, b, false, y, count);
  }
}

#define CASE(op)                                                                                   \
  case op:                                                                                         \
    span(op, a, a_step, b, b_step, y, count);                                                      \
    break

void kern_binary_f32__avx512(kern_f32_binary op, const float *a, size_t a_step, const float *b,
                             size_t b_step, float *y, size_t count) {
  if (count == 0)
    return;
  switch (op) {
    CASE(KERN_F32_ADD);
    CASE(KERN_F32_SUBTRACT);
    CASE(KERN_F32_MULTIPLY);
    CASE(KERN_F32_DIVIDE);
    CASE(KERN_F32_MINIMUM);
    CASE(KERN_F32_MAXIMUM);
  case KERN_F32_POWER:
    kern_binary_f32__scalar(op, a, a_step, b, b_step, y, count);
  }
}

#pragma clang attribute pop
#endif
