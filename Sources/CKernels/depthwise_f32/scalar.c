#include "../unary_f32/hard_swish_scalar.h"
#include "kernels_f32.h"

static float clamped(float x, float low, float high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

void kern_depthwise_f32__scalar(const kern_depthwise_f32_row *row, size_t columns) {
  for (size_t x = 0; x < columns; x++) {
    for (size_t c = 0; c < row->channels; c++) {
      const float *weights = row->weights + c / 16 * row->weight_stride + c % 16;
      float sum = row->bias[c];
      if (row->addend)
        sum += row->addend[x * row->channels + c];
      for (size_t ky = 0; ky < row->kernel_rows; ky++) {
        const float *const *pixels = row->pixels + ky * row->pixel_stride + x * row->step;
        for (size_t kx = 0; kx < row->kernel_columns; kx++) {
          sum += pixels[kx * row->dilation][c] * weights[(ky * row->kernel_columns + kx) * 16];
        }
      }
      const float result = clamped(sum, row->low, row->high);
      row->output[x * row->channels + c] = row->hard_swish ? hard_swish(result) : result;
    }
  }
}
