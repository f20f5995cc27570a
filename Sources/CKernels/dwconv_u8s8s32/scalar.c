// The reference: reads the image directly, needs no strip.
#include "../requantize_scalar.h"
#include "dwconv_u8s8s32.h"

static int32_t accumulate(const kern_window_u8 *window, const kern_dwconv_u8s8_block *block,
                          const uint8_t *image, const uint8_t *pad, size_t output_row,
                          size_t output_column, size_t first, size_t channel) {
  const size_t slots = block->quads * 4;
  const size_t width = block->is_wide ? 32 : 16;
  const size_t place = block->is_wide ? kern_dwconv_place(channel) : channel;
  int32_t sum = block->initial[channel];
  for (size_t kx = 0; kx < window->kernel_width; kx++) {
    size_t x = output_column * window->stride_width + kx * window->dilation_width;
    for (size_t slot = 0; slot < slots; slot++) {
      const uint8_t *codes =
          kern_dwconv_codes(window, image, pad, output_row, block->rows[slot], x, first);
      size_t quad = kx * block->quads + slot / 4;
      sum += codes[channel] * block->weights[(quad * width + place) * 4 + slot % 4];
    }
  }
  return sum;
}

void kern_dwconv_u8s8_u8__scalar(const kern_window_u8 *window, const kern_dwconv_u8s8_block *block,
                                 const uint8_t *image, const uint8_t *pad, size_t output_row,
                                 size_t first, size_t count,
                                 const kern_requantization *requantization, uint8_t *strip,
                                 uint8_t *out) {
  (void)strip;
  for (size_t x = 0; x < window->output_width; x++) {
    for (size_t c = 0; c < count; c++) {
      int32_t sum = accumulate(window, block, image, pad, output_row, x, first, c);
      out[x * window->channels + first + c] =
          kern_requantized(sum, requantization->multipliers[c], requantization);
    }
  }
}

void kern_dwconv_u8s8_s32__scalar(const kern_window_u8 *window, const kern_dwconv_u8s8_block *block,
                                  const uint8_t *image, const uint8_t *pad, size_t output_row,
                                  size_t first, size_t count, uint8_t *strip, int32_t *out) {
  (void)strip;
  for (size_t x = 0; x < window->output_width; x++) {
    for (size_t c = 0; c < count; c++) {
      out[x * window->channels + first + c] =
          accumulate(window, block, image, pad, output_row, x, first, c);
    }
  }
}
