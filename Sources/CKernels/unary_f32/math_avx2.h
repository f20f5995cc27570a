// Elementary functions of eight floats. Coefficients are least-maximum-error fits of our own.
// Include inside functions' target pragma.
#include "kernels_f32.h"
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

INLINE __m256 constant(float value) { return _mm256_set1_ps(value); }

INLINE __m256 magnitude(__m256 x) { return _mm256_andnot_ps(constant(-0.0f), x); }

INLINE __m256 sign_bit(__m256 x) { return _mm256_and_ps(constant(-0.0f), x); }

INLINE __m256 polynomial(__m256 x, const float *coefficients, const int degree) {
  __m256 sum = constant(coefficients[degree]);
#pragma unroll
  for (int i = degree - 1; i >= 0; i--)
    sum = _mm256_fmadd_ps(sum, x, constant(coefficients[i]));
  return sum;
}

INLINE __m256 power_of_two(__m256i exponent) {
  exponent = _mm256_add_epi32(exponent, _mm256_set1_epi32(127));
  return _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23));
}

// exp(r) - 1 for |r| <= log(2) / 2.
INLINE __m256 small_expm1(__m256 r) {
  const float fit[] = {0.49999993f, 0.16666521f, 0.04166839f, 0.00836871f, 0.00138146f};
  return _mm256_fmadd_ps(_mm256_mul_ps(r, r), polynomial(r, fit, 4), r);
}

// exp(x) / 2^n with n the nearest integer to x / log 2, and n.
INLINE __m256 exponential_parts(__m256 x, __m256i *exponent) {
  __m256 n = _mm256_round_ps(_mm256_mul_ps(x, constant(1.44269504f)),
                             _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  *exponent = _mm256_cvtps_epi32(n);
  // log 2 in two parts: n times the first is exact.
  __m256 r = _mm256_fnmadd_ps(n, constant(0.693359375f), x);
  r = _mm256_fnmadd_ps(n, constant(-2.12194440e-4f), r);
  return _mm256_add_ps(small_expm1(r), constant(1));
}

// The bounds come first in min and max, so that NaN stays NaN.
INLINE __m256 within(__m256 x, float low, float high) {
  return _mm256_min_ps(constant(high), _mm256_max_ps(constant(low), x));
}

// exp(x) for |x| <= 87.
INLINE __m256 bounded_exponential(__m256 x) {
  __m256i exponent;
  __m256 value = exponential_parts(x, &exponent);
  return _mm256_mul_ps(value, power_of_two(exponent));
}

// Subnormal numbers take a hundred times as long as others, so only those that there are come
// about.
INLINE __m256 exponential(__m256 x) {
  __m256 is_seen = _mm256_cmp_ps(x, constant(-104), _CMP_NLT_UQ);
  x = _mm256_min_ps(constant(89), _mm256_and_ps(is_seen, x));
  __m256i exponent;
  __m256 value = exponential_parts(x, &exponent);
  // Two factors, since 2^n may lie outside of the range of normal numbers.
  __m256i half = _mm256_srai_epi32(exponent, 1);
  value = _mm256_mul_ps(value, power_of_two(half));
  value = _mm256_mul_ps(value, power_of_two(_mm256_sub_epi32(exponent, half)));
  return _mm256_and_ps(is_seen, value);
}

// exp(x) for x up to 87. What would be a subnormal number is 0, where nothing depends on it.
INLINE __m256 flushed_exponential(__m256 x) {
  __m256 is_normal = _mm256_cmp_ps(x, constant(-87), _CMP_NLT_UQ);
  return _mm256_and_ps(is_normal, bounded_exponential(within(x, -87, 87)));
}

// 2^x for x up to 127, with 0 for subnormal numbers. Adding 1.5 * 2^23 rounds to an integer and
// leaves it in the last bits, from where it is added to the exponent of 2^(x - n).
INLINE __m256 flushed_power_of_two(__m256 x) {
  const float fit[] = {1, 0.693147004f, 0.240222424f, 0.05550734f, 0.0096715130f, 0.00132647273f};
  const __m256 is_normal = _mm256_cmp_ps(x, constant(-125), _CMP_NLT_UQ);
  const __m256 shifted = _mm256_add_ps(x, constant(12582912));
  const __m256 n = _mm256_sub_ps(shifted, constant(12582912));
  const __m256i part = _mm256_castps_si256(polynomial(_mm256_sub_ps(x, n), fit, 5));
  const __m256i exponent = _mm256_slli_epi32(_mm256_castps_si256(shifted), 23);
  const __m256 power = _mm256_castsi256_ps(_mm256_add_epi32(part, exponent));
  // The bits of a NaN would end in the exponent.
  const __m256 is_nan = _mm256_cmp_ps(x, x, _CMP_UNORD_Q);
  return _mm256_or_ps(_mm256_and_ps(is_normal, power), is_nan);
}

// exp(x) - 1 for x up to 87.
INLINE __m256 exponential_minus_one(__m256 x) {
  __m256 is_small = _mm256_cmp_ps(magnitude(x), constant(0.3465f), _CMP_LT_OQ);
  __m256 large = _mm256_sub_ps(flushed_exponential(x), constant(1));
  return _mm256_blendv_ps(large, small_expm1(x), is_small);
}

// log(2^n m) = n log 2 + log m, with m between the square roots of 1/2 and 2.
INLINE __m256 logarithm(__m256 x) {
  const float fit[] = {0.33333310f,  -0.24999987f, 0.20002227f,  -0.16669251f, 0.14218658f,
                       -0.12384348f, 0.11872976f,  -0.11789808f, 0.06915368f};
  __m256 is_tiny = _mm256_cmp_ps(x, constant(1.17549435e-38f), _CMP_LT_OQ);
  __m256 normal = _mm256_blendv_ps(x, _mm256_mul_ps(x, constant(8388608)), is_tiny);
  __m256i bits = _mm256_castps_si256(normal);
  __m256i shifted = _mm256_sub_epi32(bits, _mm256_set1_epi32(0x3f3504f3));
  __m256i exponent = _mm256_srai_epi32(shifted, 23);
  __m256i mantissa = _mm256_sub_epi32(bits, _mm256_slli_epi32(exponent, 23));
  __m256 n = _mm256_cvtepi32_ps(exponent);
  n = _mm256_sub_ps(n, _mm256_and_ps(is_tiny, constant(23)));
  __m256 f = _mm256_sub_ps(_mm256_castsi256_ps(mantissa), constant(1));
  __m256 square = _mm256_mul_ps(f, f);
  __m256 tail = _mm256_mul_ps(_mm256_mul_ps(square, f), polynomial(f, fit, 8));
  tail = _mm256_fmadd_ps(n, constant(-2.12194440e-4f), tail);
  tail = _mm256_fnmadd_ps(square, constant(0.5f), tail);
  __m256 value = _mm256_fmadd_ps(n, constant(0.693359375f), _mm256_add_ps(f, tail));
  // log 0 is -infinity, log infinity is infinity, and NaN comes from NaN and what is negative.
  const __m256 zero = _mm256_setzero_ps(), infinity = constant(__builtin_inff());
  value = _mm256_blendv_ps(value, constant(-__builtin_inff()), _mm256_cmp_ps(x, zero, _CMP_EQ_OQ));
  value = _mm256_blendv_ps(value, infinity, _mm256_cmp_ps(x, infinity, _CMP_EQ_OQ));
  return _mm256_or_ps(value, _mm256_cmp_ps(x, zero, _CMP_NGE_UQ));
}

// 0 below -87, where it would be a subnormal number.
INLINE __m256 sigmoid(__m256 x) {
  __m256 is_normal = _mm256_cmp_ps(x, constant(-87), _CMP_NLT_UQ);
  __m256 rest = bounded_exponential(_mm256_sub_ps(constant(0), within(x, -87, 87)));
  __m256 value = _mm256_div_ps(constant(1), _mm256_add_ps(constant(1), rest));
  return _mm256_and_ps(is_normal, value);
}

// tanh x = 1 - 2 / (exp 2x + 1), and an odd polynomial where that would cancel.
INLINE __m256 hyperbolic_tangent(__m256 x) {
  const float fit[] = {-0.33333284f, 0.13331491f, -0.05374350f, 0.02065058f, -0.00571704f};
  __m256 size = _mm256_min_ps(constant(40), magnitude(x)), square = _mm256_mul_ps(size, size);
  __m256 near = _mm256_fmadd_ps(_mm256_mul_ps(size, square), polynomial(square, fit, 4), size);
  __m256 growth = bounded_exponential(_mm256_add_ps(size, size));
  __m256 denominator = _mm256_add_ps(growth, constant(1));
  __m256 far = _mm256_sub_ps(constant(1), _mm256_div_ps(constant(2), denominator));
  __m256 is_near = _mm256_cmp_ps(size, constant(0.625f), _CMP_LT_OQ);
  return _mm256_or_ps(_mm256_blendv_ps(far, near, is_near), sign_bit(x));
}

// An odd polynomial below 1; above, 1 - exp(-x^2) times a polynomial in 1 / (1 + x / 2).
INLINE __m256 error_function(__m256 x) {
  const float inner[] = {1.12837917f,   -0.37612627f,    0.11283600f,    -0.02685444f,
                         0.0051895353f, -0.00080208413f, 0.000078891195f};
  const float outer[] = {-0.00015757747f, 0.28496235f, 0.25937926f,  0.34884591f,
                         -0.10569348f,    0.56572066f, -0.47277838f, 0.11977729f};
  __m256 size = _mm256_min_ps(constant(4), magnitude(x)), square = _mm256_mul_ps(size, size);
  __m256 near = _mm256_mul_ps(size, polynomial(square, inner, 6));
  __m256 t = _mm256_div_ps(constant(1), _mm256_fmadd_ps(size, constant(0.5f), constant(1)));
  __m256 decay = bounded_exponential(_mm256_sub_ps(constant(0), square));
  __m256 far = _mm256_fnmadd_ps(decay, polynomial(t, outer, 7), constant(1));
  __m256 is_near = _mm256_cmp_ps(size, constant(1), _CMP_LT_OQ);
  return _mm256_or_ps(_mm256_blendv_ps(far, near, is_near), sign_bit(x));
}

INLINE __m256 hard_sigmoid(__m256 x, __m256 p, __m256 q) {
  return within(_mm256_add_ps(_mm256_mul_ps(x, p), q), 0, 1);
}

INLINE __m256 hard_swish(__m256 x) {
  return _mm256_mul_ps(x, hard_sigmoid(x, constant(1.0f / 6), constant(0.5f)));
}
