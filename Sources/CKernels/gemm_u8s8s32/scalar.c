// The reference: one row, one column, one depth at a time.
#include "../requantize_scalar.h"
#include "gemm_u8s8s32.h"

static const uint8_t *quad_at(const kern_gemm_u8_rows *rows, size_t row, size_t quad) {
  const uint8_t *start = rows->data + row * rows->stride;
  if (rows->runs <= 1) {
    return start + 4 * quad;
  }
  return start + quad / rows->run_quads * rows->run_stride + 4 * (quad % rows->run_quads);
}

static int32_t accumulate(const kern_gemm_u8s8_panels *panels, const kern_gemm_u8_rows *rows,
                          size_t row, int32_t initial, size_t column) {
  size_t panel = column / 16;
  size_t lane = column % 16;
  size_t width = panels->columns - panel * 16 <= 8 ? 8 : 16;
  const bool is_ordered = panels->starts == NULL;
  size_t start = is_ordered ? panel * panels->quads : panels->starts[panel];
  size_t steps = is_ordered ? panels->quads : panels->starts[panel + 1] - start;
  const int8_t *weights = panels->weights + start * 64;
  int32_t sum = initial;
  for (size_t step = 0; step < steps; step++) {
    const uint8_t *codes =
        is_ordered ? quad_at(rows, row, step)
                   : rows->data + row * rows->stride + 4 * (size_t)panels->order[start + step];
    for (size_t i = 0; i < 4; i++) {
      sum += codes[i] * weights[(step * width + lane) * 4 + i];
    }
  }
  return sum;
}

void kern_gemm_u8s8_u8__scalar(const kern_gemm_u8s8_panels *panels, const kern_gemm_u8_rows *rows,
                               const int32_t *initial, const kern_requantization *requantization,
                               uint8_t *out, size_t out_stride, size_t first_panel,
                               size_t end_panel) {
  size_t end = end_panel * 16 < panels->columns ? end_panel * 16 : panels->columns;
  for (size_t r = 0; r < rows->rows; r++) {
    for (size_t c = first_panel * 16; c < end; c++) {
      int32_t sum = accumulate(panels, rows, r, initial[c], c);
      out[r * out_stride + c] =
          kern_requantized(sum, requantization->multipliers[c], requantization);
    }
  }
}

void kern_gemm_u8s8_s32__scalar(const kern_gemm_u8s8_panels *panels, const kern_gemm_u8_rows *rows,
                                const int32_t *initial, int32_t *out, size_t out_stride,
                                size_t first_panel, size_t end_panel) {
  size_t end = end_panel * 16 < panels->columns ? end_panel * 16 : panels->columns;
  for (size_t r = 0; r < rows->rows; r++) {
    for (size_t c = first_panel * 16; c < end; c++) {
      out[r * out_stride + c] = accumulate(panels, rows, r, initial[c], c);
    }
  }
}
