#pragma once
#include "kernels_joint_histogram.h"

#pragma clang assume_nonnull begin
#pragma STDC FP_CONTRACT OFF

kern_count_joint_f32_fn kern_count_joint_f32__scalar;
kern_count_joint_f32_fn kern_count_joint_f32__avx2;
kern_fold_joint_f32_fn kern_fold_joint_f32__scalar;
kern_fold_joint_f32_fn kern_fold_joint_f32__avx2;

// Where key 0 is in a table.
enum { kern_joint_offset = kern_joint_bins };

// The upper end gives one bin too many here; it is put into the last when keys are taken apart.
static inline int kern_joint_range_bin(float value, const kern_joint_histogram *histogram) {
  float scaled = (value - histogram->lower) * (float)kern_joint_bins;
  return (int)(scaled / (histogram->upper - histogram->lower));
}

// Negative for negative values.
static inline int kern_joint_magnitude_bin(float value, const kern_joint_histogram *histogram) {
  return (int)(value * histogram->scale);
}

#pragma clang assume_nonnull end
