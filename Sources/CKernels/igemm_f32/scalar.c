#include "../unary_f32/hard_swish_scalar.h"
#include "kernels_f32.h"

static float clamped(float x, float low, float high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

void kern_igemm_f32__scalar(const kern_igemm_f32_block *block, size_t width, size_t rows) {
  for (size_t r = 0; r < rows; r++) {
    float *output = block->output + r * block->output_stride;
    const float *addend = block->addend ? block->addend + r * block->output_stride : 0;
    for (size_t n = 0; n < block->columns; n++) {
      float sum = block->bias[n] + (addend ? addend[n] : 0);
      for (size_t t = 0; t < block->taps; t++) {
        const float *row = block->rows[t * block->row_stride + r];
        const float *panel = block->panel + t * block->channels * width + n;
        for (size_t c = 0; c < block->channels; c++)
          sum += row[c] * panel[c * width];
      }
      const float result = clamped(sum, block->low, block->high);
      output[n] = block->hard_swish ? hard_swish(result) : result;
    }
  }
}
