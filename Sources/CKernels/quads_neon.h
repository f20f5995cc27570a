// Sums of quads, for the NEON files: four codes less 128 times four weights are added to 32 bits,
// with HAS_DOT_PRODUCT by the dot product, which takes two signed sides, and else by widening every
// product to 16 bits and every pair of them to 32. -128 times -128 is the largest product, and one
// of them fits 16 bits.
#pragma once
#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

INLINE int8x16_t centred(uint8x16_t codes) {
  return vreinterpretq_s8_u8(veorq_u8(codes, vdupq_n_u8(0x80)));
}

// A quad of codes, less 128, in every quarter.
INLINE int8x16_t centred_quad(const uint8_t *codes) {
  uint32_t four;
  memcpy(&four, codes, 4);
  return centred(vreinterpretq_u8_u32(vdupq_n_u32(four)));
}

#if defined(HAS_DOT_PRODUCT)

typedef int32x4_t quad_sums; // of four columns

INLINE quad_sums sums_from(int32x4_t start) { return start; }

INLINE int32x4_t total(quad_sums sums) { return sums; }

INLINE quad_sums joined(quad_sums a, quad_sums b) { return vaddq_s32(a, b); }

// Adds four quads of codes times those of the weights.
INLINE quad_sums with_quads(quad_sums sums, int8x16_t weights, int8x16_t codes) {
  return vdotq_s32(sums, weights, codes);
}

// Adds one quad of the codes times four of weights.
#define WITH_QUAD(sums, weights, codes, lane) vdotq_laneq_s32(sums, weights, codes, lane)

#else

// Each column has two sums, one for each half of a quad.
typedef struct {
  int32x4_t low, high; // columns 0 and 1, and 2 and 3
} quad_sums;

INLINE quad_sums sums_from(int32x4_t start) {
  const int32x4_t none = vdupq_n_s32(0);
  return (quad_sums){vzip1q_s32(start, none), vzip2q_s32(start, none)};
}

INLINE int32x4_t total(quad_sums sums) { return vpaddq_s32(sums.low, sums.high); }

INLINE quad_sums joined(quad_sums a, quad_sums b) {
  return (quad_sums){vaddq_s32(a.low, b.low), vaddq_s32(a.high, b.high)};
}

INLINE quad_sums with_quads(quad_sums sums, int8x16_t weights, int8x16_t codes) {
  return (quad_sums){
      vpadalq_s16(sums.low, vmull_s8(vget_low_s8(weights), vget_low_s8(codes))),
      vpadalq_s16(sums.high, vmull_high_s8(weights, codes)),
  };
}

#define WITH_QUAD(sums, weights, codes, lane)                                                      \
  with_quads(sums, weights,                                                                        \
             vreinterpretq_s8_s32(vdupq_laneq_s32(vreinterpretq_s32_s8(codes), lane)))

#endif
