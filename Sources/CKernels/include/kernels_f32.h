// Float kernels. None allocates, fails or reads past what it is given; packed operands are padded
// to whole panels or blocks and may be read up to there.
#pragma once
#include "kernels_isa.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// Part of a matrix product, or of a convolution, whose left rows are found through pointers:
// output[r][n] = clamp(bias[n] + addend[r][n] + sum over taps t, channels c of
//                      rows[t * row_stride + r][c] * panel[t * channels + c][n]),
// and of that the hard swish, x * max(0, min(1, x / 6 + 1 / 2)), if asked for.
typedef struct {
  const float *_Nonnull const *_Nonnull rows;
  size_t row_stride;
  size_t taps;
  size_t channels;
  // [taps * channels][width], width as given to the kernel.
  const float *panel;
  // Columns of the panel that exist, at most width.
  size_t columns;
  // width values.
  const float *bias;
  // Laid out as output, and may be output.
  const float *_Nullable addend;
  float *output;
  size_t output_stride;
  // A panel that is wanted next: fetched along the way, never read. As large as this one.
  const float *_Nullable next;
  float low, high;
  bool hard_swish;
} kern_igemm_f32_block;

// width is 8 or 16, or 32 where the instruction set includes AVX-512.
typedef void kern_igemm_f32_fn(const kern_igemm_f32_block *block, size_t width, size_t rows);

// Columns x of one output row of a convolution of an image whose channels are planes:
// output[x][n] = clamp(bias[n] + sum over lines l, kernel columns k of
//                      lines[l][x * step + k * dilation] * panel[l * kernel_columns + k][n]),
// and of that the hard swish, if asked for.
typedef struct {
  // Of each plane the lines under the kernel.
  const float *_Nonnull const *_Nonnull lines;
  size_t line_count;
  size_t kernel_columns;
  size_t step;
  size_t dilation;
  // [line_count * kernel_columns][width], width as given to the kernel.
  const float *panel;
  // Channels of the panel that exist, at most width.
  size_t channels;
  // width values.
  const float *bias;
  float *output;
  size_t output_stride;
  float low, high;
  bool hard_swish;
} kern_planar_f32_row;

// Widths are those of kern_igemm_f32_fn.
typedef void kern_planar_f32_fn(const kern_planar_f32_row *row, size_t width, size_t columns);

// Columns x of one output row of a convolution whose channels do not mix:
// output[x][c] = clamp(bias[c] + addend[x][c] + sum over ky, kx of
//                      pixels[ky * pixel_stride + x * step + kx * dilation][c] * weight(ky, kx,
//                      c)).
typedef struct {
  const float *_Nonnull const *_Nonnull pixels;
  size_t pixel_stride;
  size_t step;
  size_t dilation;
  size_t kernel_rows;
  size_t kernel_columns;
  size_t channels;
  // [ceil(channels / 16)], weight_stride apart, of [kernel_rows * kernel_columns][16].
  const float *weights;
  size_t weight_stride;
  // One per channel, padded to a multiple of 16.
  const float *bias;
  // Laid out as output, and may be output.
  const float *_Nullable addend;
  float *output;
  // Input that the next output row will need: fetched along the way, never read.
  const float *_Nullable next;
  size_t next_count;
  float low, high;
  // As in kern_igemm_f32_block.
  bool hard_swish;
} kern_depthwise_f32_row;

typedef void kern_depthwise_f32_fn(const kern_depthwise_f32_row *row, size_t columns);

// panel[k][n] = n < columns ? factor * b[k * k_stride + n * n_stride] : 0, for n < width.
typedef void kern_pack_f32_fn(const float *b, size_t k_stride, size_t n_stride, size_t depth,
                              size_t columns, size_t width, float factor, float *panel);

typedef enum {
  KERN_F32_COPY,
  KERN_F32_CLAMP,             // min(max(x, p), q); NaN stays NaN
  KERN_F32_LEAKY_RELU,        // x < 0 ? p * x : x
  KERN_F32_HARD_SIGMOID,      // max(0, min(1, p * x + q))
  KERN_F32_HARD_SWISH,        // x * max(0, min(1, x / 6 + 0.5))
  KERN_F32_HARD_SWISH_AFFINE, // p times that, + q
  KERN_F32_SIGMOID,
  KERN_F32_SILU,
  KERN_F32_TANH,
  KERN_F32_GELU,
  KERN_F32_GELU_TANH,
  KERN_F32_ELU, // x < 0 ? p * (exp(x) - 1) : x
  KERN_F32_SOFTPLUS,
  KERN_F32_MISH,
  KERN_F32_EXP,
  KERN_F32_LOG,
  KERN_F32_SQRT,
  KERN_F32_RECIPROCAL,
  KERN_F32_ERF,
  KERN_F32_NEGATE,
  KERN_F32_ABSOLUTE,
  KERN_F32_FLOOR,
  KERN_F32_CEIL,
  KERN_F32_ROUND,  // half to even
  KERN_F32_AFFINE, // p * x + q
  KERN_F32_SQUARE,
  KERN_F32_SIGN,
  KERN_F32_SOFTSIGN,    // x / (1 + |x|)
  KERN_F32_THRESHOLDED, // x > p ? x : 0
} kern_f32_unary;

// y may be x.
typedef void kern_unary_f32_fn(kern_f32_unary op, float p, float q, const float *x, float *y,
                               size_t count);

typedef enum {
  KERN_F32_ADD,
  KERN_F32_SUBTRACT,
  KERN_F32_MULTIPLY,
  KERN_F32_DIVIDE,
  KERN_F32_MINIMUM, // NaN where either is
  KERN_F32_MAXIMUM, // NaN where either is
  KERN_F32_POWER,
} kern_f32_binary;

// y[i] = a[i * a_step] op b[i * b_step]; steps are 0 or 1. y may be a or b.
typedef void kern_binary_f32_fn(kern_f32_binary op, const float *a, size_t a_step, const float *b,
                                size_t b_step, float *y, size_t count);

typedef enum { KERN_F32_SUM, KERN_F32_LARGEST, KERN_F32_SMALLEST } kern_f32_reduction;

// `count` windows of rows x columns pixels, `step` floats apart. Strides are in floats; neither
// rows nor columns are 0.
typedef struct {
  const float *first;
  size_t count, step;
  size_t rows, row_stride;
  size_t columns, column_stride;
  size_t channels;
} kern_windows_f32;

// y[window][c] = factor * (sum, largest or smallest of the window's values of channel c).
typedef void kern_reduce_windows_f32_fn(kern_f32_reduction op, const kern_windows_f32 *windows,
                                        float factor, float *y);
// y[c] = factor * (sum, largest or smallest over r of x[r * stride + c]); rows is at least 1.
typedef void kern_reduce_f32_fn(kern_f32_reduction op, const float *x, size_t rows, size_t stride,
                                size_t columns, float factor, float *y);

// Rows of `count` values, `stride` apart in either.
typedef struct {
  const float *x;
  // May be x.
  float *y;
  size_t stride;
  size_t rows;
  size_t count;
  // Above 0.
  float factor;
} kern_softmax_f32_rows;

// y = softmax(factor * x), or its logarithm, for each row.
typedef void kern_softmax_f32_fn(const kern_softmax_f32_rows *rows, bool logarithm);

// y[c * y_stride + r] = x[r * x_stride + c].
typedef void kern_transpose_f32_fn(const float *x, size_t x_stride, float *y, size_t y_stride,
                                   size_t rows, size_t columns);

// y = (a * (1 - u) + b * u) * (1 - v) + (c * (1 - u) + d * u) * v, each of count values.
typedef void kern_blend_f32_fn(const float *a, const float *b, const float *c, const float *d,
                               float u, float v, float *y, size_t count);

typedef struct {
  double mean;    // 0 where values are not centred
  double squares; // of what is left when the mean is taken away
} kern_deviation;

typedef kern_deviation kern_deviation_f32_fn(const float *x, size_t count, bool centers);

// y[i] = (x[i] - mean) * factor * scale[i * scale_step] + bias[i * bias_step]; steps are 0 or 1.
// y may be x.
typedef void kern_normalize_f32_fn(const float *x, float *y, size_t count, float mean, float factor,
                                   const float *scale, size_t scale_step, const float *bias,
                                   size_t bias_step);

// Between float32 and float16, which is kept as 16 bits; narrowing rounds to nearest, ties to even.
typedef void kern_widen_f16_f32_fn(const uint16_t *x, float *y, size_t count);
typedef void kern_narrow_f32_f16_fn(const float *x, uint16_t *y, size_t count);

typedef struct {
  kern_igemm_f32_fn *igemm;
  kern_planar_f32_fn *planar;
  kern_depthwise_f32_fn *depthwise;
  kern_pack_f32_fn *pack;
  kern_unary_f32_fn *unary;
  kern_binary_f32_fn *binary;
  kern_reduce_windows_f32_fn *reduce_windows;
  kern_reduce_f32_fn *reduce;
  kern_softmax_f32_fn *softmax;
  kern_transpose_f32_fn *transpose;
  kern_blend_f32_fn *blend;
  kern_deviation_f32_fn *deviation;
  kern_normalize_f32_fn *normalize;
  kern_widen_f16_f32_fn *widen_half;
  kern_narrow_f32_f16_fn *narrow_half;
} kern_f32_table;

// The kernels for an instruction set that is supported; those for scalar where it has no own.
const kern_f32_table *kern_f32_table_for(kern_isa isa);

// What every instruction set has, and what only some have, since memory bounds it or, on NEON, the
// compiler makes the same of the reference.
#define KERN_F32_DECLARE(isa)                                                                      \
  kern_igemm_f32_fn kern_igemm_f32__##isa;                                                         \
  kern_depthwise_f32_fn kern_depthwise_f32__##isa;                                                 \
  kern_unary_f32_fn kern_unary_f32__##isa;                                                         \
  kern_binary_f32_fn kern_binary_f32__##isa;                                                       \
  kern_reduce_windows_f32_fn kern_reduce_windows_f32__##isa;                                       \
  kern_softmax_f32_fn kern_softmax_f32__##isa;                                                     \
  kern_transpose_f32_fn kern_transpose_f32__##isa;                                                 \
  kern_deviation_f32_fn kern_deviation_f32__##isa;                                                 \
  kern_normalize_f32_fn kern_normalize_f32__##isa
#define KERN_F32_DECLARE_REST(isa)                                                                 \
  kern_reduce_f32_fn kern_reduce_f32__##isa;                                                       \
  kern_blend_f32_fn kern_blend_f32__##isa;                                                         \
  kern_widen_f16_f32_fn kern_widen_f16_f32__##isa;                                                 \
  kern_narrow_f32_f16_fn kern_narrow_f32_f16__##isa

kern_planar_f32_fn kern_planar_f32__scalar, kern_planar_f32__avx2, kern_planar_f32__avx512;
// Packing happens once, so that there is one for all.
kern_pack_f32_fn kern_pack_f32__scalar;
KERN_F32_DECLARE(scalar);
KERN_F32_DECLARE(avx2);
KERN_F32_DECLARE(avx512);
KERN_F32_DECLARE(neon);
KERN_F32_DECLARE_REST(scalar);
KERN_F32_DECLARE_REST(avx2);
kern_reduce_f32_fn kern_reduce_f32__neon;
#undef KERN_F32_DECLARE
#undef KERN_F32_DECLARE_REST

#pragma clang assume_nonnull end
