#include "scale_s32.h"

#if defined(__aarch64__)
#include <arm_neon.h>

// No fused operation: every product and sum is rounded, as the reference does it.
void kern_scale_s32_f32__neon(const int32_t *sums, float *out, size_t rows, size_t columns,
                              float factor, const float *scales, const float *biases) {
#pragma clang fp contract(off)
  const size_t whole = columns / 4 * 4;
  for (size_t r = 0; r < rows; r++) {
    const int32_t *from = sums + r * columns;
    float *to = out + r * columns;
    for (size_t c = 0; c < whole; c += 4) {
      const float32x4_t scale = vmulq_n_f32(vld1q_f32(scales + c), factor);
      float32x4_t value = vmulq_f32(vcvtq_f32_s32(vld1q_s32(from + c)), scale);
      if (biases) {
        value = vaddq_f32(value, vld1q_f32(biases + c));
      }
      vst1q_f32(to + c, value);
    }
    if (whole < columns) {
      kern_scale_s32_f32__scalar(from + whole, to + whole, 1, columns - whole, factor,
                                 scales + whole, biases ? biases + whole : biases);
    }
  }
}

#endif
