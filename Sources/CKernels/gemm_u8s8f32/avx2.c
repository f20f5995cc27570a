// Tiles of 4 rows x 16 columns, as in gemm_u8s8s32; the sums become real while they are in
// registers.
#include "gemm_u8s8f32.h"

#if defined(__x86_64__)
#include "../gemm_u8s8s32/tile_avx2.h"
#include "../lanes_avx2.h"
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define OUTLINE static __attribute__((noinline)) void

// How the sums of one panel become real.
typedef struct {
  __m256 scales[2]; // with the factor
  __m256 biases[2];
  bool has_bias;
  bool has_addend;
  uintptr_t addend_offset; // from where a real goes to what is added to it
  size_t columns;
  size_t out_stride;
} real_output;

// No fused operation: every product and sum is rounded, as the reference does it.
INLINE void store_reals(const tile *sums, size_t rows, size_t vectors, const real_output *to,
                        float *out) {
#pragma clang fp contract(off)
  for (size_t r = 0; r < rows; r++) {
    for (size_t v = 0; v < vectors; v++) {
      __m256 value = _mm256_mul_ps(_mm256_cvtepi32_ps(sums->at[r][v]), to->scales[v]);
      if (to->has_bias) {
        value = _mm256_add_ps(value, to->biases[v]);
      }
      float *place = out + r * to->out_stride + 8 * v;
      const float *addend = (const float *)((uintptr_t)place + to->addend_offset);
      if (to->columns >= 8 * (v + 1)) {
        if (to->has_addend) {
          value = _mm256_add_ps(value, _mm256_loadu_ps(addend));
        }
        _mm256_storeu_ps(place, value);
      } else {
        const __m256i lanes = kern_lanes8(to->columns - 8 * v);
        if (to->has_addend) {
          value = _mm256_add_ps(value, _mm256_maskload_ps(addend, lanes));
        }
        _mm256_maskstore_ps(place, lanes, value);
      }
    }
  }
}

#define REALS(height, width)                                                                       \
  OUTLINE reals_##height##x##width(const column_panel *panel, const uint8_t *a, size_t stride,     \
                                   const real_output *to, float *out) {                            \
    tile sums = multiplied(panel, height, width, a, stride);                                       \
    store_reals(&sums, height, width, to, out);                                                    \
  }
REALS(4, 2)
REALS(4, 1)
REALS(1, 2)
REALS(1, 1)

typedef void tile_kernel(const column_panel *panel, const uint8_t *a, size_t stride,
                         const real_output *to, float *out);

void kern_gemm_u8s8_f32__avx2(const kern_gemm_u8s8_panels *panels, const kern_gemm_u8_rows *rows,
                              const int32_t *initial, const kern_sum_scaling *scaling, float *out,
                              size_t out_stride, size_t first_panel, size_t end_panel) {
  const __m256 factor = _mm256_set1_ps(scaling->factor);
  for (size_t p = first_panel; p < end_panel; p++) {
    const column_panel panel = panel_at(panels, p, initial);
    real_output to = {.has_bias = scaling->biases != NULL,
                      .has_addend = scaling->addend != NULL,
                      .addend_offset = (uintptr_t)scaling->addend - (uintptr_t)out,
                      .columns = panel.columns,
                      .out_stride = out_stride};
    for (size_t v = 0; v < 2; v++) {
      const size_t column = p * 16 + 8 * v;
      to.scales[v] = _mm256_mul_ps(factor, _mm256_loadu_ps(scaling->scales + column));
      to.biases[v] = to.has_bias ? _mm256_loadu_ps(scaling->biases + column) : _mm256_setzero_ps();
    }
    const bool is_narrow = panel.columns <= 8;
    tile_kernel *const four = is_narrow ? reals_4x1 : reals_4x2;
    tile_kernel *const one = is_narrow ? reals_1x1 : reals_1x2;
    size_t r = 0;
    for (; r + tile_rows <= rows->rows; r += tile_rows) {
      four(&panel, rows->data + r * rows->stride, rows->stride, &to, out + r * out_stride + p * 16);
    }
    for (; r < rows->rows; r++) {
      one(&panel, rows->data + r * rows->stride, rows->stride, &to, out + r * out_stride + p * 16);
    }
  }
}

#pragma clang attribute pop
#endif
