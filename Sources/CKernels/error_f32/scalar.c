#include "error_f32.h"
#pragma STDC FP_CONTRACT OFF

void kern_error_partials_add(const float *reference, const float *test, size_t first, size_t count,
                             kern_error_partials *partials) {
  for (size_t i = first; i < count; i++) {
    const size_t lane = i % kern_error_lanes;
    double x = reference[i], y = test[i];
    double error = x - y;
    double size = __builtin_fabs(error);
    partials->reference_squares[lane] += x * x;
    partials->error_squares[lane] += error * error;
    partials->products[lane] += x * y;
    partials->test_squares[lane] += y * y;
    if (size > partials->largest_error[lane]) {
      partials->largest_error[lane] = size;
    }
  }
}

void kern_error_partials_fold(const kern_error_partials *partials, kern_error_sums *sums) {
  *sums = (kern_error_sums){0};
  for (size_t lane = 0; lane < kern_error_lanes; lane++) {
    sums->reference_squares += partials->reference_squares[lane];
    sums->error_squares += partials->error_squares[lane];
    sums->products += partials->products[lane];
    sums->test_squares += partials->test_squares[lane];
    if (partials->largest_error[lane] > sums->largest_error) {
      sums->largest_error = partials->largest_error[lane];
    }
  }
}

void kern_error_sums_f32__scalar(const float *reference, const float *test, size_t count,
                                 kern_error_sums *sums) {
  kern_error_partials partials = {0};
  kern_error_partials_add(reference, test, 0, count, &partials);
  kern_error_partials_fold(&partials, sums);
}
