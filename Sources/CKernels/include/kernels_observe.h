// Kernels that look at real values: ranges, histograms, errors. All instruction sets agree bit for
// bit.
#pragma once
#include "kernels_isa.h"
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// What was seen so far. Start with min = +inf, max = -inf and zeros.
typedef struct {
  float min; // over finite values; zero is never negative
  float max;
  uint64_t nan_count;
  uint64_t positive_infinity_count;
  uint64_t negative_infinity_count;
} kern_extent;

// `outer` blocks, `outer_stride` values apart, of [channels][inner].
typedef struct {
  const float *values;
  size_t outer;
  size_t outer_stride;
  size_t channels;
  size_t inner;
} kern_channel_values;

// Bin of x: trunc(((x - min) * bins) / (max - min)), each step rounded to float; the upper end
// belongs to the last bin, values outside of min...max and NaN are not counted. min < max.
typedef struct {
  size_t bins;
  float min;
  float max;
  uint64_t *counts;
} kern_range_histogram;

// Bin of x: trunc(|x| * scale), at most bins - 1; NaN and infinities are not counted.
typedef struct {
  size_t bins;
  float scale;
  uint64_t *counts;
} kern_magnitude_histogram;

// Sums over pairs, in eight interleaved double sums that are added up at the end.
typedef struct {
  double reference_squares;
  double error_squares;
  double products;
  double test_squares;
  double largest_error; // NaN differences do not count here
} kern_error_sums;

typedef struct {
  const char *name;
  void (*extent_f32)(const float *values, size_t count, kern_extent *extent);
  // Also widens min[channel]...max[channel] by the finite values of each channel.
  void (*channel_extents_f32)(const kern_channel_values *values, float *min, float *max,
                              kern_extent *extent);
  // Adds to the counts of the histograms that are given. `scratch` has 4 * (bins + 8) elements for
  // each of them, all zero before and after; count is below 2^32.
  void (*histograms_f32)(const float *values, size_t count,
                         const kern_range_histogram *_Nullable range,
                         const kern_magnitude_histogram *_Nullable magnitude, uint32_t *scratch);
  // Overwrites `sums`.
  void (*error_sums_f32)(const float *reference, const float *test, size_t count,
                         kern_error_sums *sums);
} kern_observe_table;

const kern_observe_table *kern_observe_table_for(kern_isa isa);

#pragma clang assume_nonnull end
