#pragma once
#include "../include/kernels_observe.h"

#pragma clang assume_nonnull begin
#define KERN_HISTOGRAM_F32(isa)                                                                    \
  void kern_histograms_f32__##isa(                                                                 \
      const float *values, size_t count, const kern_range_histogram *_Nullable range,              \
      const kern_magnitude_histogram *_Nullable magnitude, uint32_t *scratch);
KERN_HISTOGRAM_F32(scalar)
KERN_HISTOGRAM_F32(avx2)
#undef KERN_HISTOGRAM_F32
#pragma clang assume_nonnull end
