#pragma once
#include "../include/kernels_int8.h"

#pragma clang assume_nonnull begin
#define KERN_POOL_U8(isa)                                                                          \
  void kern_max_windows_u8__##isa(const kern_windows_u8 *windows, uint8_t *out);                   \
  void kern_sum_rows_u8__##isa(const uint8_t *in, size_t rows, size_t row_stride, size_t channels, \
                               int32_t *out);
KERN_POOL_U8(scalar)
KERN_POOL_U8(avx2)
KERN_POOL_U8(avx512vnni)
KERN_POOL_U8(neon)
#undef KERN_POOL_U8
#pragma clang assume_nonnull end
