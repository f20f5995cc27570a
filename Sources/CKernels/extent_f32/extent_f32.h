#pragma once
#include "../include/kernels_observe.h"

#pragma clang assume_nonnull begin
#define KERN_EXTENT_F32(isa)                                                                       \
  void kern_extent_f32__##isa(const float *values, size_t count, kern_extent *extent);             \
  void kern_channel_extents_f32__##isa(const kern_channel_values *values, float *min, float *max,  \
                                       kern_extent *extent);
KERN_EXTENT_F32(scalar)
KERN_EXTENT_F32(avx2)
KERN_EXTENT_F32(neon)
#undef KERN_EXTENT_F32
void kern_extent_f32__avx512(const float *values, size_t count, kern_extent *extent);

// Widens min...max by what was seen. Adding zero turns -0 into 0, so that the order of equal values
// does not show.
static inline void kern_widen(float low, float high, float *min, float *max) {
  *min = (low < *min ? low : *min) + 0.0f;
  *max = (high > *max ? high : *max) + 0.0f;
}

// One value for an extent and a channel.
static inline void kern_extent_add(float value, float *min, float *max, kern_extent *extent) {
  if (value != value) {
    extent->nan_count++;
  } else if (value == __builtin_inff()) {
    extent->positive_infinity_count++;
  } else if (value == -__builtin_inff()) {
    extent->negative_infinity_count++;
  } else {
    kern_widen(value, value, min, max);
    kern_widen(value, value, &extent->min, &extent->max);
  }
}
#pragma clang assume_nonnull end
