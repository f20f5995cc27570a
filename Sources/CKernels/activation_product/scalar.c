// The reference: one code, one sum at a time.
#include "../requantize_scalar.h"
#include "activation_product.h"
#include "kernels_f32.h"
#include <string.h>

static void pack(const kern_right_u8 *right, size_t column_stride, size_t depth_stride,
                 int8_t *panels, int32_t *sums) {
  const size_t quads = (right->depth + 3) / 4, count = (right->columns + 15) / 16;
  for (size_t column = 0; column < count * 16; column++) {
    int8_t *panel = panels + column / 16 * quads * 64 + column % 16 * 4;
    int32_t sum = 0;
    for (size_t k = 0; k < quads * 4; k++) {
      const bool exists = column < right->columns && k < right->depth;
      const int8_t value =
          exists ? (int8_t)(right->codes[column * column_stride + k * depth_stride] - 128) : 0;
      panel[k / 4 * 64 + k % 4] = value;
      sum += value;
    }
    sums[column] = sum;
  }
}

void kern_pack_columns_u8__scalar(const kern_right_u8 *right, int8_t *panels, int32_t *sums) {
  pack(right, right->stride, 1, panels, sums);
}

void kern_pack_depths_u8__scalar(const kern_right_u8 *right, int8_t *panels, int32_t *sums) {
  pack(right, 1, right->stride, panels, sums);
}

void kern_sum_each_row_u8__scalar(const uint8_t *codes, size_t stride, size_t rows, size_t columns,
                                  int32_t *sums) {
  for (size_t r = 0; r < rows; r++) {
    sums[r] = 0;
    for (size_t c = 0; c < columns; c++)
      sums[r] += codes[r * stride + c];
  }
}

// Sums are copied out one by one, since `out` may lie over them.
void kern_scale_rows_s32_f32__scalar(const int32_t *sums, size_t stride, size_t rows,
                                     size_t columns, const int32_t *terms, float factor,
                                     float *out) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t c = 0; c < columns; c++) {
      int32_t sum;
      memcpy(&sum, sums + r * stride + c, sizeof sum);
      out[r * stride + c] = (float)(sum + terms[r]) * factor;
    }
  }
}

void kern_requantize_rows_s32_u8__scalar(const int32_t *sums, size_t stride, size_t rows,
                                         size_t columns, const int32_t *terms,
                                         const kern_requantization *requantization, uint8_t *out,
                                         size_t out_stride) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t c = 0; c < columns; c++) {
      out[r * out_stride + c] = kern_requantized(sums[r * stride + c] + terms[r],
                                                 requantization->multipliers[0], requantization);
    }
  }
}

void kern_softmax_f32_u8__scalar(float *x, size_t count, float scale, int32_t zero_point,
                                 uint8_t *codes) {
  const kern_softmax_f32_rows row = {x, x, count, 1, count, 1};
  kern_f32_table_for(KERN_SCALAR)->softmax(&row, false);
  kern_int8_table_for(KERN_SCALAR)->quantize_f32_u8(x, codes, count, scale, zero_point);
}
