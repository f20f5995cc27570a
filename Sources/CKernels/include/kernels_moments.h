// Sums over real values, for means and powers. All instruction sets agree bit for bit.
#pragma once
#include "kernels_isa.h"
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// Over finite values, in eight interleaved double sums that are added up at the end.
typedef struct {
  double sum;
  double squares;
  uint64_t zero_count; // of either sign
} kern_moments;

// Overwrites `moments`.
typedef void kern_moments_f32_fn(const float *values, size_t count, kern_moments *moments);

kern_moments_f32_fn *kern_moments_f32_for(kern_isa isa);

#pragma clang assume_nonnull end
