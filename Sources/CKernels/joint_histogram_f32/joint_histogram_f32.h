#pragma once
#include "kernels_joint_histogram.h"

#pragma clang assume_nonnull begin
#pragma STDC FP_CONTRACT OFF

kern_count_joint_f32_fn kern_count_joint_f32__scalar;
kern_count_joint_f32_fn kern_count_joint_f32__avx2;
kern_count_joint_f32_fn kern_count_joint_f32__avx512;
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

// Counts an even number of keys. Neighbours go to different tables, so that equal ones wait less
// for each other's stores.
static inline __attribute__((always_inline)) void
kern_joint_count_keys(const int32_t *keys, size_t count, uint32_t *table) {
  uint32_t *first = table + kern_joint_offset, *second = first + kern_joint_stride;
  for (size_t i = 0; i < count; i += 2) {
    first[keys[i]]++;
    second[keys[i + 1]]++;
  }
}

// Counts those of `count` keys that are left from an even `done` on.
static inline __attribute__((always_inline)) void
kern_joint_count_rest(const int32_t *keys, size_t count, size_t done, uint32_t *table) {
  size_t even = count & ~(size_t)1;
  if (done < even) {
    kern_joint_count_keys(keys + done, even - done, table);
  }
  if (even < count && done <= even) {
    table[kern_joint_offset + keys[even]]++;
  }
}

#pragma clang assume_nonnull end
