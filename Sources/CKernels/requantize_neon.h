// Requantization in registers, for the NEON files.
#pragma once
#include "include/kernels_int8.h"
#include <arm_neon.h>

typedef struct {
  float32x4_t low, high;
  int32x4_t zero_point;
} kern_rounding_neon;

static inline __attribute__((always_inline)) kern_rounding_neon
kern_rounding_make_neon(float low, float high, int32_t zero_point) {
  return (kern_rounding_neon){vdupq_n_f32(low), vdupq_n_f32(high), vdupq_n_s32(zero_point)};
}

// fmaxnm gives the number where one operand is NaN, as the scalar form does; fcvtns rounds half to
// even.
static inline __attribute__((always_inline)) int32x4_t
kern_rounded_neon(float32x4_t value, const kern_rounding_neon *to) {
  const float32x4_t clamped = vminq_f32(vmaxnmq_f32(value, to->low), to->high);
  return vaddq_s32(vcvtnq_s32_f32(clamped), to->zero_point);
}

static inline __attribute__((always_inline)) int32x4_t
kern_requantized_neon(int32x4_t accumulators, float32x4_t multipliers,
                      const kern_rounding_neon *to) {
  return kern_rounded_neon(vmulq_f32(vcvtq_f32_s32(accumulators), multipliers), to);
}

// Eight codes 0...255, from two vectors of int32.
static inline __attribute__((always_inline)) uint8x8_t kern_codes8_neon(int32x4_t first,
                                                                        int32x4_t second) {
  return vmovn_u16(vreinterpretq_u16_s16(
      vuzp1q_s16(vreinterpretq_s16_s32(first), vreinterpretq_s16_s32(second))));
}

static inline __attribute__((always_inline)) uint8x16_t
kern_codes16_neon(int32x4_t first, int32x4_t second, int32x4_t third, int32x4_t fourth) {
  return vcombine_u8(kern_codes8_neon(first, second), kern_codes8_neon(third, fourth));
}
