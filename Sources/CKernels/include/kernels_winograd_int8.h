// Convolutions of codes with 3 x 3 taps as products of transformed tiles (Winograd's F(4 x 4, 3 x
// 3)), exact: the 6 x 6 codes under 4 x 4 results become 36 whole numbers of 16 bits for each
// channel, each is multiplied over the channels like a pixel of its own, and 36 products give 16
// results. 36 multiplications stand for 144.
//
// Weights are transformed with fractions of 24 taken out, so that products are 576 times too
// large. All sums are kept modulo 2^32; 576 is 9 * 64, and 9 has an inverse modulo 2^32, so that a
// result of less than 2^25 is found exactly whatever the products' true size is.
#pragma once
#include "kernels_int8.h"
#include "kernels_isa.h"
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// Numbers and products stand in 36 planes that are walked at once. Where planes are an odd count of
// cache lines apart, their lines fall into different sets.
static inline size_t kern_winograd_plane(size_t bytes) { return (bytes + 63) / 64 * 64 | 64; }

enum {
  KERN_WINOGRAD_U8_SIDE = 6,
  KERN_WINOGRAD_U8_NUMBERS = 36,
  KERN_WINOGRAD_U8_RESULT_SIDE = 4,
  // Results, and what sums start from, are smaller than 2 to this.
  KERN_WINOGRAD_U8_RESULT_BITS = 25
};

// Images in NHWC order, and the tiles over each of them, row by row.
typedef struct {
  size_t height, width, channels;
  size_t pad_top, pad_left;
  size_t output_height, output_width, output_channels;
  size_t tiles_across, tiles_down;
} kern_winograd_u8_shape;

// `G w Gᵀ` of every kernel; `rows` are [column][3][3][channel], with an even count of channels. Of
// each group of panels of 16 columns: [number][panel][pair of channels][column][2].
void kern_winograd_s8_weights(const int8_t *rows, size_t columns, size_t channels,
                              size_t panels_of_group, int16_t *out);

// Tiles first..<first+count of all images: out[number][tile][channel], numbers `stride` apart.
// Outside of the image stands `pad`: a code for each channel.
typedef void kern_winograd_u8_input_fn(const kern_winograd_u8_shape *shape, const uint8_t *images,
                                       const uint8_t *pad, size_t first, size_t count, int16_t *out,
                                       size_t stride);

// Rows of transformed codes times one or two panels of 16 columns. Sums are [row][16 * panels].
typedef struct {
  const int16_t *codes; // 2 * pairs for each row, one behind the other
  size_t rows, pairs, panels;
  const int16_t *weights; // [panel][pair][column][2]
  const int16_t *next;    // weights that are wanted next; may be fetched
} kern_winograd_u8_product;

typedef void kern_winograd_u8_multiply_fn(const kern_winograd_u8_product *product, int32_t *sums);

// What becomes of the products [36][tile][width] of some columns, numbers `stride` apart.
typedef struct {
  const int32_t *products;
  size_t stride;
  size_t first, count; // tiles
  size_t width, columns;
  const int32_t *initial; // per column: what sums start from
} kern_winograd_u8_sums;

// `out` is the first of these columns in the first pixel of all images.
typedef void kern_winograd_u8_codes_fn(const kern_winograd_u8_shape *shape,
                                       const kern_winograd_u8_sums *sums,
                                       const kern_requantization *requantization, uint8_t *out);
typedef void kern_winograd_u8_sums_fn(const kern_winograd_u8_shape *shape,
                                      const kern_winograd_u8_sums *sums, int32_t *out);

typedef struct {
  kern_winograd_u8_input_fn *input;
  kern_winograd_u8_multiply_fn *multiply;
  kern_winograd_u8_codes_fn *codes;
  kern_winograd_u8_sums_fn *sums;
} kern_winograd_u8_table;

const kern_winograd_u8_table *kern_winograd_u8_table_for(kern_isa isa);

#pragma clang assume_nonnull end
