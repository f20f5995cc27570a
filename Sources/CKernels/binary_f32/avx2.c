#if defined(__x86_64__)
#include "kernels_f32.h"
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define INLINE static inline __attribute__((always_inline))

// The instruction gives its second operand where either is NaN: that is right unless the first is.
INLINE __m256 minimum(__m256 a, __m256 b) {
  return _mm256_blendv_ps(_mm256_min_ps(a, b), a, _mm256_cmp_ps(a, a, _CMP_UNORD_Q));
}

INLINE __m256 maximum(__m256 a, __m256 b) {
  return _mm256_blendv_ps(_mm256_max_ps(a, b), a, _mm256_cmp_ps(a, a, _CMP_UNORD_Q));
}

INLINE __m256 apply(const kern_f32_binary op, __m256 a, __m256 b) {
  switch (op) {
  case KERN_F32_ADD:
    return _mm256_add_ps(a, b);
  case KERN_F32_SUBTRACT:
    return _mm256_sub_ps(a, b);
  case KERN_F32_MULTIPLY:
    return _mm256_mul_ps(a, b);
  case KERN_F32_DIVIDE:
    return _mm256_div_ps(a, b);
  case KERN_F32_MINIMUM:
    return minimum(a, b);
  case KERN_F32_MAXIMUM:
    return maximum(a, b);
  case KERN_F32_POWER:
    break;
  }
  return a;
}

// `op` is a constant wherever this is called. Returns how many values were done.
INLINE size_t span(const kern_f32_binary op, const float *a, size_t a_step, const float *b,
                   size_t b_step, float *y, size_t count) {
  size_t i = 0;
  if (a_step == 1 && b_step == 1) {
    for (; i + 8 <= count; i += 8) {
      _mm256_storeu_ps(y + i, apply(op, _mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i)));
    }
  } else if (a_step == 1 && count >= 8) {
    const __m256 right = _mm256_broadcast_ss(b);
    for (; i + 8 <= count; i += 8) {
      _mm256_storeu_ps(y + i, apply(op, _mm256_loadu_ps(a + i), right));
    }
  } else if (b_step == 1 && count >= 8) {
    const __m256 left = _mm256_broadcast_ss(a);
    for (; i + 8 <= count; i += 8) {
      _mm256_storeu_ps(y + i, apply(op, left, _mm256_loadu_ps(b + i)));
    }
  }
  return i;
}

#define CASE(op)                                                                                   \
  case op:                                                                                         \
    done = span(op, a, a_step, b, b_step, y, count);                                               \
    break

void kern_binary_f32__avx2(kern_f32_binary op, const float *a, size_t a_step, const float *b,
                           size_t b_step, float *y, size_t count) {
  size_t done = 0;
  switch (op) {
    CASE(KERN_F32_ADD);
    CASE(KERN_F32_SUBTRACT);
    CASE(KERN_F32_MULTIPLY);
    CASE(KERN_F32_DIVIDE);
    CASE(KERN_F32_MINIMUM);
    CASE(KERN_F32_MAXIMUM);
  case KERN_F32_POWER:
    break;
  }
  // Every operation but the power is rounded once, so the rest comes out as the vectors do.
  kern_binary_f32__scalar(op, a + done * a_step, a_step, b + done * b_step, b_step, y + done,
                          count - done);
}

#pragma clang attribute pop
#endif
