// Tiles as in gemm_u8s8s32; the sums become real while they are in registers.
// Include inside functions' target pragma.
#include "../gemm_u8s8s32/tile_neon.h"
#include "../lanes_neon.h"
#include "gemm_u8s8f32.h"

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
#pragma unroll
  for (size_t v = 0; v < vectors; v++) {
    const size_t first = column + 4 * v;
    if (4 * v >= columns) {
      break;
    }
    const size_t lanes = columns - 4 * v;
    const float32x4_t scales =
        vmulq_f32(vdupq_n_f32(scaling->factor), vld1q_f32(scaling->scales + first));
#pragma unroll
    for (size_t r = 0; r < rows; r++) {
      float32x4_t value = vmulq_f32(vcvtq_f32_s32(total(sums->at[r][v])), scales);
      if (scaling->biases != NULL) {
        value = vaddq_f32(value, vld1q_f32(scaling->biases + first));
      }
      const size_t place = (row + r) * to->stride + first;
      if (scaling->addend != NULL) {
        value = vaddq_f32(value, kern_load_lanes4(scaling->addend + place, lanes));
      }
      kern_store_lanes4(to->out + place, value, lanes);
    }
  }
}

TILE_KERNELS(reals)

void KERNEL(kern_gemm_u8s8_f32)(const kern_gemm_u8s8_panels *panels, const kern_gemm_u8_rows *rows,
                                const int32_t *initial, const kern_sum_scaling *scaling, float *out,
                                size_t out_stride, size_t first_panel, size_t end_panel) {
  const real_output to = {scaling, out, out_stride};
  multiply_rows(panels, rows, initial, first_panel, end_panel, reals_kernels, &to);
}
