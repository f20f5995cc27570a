// Elementary functions of four floats; fits as in math_avx2.h. FMIN and FMAX give NaN where either
// side is.
#include "kernels_f32.h"
#include <arm_neon.h>

#define INLINE static inline __attribute__((always_inline))

INLINE float32x4_t constant(float value) { return vdupq_n_f32(value); }

INLINE float32x4_t masked(uint32x4_t mask, float32x4_t x) {
  return vreinterpretq_f32_u32(vandq_u32(mask, vreinterpretq_u32_f32(x)));
}

// `x` with the sign of `from`.
INLINE float32x4_t with_sign(float32x4_t x, float32x4_t from) {
  return vbslq_f32(vdupq_n_u32(0x80000000u), from, x);
}

INLINE float32x4_t polynomial(float32x4_t x, const float *coefficients, const int degree) {
  float32x4_t sum = constant(coefficients[degree]);
#pragma unroll
  for (int i = degree - 1; i >= 0; i--)
    sum = vfmaq_f32(constant(coefficients[i]), sum, x);
  return sum;
}

INLINE float32x4_t power_of_two(int32x4_t exponent) {
  return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(exponent, vdupq_n_s32(127)), 23));
}

// exp(r) - 1 for |r| <= log(2) / 2.
INLINE float32x4_t small_expm1(float32x4_t r) {
  const float fit[] = {0.49999993f, 0.16666521f, 0.04166839f, 0.00836871f, 0.00138146f};
  return vfmaq_f32(r, vmulq_f32(r, r), polynomial(r, fit, 4));
}

// exp(x) / 2^n with n the nearest integer to x / log 2, and n.
INLINE float32x4_t exponential_parts(float32x4_t x, int32x4_t *exponent) {
  const float32x4_t n = vrndnq_f32(vmulq_f32(x, constant(1.44269504f)));
  *exponent = vcvtnq_s32_f32(n);
  // log 2 in two parts: n times the first is exact.
  float32x4_t r = vfmsq_f32(x, n, constant(0.693359375f));
  r = vfmsq_f32(r, n, constant(-2.12194440e-4f));
  return vaddq_f32(small_expm1(r), constant(1));
}

INLINE float32x4_t within(float32x4_t x, float low, float high) {
  return vminq_f32(vmaxq_f32(x, constant(low)), constant(high));
}

// exp(x) for |x| <= 87.
INLINE float32x4_t bounded_exponential(float32x4_t x) {
  int32x4_t exponent;
  const float32x4_t value = exponential_parts(x, &exponent);
  return vmulq_f32(value, power_of_two(exponent));
}

INLINE float32x4_t exponential(float32x4_t x) {
  int32x4_t exponent;
  float32x4_t value = exponential_parts(within(x, -104, 89), &exponent);
  // Two factors, since 2^n may lie outside of the range of normal numbers.
  const int32x4_t half = vshrq_n_s32(exponent, 1);
  value = vmulq_f32(value, power_of_two(half));
  return vmulq_f32(value, power_of_two(vsubq_s32(exponent, half)));
}

// exp(x) for x up to 87. What would be a subnormal number is 0, where nothing depends on it.
INLINE float32x4_t flushed_exponential(float32x4_t x) {
  const uint32x4_t is_normal = vmvnq_u32(vcltq_f32(x, constant(-87)));
  return masked(is_normal, bounded_exponential(within(x, -87, 87)));
}

// exp(x) - 1 for x up to 87.
INLINE float32x4_t exponential_minus_one(float32x4_t x) {
  const uint32x4_t is_small = vcltq_f32(vabsq_f32(x), constant(0.3465f));
  return vbslq_f32(is_small, small_expm1(x), vsubq_f32(flushed_exponential(x), constant(1)));
}

// log(2^n m) = n log 2 + log m, with m between the square roots of 1/2 and 2.
INLINE float32x4_t logarithm(float32x4_t x) {
  const float fit[] = {0.33333310f,  -0.24999987f, 0.20002227f,  -0.16669251f, 0.14218658f,
                       -0.12384348f, 0.11872976f,  -0.11789808f, 0.06915368f};
  const uint32x4_t is_tiny = vcltq_f32(x, constant(1.17549435e-38f));
  const float32x4_t normal = vbslq_f32(is_tiny, vmulq_f32(x, constant(8388608)), x);
  const int32x4_t bits = vreinterpretq_s32_f32(normal);
  const int32x4_t exponent = vshrq_n_s32(vsubq_s32(bits, vdupq_n_s32(0x3f3504f3)), 23);
  const int32x4_t mantissa = vsubq_s32(bits, vshlq_n_s32(exponent, 23));
  const float32x4_t n = vsubq_f32(vcvtq_f32_s32(exponent), masked(is_tiny, constant(23)));
  const float32x4_t f = vsubq_f32(vreinterpretq_f32_s32(mantissa), constant(1));
  const float32x4_t square = vmulq_f32(f, f);
  float32x4_t tail = vmulq_f32(vmulq_f32(square, f), polynomial(f, fit, 8));
  tail = vfmaq_f32(tail, n, constant(-2.12194440e-4f));
  tail = vfmsq_f32(tail, square, constant(0.5f));
  float32x4_t value = vfmaq_f32(vaddq_f32(f, tail), n, constant(0.693359375f));
  // log 0 is -infinity, log infinity is infinity, and NaN comes from NaN and what is negative.
  const float32x4_t infinity = constant(__builtin_inff());
  value = vbslq_f32(vceqzq_f32(x), constant(-__builtin_inff()), value);
  value = vbslq_f32(vceqq_f32(x, infinity), infinity, value);
  return vbslq_f32(vcgezq_f32(x), value, constant(__builtin_nanf("")));
}

// 0 below -87, where it would be a subnormal number.
INLINE float32x4_t sigmoid(float32x4_t x) {
  const uint32x4_t is_normal = vmvnq_u32(vcltq_f32(x, constant(-87)));
  const float32x4_t rest = bounded_exponential(vnegq_f32(within(x, -87, 87)));
  return masked(is_normal, vdivq_f32(constant(1), vaddq_f32(constant(1), rest)));
}

// tanh x = 1 - 2 / (exp 2x + 1), and an odd polynomial where that would cancel.
INLINE float32x4_t hyperbolic_tangent(float32x4_t x) {
  const float fit[] = {-0.33333284f, 0.13331491f, -0.05374350f, 0.02065058f, -0.00571704f};
  const float32x4_t size = vminq_f32(vabsq_f32(x), constant(40)), square = vmulq_f32(size, size);
  const float32x4_t near = vfmaq_f32(size, vmulq_f32(size, square), polynomial(square, fit, 4));
  const float32x4_t growth = bounded_exponential(vaddq_f32(size, size));
  const float32x4_t far =
      vsubq_f32(constant(1), vdivq_f32(constant(2), vaddq_f32(growth, constant(1))));
  return with_sign(vbslq_f32(vcltq_f32(size, constant(0.625f)), near, far), x);
}

// An odd polynomial below 1; above, 1 - exp(-x^2) times a polynomial in 1 / (1 + x / 2).
INLINE float32x4_t error_function(float32x4_t x) {
  const float inner[] = {1.12837917f,   -0.37612627f,    0.11283600f,    -0.02685444f,
                         0.0051895353f, -0.00080208413f, 0.000078891195f};
  const float outer[] = {-0.00015757747f, 0.28496235f, 0.25937926f,  0.34884591f,
                         -0.10569348f,    0.56572066f, -0.47277838f, 0.11977729f};
  const float32x4_t size = vminq_f32(vabsq_f32(x), constant(4)), square = vmulq_f32(size, size);
  const float32x4_t near = vmulq_f32(size, polynomial(square, inner, 6));
  const float32x4_t t = vdivq_f32(constant(1), vfmaq_f32(constant(1), size, constant(0.5f)));
  const float32x4_t decay = bounded_exponential(vnegq_f32(square));
  const float32x4_t far = vfmsq_f32(constant(1), decay, polynomial(t, outer, 7));
  return with_sign(vbslq_f32(vcltq_f32(size, constant(1)), near, far), x);
}

INLINE float32x4_t hard_sigmoid(float32x4_t x, float32x4_t p, float32x4_t q) {
  return within(vaddq_f32(vmulq_f32(x, p), q), 0, 1);
}

INLINE float32x4_t hard_swish(float32x4_t x) {
  return vmulq_f32(x, hard_sigmoid(x, constant(1.0f / 6), constant(0.5f)));
}
