#include "pool_u8.h"

void kern_max_windows_u8__scalar(const kern_windows_u8 *windows, uint8_t *out) {
  for (size_t w = 0; w < windows->count; w++) {
    for (size_t c = 0; c < windows->channels; c++) {
      uint8_t most = 0;
      for (size_t r = 0; r < windows->rows; r++) {
        for (size_t k = 0; k < windows->columns; k++) {
          const size_t place = w * windows->step + r * windows->row_stride;
          const uint8_t code = windows->first[place + k * windows->column_stride + c];
          most = code > most ? code : most;
        }
      }
      out[w * windows->channels + c] = most;
    }
  }
}

void kern_sum_rows_u8__scalar(const uint8_t *in, size_t rows, size_t row_stride, size_t channels,
                              int32_t *out) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t c = 0; c < channels; c++) {
      out[c] += in[r * row_stride + c];
    }
  }
}
