#pragma once
#include "../include/kernels_int8.h"

#pragma clang assume_nonnull begin
#define KERN_DWCONV_U8S8(isa)                                                                      \
  void kern_dwconv_u8s8_u8__##isa(                                                                 \
      const kern_window_u8 *window, const kern_dwconv_u8s8_block *block, const uint8_t *image,     \
      const uint8_t *pad, size_t output_row, size_t first, size_t count,                           \
      const kern_requantization *requantization, uint8_t *strip, uint8_t *out);                    \
  void kern_dwconv_u8s8_s32__##isa(const kern_window_u8 *window,                                   \
                                   const kern_dwconv_u8s8_block *block, const uint8_t *image,      \
                                   const uint8_t *pad, size_t output_row, size_t first,            \
                                   size_t count, uint8_t *strip, int32_t *out);
KERN_DWCONV_U8S8(scalar)
KERN_DWCONV_U8S8(avx2)
KERN_DWCONV_U8S8(avxvnni)
KERN_DWCONV_U8S8(avx512vnni)
KERN_DWCONV_U8S8(neon)
KERN_DWCONV_U8S8(neondot)
#undef KERN_DWCONV_U8S8

// The codes of one slot of a window column: image row `slot row` of the window, column `x` counted
// from the leftmost padding.
static inline const uint8_t *kern_dwconv_codes(const kern_window_u8 *window, const uint8_t *image,
                                               const uint8_t *pad, size_t output_row, int slot_row,
                                               size_t x, size_t first) {
  ptrdiff_t y = (ptrdiff_t)(output_row * window->stride_height) - (ptrdiff_t)window->pad_top +
                (ptrdiff_t)slot_row * (ptrdiff_t)window->dilation_height;
  ptrdiff_t column = (ptrdiff_t)x - (ptrdiff_t)window->pad_left;
  if (slot_row < 0 || y < 0 || (size_t)y >= window->height || column < 0 ||
      (size_t)column >= window->width) {
    return pad;
  }
  return image + ((size_t)y * window->width + (size_t)column) * window->channels + first;
}
#pragma clang assume_nonnull end
