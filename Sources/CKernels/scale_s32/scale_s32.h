#pragma once
#include "../include/kernels_int8.h"

#pragma clang assume_nonnull begin
#define KERN_SCALE(isa)                                                                            \
  void kern_scale_s32_f32__##isa(const int32_t *sums, float *out, size_t rows, size_t columns,     \
                                 float factor, const float *scales,                                \
                                 const float *_Nullable biases);
KERN_SCALE(scalar)
KERN_SCALE(avx2)
KERN_SCALE(avx512vnni)
KERN_SCALE(neon)
#undef KERN_SCALE
#pragma clang assume_nonnull end
