#include "extent_f32.h"

void kern_extent_f32__scalar(const float *values, size_t count, kern_extent *extent) {
  for (size_t i = 0; i < count; i++) {
    kern_extent_add(values[i], &extent->min, &extent->max, extent);
  }
}

void kern_channel_extents_f32__scalar(const kern_channel_values *values, float *min, float *max,
                                      kern_extent *extent) {
  for (size_t o = 0; o < values->outer; o++) {
    for (size_t c = 0; c < values->channels; c++) {
      const float *start = values->values + o * values->outer_stride + c * values->inner;
      for (size_t i = 0; i < values->inner; i++) {
        kern_extent_add(start[i], &min[c], &max[c], extent);
      }
    }
  }
}
