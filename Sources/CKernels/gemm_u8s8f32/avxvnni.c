// Tiles as in gemm_u8s8s32; the sums become real while they are in registers.
#include "gemm_u8s8f32.h"

#if defined(__x86_64__)
#include "../gemm_u8s8s32/tile_avxvnni.h"
#include "../lanes_avx2.h"
#pragma clang attribute push(KERN_VNNI_TARGET, apply_to = function)

typedef struct {
  const kern_sum_scaling *scaling;
  float *out;
  size_t stride;
} real_output;

// No fused operation: every product and sum is rounded, as the reference does it.
INLINE void store_reals(const tile *sums, const size_t rows, const size_t vectors, size_t columns,
                        const real_output *to, size_t row, size_t column) {
#pragma clang fp contract(off)
  const kern_sum_scaling *const scaling = to->scaling;
  const __m256 factor = _mm256_set1_ps(scaling->factor);
#pragma unroll
  for (size_t v = 0; v < vectors; v++) {
    const size_t first = column + 8 * v;
    const bool is_whole = columns >= 8 * (v + 1);
    const __m256i lanes = kern_lanes8(columns - 8 * v);
    const __m256 scales = _mm256_mul_ps(factor, _mm256_loadu_ps(scaling->scales + first));
#pragma unroll
    for (size_t r = 0; r < rows; r++) {
      __m256 value = _mm256_mul_ps(_mm256_cvtepi32_ps(sums->at[r][v]), scales);
      if (scaling->biases != NULL) {
        value = _mm256_add_ps(value, _mm256_loadu_ps(scaling->biases + first));
      }
      const size_t place = (row + r) * to->stride + first;
      if (scaling->addend != NULL) {
        const float *const addend = scaling->addend + place;
        value = _mm256_add_ps(value, is_whole ? _mm256_loadu_ps(addend)
                                              : _mm256_maskload_ps(addend, lanes));
      }
      if (is_whole) {
        _mm256_storeu_ps(to->out + place, value);
      } else {
        _mm256_maskstore_ps(to->out + place, lanes, value);
      }
    }
  }
}

TILE_KERNELS(reals)

void kern_gemm_u8s8_f32__avxvnni(const kern_gemm_u8s8_panels *panels, const kern_gemm_u8_rows *rows,
                                 const int32_t *initial, const kern_sum_scaling *scaling,
                                 float *out, size_t out_stride, size_t first_panel,
                                 size_t end_panel) {
  const real_output to = {scaling, out, out_stride};
  multiply_rows(panels, rows, initial, first_panel, end_panel, reals_kernels, &to);
}

#pragma clang attribute pop
#endif
