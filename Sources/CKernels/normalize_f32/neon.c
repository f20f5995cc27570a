#if defined(__aarch64__)
#include "../lanes_neon.h"
#include "kernels_f32.h"

#define INLINE static inline __attribute__((always_inline))

INLINE void widened(float32x4_t x, float64x2_t out[2]) {
  out[0] = vcvt_f64_f32(vget_low_f32(x));
  out[1] = vcvt_high_f64_f32(x);
}

static double mean_of(const float *x, size_t count) {
  float64x2_t sums[4] = {vdupq_n_f64(0), vdupq_n_f64(0), vdupq_n_f64(0), vdupq_n_f64(0)};
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    float64x2_t values[4];
    widened(vld1q_f32(x + i), values);
    widened(vld1q_f32(x + i + 4), values + 2);
    for (size_t v = 0; v < 4; v++)
      sums[v] = vaddq_f64(sums[v], values[v]);
  }
  double sum = vaddvq_f64(vaddq_f64(vaddq_f64(sums[0], sums[1]), vaddq_f64(sums[2], sums[3])));
  for (; i < count; i++)
    sum += x[i];
  return count > 0 ? sum / (double)count : 0;
}

kern_deviation kern_deviation_f32__neon(const float *x, size_t count, bool centers) {
  kern_deviation result = {centers ? mean_of(x, count) : 0, 0};
  const float64x2_t mean = vdupq_n_f64(result.mean);
  float64x2_t sums[4] = {vdupq_n_f64(0), vdupq_n_f64(0), vdupq_n_f64(0), vdupq_n_f64(0)};
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    float64x2_t values[4];
    widened(vld1q_f32(x + i), values);
    widened(vld1q_f32(x + i + 4), values + 2);
    for (size_t v = 0; v < 4; v++) {
      const float64x2_t difference = vsubq_f64(values[v], mean);
      sums[v] = vfmaq_f64(sums[v], difference, difference);
    }
  }
  result.squares = vaddvq_f64(vaddq_f64(vaddq_f64(sums[0], sums[1]), vaddq_f64(sums[2], sums[3])));
  for (; i < count; i++) {
    const double difference = x[i] - result.mean;
    result.squares += difference * difference;
  }
  return result;
}

INLINE float32x4_t side(const float *values, size_t i, size_t step, size_t lanes) {
  return step == 0 ? vld1q_dup_f32(values) : kern_load_lanes4(values + i, lanes);
}

void kern_normalize_f32__neon(const float *x, float *y, size_t count, float mean, float factor,
                              const float *scale, size_t scale_step, const float *bias,
                              size_t bias_step) {
  const float32x4_t shift = vdupq_n_f32(mean), all = vdupq_n_f32(factor);
  for (size_t i = 0; i < count; i += 4) {
    const size_t lanes = count - i;
    const float32x4_t value = vmulq_f32(vsubq_f32(kern_load_lanes4(x + i, lanes), shift), all);
    const float32x4_t result =
        vfmaq_f32(side(bias, i, bias_step, lanes), value, side(scale, i, scale_step, lanes));
    kern_store_lanes4(y + i, result, lanes);
  }
}

#endif
