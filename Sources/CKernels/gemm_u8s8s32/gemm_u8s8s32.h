#pragma once
#include "../include/kernels_int8.h"

#pragma clang assume_nonnull begin
#define KERN_GEMM_U8S8(isa)                                                                        \
  void kern_gemm_u8s8_u8__##isa(const kern_gemm_u8s8_panels *panels,                               \
                                const kern_gemm_u8_rows *rows, const int32_t *initial,             \
                                const kern_requantization *requantization, uint8_t *out,           \
                                size_t out_stride, size_t first_panel, size_t end_panel);          \
  void kern_gemm_u8s8_s32__##isa(                                                                  \
      const kern_gemm_u8s8_panels *panels, const kern_gemm_u8_rows *rows, const int32_t *initial,  \
      int32_t *out, size_t out_stride, size_t first_panel, size_t end_panel);
KERN_GEMM_U8S8(scalar)
KERN_GEMM_U8S8(avx2)
KERN_GEMM_U8S8(avxvnni)
KERN_GEMM_U8S8(avx512vnni)
KERN_GEMM_U8S8(neon)
KERN_GEMM_U8S8(neondot)
#undef KERN_GEMM_U8S8
#pragma clang assume_nonnull end
