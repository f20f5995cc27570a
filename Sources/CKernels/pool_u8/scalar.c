#include "pool_u8.h"

void kern_max_rows_u8__scalar(const uint8_t *in, size_t rows, size_t row_stride, size_t channels,
                              uint8_t *out) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t c = 0; c < channels; c++) {
      uint8_t code = in[r * row_stride + c];
      out[c] = code > out[c] ? code : out[c];
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
