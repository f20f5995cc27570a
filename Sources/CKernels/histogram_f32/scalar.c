#include "histogram_f32.h"
#pragma STDC FP_CONTRACT OFF

// The whole part of a bin position, kept inside of the histogram; NaN goes to the first bin.
static size_t bin(float position, size_t bins) {
  if (!(position > 0)) {
    return 0;
  }
  return position < (float)(bins - 1) ? (size_t)position : bins - 1;
}

void kern_histograms_f32__scalar(const float *values, size_t count,
                                 const kern_range_histogram *_Nullable range,
                                 const kern_magnitude_histogram *_Nullable magnitude,
                                 uint32_t *scratch) {
  (void)scratch;
  if (range != NULL) {
    const float width = range->max - range->min;
    for (size_t i = 0; i < count; i++) {
      if (values[i] >= range->min && values[i] <= range->max) {
        float offset = values[i] - range->min;
        float scaled = offset * (float)range->bins;
        range->counts[bin(scaled / width, range->bins)]++;
      }
    }
  }
  if (magnitude != NULL) {
    for (size_t i = 0; i < count; i++) {
      float size = __builtin_fabsf(values[i]);
      if (size <= __FLT_MAX__) {
        magnitude->counts[bin(size * magnitude->scale, magnitude->bins)]++;
      }
    }
  }
}
