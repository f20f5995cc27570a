// Convolutions of 3 x 3 taps as products of transformed tiles (Winograd's F(2 x 2, 3 x 3)): the 4 x
// 4 pixels under 2 x 2 results become 16 numbers for each channel, each is multiplied over the
// channels like a pixel of its own, and 16 products give four results. 16 multiplications stand for
// 36. Transforms only add, so they are the same on all instruction sets.
#pragma once
#include "kernels_isa.h"
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// Numbers and products stand in planes that are walked at once. Where planes are an odd count of
// cache lines apart, their lines fall into different sets.
static inline size_t kern_winograd_plane(size_t bytes) { return (bytes + 63) / 64 * 64 | 64; }

enum { KERN_WINOGRAD_NUMBERS = 16, KERN_WINOGRAD_RESULTS = 4 };

// out[number][tile][channel], numbers `stride` apart; pixels[tile][16] point to `channels` values
// each, row by row.
typedef void kern_winograd_input_f32_fn(const float *_Nonnull const *_Nonnull pixels, size_t tiles,
                                        size_t channels, float *out, size_t stride);

typedef struct {
  // [16][tiles][width], numbers `stride` apart, of which `columns` exist.
  const float *products;
  size_t stride;
  size_t tiles, width, columns;
  const float *bias;
  // [tiles][4]: where in `output` and `addend` the results of a tile begin, row by row;
  // KERN_WINOGRAD_OUTSIDE for none.
  const size_t *places;
  float *output;
  // Added before the clamp; may be output.
  const float *_Nullable addend;
  float low, high;
} kern_winograd_results;

#define KERN_WINOGRAD_OUTSIDE SIZE_MAX

typedef void kern_winograd_output_f32_fn(const kern_winograd_results *results);

typedef struct {
  kern_winograd_input_f32_fn *input;
  kern_winograd_output_f32_fn *output;
} kern_winograd_table;

const kern_winograd_table *kern_winograd_table_for(kern_isa isa);

kern_winograd_input_f32_fn kern_winograd_input_f32__scalar, kern_winograd_input_f32__avx2,
    kern_winograd_input_f32__avx512, kern_winograd_input_f32__neon;
kern_winograd_output_f32_fn kern_winograd_output_f32__scalar, kern_winograd_output_f32__avx2,
    kern_winograd_output_f32__avx512, kern_winograd_output_f32__neon;

#pragma clang assume_nonnull end
