#pragma once
#include "kernels_channel_summary.h"
#include <stdbool.h>

#pragma clang assume_nonnull begin
#pragma STDC FP_CONTRACT OFF

kern_channel_summary_f32_fn kern_channel_summary_f32__scalar;
kern_channel_summary_f32_fn kern_channel_summary_f32__avx2;
kern_channel_summary_f32_fn kern_channel_summary_f32__avx512;

// Values are taken in blocks of eight channels and some rows, which stay in the cache.
// Even and odd rows of a channel are added up apart, in float within a block and in double beyond.
enum { kern_summary_channels = 8, kern_summary_lanes = 16, kern_summary_values = 16384 };

static inline size_t kern_summary_rows(size_t channels) {
  size_t rows = kern_summary_values / channels;
  return rows > 8 ? rows : 8;
}

typedef struct {
  double sum[kern_summary_lanes];
  double squares[kern_summary_lanes];
  size_t zeros;
  size_t not_finite;
} kern_summary_sums;

// Whether squares in float carry a block whose largest magnitude this is: none overflows, and
// those that vanish are nothing beside the largest.
static inline bool kern_squares_hold(float largest) {
  return largest == 0 || (largest > 0x1p-50f && largest < 0x1p+50f);
}

// A block that float does not carry, or that is not all finite.
void kern_add_unusual_block(const kern_channel_rows *block, float *min, float *max,
                            kern_summary_sums *sums);

static inline void kern_finish_summary(const kern_summary_sums *sums, kern_moments *moments) {
  *moments = (kern_moments){.sum = 0, .squares = 0, .zero_count = sums->zeros};
  for (size_t lane = 0; lane < kern_summary_lanes; lane++) {
    moments->sum += sums->sum[lane];
    moments->squares += sums->squares[lane];
  }
}

#pragma clang assume_nonnull end
