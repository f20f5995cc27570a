// The reference: the sums first, then each of them made real in its place.
#include "../gemm_u8s8s32/gemm_u8s8s32.h"
#include "../scale_s32/scale_s32.h"
#include "gemm_u8s8f32.h"

void kern_gemm_u8s8_f32__scalar(const kern_gemm_u8s8_panels *panels, const kern_gemm_u8_rows *rows,
                                const int32_t *initial, const kern_sum_scaling *scaling, float *out,
                                size_t out_stride, size_t first_panel, size_t end_panel) {
  const size_t first = first_panel * 16;
  const size_t end = end_panel * 16 < panels->columns ? end_panel * 16 : panels->columns;
  int32_t *sums = (void *)out;
  kern_gemm_u8s8_s32__scalar(panels, rows, initial, sums, out_stride, first_panel, end_panel);
  for (size_t r = 0; r < rows->rows; r++) {
    const size_t place = r * out_stride + first;
    kern_scale_s32_f32__scalar(sums + place, out + place, 1, end - first, scaling->factor,
                               scaling->scales + first,
                               scaling->biases ? scaling->biases + first : scaling->biases);
  }
}
