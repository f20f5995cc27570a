#include "gemm_u8s8s32.h"

#if defined(__x86_64__)
#include "../lanes_avx2.h"
#include "../requantize_avx2.h"
#include "tile_avxvnni.h"
#pragma clang attribute push(KERN_VNNI_TARGET, apply_to = function)

typedef struct {
  kern_rounding_avx2 rounding;
  const float *multipliers;
  uint8_t *out;
  size_t stride;
} code_output;

INLINE void store_codes(const tile *sums, const size_t rows, const size_t vectors, size_t columns,
                        const code_output *to, size_t row, size_t column) {
  __m256 multipliers[most_vectors];
#pragma unroll
  for (size_t v = 0; v < vectors; v++) {
    multipliers[v] = _mm256_loadu_ps(to->multipliers + column + 8 * v);
  }
#pragma unroll
  for (size_t r = 0; r < rows; r++) {
    __m256i codes[most_vectors];
#pragma unroll
    for (size_t v = 0; v < most_vectors; v++) {
      codes[v] = v < vectors ? kern_requantized_avx2(sums->at[r][v], multipliers[v], &to->rounding)
                             : _mm256_setzero_si256();
    }
    kern_store_codes_avx2(to->out + (row + r) * to->stride + column,
                          kern_codes16_avx2(codes[0], codes[1]), columns);
  }
}

TILE_KERNELS(codes)

void kern_gemm_u8s8_u8__avxvnni(const kern_gemm_u8s8_panels *panels, const kern_gemm_u8_rows *rows,
                                const int32_t *initial, const kern_requantization *requantization,
                                uint8_t *out, size_t out_stride, size_t first_panel,
                                size_t end_panel) {
  const code_output to = {kern_rounding_make_avx2(requantization->low, requantization->high,
                                                  requantization->zero_point),
                          requantization->multipliers, out, out_stride};
  multiply_rows(panels, rows, initial, first_panel, end_panel, codes_kernels, &to);
}

typedef struct {
  int32_t *out;
  size_t stride;
} sum_output;

INLINE void store_sums(const tile *sums, const size_t rows, const size_t vectors, size_t columns,
                       const sum_output *to, size_t row, size_t column) {
#pragma unroll
  for (size_t r = 0; r < rows; r++) {
    int32_t *const out = to->out + (row + r) * to->stride + column;
#pragma unroll
    for (size_t v = 0; v < vectors; v++) {
      if (columns >= 8 * (v + 1)) {
        _mm256_storeu_si256((__m256i *)(out + 8 * v), sums->at[r][v]);
      } else {
        _mm256_maskstore_epi32(out + 8 * v, kern_lanes8(columns - 8 * v), sums->at[r][v]);
      }
    }
  }
}

TILE_KERNELS(sums)

void kern_gemm_u8s8_s32__avxvnni(const kern_gemm_u8s8_panels *panels, const kern_gemm_u8_rows *rows,
                                 const int32_t *initial, int32_t *out, size_t out_stride,
                                 size_t first_panel, size_t end_panel) {
  const sum_output to = {out, out_stride};
  multiply_rows(panels, rows, initial, first_panel, end_panel, sums_kernels, &to);
}

#pragma clang attribute pop
#endif
