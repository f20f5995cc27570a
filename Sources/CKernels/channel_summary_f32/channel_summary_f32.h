#pragma once
#include "kernels_channel_summary.h"

#pragma clang assume_nonnull begin

kern_channel_summary_f32_fn kern_channel_summary_f32__scalar;
kern_channel_summary_f32_fn kern_channel_summary_f32__avx2;

// Sums are kept for eight channels side by side, over blocks of rows that stay in the
// first-level cache.
enum { kern_summary_lanes = 8, kern_summary_block = 4096 };

static inline size_t kern_summary_rows(size_t channels) {
  size_t rows = kern_summary_block / channels;
  return rows > 8 ? rows : 8;
}

static inline void kern_finish_summary(const double *sums, const double *squares, size_t zeros,
                                       kern_moments *moments) {
  *moments = (kern_moments){.sum = 0, .squares = 0, .zero_count = zeros};
  for (size_t lane = 0; lane < kern_summary_lanes; lane++) {
    moments->sum += sums[lane];
    moments->squares += squares[lane];
  }
}

#pragma clang assume_nonnull end
