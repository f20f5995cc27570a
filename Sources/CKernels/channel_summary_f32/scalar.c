#include "channel_summary_f32.h"

size_t kern_channel_summary_f32__scalar(const kern_channel_rows *rows, float *min, float *max,
                                        kern_moments *moments) {
  const size_t block = kern_summary_rows(rows->channels);
  double sums[kern_summary_lanes] = {0}, squares[kern_summary_lanes] = {0};
  size_t zeros = 0, not_finite = 0;
  for (size_t start = 0; start < rows->rows; start += block) {
    size_t left = rows->rows - start;
    size_t end = start + (left < block ? left : block);
    for (size_t channel = 0; channel < rows->channels; channel++) {
      size_t lane = channel % kern_summary_lanes;
      for (size_t row = start; row < end; row++) {
        float value = rows->values[row * rows->channels + channel];
        if (!__builtin_isfinite(value)) {
          not_finite++;
          continue;
        }
        zeros += value == 0;
        // Adding zero turns a negative zero into a positive one.
        min[channel] = value < min[channel] ? value + 0.0f : min[channel];
        max[channel] = value > max[channel] ? value + 0.0f : max[channel];
        sums[lane] += (double)value;
        // Exact: a product of two floats has at most 48 bits.
        squares[lane] += (double)value * (double)value;
      }
    }
  }
  kern_finish_summary(sums, squares, zeros, moments);
  return not_finite;
}
