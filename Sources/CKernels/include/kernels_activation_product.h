// Products of two activations on codes. The right side is packed while the model runs, as codes
// less 128, so that the products of gemm_u8s8 take it; what zero points add to all sums of a row is
// added behind. Panels are those of kern_gemm_u8s8_panels without narrow ones.
#pragma once
#include "kernels_int8.h"

#pragma clang assume_nonnull begin

// A matrix of codes: `depth` of them are multiplied and added up for each of `columns` results.
typedef struct {
  const uint8_t *codes;
  size_t stride;
  size_t depth;
  size_t columns;
} kern_right_u8;

typedef struct {
  // panels[column / 16][depth / 4][column % 16][depth % 4] = code - 128, and zeros up to whole
  // quads and panels; sums[column] adds up what stands in a column of the panels, for whole panels.
  // The codes of one column lie together, columns `stride` apart.
  void (*pack_columns_u8)(const kern_right_u8 *right, int8_t *panels, int32_t *sums);
  // The codes of one depth lie together, depths `stride` apart.
  void (*pack_depths_u8)(const kern_right_u8 *right, int8_t *panels, int32_t *sums);
  // sums[r] = sum over c < columns of codes[r * stride + c].
  void (*sum_each_row_u8)(const uint8_t *codes, size_t stride, size_t rows, size_t columns,
                          int32_t *sums);
  // out[r * stride + c] = float(sums[r * stride + c] + terms[r]) * factor; `out` may be where the
  // sums are.
  void (*scale_rows_s32_f32)(const int32_t *sums, size_t stride, size_t rows, size_t columns,
                             const int32_t *terms, float factor, float *out);
  // Requantizes sums[r * stride + c] + terms[r], one multiplier for all: multipliers[0].
  void (*requantize_rows_s32_u8)(const int32_t *sums, size_t stride, size_t rows, size_t columns,
                                 const int32_t *terms, const kern_requantization *requantization,
                                 uint8_t *out, size_t out_stride);
  // codes = quantized softmax(x); x is overwritten. No code is off by more than one from what
  // softmax_f32 and quantize_f32_u8 give.
  void (*softmax_f32_u8)(float *x, size_t count, float scale, int32_t zero_point, uint8_t *codes);
} kern_activation_product_table;

const kern_activation_product_table *kern_activation_product_table_for(kern_isa isa);

#pragma clang assume_nonnull end
