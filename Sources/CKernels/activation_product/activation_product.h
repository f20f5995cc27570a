#pragma once
#include "../include/kernels_activation_product.h"

#pragma clang assume_nonnull begin
#define KERN_ACTIVATION_PRODUCT(isa)                                                               \
  void kern_pack_columns_u8__##isa(const kern_right_u8 *right, int8_t *panels, int32_t *sums);     \
  void kern_pack_depths_u8__##isa(const kern_right_u8 *right, int8_t *panels, int32_t *sums);      \
  void kern_sum_each_row_u8__##isa(const uint8_t *codes, size_t stride, size_t rows,               \
                                   size_t columns, int32_t *sums);                                 \
  void kern_scale_rows_s32_f32__##isa(const int32_t *sums, size_t stride, size_t rows,             \
                                      size_t columns, const int32_t *terms, float factor,          \
                                      float *out);                                                 \
  void kern_requantize_rows_s32_u8__##isa(                                                         \
      const int32_t *sums, size_t stride, size_t rows, size_t columns, const int32_t *terms,       \
      const kern_requantization *requantization, uint8_t *out, size_t out_stride);                 \
  void kern_softmax_f32_u8__##isa(float *x, size_t count, float scale, int32_t zero_point,         \
                                  uint8_t *codes);
KERN_ACTIVATION_PRODUCT(scalar)
KERN_ACTIVATION_PRODUCT(avx512vnni)
#undef KERN_ACTIVATION_PRODUCT
#pragma clang assume_nonnull end
