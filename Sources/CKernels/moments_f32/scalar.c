#include "moments_f32.h"

void kern_moments_f32__scalar(const float *values, size_t count, kern_moments *moments) {
  *moments = (kern_moments){.sum = 0, .squares = 0, .zero_count = 0};
  size_t i = 0;
  for (; i + kern_moment_block <= count; i += kern_moment_block) {
    float sums[kern_moment_lanes] = {0}, squares[kern_moment_lanes] = {0};
    uint64_t zeros = 0;
    for (size_t k = 0; k < kern_moment_block; k++) {
      float value = values[i + k];
      zeros += value == 0;
      sums[k % kern_moment_lanes] += value;
      squares[k % kern_moment_lanes] += value * value;
    }
    kern_add_block(values + i, sums, squares, zeros, moments);
  }
  kern_add_moments(values + i, count - i, moments);
}
