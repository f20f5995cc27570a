// Two histograms of the same values with one count per value. All instruction sets agree bit for
// bit.
//
// With a(x) the bin of x in the first and b(x) the bin of |x| in the second, the key
// a(x) + sign(x) * b(x) never falls as x grows, and so it tells a and b apart again.
#pragma once
#include "kernels_isa.h"
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

enum {
  kern_joint_bins = 2048,
  // Keys run from -bins to 2 * bins, and there are two counts for each.
  kern_joint_stride = 3 * kern_joint_bins + 8,
  kern_joint_table = 2 * kern_joint_stride
};

// Finite values lie between lower and upper, and below bins / scale in magnitude.
typedef struct {
  // a(x) = trunc(((x - lower) * bins) / (upper - lower)), each step rounded to float; the upper end
  // belongs to the last bin. lower < upper.
  float lower;
  float upper;
  // b(x) = trunc(|x| * scale). A power of two.
  float scale;
} kern_joint_histogram;

// Adds to `table`, which has kern_joint_table elements. Leaves out infinities and NaN. count is
// below 2^32.
typedef void kern_count_joint_f32_fn(const float *values, size_t count,
                                     const kern_joint_histogram *histogram, uint32_t *table);

// Adds what `tables` tables hold to the counts of both histograms, and clears them.
typedef void kern_fold_joint_f32_fn(const kern_joint_histogram *histogram, uint32_t *table,
                                    size_t tables, uint32_t *range_counts,
                                    uint32_t *magnitude_counts);

kern_count_joint_f32_fn *kern_count_joint_f32_for(kern_isa isa);
kern_fold_joint_f32_fn *kern_fold_joint_f32_for(kern_isa isa);

#pragma clang assume_nonnull end
