// The reference: the sums of a row first, then each of them made real.
#include "../gemm_u8s8s32/gemm_u8s8s32.h"
#include "../scale_s32/scale_s32.h"
#include "gemm_u8s8f32.h"

void kern_gemm_u8s8_f32__scalar(const kern_gemm_u8s8_panels *panels, const kern_gemm_u8_rows *rows,
                                const int32_t *initial, const kern_sum_scaling *scaling, float *out,
                                size_t out_stride, size_t first_panel, size_t end_panel) {
  for (size_t r = 0; r < rows->rows; r++) {
    kern_gemm_u8_rows row = *rows;
    row.data += r * rows->stride;
    row.rows = 1;
    for (size_t p = first_panel; p < end_panel; p++) {
      const size_t first = p * 16;
      const size_t count = panels->columns - first < 16 ? panels->columns - first : 16;
      kern_gemm_u8s8_panels panel = *panels;
      panel.columns -= first;
      if (panels->starts == NULL) {
        panel.weights += p * panels->quads * 64;
      } else {
        panel.starts += p;
      }
      // What is added may lie where the reals go, so the sums lie elsewhere.
      int32_t sums[16];
      kern_gemm_u8s8_s32__scalar(&panel, &row, initial + first, sums, 16, 0, 1);
      float reals[16];
      kern_scale_s32_f32__scalar(sums, reals, 1, count, scaling->factor, scaling->scales + first,
                                 scaling->biases ? scaling->biases + first : scaling->biases);
      for (size_t c = 0; c < count; c++) {
        const size_t place = r * out_stride + first + c;
        out[place] = scaling->addend ? reals[c] + scaling->addend[place] : reals[c];
      }
    }
  }
}
