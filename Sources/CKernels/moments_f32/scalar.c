#include "moments_f32.h"

void kern_moments_f32__scalar(const float *values, size_t count, kern_moments *moments) {
  kern_moment_sums sums = {0};
  kern_add_moments(values, count, &sums);
  kern_finish_moments(&sums, moments);
}
