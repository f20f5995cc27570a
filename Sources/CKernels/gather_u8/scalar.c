#include "../include/kernels_int8.h"
#include <string.h>

// Whether `steps` columns starting at `x`, `dilation` apart, are all inside the image.
static bool inside(ptrdiff_t x, size_t steps, size_t dilation, size_t width) {
  return x >= 0 && (size_t)x + (steps - 1) * dilation < width;
}

// A window row of a small image is a handful of bytes, less than a call of memcpy costs.
static void copy(uint8_t *out, const uint8_t *in, size_t count) {
  if (count >= 32) {
    memcpy(out, in, count);
    return;
  }
  if (count >= 8) {
    uint64_t last;
    memcpy(&last, in + count - 8, 8);
    for (size_t i = 0; i + 8 <= count; i += 8) {
      memcpy(out + i, in + i, 8);
    }
    memcpy(out + count - 8, &last, 8);
    return;
  }
  for (size_t i = 0; i < count; i++) {
    out[i] = in[i];
  }
}

void kern_gather_u8(const kern_window_u8 *window, const uint8_t *image, size_t first_channel,
                    size_t channel_count, uint8_t pad, size_t first, size_t end, uint8_t *out,
                    size_t out_stride, size_t depth) {
  const bool whole = channel_count == window->channels && window->dilation_width == 1;
  const size_t row_bytes = window->kernel_width * channel_count;
  const size_t used = window->kernel_height * row_bytes;
  size_t output_row = first / window->output_width;
  size_t output_column = first % window->output_width;
  for (size_t pixel = first; pixel < end; pixel++) {
    ptrdiff_t y = (ptrdiff_t)(output_row * window->stride_height) - (ptrdiff_t)window->pad_top;
    ptrdiff_t x = (ptrdiff_t)(output_column * window->stride_width) - (ptrdiff_t)window->pad_left;
    uint8_t *to = out;
    for (size_t ky = 0; ky < window->kernel_height; ky++, to += row_bytes) {
      ptrdiff_t row = y + (ptrdiff_t)(ky * window->dilation_height);
      if (row < 0 || (size_t)row >= window->height) {
        memset(to, pad, row_bytes);
        continue;
      }
      const uint8_t *line = image + (size_t)row * window->width * window->channels + first_channel;
      if (whole && inside(x, window->kernel_width, 1, window->width)) {
        copy(to, line + (size_t)x * window->channels, row_bytes);
        continue;
      }
      for (size_t kx = 0; kx < window->kernel_width; kx++) {
        ptrdiff_t column = x + (ptrdiff_t)(kx * window->dilation_width);
        if (column < 0 || (size_t)column >= window->width) {
          memset(to + kx * channel_count, pad, channel_count);
        } else {
          copy(to + kx * channel_count, line + (size_t)column * window->channels, channel_count);
        }
      }
    }
    for (size_t i = used; i < depth; i++) {
      out[i] = 0;
    }
    out += out_stride;
    if (++output_column == window->output_width) {
      output_column = 0;
      output_row++;
    }
  }
}
