#include "error_f32.h"

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#pragma STDC FP_CONTRACT OFF

#define INLINE static inline __attribute__((always_inline))

typedef struct {
  __m256d reference_squares, error_squares, products, test_squares, largest_error;
} half;

INLINE half with(half sums, const float *reference, const float *test) {
  __m256d x = _mm256_cvtps_pd(_mm_loadu_ps(reference));
  __m256d y = _mm256_cvtps_pd(_mm_loadu_ps(test));
  __m256d error = _mm256_sub_pd(x, y);
  __m256d size = _mm256_andnot_pd(_mm256_set1_pd(-0.0), error);
  sums.reference_squares = _mm256_add_pd(sums.reference_squares, _mm256_mul_pd(x, x));
  sums.error_squares = _mm256_add_pd(sums.error_squares, _mm256_mul_pd(error, error));
  sums.products = _mm256_add_pd(sums.products, _mm256_mul_pd(x, y));
  sums.test_squares = _mm256_add_pd(sums.test_squares, _mm256_mul_pd(y, y));
  // maxpd gives its second operand for NaN.
  sums.largest_error = _mm256_max_pd(size, sums.largest_error);
  return sums;
}

INLINE void store(half sums, size_t lane, kern_error_partials *partials) {
  _mm256_storeu_pd(partials->reference_squares + lane, sums.reference_squares);
  _mm256_storeu_pd(partials->error_squares + lane, sums.error_squares);
  _mm256_storeu_pd(partials->products + lane, sums.products);
  _mm256_storeu_pd(partials->test_squares + lane, sums.test_squares);
  _mm256_storeu_pd(partials->largest_error + lane, sums.largest_error);
}

void kern_error_sums_f32__avx2(const float *reference, const float *test, size_t count,
                               kern_error_sums *sums) {
  const __m256d zero = _mm256_setzero_pd();
  half low = {zero, zero, zero, zero, zero}, high = low;
  size_t i = 0;
  for (; i + kern_error_lanes <= count; i += kern_error_lanes) {
    low = with(low, reference + i, test + i);
    high = with(high, reference + i + 4, test + i + 4);
  }
  kern_error_partials partials;
  store(low, 0, &partials);
  store(high, 4, &partials);
  kern_error_partials_add(reference, test, i, count, &partials);
  kern_error_partials_fold(&partials, sums);
}

#pragma clang attribute pop
#endif
