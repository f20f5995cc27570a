// Float kernels that training needs beside those of kernels_f32.h. None allocates, fails or reads
// past what it is given.
#pragma once
#include "kernels_f32.h"

#pragma clang assume_nonnull begin

// dx = dy * f'(x) for y = f(x), where f' follows from x and y without another elementary function:
// not for KERN_F32_GELU, GELU_TANH, SOFTPLUS, MISH and ERF, which give 0. Where f is constant or
// has a corner, the slope is 0. dx may be dy.
typedef void kern_unary_gradient_f32_fn(kern_f32_unary op, float p, float q, const float *x,
                                        const float *y, const float *dy, float *dx, size_t count);

// The map of fake quantization; ends are counted from the zero point.
typedef struct {
  float scale;
  float inverse; // of scale
  float lowest, highest;
} kern_code_map;

// y = scale * clamp(rint(x * inverse)); NaN stays NaN. y may be x.
typedef void kern_fake_quantize_f32_fn(const kern_code_map *map, const float *x, float *y,
                                       size_t count);
// dx = rint(x * inverse) is inside of the ends ? dy : 0. dx may be dy.
typedef void kern_fake_quantize_gradient_f32_fn(const kern_code_map *map, const float *x,
                                                const float *dy, float *dx, size_t count);
// Sum of dy * d(scale * clamp(rint(x / scale))) / d(scale), rounding taken for the identity.
typedef double kern_step_size_gradient_f32_fn(const kern_code_map *map, const float *x,
                                              const float *dy, size_t count);

// What columns x of one output row of a depthwise convolution add to the gradient of its weights:
// weights[(ky * kernel_columns + kx) * channels + c] +=
//     sum over x of gradient[x][c] * pixels[ky * pixel_stride + x * step + kx * dilation][c].
typedef struct {
  const float *_Nonnull const *_Nonnull pixels;
  size_t pixel_stride;
  size_t step;
  size_t dilation;
  size_t kernel_rows;
  size_t kernel_columns;
  size_t channels;
  const float *gradient;
  float *weights;
} kern_depthwise_gradient_f32_row;

typedef void kern_depthwise_gradient_f32_fn(const kern_depthwise_gradient_f32_row *row,
                                            size_t columns);

// output[k * output_stride + i] += sum over y < lines and x < count of
//     left[y * left_line + x * left_step + k] * right[y * right_line + x * right_step + i],
// for k < rows and i < columns.
typedef struct {
  const float *left, *right;
  size_t lines, count;
  size_t left_line, left_step;
  size_t right_line, right_step;
  size_t rows, columns;
  float *output;
  size_t output_stride;
} kern_outer_sum_f32;

typedef void kern_outer_sum_f32_fn(const kern_outer_sum_f32 *sum);

// Windows of one output row of a pool: those at x = input + i * step, for i < columns, over the
// pixels `offsets` of them. The gradient of each goes to the first of its pixels that equals the
// output, channel by channel, on top of what is there.
typedef struct {
  const float *input;
  const float *output;
  const float *output_gradient;
  float *input_gradient;
  const size_t *offsets;
  size_t taps;
  size_t step;
  size_t channels;
} kern_maximum_gradient_f32_row;

typedef void kern_maximum_gradient_f32_fn(const kern_maximum_gradient_f32_row *row, size_t columns);

// Over [rows][channels]: sum[c] += x.
typedef void kern_channel_sum_f32_fn(const float *x, size_t rows, size_t channels, float *sum);
// squares[c] += (x - mean[c])^2.
typedef void kern_channel_squares_f32_fn(const float *x, const float *mean, size_t rows,
                                         size_t channels, float *squares);
// sum[c] += dy and products[c] += dy * (x - mean[c]).
typedef void kern_channel_products_f32_fn(const float *dy, const float *x, const float *mean,
                                          size_t rows, size_t channels, float *sum,
                                          float *products);
// y = a[c] * x + b[c] * z + o[c]; z may be missing, y may be x or z.
typedef void kern_channel_affine_f32_fn(const float *a, const float *x, const float *_Nullable b,
                                        const float *_Nullable z, const float *o, size_t rows,
                                        size_t channels, float *y);

// The sum of squares, in double.
typedef double kern_square_sum_f32_fn(const float *x, size_t count);

// One update by Adam with decay apart from the gradient, g = factor * gradient:
//     mean += (1 - beta1) * (g - mean), square = beta2 * square + (1 - beta2) * g * g,
//     values = keep * values - rate * mean / (sqrt(square) * root + epsilon).
typedef struct {
  float factor;
  float beta1, beta2;
  float keep;
  float rate;
  float root;
  float epsilon;
} kern_adam_f32_step;

typedef void kern_adam_f32_fn(const kern_adam_f32_step *step, const float *gradient, float *mean,
                              float *square, float *values, size_t count);

typedef struct {
  kern_unary_gradient_f32_fn *unary;
  kern_fake_quantize_f32_fn *fake_quantize;
  kern_fake_quantize_gradient_f32_fn *fake_quantize_gradient;
  kern_step_size_gradient_f32_fn *step_size;
  kern_depthwise_gradient_f32_fn *depthwise;
  kern_outer_sum_f32_fn *outer_sum;
  kern_maximum_gradient_f32_fn *maximum;
  kern_channel_sum_f32_fn *channel_sum;
  kern_channel_squares_f32_fn *channel_squares;
  kern_channel_products_f32_fn *channel_products;
  kern_channel_affine_f32_fn *channel_affine;
  kern_square_sum_f32_fn *square_sum;
  kern_adam_f32_fn *adam;
} kern_gradient_table;

// The kernels for an instruction set that is supported.
const kern_gradient_table *kern_gradient_table_for(kern_isa isa);

#define KERN_GRADIENT_DECLARE(isa)                                                                 \
  kern_unary_gradient_f32_fn kern_unary_gradient_f32__##isa;                                       \
  kern_fake_quantize_f32_fn kern_fake_quantize_f32__##isa;                                         \
  kern_fake_quantize_gradient_f32_fn kern_fake_quantize_gradient_f32__##isa;                       \
  kern_step_size_gradient_f32_fn kern_step_size_gradient_f32__##isa;                               \
  kern_depthwise_gradient_f32_fn kern_depthwise_gradient_f32__##isa;                               \
  kern_outer_sum_f32_fn kern_outer_sum_f32__##isa;                                                 \
  kern_maximum_gradient_f32_fn kern_maximum_gradient_f32__##isa;                                   \
  kern_channel_sum_f32_fn kern_channel_sum_f32__##isa;                                             \
  kern_channel_squares_f32_fn kern_channel_squares_f32__##isa;                                     \
  kern_channel_products_f32_fn kern_channel_products_f32__##isa;                                   \
  kern_channel_affine_f32_fn kern_channel_affine_f32__##isa;                                       \
  kern_square_sum_f32_fn kern_square_sum_f32__##isa;                                               \
  kern_adam_f32_fn kern_adam_f32__##isa
KERN_GRADIENT_DECLARE(scalar);
KERN_GRADIENT_DECLARE(avx2);
#undef KERN_GRADIENT_DECLARE
kern_outer_sum_f32_fn kern_outer_sum_f32__avx512;

#pragma clang assume_nonnull end
