// Ranges of channels and sums over channels-last values in one read. All instruction sets agree
// bit for bit.
#pragma once
#include "kernels_moments.h"

#pragma clang assume_nonnull begin

typedef struct {
  const float *values; // [rows][channels]
  size_t rows;
  size_t channels; // a multiple of 8
} kern_channel_rows;

// Widens min[channel]...max[channel] by finite values and overwrites `moments`, whose sums are
// right to float precision and carry any magnitude. Returns how many values are not finite; they
// count for nothing else.
typedef size_t kern_channel_summary_f32_fn(const kern_channel_rows *rows, float *min, float *max,
                                           kern_moments *moments);

kern_channel_summary_f32_fn *kern_channel_summary_f32_for(kern_isa isa);

#pragma clang assume_nonnull end
