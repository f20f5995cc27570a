#include "scale_s32.h"
#include <string.h>

// Sums are copied out one by one, since `out` may lie over them.
void kern_scale_s32_f32__scalar(const int32_t *sums, float *out, size_t rows, size_t columns,
                                float factor, const float *scales, const float *biases) {
#pragma clang fp contract(off)
  for (size_t r = 0; r < rows; r++) {
    for (size_t c = 0; c < columns; c++) {
      int32_t sum;
      memcpy(&sum, sums + r * columns + c, sizeof sum);
      float value = (float)sum * (factor * scales[c]);
      out[r * columns + c] = biases ? value + biases[c] : value;
    }
  }
}
