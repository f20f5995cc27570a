// What becomes of the sums of tiles; KERNEL(name) adds the instruction set.
// Include inside functions' target pragma.
#include "../lanes_neon.h"
#include "../requantize_neon.h"
#include "gemm_u8s8s32.h"
#include "tile_neon.h"

typedef struct {
  kern_rounding_neon rounding;
  const float *multipliers;
  uint8_t *out;
  size_t stride;
} code_output;

INLINE void store_codes(const tile *sums, const size_t rows, const size_t vectors, size_t columns,
                        const code_output *to, size_t row, size_t column) {
  float32x4_t multipliers[most_vectors];
#pragma unroll
  for (size_t v = 0; v < vectors; v++) {
    multipliers[v] = vld1q_f32(to->multipliers + column + 4 * v);
  }
#pragma unroll
  for (size_t r = 0; r < rows; r++) {
    int32x4_t codes[most_vectors];
#pragma unroll
    for (size_t v = 0; v < most_vectors; v++) {
      codes[v] = v < vectors
                     ? kern_requantized_neon(total(sums->at[r][v]), multipliers[v], &to->rounding)
                     : vdupq_n_s32(0);
    }
    kern_store_codes16(to->out + (row + r) * to->stride + column,
                       kern_codes16_neon(codes[0], codes[1], codes[2], codes[3]), columns);
  }
}

TILE_KERNELS(codes)

void KERNEL(kern_gemm_u8s8_u8)(const kern_gemm_u8s8_panels *panels, const kern_gemm_u8_rows *rows,
                               const int32_t *initial, const kern_requantization *requantization,
                               uint8_t *out, size_t out_stride, size_t first_panel,
                               size_t end_panel) {
  const code_output to = {kern_rounding_make_neon(requantization->low, requantization->high,
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
    if (columns == 4 * vectors) {
#pragma unroll
      for (size_t v = 0; v < vectors; v++) {
        vst1q_s32(out + 4 * v, total(sums->at[r][v]));
      }
      continue;
    }
    int32_t lanes[16];
#pragma unroll
    for (size_t v = 0; v < vectors; v++) {
      vst1q_s32(lanes + 4 * v, total(sums->at[r][v]));
    }
    memcpy(out, lanes, columns * sizeof(int32_t));
  }
}

TILE_KERNELS(sums)

void KERNEL(kern_gemm_u8s8_s32)(const kern_gemm_u8s8_panels *panels, const kern_gemm_u8_rows *rows,
                                const int32_t *initial, int32_t *out, size_t out_stride,
                                size_t first_panel, size_t end_panel) {
  const sum_output to = {out, out_stride};
  multiply_rows(panels, rows, initial, first_panel, end_panel, sums_kernels, &to);
}
