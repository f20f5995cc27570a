// Products of codes from registers; KERNEL(name) adds the instruction set.
// Include inside functions' target pragma.
#include "../quads_neon.h"
#include "kernels_peak.h"

#define CHAINS 12

int32_t KERNEL(kern_peak_u8s8)(size_t rounds, uint64_t *macs) {
  quad_sums sums[CHAINS];
  for (int j = 0; j < CHAINS; j++)
    sums[j] = sums_from(vdupq_n_s32(j));
  int8x16_t a = vdupq_n_s8(3);
  const int8x16_t b = vdupq_n_s8(-5);
  for (size_t i = 0; i < rounds; i++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < CHAINS; j++) {
      // The compiler must believe that every product has another operand, or it makes one of all.
      __asm__ volatile("" : "+w"(a));
      sums[j] = with_quads(sums[j], a, b);
    }
  }
  for (int j = 1; j < CHAINS; j++)
    sums[0] = joined(sums[0], sums[j]);
  *macs = (uint64_t)rounds * CHAINS * 16;
  return vaddvq_s32(total(sums[0]));
}
