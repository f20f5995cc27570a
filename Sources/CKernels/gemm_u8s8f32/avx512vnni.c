// Tiles as in gemm_u8s8s32; the sums become real while they are in registers.
#include "gemm_u8s8f32.h"

#if defined(__x86_64__)
#include "../gemm_u8s8s32/tile_avx512vnni.h"
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni"))),      \
                             apply_to = function)

// How the sums of a group become real.
typedef struct {
  __m512 scales[most_vectors]; // with the factor
  __m512 biases[most_vectors];
  bool has_bias;
  bool has_addend;
  uintptr_t addend_offset; // from where a real goes to what is added to it
  size_t stride;
} real_output;

// No fused operation: every product and sum is rounded, as the reference does it.
INLINE void store_reals(const tile *sums, const size_t rows, const size_t vectors,
                        const panel_group *group, const real_output *to, float *out) {
#pragma clang fp contract(off)
#pragma unroll
  for (size_t r = 0; r < rows; r++) {
#pragma unroll
    for (size_t v = 0; v < vectors; v++) {
      __m512 value = _mm512_mul_ps(_mm512_cvtepi32_ps(sums->at[r][v]), to->scales[v]);
      if (to->has_bias) {
        value = _mm512_add_ps(value, to->biases[v]);
      }
      float *place = out + r * to->stride + 16 * v;
      if (to->has_addend) {
        const float *addend = (const float *)((uintptr_t)place + to->addend_offset);
        value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(group->lanes[v], addend));
      }
      _mm512_mask_storeu_ps(place, group->lanes[v], value);
    }
  }
}

TILE_KERNELS(reals)

void kern_gemm_u8s8_f32__avx512vnni(const kern_gemm_u8s8_panels *panels,
                                    const kern_gemm_u8_rows *rows, const int32_t *initial,
                                    const kern_sum_scaling *scaling, float *out, size_t out_stride,
                                    size_t first_panel, size_t end_panel) {
  const __m512 factor = _mm512_set1_ps(scaling->factor);
  const row_shape shape = shape_of(rows, panels->quads);
  for (size_t p = first_panel; p < end_panel;) {
    panel_group group = group_at(panels, p, end_panel, initial, first_panel);
    real_output to = {.has_bias = scaling->biases != NULL,
                      .has_addend = scaling->addend != NULL,
                      .addend_offset = (uintptr_t)scaling->addend - (uintptr_t)out,
                      .stride = out_stride};
    for (size_t v = 0; v < group.vectors; v++) {
      const size_t column = (p + v) * 16;
      to.scales[v] = _mm512_mul_ps(factor, _mm512_loadu_ps(scaling->scales + column));
      to.biases[v] = to.has_bias ? _mm512_loadu_ps(scaling->biases + column) : _mm512_setzero_ps();
    }
    multiply_rows(&group, panels->quads, rows, &shape, reals_kernels, &to, out + p * 16,
                  out_stride * sizeof(float));
    p += group.vectors;
  }
}

#pragma clang attribute pop
#endif
