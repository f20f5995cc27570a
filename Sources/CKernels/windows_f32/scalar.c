#include "../reduce_f32/joined_scalar.h"

void kern_reduce_windows_f32__scalar(kern_f32_reduction op, const kern_windows_f32 *windows,
                                     float factor, float *y) {
  for (size_t w = 0; w < windows->count; w++) {
    for (size_t c = 0; c < windows->channels; c++) {
      const float *first = windows->first + w * windows->step + c;
      float value = *first;
      for (size_t tap = 1; tap < windows->rows * windows->columns; tap++) {
        const size_t row = tap / windows->columns, column = tap % windows->columns;
        value = kern_joined_scalar(
            op, value, first[row * windows->row_stride + column * windows->column_stride]);
      }
      y[w * windows->channels + c] = factor * value;
    }
  }
}
