#include "scale_s32.h"

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

// No fused operation: every product and sum is rounded, as the reference does it.
void kern_scale_s32_f32__avx2(const int32_t *sums, float *out, size_t rows, size_t columns,
                              float factor, const float *scales, const float *biases) {
#pragma clang fp contract(off)
  const __m256 all = _mm256_set1_ps(factor);
  const size_t whole = columns / 8 * 8;
  for (size_t r = 0; r < rows; r++) {
    const int32_t *from = sums + r * columns;
    float *to = out + r * columns;
    for (size_t c = 0; c < whole; c += 8) {
      __m256 sum = _mm256_cvtepi32_ps(_mm256_loadu_si256((const __m256i *)(from + c)));
      __m256 value = _mm256_mul_ps(sum, _mm256_mul_ps(all, _mm256_loadu_ps(scales + c)));
      if (biases) {
        value = _mm256_add_ps(value, _mm256_loadu_ps(biases + c));
      }
      _mm256_storeu_ps(to + c, value);
    }
    if (whole < columns) {
      kern_scale_s32_f32__scalar(from + whole, to + whole, 1, columns - whole, factor,
                                 scales + whole, biases ? biases + whole : biases);
    }
  }
}

#pragma clang attribute pop
#endif
