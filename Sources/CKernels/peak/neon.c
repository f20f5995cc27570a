// What one core can do with what every AArch64 processor has.
#if defined(__aarch64__)
#define KERNEL(name) name##__neon
#include "body_neon.h"

float kern_peak_f32__neon(size_t rounds, uint64_t *macs) {
  float32x4_t sums[CHAINS];
  for (int j = 0; j < CHAINS; j++)
    sums[j] = vdupq_n_f32((float)j);
  const float32x4_t factor = vdupq_n_f32(0.999f), term = vdupq_n_f32(0.5f);
  for (size_t i = 0; i < rounds; i++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < CHAINS; j++)
      sums[j] = vfmaq_f32(term, sums[j], factor);
  }
  for (int j = 1; j < CHAINS; j++)
    sums[0] = vaddq_f32(sums[0], sums[j]);
  *macs = (uint64_t)rounds * CHAINS * 4;
  return vaddvq_f32(sums[0]);
}

int32_t kern_peak_u8s8_narrow__neon(size_t rounds, uint64_t *macs) {
  enum { additions = 8 };
  int32x4_t sums[CHAINS];
  for (int j = 0; j < CHAINS; j++)
    sums[j] = vdupq_n_s32(j);
  int8x8_t a = vdup_n_s8(3);
  const int8x8_t b = vdup_n_s8(-5);
  for (size_t i = 0; i < rounds; i++) {
    int16x8_t narrow[CHAINS];
#pragma clang loop unroll(full)
    for (int j = 0; j < CHAINS; j++)
      narrow[j] = vdupq_n_s16(0);
#pragma clang loop unroll(full)
    for (int step = 0; step < additions; step++) {
#pragma clang loop unroll(full)
      for (int j = 0; j < CHAINS; j++) {
        __asm__ volatile("" : "+w"(a));
        narrow[j] = vmlal_s8(narrow[j], a, b);
      }
    }
#pragma clang loop unroll(full)
    for (int j = 0; j < CHAINS; j++)
      sums[j] = vpadalq_s16(sums[j], narrow[j]);
  }
  for (int j = 1; j < CHAINS; j++)
    sums[0] = vaddq_s32(sums[0], sums[j]);
  *macs = (uint64_t)rounds * CHAINS * additions * 8;
  return vaddvq_s32(sums[0]);
}

#endif
