#include "../unary_f32/hard_swish_scalar.h"
#include "kernels_f32.h"

void kern_planar_f32__scalar(const kern_planar_f32_row *row, size_t width, size_t columns) {
  for (size_t x = 0; x < columns; x++) {
    for (size_t n = 0; n < row->channels; n++) {
      float sum = row->bias[n];
      const float *weights = row->panel + n;
      for (size_t l = 0; l < row->line_count; l++) {
        const float *line = row->lines[l] + x * row->step;
        for (size_t k = 0; k < row->kernel_columns; k++, weights += width)
          sum += line[k * row->dilation] * *weights;
      }
      sum = sum < row->low ? row->low : sum;
      sum = sum > row->high ? row->high : sum;
      row->output[x * row->output_stride + n] = row->hard_swish ? hard_swish(sum) : sum;
    }
  }
}
