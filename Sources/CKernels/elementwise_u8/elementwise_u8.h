#pragma once
#include "../include/kernels_int8.h"

#pragma clang assume_nonnull begin
// What every instruction set has.
#define KERN_ELEMENTWISE_U8(isa)                                                                   \
  void kern_add_u8__##isa(const kern_binary_u8 *p, const uint8_t *x, const uint8_t *y,             \
                          uint8_t *out, size_t count);                                             \
  void kern_mul_u8__##isa(const kern_binary_u8 *p, const uint8_t *x, const uint8_t *y,             \
                          uint8_t *out, size_t count);                                             \
  void kern_table_u8__##isa(const uint8_t *table, const uint8_t *in, uint8_t *out, size_t count);  \
  void kern_quantize_f32_u8__##isa(const float *in, uint8_t *out, size_t count, float scale,       \
                                   int32_t zero_point);                                            \
  void kern_dequantize_u8_f32__##isa(const uint8_t *in, float *out, size_t count, float scale,     \
                                     int32_t zero_point);                                          \
  void kern_requantize_s32_u8__##isa(const int32_t *in, uint8_t *out, size_t count,                \
                                     const kern_requantization *to);
#define KERN_CODES_U8(isa)                                                                         \
  void kern_transpose_u8__##isa(const uint8_t *in, size_t rows, size_t columns, uint8_t *out);     \
  uint8_t kern_largest_u8__##isa(const uint8_t *in, size_t count);                                 \
  void kern_offset_u8__##isa(const uint8_t *in, uint8_t *out, size_t count, uint8_t offset);
KERN_ELEMENTWISE_U8(scalar)
KERN_ELEMENTWISE_U8(avx2)
KERN_ELEMENTWISE_U8(avx512vnni)
KERN_ELEMENTWISE_U8(neon)
KERN_CODES_U8(scalar)
KERN_CODES_U8(avx2)
KERN_CODES_U8(neon)
#undef KERN_ELEMENTWISE_U8
#undef KERN_CODES_U8
#pragma clang assume_nonnull end
