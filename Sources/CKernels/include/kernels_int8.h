// Kernels on 8-bit codes. Activations are uint8, weights int8, accumulators int32; every result is
// exact, so all instruction sets agree bit for bit. No kernel reads or writes past the spans it is
// given.
#pragma once
#include "kernels_isa.h"
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// code = clamp(rint(float(acc) * multiplier[channel]) + zero_point, lowest code, highest code).
// `low` and `high` are the code limits minus the zero point, so that the clamp comes before
// rounding; with whole limits that is the same value, and no float is ever too large for an int32.
// rint is half to even.
typedef struct {
  const float *multipliers;
  float low;
  float high;
  int32_t zero_point;
  // Promises that the zero point is a code and that no product comes near 2^31; the clamp can then
  // wait until codes are packed.
  bool is_bounded;
} kern_requantization;

// How often the 16-bit sums of so many quads may be added before widening, runs of 8 first; a panel
// that is centred has none.
typedef struct {
  uint32_t eights, fours, twos, ones;
  bool is_centred;
} kern_quad_runs;

// Weights of a u8 x s8 matrix product, in panels of 16 columns; the last panel has 8 when that is
// enough. Depth is cut into quads of 4, and a panel multiplies some quad in each of its steps:
// [step][column][4]. Steps stand in an order in which `runs` of them have 16-bit sums that cannot
// overflow; where two weights of a quad are too much for that, the quad stands twice, and its
// weights are the sum of both. A centred panel has no weight of -128: codes less 128 fit with any
// such weights, and what that takes off the sums stands in `centres`. Kernels that add products to
// 32 bits at once take panels whose steps are the quads in their order, and read no more of them.
typedef struct kern_gemm_u8s8_panels {
  size_t columns;
  size_t quads;
  const int8_t *weights; // step s starts at s * 64
  // Per panel, and one past the last: where its steps start. NULL, as all up to `centres`, where
  // panel p starts with step p * quads and has its quads in their order.
  const uint32_t *_Nullable starts;
  const uint16_t *_Nullable order;      // where the quad of each step stands in a row, in quads
  const kern_quad_runs *_Nullable runs; // per panel
  const uint16_t *_Nullable places;     // the step of each quad, where none stands twice
  const int32_t *centres;               // per padded column: 128 * sum of its weights
  // The same weights in runs for codes up to 127, no quad twice and no panel centred. They take
  // rows of which at most `outlier_share` of the quads have greater codes, or codes outside of
  // another range of 128; these are multiplied once more.
  const struct kern_gemm_u8s8_panels *_Nullable light;
  float outlier_share;
} kern_gemm_u8s8_panels;

// What cutting a code to a smaller range leaves of it.
typedef struct {
  uint32_t place; // of the code
  int32_t rest;   // -64...128
} kern_code_rest;

// Codes that were cut to 0...127: code = base + what is left of it + its rest, which few have.
typedef struct {
  const uint8_t *codes;
  int32_t base;
  uint32_t *starts; // for every 32 codes, and one past the last: where their rests start
  kern_code_rest *rests;
} kern_cut_codes;

enum { KERN_MOST_CUT_QUADS = 4096 };

// Left rows of the product: `rows` rows of 4 * quads readable bytes, `stride` bytes apart. Where
// `runs` is more than 1, each row is that many runs of 4 * run_quads bytes, `run_stride` bytes
// apart: the lines of an image under a window. The dot product and the reference take them for
// any panels whose quads are in their order; others, for those whose `order` tells where quads
// stand.
typedef struct {
  const uint8_t *data;
  size_t stride;
  size_t rows;
  size_t runs;
  size_t run_quads;
  size_t run_stride;
  // How the codes under `data` were cut, for panels with light ones, which multiply them; rows
  // have at most KERN_MOST_CUT_QUADS quads then.
  const kern_cut_codes *_Nullable cut;
} kern_gemm_u8_rows;

// A rectangular part of an image in NHWC order, and the windows that slide over it.
typedef struct {
  size_t height, width, channels;         // of one whole image
  size_t kernel_height, kernel_width;     // of the window
  size_t stride_height, stride_width;     // steps of the window
  size_t dilation_height, dilation_width; // steps inside the window
  size_t pad_top, pad_left;
  size_t output_height, output_width;
} kern_window_u8;

// Depthwise weights of a block of channels: 32 when `is_wide`, else up to 16. Window columns
// are made of `quads` groups of four rows (a row may stand in several), interleaved per channel;
// `rows` names them
// (-1: a row of zeros with zero weights). weights: [kernel_width][quads][32 or 16][4], channels of
// a wide block in the order of kern_dwconv_place.
typedef struct {
  bool is_wide;
  // Promises that there are two quads and that their 16-bit sums may be added before widening.
  bool adds_quads;
  size_t quads;
  const int8_t *rows;
  const int8_t *weights;
  const int32_t *initial; // bias - zero_point * sum of weights, for all channels of the block
} kern_dwconv_u8s8_block;

// Where channel 0...31 of a wide block stands: byte interleaving works in halves of 16.
static inline size_t kern_dwconv_place(size_t channel) {
  return channel % 16 / 4 * 8 + channel / 16 * 4 + channel % 4;
}

// (x - left_zero) * left_multiplier + (y - right_zero) * right_multiplier, each step rounded to
// float, then rint, then + zero_point, then clamped to low...high (as in kern_requantization).
typedef struct {
  int32_t left_zero, right_zero;
  float left_multiplier, right_multiplier;
  float low, high;
  int32_t zero_point;
} kern_binary_u8;

// `count` windows of rows x columns pixels, `step` bytes apart. Strides are in bytes; neither rows
// nor columns are 0.
typedef struct {
  const uint8_t *first;
  size_t count, step;
  size_t rows, row_stride;
  size_t columns, column_stride;
  size_t channels;
} kern_windows_u8;

// How int32 sums become real: (float)sum * (factor * scales[c]) + biases[c] + addend[r][c], every
// step rounded. The arrays of columns can be read for whole panels of 16.
typedef struct {
  float factor;
  const float *scales;
  const float *_Nullable biases;
  const float *_Nullable addend; // laid out as the reals, and may be where they go
} kern_sum_scaling;

typedef struct {
  const char *name;
  // out[r][c] = requantized(initial[c] + sum_k a[r][k] * w[k][c]) for the columns of panels
  // first..<end.
  void (*gemm_u8s8_u8)(const kern_gemm_u8s8_panels *panels, const kern_gemm_u8_rows *rows,
                       const int32_t *initial, const kern_requantization *requantization,
                       uint8_t *out, size_t out_stride, size_t first_panel, size_t end_panel);
  // The same before requantization. `out_stride` counts int32.
  void (*gemm_u8s8_s32)(const kern_gemm_u8s8_panels *panels, const kern_gemm_u8_rows *rows,
                        const int32_t *initial, int32_t *out, size_t out_stride, size_t first_panel,
                        size_t end_panel);
  // The same sums made real. `out_stride` counts floats.
  void (*gemm_u8s8_f32)(const kern_gemm_u8s8_panels *panels, const kern_gemm_u8_rows *rows,
                        const int32_t *initial, const kern_sum_scaling *scaling, float *out,
                        size_t out_stride, size_t first_panel, size_t end_panel);
  // One output row of a depthwise convolution, channels first..<first+count of a block.
  // `image` is one image; `strip` is scratch of strip columns * quads * 128 bytes (64 for a narrow
  // block), where strip columns = (output_width - 1) * stride + (kernel_width - 1) * dilation + 1;
  // `pad` holds 32 input zero points. `out` is the output row, pixels `channels` apart; multipliers
  // count from `first`; multipliers and initial values can be read for a whole block.
  void (*dwconv_u8s8_u8)(const kern_window_u8 *window, const kern_dwconv_u8s8_block *block,
                         const uint8_t *image, const uint8_t *pad, size_t output_row, size_t first,
                         size_t count, const kern_requantization *requantization, uint8_t *strip,
                         uint8_t *out);
  void (*dwconv_u8s8_s32)(const kern_window_u8 *window, const kern_dwconv_u8s8_block *block,
                          const uint8_t *image, const uint8_t *pad, size_t output_row, size_t first,
                          size_t count, uint8_t *strip, int32_t *out);
  void (*add_u8)(const kern_binary_u8 *p, const uint8_t *x, const uint8_t *y, uint8_t *out,
                 size_t count);
  // rint(float((x - left_zero) * (y - right_zero)) * left_multiplier) + zero_point.
  void (*mul_u8)(const kern_binary_u8 *p, const uint8_t *x, const uint8_t *y, uint8_t *out,
                 size_t count);
  // out[i] = table[in[i]]; in place is allowed.
  void (*table_u8)(const uint8_t *table, const uint8_t *in, uint8_t *out, size_t count);
  // clamp(rint(x / scale) + zero_point, 0, 255); NaN becomes zero_point.
  void (*quantize_f32_u8)(const float *in, uint8_t *out, size_t count, float scale,
                          int32_t zero_point);
  // (q - zero_point) * scale.
  void (*dequantize_u8_f32)(const uint8_t *in, float *out, size_t count, float scale,
                            int32_t zero_point);
  // Requantizes `count` accumulators, one multiplier for all: multipliers[0].
  void (*requantize_s32_u8)(const int32_t *in, uint8_t *out, size_t count,
                            const kern_requantization *requantization);
  // out[r][c] = (float)sums[r][c] * (factor * scales[c]) + biases[c], every step rounded; `out` may
  // be where the sums are.
  void (*scale_s32_f32)(const int32_t *sums, float *out, size_t rows, size_t columns, float factor,
                        const float *scales, const float *_Nullable biases);
  // The largest code of each channel in windows side by side; `out` is [windows][channels].
  void (*max_windows_u8)(const kern_windows_u8 *windows, uint8_t *out);
  // out[c] += sum over rows of in[r][c].
  void (*sum_rows_u8)(const uint8_t *in, size_t rows, size_t row_stride, size_t channels,
                      int32_t *out);
  // out[c][r] = in[r][c].
  void (*transpose_u8)(const uint8_t *in, size_t rows, size_t columns, uint8_t *out);
  // Cuts `count` codes, a multiple of 32, to 0...127 or to 64...191 less 64, whichever holds more
  // of them, and describes that in `to`, whose arrays have room. Returns false, and leaves codes as
  // they are, when more than `most` have a rest.
  bool (*cut_u8)(uint8_t *codes, size_t count, size_t most, kern_cut_codes *to);
  // The largest of `count` codes; 0 when there is none.
  uint8_t (*largest_u8)(const uint8_t *in, size_t count);
  // Adds the same code to every element, modulo 256: 128 turns int8 codes into uint8 and back.
  void (*offset_u8)(const uint8_t *in, uint8_t *out, size_t count, uint8_t offset);
} kern_int8_table;

const kern_int8_table *kern_int8_table_for(kern_isa isa);

// Copies the windows of output pixels first..<end (row by row through the image) into rows of
// `out`, one every `out_stride` bytes: [kernel row][kernel column][channels
// first_channel..<+channel_count], then zeros up to `depth`. Outside of the image stands `pad`.
void kern_gather_u8(const kern_window_u8 *window, const uint8_t *image, size_t first_channel,
                    size_t channel_count, uint8_t pad, size_t first, size_t end, uint8_t *out,
                    size_t out_stride, size_t depth);

// A pair of neighbouring depths whose 16-bit sum an unguarded product instruction could saturate.
typedef struct {
  uint32_t column;
  uint32_t depth; // of the first of the pair
  int16_t first, second;
} kern_risky_pair;

// For every row, adds to out[row][column] what saturation to 16 bits would change, and returns how
// many pair sums would saturate. `out` may be NULL when only the count is wanted.
uint64_t kern_saturation_u8s8(const kern_risky_pair *pairs, size_t pair_count, const uint8_t *rows,
                              size_t row_stride, size_t row_count, int32_t *_Nullable out,
                              size_t out_stride);

#pragma clang assume_nonnull end
