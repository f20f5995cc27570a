#include "channel_summary_f32.h"

static void widen(float value, float *min, float *max) {
  // Adding zero turns a negative zero into a positive one.
  *min = value < *min ? value + 0.0f : *min;
  *max = value > *max ? value + 0.0f : *max;
}

void kern_add_unusual_block(const kern_channel_rows *block, float *min, float *max,
                            kern_summary_sums *sums) {
  for (size_t row = 0; row < block->rows; row++) {
    for (size_t channel = 0; channel < kern_summary_channels; channel++) {
      float value = block->values[row * block->channels + channel];
      if (!__builtin_isfinite(value)) {
        sums->not_finite++;
        continue;
      }
      size_t lane = channel + kern_summary_channels * (row % 2);
      widen(value, min + channel, max + channel);
      sums->zeros += value == 0;
      sums->sum[lane] += (double)value;
      sums->squares[lane] += (double)value * (double)value;
    }
  }
}

static void add_block(const kern_channel_rows *block, float *min, float *max,
                      kern_summary_sums *sums) {
  float sum[kern_summary_lanes] = {0}, squares[kern_summary_lanes] = {0}, largest = 0;
  bool is_finite = true;
  for (size_t row = 0; row < block->rows; row++) {
    for (size_t channel = 0; channel < kern_summary_channels; channel++) {
      float value = block->values[row * block->channels + channel];
      size_t lane = channel + kern_summary_channels * (row % 2);
      is_finite &= __builtin_isfinite(value) != 0;
      largest = __builtin_fabsf(value) > largest ? __builtin_fabsf(value) : largest;
      sum[lane] += value;
      squares[lane] += value * value;
    }
  }
  if (!is_finite || !kern_squares_hold(largest)) {
    kern_add_unusual_block(block, min, max, sums);
    return;
  }
  for (size_t lane = 0; lane < kern_summary_lanes; lane++) {
    sums->sum[lane] += (double)sum[lane];
    sums->squares[lane] += (double)squares[lane];
  }
  for (size_t row = 0; row < block->rows; row++) {
    for (size_t channel = 0; channel < kern_summary_channels; channel++) {
      float value = block->values[row * block->channels + channel];
      widen(value, min + channel, max + channel);
      sums->zeros += value == 0;
    }
  }
}

size_t kern_channel_summary_f32__scalar(const kern_channel_rows *rows, float *min, float *max,
                                        kern_moments *moments) {
  const size_t height = kern_summary_rows(rows->channels);
  kern_summary_sums sums = {.zeros = 0};
  for (size_t start = 0; start < rows->rows; start += height) {
    size_t left = rows->rows - start;
    for (size_t channel = 0; channel < rows->channels; channel += kern_summary_channels) {
      kern_channel_rows block = {.values = rows->values + start * rows->channels + channel,
                                 .rows = left < height ? left : height,
                                 .channels = rows->channels};
      add_block(&block, min + channel, max + channel, &sums);
    }
  }
  kern_finish_summary(&sums, moments);
  return sums.not_finite;
}
