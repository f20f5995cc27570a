#include "scale_s32.h"

#if defined(__x86_64__)
#include "../lanes_avx512.h"
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl"))),                 \
                             apply_to = function)

// No fused operation: every product and sum is rounded, as the reference does it.
void kern_scale_s32_f32__avx512vnni(const int32_t *sums, float *out, size_t rows, size_t columns,
                                    float factor, const float *scales, const float *biases) {
#pragma clang fp contract(off)
  const __m512 all = _mm512_set1_ps(factor);
  for (size_t r = 0; r < rows; r++) {
    for (size_t c = 0; c < columns; c += 16) {
      const __mmask16 lanes = kern_lanes16(columns - c);
      const size_t place = r * columns + c;
      const __m512 sum = _mm512_cvtepi32_ps(_mm512_maskz_loadu_epi32(lanes, sums + place));
      const __m512 scale = _mm512_mul_ps(all, _mm512_maskz_loadu_ps(lanes, scales + c));
      __m512 value = _mm512_mul_ps(sum, scale);
      if (biases) {
        value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(lanes, biases + c));
      }
      _mm512_mask_storeu_ps(out + place, lanes, value);
    }
  }
}

#pragma clang attribute pop
#endif
