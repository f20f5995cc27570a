// Elementary functions of sixteen floats: those of math_avx2.h, with its fits and bounds.
// Include inside functions' target pragma.
#include "kernels_f32.h"
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

INLINE __m512 constant(float value) { return _mm512_set1_ps(value); }

INLINE __m512 magnitude(__m512 x) { return _mm512_abs_ps(x); }

// The magnitude of the first with the sign of the second; the first has none.
INLINE __m512 with_sign(__m512 size, __m512 x) {
  const __m512i sign = _mm512_set1_epi32((int)0x80000000);
  return _mm512_castsi512_ps(
      _mm512_ternarylogic_epi32(_mm512_castps_si512(size), _mm512_castps_si512(x), sign, 0xf8));
}

INLINE __m512 polynomial(__m512 x, const float *coefficients, const int degree) {
  __m512 sum = constant(coefficients[degree]);
#pragma unroll
  for (int i = degree - 1; i >= 0; i--)
    sum = _mm512_fmadd_ps(sum, x, constant(coefficients[i]));
  return sum;
}

// 1 / x, off by one unit in the last place, where both are normal numbers: an estimate of 14 bits
// and one step of Newton's, which take less time than a division.
INLINE __m512 reciprocal(__m512 x) {
  __m512 estimate = _mm512_rcp14_ps(x);
  return _mm512_fmadd_ps(estimate, _mm512_fnmadd_ps(x, estimate, constant(1)), estimate);
}

// exp(r) - 1 for |r| <= log(2) / 2.
INLINE __m512 small_expm1(__m512 r) {
  const float fit[] = {0.49999993f, 0.16666521f, 0.04166839f, 0.00836871f, 0.00138146f};
  return _mm512_fmadd_ps(_mm512_mul_ps(r, r), polynomial(r, fit, 4), r);
}

// exp(x) = 2^n * exp(x - n log 2), or exp(-x), for |x| < 128. Adding 1.5 * 2^23 rounds to integers.
INLINE __m512 bounded_exponential(__m512 x, const bool negates) {
  const float fit[] = {1, 1, 0.49999993f, 0.16666521f, 0.04166839f, 0.00836871f, 0.00138146f};
  const __m512 shift = constant(12582912);
  __m512 n = _mm512_fmadd_ps(x, constant(negates ? -1.44269504f : 1.44269504f), shift);
  n = _mm512_sub_ps(n, shift);
  // log 2 in two parts: n times the first is exact.
  __m512 r = negates ? _mm512_fnmsub_ps(n, constant(0.693359375f), x)
                     : _mm512_fnmadd_ps(n, constant(0.693359375f), x);
  r = _mm512_fnmadd_ps(n, constant(-2.12194440e-4f), r);
  return _mm512_scalef_ps(polynomial(r, fit, 6), n);
}

// The bounds come first in min and max, so that NaN stays NaN.
INLINE __m512 within(__m512 x, float low, float high) {
  return _mm512_min_ps(constant(high), _mm512_max_ps(constant(low), x));
}

// Subnormal numbers take a hundred times as long as others, so only those that there are come
// about.
INLINE __m512 exponential(__m512 x) {
  __mmask16 is_seen = _mm512_cmp_ps_mask(x, constant(-104), _CMP_NLT_UQ);
  x = _mm512_maskz_min_ps(is_seen, constant(89), x);
  return _mm512_maskz_mov_ps(is_seen, bounded_exponential(x, false));
}

// exp(x) for x up to 87. What would be a subnormal number is 0, where nothing depends on it.
INLINE __m512 flushed_exponential(__m512 x) {
  __mmask16 is_normal = _mm512_cmp_ps_mask(x, constant(-87), _CMP_NLT_UQ);
  return _mm512_maskz_mov_ps(is_normal, bounded_exponential(within(x, -87, 87), false));
}

// 2^x for x up to 127, with 0 for subnormal numbers: 2^(x - floor x) by a polynomial.
INLINE __m512 flushed_power_of_two(__m512 x) {
  const float fit[] = {1, 0.693151295f, 0.240164474f, 0.05579992f, 0.0090170298f, 0.00186713017f};
  const __mmask16 is_normal = _mm512_cmp_ps_mask(x, constant(-125), _CMP_NLT_UQ);
  const __m512 fraction = _mm512_reduce_ps(x, _MM_FROUND_TO_NEG_INF);
  // Scaling rounds its exponent down, too.
  return _mm512_maskz_scalef_ps(is_normal, polynomial(fraction, fit, 5), x);
}

// exp(x) - 1 for x up to 87.
INLINE __m512 exponential_minus_one(__m512 x) {
  __mmask16 is_small = _mm512_cmp_ps_mask(magnitude(x), constant(0.3465f), _CMP_LT_OQ);
  __m512 large = _mm512_sub_ps(flushed_exponential(x), constant(1));
  return _mm512_mask_blend_ps(is_small, large, small_expm1(x));
}

// log(2^n m) = n log 2 + log m, with m between the square roots of 1/2 and 2.
INLINE __m512 logarithm(__m512 x) {
  const float fit[] = {0.33333310f,  -0.24999987f, 0.20002227f,  -0.16669251f, 0.14218658f,
                       -0.12384348f, 0.11872976f,  -0.11789808f, 0.06915368f};
  __mmask16 is_tiny = _mm512_cmp_ps_mask(x, constant(1.17549435e-38f), _CMP_LT_OQ);
  __m512i bits = _mm512_castps_si512(_mm512_mask_mul_ps(x, is_tiny, x, constant(8388608)));
  __m512i shifted = _mm512_sub_epi32(bits, _mm512_set1_epi32(0x3f3504f3));
  __m512i exponent = _mm512_srai_epi32(shifted, 23);
  __m512i mantissa = _mm512_sub_epi32(bits, _mm512_slli_epi32(exponent, 23));
  __m512 n = _mm512_cvtepi32_ps(exponent);
  n = _mm512_mask_sub_ps(n, is_tiny, n, constant(23));
  __m512 f = _mm512_sub_ps(_mm512_castsi512_ps(mantissa), constant(1));
  __m512 square = _mm512_mul_ps(f, f);
  __m512 tail = _mm512_mul_ps(_mm512_mul_ps(square, f), polynomial(f, fit, 8));
  tail = _mm512_fmadd_ps(n, constant(-2.12194440e-4f), tail);
  tail = _mm512_fnmadd_ps(square, constant(0.5f), tail);
  __m512 value = _mm512_fmadd_ps(n, constant(0.693359375f), _mm512_add_ps(f, tail));
  // log 0 is -infinity, log infinity is infinity, and NaN comes from NaN and what is negative.
  const __m512 zero = _mm512_setzero_ps(), infinity = constant(__builtin_inff());
  value = _mm512_mask_mov_ps(value, _mm512_cmp_ps_mask(x, zero, _CMP_EQ_OQ),
                             constant(-__builtin_inff()));
  value = _mm512_mask_mov_ps(value, _mm512_cmp_ps_mask(x, infinity, _CMP_EQ_OQ), infinity);
  return _mm512_mask_mov_ps(value, _mm512_cmp_ps_mask(x, zero, _CMP_NGE_UQ),
                            constant(__builtin_nanf("")));
}

// 0 below -87, where it would be a subnormal number.
INLINE __m512 sigmoid(__m512 x) {
  __mmask16 is_normal = _mm512_cmp_ps_mask(x, constant(-87), _CMP_NLT_UQ);
  __m512 rest = bounded_exponential(within(x, -87, 87), true);
  return _mm512_maskz_mov_ps(is_normal, reciprocal(_mm512_add_ps(constant(1), rest)));
}

// tanh x = 1 - 2 / (exp 2x + 1), and an odd polynomial where that would cancel.
INLINE __m512 hyperbolic_tangent(__m512 x) {
  const float fit[] = {-0.33333284f, 0.13331491f, -0.05374350f, 0.02065058f, -0.00571704f};
  __m512 size = _mm512_min_ps(constant(40), magnitude(x)), square = _mm512_mul_ps(size, size);
  __m512 near = _mm512_fmadd_ps(_mm512_mul_ps(size, square), polynomial(square, fit, 4), size);
  __m512 growth = bounded_exponential(_mm512_add_ps(size, size), false);
  __m512 share = reciprocal(_mm512_add_ps(growth, constant(1)));
  __m512 far = _mm512_fnmadd_ps(constant(2), share, constant(1));
  __mmask16 is_near = _mm512_cmp_ps_mask(size, constant(0.625f), _CMP_LT_OQ);
  return with_sign(_mm512_mask_blend_ps(is_near, far, near), x);
}

// An odd polynomial below 1; above, 1 - exp(-x^2) times a polynomial in 1 / (1 + x / 2).
INLINE __m512 error_function(__m512 x) {
  const float inner[] = {1.12837917f,   -0.37612627f,    0.11283600f,    -0.02685444f,
                         0.0051895353f, -0.00080208413f, 0.000078891195f};
  const float outer[] = {-0.00015757747f, 0.28496235f, 0.25937926f,  0.34884591f,
                         -0.10569348f,    0.56572066f, -0.47277838f, 0.11977729f};
  __m512 size = _mm512_min_ps(constant(4), magnitude(x)), square = _mm512_mul_ps(size, size);
  __m512 near = _mm512_mul_ps(size, polynomial(square, inner, 6));
  __m512 t = reciprocal(_mm512_fmadd_ps(size, constant(0.5f), constant(1)));
  __m512 decay = bounded_exponential(square, true);
  __m512 far = _mm512_fnmadd_ps(decay, polynomial(t, outer, 7), constant(1));
  __mmask16 is_near = _mm512_cmp_ps_mask(size, constant(1), _CMP_LT_OQ);
  return with_sign(_mm512_mask_blend_ps(is_near, far, near), x);
}

INLINE __m512 hard_sigmoid(__m512 x, __m512 p, __m512 q) {
  return within(_mm512_add_ps(_mm512_mul_ps(x, p), q), 0, 1);
}

INLINE __m512 hard_swish(__m512 x) {
  return _mm512_mul_ps(x, hard_sigmoid(x, constant(1.0f / 6), constant(0.5f)));
}
