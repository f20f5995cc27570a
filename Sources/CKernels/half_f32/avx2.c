#if defined(__x86_64__)
#include "kernels_f32.h"
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,f16c"))), apply_to = function)

void kern_widen_f16_f32__avx2(const uint16_t *x, float *y, size_t count) {
  size_t i = 0;
  for (; i + 8 <= count; i += 8)
    _mm256_storeu_ps(y + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(x + i))));
  kern_widen_f16_f32__scalar(x + i, y + i, count - i);
}

void kern_narrow_f32_f16__avx2(const float *x, uint16_t *y, size_t count) {
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    __m128i half = _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT);
    _mm_storeu_si128((__m128i *)(y + i), half);
  }
  kern_narrow_f32_f16__scalar(x + i, y + i, count - i);
}

#pragma clang attribute pop
#endif
