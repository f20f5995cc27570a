#include "joint_histogram_f32.h"

void kern_count_joint_f32__scalar(const float *values, size_t count,
                                  const kern_joint_histogram *histogram, uint32_t *table) {
  for (size_t i = 0; i < count; i++) {
    if (__builtin_isfinite(values[i])) {
      int key = kern_joint_range_bin(values[i], histogram) +
                kern_joint_magnitude_bin(values[i], histogram);
      table[key + kern_joint_offset]++;
    }
  }
}
