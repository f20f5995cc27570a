// Parts of vectors, for the NEON files.
#pragma once
#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline __attribute__((always_inline)) float32x4_t kern_load_lanes4(const float *from,
                                                                          size_t count) {
  if (count >= 4) {
    return vld1q_f32(from);
  }
  float lanes[4] = {0};
  memcpy(lanes, from, count * sizeof(float));
  return vld1q_f32(lanes);
}

// The first `count` of 4 lanes, or all.
static inline __attribute__((always_inline)) void kern_store_lanes4(float *to, float32x4_t values,
                                                                    size_t count) {
  if (count >= 4) {
    vst1q_f32(to, values);
  } else {
    float lanes[4];
    vst1q_f32(lanes, values);
    memcpy(to, lanes, count * sizeof(float));
  }
}

static inline __attribute__((always_inline)) uint8x16_t kern_load_codes16(const uint8_t *from,
                                                                          size_t count) {
  if (count >= 16) {
    return vld1q_u8(from);
  }
  uint8_t lanes[16] = {0};
  memcpy(lanes, from, count);
  return vld1q_u8(lanes);
}

// The first `count` of 16 codes, or all.
static inline __attribute__((always_inline)) void kern_store_codes16(uint8_t *to, uint8x16_t codes,
                                                                     size_t count) {
  if (count >= 16) {
    vst1q_u8(to, codes);
  } else if (count == 8) {
    vst1_u8(to, vget_low_u8(codes));
  } else {
    uint8_t lanes[16];
    vst1q_u8(lanes, codes);
    memcpy(to, lanes, count);
  }
}
