#if defined(__x86_64__)
#include "kernels_f32.h"
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

void kern_blend_f32__avx2(const float *a, const float *b, const float *c, const float *d, float u,
                          float v, float *y, size_t count) {
  const __m256 left = _mm256_set1_ps(1 - u), right = _mm256_set1_ps(u);
  const __m256 upper = _mm256_set1_ps(1 - v), lower = _mm256_set1_ps(v);
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    __m256 top = _mm256_mul_ps(_mm256_loadu_ps(a + i), left);
    top = _mm256_fmadd_ps(_mm256_loadu_ps(b + i), right, top);
    __m256 bottom = _mm256_mul_ps(_mm256_loadu_ps(c + i), left);
    bottom = _mm256_fmadd_ps(_mm256_loadu_ps(d + i), right, bottom);
    _mm256_storeu_ps(y + i, _mm256_fmadd_ps(bottom, lower, _mm256_mul_ps(top, upper)));
  }
  kern_blend_f32__scalar(a + i, b + i, c + i, d + i, u, v, y + i, count - i);
}

#pragma clang attribute pop
#endif
