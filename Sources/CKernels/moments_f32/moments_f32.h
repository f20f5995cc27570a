#pragma once
#include "kernels_moments.h"

#pragma clang assume_nonnull begin
#pragma STDC FP_CONTRACT OFF

kern_moments_f32_fn kern_moments_f32__scalar;
kern_moments_f32_fn kern_moments_f32__avx2;

// Values are added up in float over a block, lane by lane, and blocks in double.
enum { kern_moment_lanes = 8, kern_moment_block = 32 * kern_moment_lanes };

// One value at a time in double: for what a block in float does not carry.
static inline void kern_add_moments(const float *values, size_t count, kern_moments *moments) {
  for (size_t i = 0; i < count; i++) {
    float value = values[i];
    moments->zero_count += value == 0;
    if (__builtin_isfinite(value)) {
      moments->sum += (double)value;
      moments->squares += (double)value * (double)value;
    }
  }
}

// Adds up a block's lanes. Squares that overflow or vanish, and values that are not finite, send
// the block to the slow way.
static inline void kern_add_block(const float *values, const float *sums, const float *squares,
                                  uint64_t zeros, kern_moments *moments) {
  float most = 0;
  for (size_t lane = 0; lane < kern_moment_lanes; lane++) {
    most = squares[lane] > most || squares[lane] != squares[lane] ? squares[lane] : most;
  }
  if (zeros < kern_moment_block && !(most > 0x1p-100f && most < 0x1p+100f)) {
    kern_add_moments(values, kern_moment_block, moments);
    return;
  }
  for (size_t lane = 0; lane < kern_moment_lanes; lane++) {
    moments->sum += (double)sums[lane];
    moments->squares += (double)squares[lane];
  }
  moments->zero_count += zeros;
}

#pragma clang assume_nonnull end
