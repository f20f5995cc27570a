#if defined(__aarch64__)
#include "../lanes_neon.h"
#include "kernels_f32.h"

#define INLINE static inline __attribute__((always_inline))

// FMIN and FMAX give NaN where either side is.
INLINE float32x4_t apply(const kern_f32_binary op, float32x4_t a, float32x4_t b) {
  switch (op) {
  case KERN_F32_SUBTRACT:
    return vsubq_f32(a, b);
  case KERN_F32_MULTIPLY:
    return vmulq_f32(a, b);
  case KERN_F32_DIVIDE:
    return vdivq_f32(a, b);
  case KERN_F32_MINIMUM:
    return vminq_f32(a, b);
  case KERN_F32_MAXIMUM:
    return vmaxq_f32(a, b);
  case KERN_F32_ADD:
  case KERN_F32_POWER:
    break;
  }
  return vaddq_f32(a, b);
}

INLINE float32x4_t side(const float *values, size_t i, size_t step, size_t lanes) {
  return step == 0 ? vld1q_dup_f32(values) : kern_load_lanes4(values + i, lanes);
}

// `op` is a constant wherever this is called.
INLINE void span(const kern_f32_binary op, const float *a, size_t a_step, const float *b,
                 size_t b_step, float *y, size_t count) {
  size_t i = 0;
  if (a_step == 1 && b_step == 1) {
    for (; i + 4 <= count; i += 4) {
      vst1q_f32(y + i, apply(op, vld1q_f32(a + i), vld1q_f32(b + i)));
    }
  }
  for (; i < count; i += 4) {
    const size_t lanes = count - i;
    const float32x4_t result = apply(op, side(a, i, a_step, lanes), side(b, i, b_step, lanes));
    kern_store_lanes4(y + i, result, lanes);
  }
}

#define CASE(op)                                                                                   \
  case op:                                                                                         \
    span(op, a, a_step, b, b_step, y, count);                                                      \
    break

void kern_binary_f32__neon(kern_f32_binary op, const float *a, size_t a_step, const float *b,
                           size_t b_step, float *y, size_t count) {
  switch (op) {
    CASE(KERN_F32_ADD);
    CASE(KERN_F32_SUBTRACT);
    CASE(KERN_F32_MULTIPLY);
    CASE(KERN_F32_DIVIDE);
    CASE(KERN_F32_MINIMUM);
    CASE(KERN_F32_MAXIMUM);
  case KERN_F32_POWER:
    kern_binary_f32__scalar(op, a, a_step, b, b_step, y, count);
    break;
  }
}

#endif
