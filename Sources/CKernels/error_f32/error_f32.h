#pragma once
#include "../include/kernels_observe.h"

#pragma clang assume_nonnull begin
#define KERN_ERROR_F32(isa)                                                                        \
  void kern_error_sums_f32__##isa(const float *reference, const float *test, size_t count,         \
                                  kern_error_sums *sums);
KERN_ERROR_F32(scalar)
KERN_ERROR_F32(avx2)
#undef KERN_ERROR_F32

enum { kern_error_lanes = 8 };

// Value i is added in lane i % 8.
typedef struct {
  double reference_squares[kern_error_lanes];
  double error_squares[kern_error_lanes];
  double products[kern_error_lanes];
  double test_squares[kern_error_lanes];
  double largest_error[kern_error_lanes];
} kern_error_partials;

// Continues at index `first`.
void kern_error_partials_add(const float *reference, const float *test, size_t first, size_t count,
                             kern_error_partials *partials);
void kern_error_partials_fold(const kern_error_partials *partials, kern_error_sums *sums);
#pragma clang assume_nonnull end
