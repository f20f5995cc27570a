#include "kernels_f32.h"

void kern_pack_f32__scalar(const float *b, size_t k_stride, size_t n_stride, size_t depth,
                           size_t columns, size_t width, float factor, float *panel) {
  for (size_t k = 0; k < depth; k++) {
    const float *row = b + k * k_stride;
    if (n_stride == 1) {
      // Neighbours are copied in vectors.
      for (size_t n = 0; n < columns; n++)
        panel[k * width + n] = factor * row[n];
      for (size_t n = columns; n < width; n++)
        panel[k * width + n] = 0;
      continue;
    }
    for (size_t n = 0; n < width; n++) {
      panel[k * width + n] = n < columns ? factor * row[n * n_stride] : 0;
    }
  }
}
