// Tiles of 6 rows x 16 columns, as in gemm_u8s8s32; the sums become real while they are in the
// first-level cache.
#include "gemm_u8s8f32.h"

#if defined(__x86_64__)
#include "../gemm_u8s8s32/multiply_avx2.h"
#include "../lanes_avx2.h"
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define INLINE static inline __attribute__((always_inline))

// How sums become real, and where.
typedef struct {
  const kern_sum_scaling *scaling;
  float *out;
  size_t out_stride;
} real_output;

// No fused operation: every product and sum is rounded, as the reference does it.
INLINE void store_tile_reals(const column_panel *panel, size_t p, size_t row, size_t rows,
                             int32_t (*sums)[16], const void *output) {
#pragma clang fp contract(off)
  const real_output *const to = output;
  const kern_sum_scaling *const scaling = to->scaling;
  for (size_t first = 0; first < panel->columns; first += 8) {
    const size_t column = p * 16 + first;
    const __m256 scales =
        _mm256_mul_ps(_mm256_set1_ps(scaling->factor), _mm256_loadu_ps(scaling->scales + column));
    const __m256i lanes = kern_lanes8(panel->columns - first);
    const bool has_bias = scaling->biases != NULL;
    const __m256 biases =
        has_bias ? _mm256_loadu_ps(scaling->biases + column) : _mm256_setzero_ps();
    for (size_t r = 0; r < rows; r++) {
      const __m256i sum = _mm256_load_si256((const __m256i *)(sums[r] + first));
      __m256 value = _mm256_mul_ps(_mm256_cvtepi32_ps(sum), scales);
      if (has_bias) {
        value = _mm256_add_ps(value, biases);
      }
      const size_t place = (row + r) * to->out_stride + column;
      const bool is_whole = panel->columns >= first + 8;
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

void kern_gemm_u8s8_f32__avx2(const kern_gemm_u8s8_panels *panels, const kern_gemm_u8_rows *rows,
                              const int32_t *initial, const kern_sum_scaling *scaling, float *out,
                              size_t out_stride, size_t first_panel, size_t end_panel) {
  const real_output to = {scaling, out, out_stride};
  multiply_rows(panels, rows, initial, first_panel, end_panel, store_tile_reals, &to);
}

#pragma clang attribute pop
#endif
