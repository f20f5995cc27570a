#pragma once
#include "kernels_moments.h"

#pragma clang assume_nonnull begin

kern_moments_f32_fn kern_moments_f32__scalar;
kern_moments_f32_fn kern_moments_f32__avx2;

enum { kern_moment_lanes = 8 };

typedef struct {
  double sum[kern_moment_lanes];
  double squares[kern_moment_lanes];
  uint64_t zero_count;
} kern_moment_sums;

// Adds `count` values, the first of which belongs to lane 0.
static inline void kern_add_moments(const float *values, size_t count, kern_moment_sums *sums) {
  for (size_t i = 0; i < count; i++) {
    float value = values[i];
    sums->zero_count += value == 0;
    if (!__builtin_isfinite(value)) {
      continue;
    }
    sums->sum[i % kern_moment_lanes] += (double)value;
    // Exact in double: a product of two floats has at most 48 bits.
    sums->squares[i % kern_moment_lanes] += (double)value * (double)value;
  }
}

static inline void kern_finish_moments(const kern_moment_sums *sums, kern_moments *moments) {
  *moments = (kern_moments){.sum = 0, .squares = 0, .zero_count = sums->zero_count};
  for (size_t lane = 0; lane < kern_moment_lanes; lane++) {
    moments->sum += sums->sum[lane];
    moments->squares += sums->squares[lane];
  }
}

#pragma clang assume_nonnull end
