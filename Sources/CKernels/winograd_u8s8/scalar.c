#include "transforms.h"

WINOGRAD_INPUT_KERNEL(scalar, 1, 1)

void kern_winograd_u8_multiply__scalar(const kern_winograd_u8_product *product, int32_t *sums) {
  const size_t width = 16 * product->panels;
  for (size_t row = 0; row < product->rows; row++) {
    const int16_t *codes = product->codes + row * 2 * product->pairs;
    for (size_t column = 0; column < width; column++) {
      const int16_t *weights =
          product->weights + (column / 16 * product->pairs * 16 + column % 16) * 2;
      uint32_t sum = 0;
      for (size_t pair = 0; pair < product->pairs; pair++) {
        sum += (uint32_t)(codes[2 * pair] * weights[32 * pair]);
        sum += (uint32_t)(codes[2 * pair + 1] * weights[32 * pair + 1]);
      }
      sums[row * width + column] = (int32_t)sum;
    }
  }
}

WINOGRAD_FINISH_KERNELS(scalar, 1, 1)
