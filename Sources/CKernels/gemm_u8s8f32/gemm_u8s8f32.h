#pragma once
#include "../include/kernels_int8.h"

#pragma clang assume_nonnull begin
#define KERN_GEMM_U8S8_F32(isa)                                                                    \
  void kern_gemm_u8s8_f32__##isa(const kern_gemm_u8s8_panels *panels,                              \
                                 const kern_gemm_u8_rows *rows, const int32_t *initial,            \
                                 const kern_sum_scaling *scaling, float *out, size_t out_stride,   \
                                 size_t first_panel, size_t end_panel);
KERN_GEMM_U8S8_F32(scalar)
KERN_GEMM_U8S8_F32(avx2)
KERN_GEMM_U8S8_F32(avxvnni)
KERN_GEMM_U8S8_F32(avx512vnni)
KERN_GEMM_U8S8_F32(neon)
KERN_GEMM_U8S8_F32(neondot)
#undef KERN_GEMM_U8S8_F32
#pragma clang assume_nonnull end
