#if defined(__aarch64__)
#include <math.h>

#include "../unary_f32/math_neon.h"

static void softmax(const float *x, float *y, size_t count, float factor, bool logarithm) {
  float largest;
  kern_reduce_f32__neon(KERN_F32_LARGEST, x, count, 1, 1, 1, &largest);
  const float32x4_t shift = constant(largest);
  // Terms that would be subnormal are 0: the largest is 1.
  float32x4_t sums = constant(0);
  size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    const float32x4_t shifted = vmulq_n_f32(vsubq_f32(vld1q_f32(x + i), shift), factor);
    const float32x4_t term = flushed_exponential(shifted);
    sums = vaddq_f32(sums, term);
    vst1q_f32(y + i, logarithm ? shifted : term);
  }
  float sum = vaddvq_f32(sums);
  for (; i < count; i++) {
    const float shifted = factor * (x[i] - largest), term = expf(shifted);
    sum += term;
    y[i] = logarithm ? shifted : term;
  }
  const float offset = logarithm ? -logf(sum) : 0, share = logarithm ? 1 : 1 / sum;
  kern_unary_f32__neon(KERN_F32_AFFINE, share, offset, y, y, count);
}

void kern_softmax_f32__neon(const kern_softmax_f32_rows *rows, bool logarithm) {
  if (rows->count < 4) {
    kern_softmax_f32__scalar(rows, logarithm);
    return;
  }
  for (size_t r = 0; r < rows->rows; r++) {
    const size_t start = r * rows->stride;
    softmax(rows->x + start, rows->y + start, rows->count, rows->factor, logarithm);
  }
}

#endif
