// The gradient kernels, written once in plain C: KERNEL(name) adds the instruction set, for which
// the compiler turns these loops into vector code. Included once by each of the files beside it.
#include "kernels_gradient.h"

// In place is as good as apart: an element depends on those at its own place only.
#define IN_PLACE _Pragma("clang loop vectorize(assume_safety)")

#define EACH(slope)                                                                                \
  IN_PLACE for (size_t i = 0; i < count; i++) dx[i] = dy[i] * (slope);                             \
  break

void KERNEL(unary_gradient)(kern_f32_unary op, float p, float q, const float *x, const float *y,
                            const float *dy, float *dx, size_t count) {
  switch (op) {
  case KERN_F32_COPY:
    EACH(1.0f);
  case KERN_F32_CLAMP:
    EACH(y[i] > p && y[i] < q ? 1.0f : 0.0f);
  case KERN_F32_LEAKY_RELU:
    EACH(x[i] < 0 ? p : 1.0f);
  case KERN_F32_HARD_SIGMOID:
    EACH(y[i] > 0 && y[i] < 1 ? p : 0.0f);
  case KERN_F32_HARD_SWISH:
    EACH(x[i] <= -3 ? 0.0f : x[i] >= 3 ? 1.0f : x[i] * (1.0f / 3) + 0.5f);
  case KERN_F32_HARD_SWISH_AFFINE:
    EACH(x[i] <= -3 ? 0.0f : x[i] >= 3 ? p : p * (x[i] * (1.0f / 3) + 0.5f));
  case KERN_F32_SIGMOID:
    EACH(y[i] * (1 - y[i]));
  case KERN_F32_SILU: {
    // sigmoid(x) = y / x, and 1/2 at 0.
    IN_PLACE for (size_t i = 0; i < count; i++) {
      const float s = x[i] == 0 ? 0.5f : y[i] / x[i];
      dx[i] = dy[i] * (s + y[i] * (1 - s));
    }
    break;
  }
  case KERN_F32_TANH:
    EACH(1 - y[i] * y[i]);
  case KERN_F32_ELU:
    EACH(x[i] < 0 ? y[i] + p : 1.0f);
  case KERN_F32_EXP:
    EACH(y[i]);
  case KERN_F32_LOG:
    EACH(1 / x[i]);
  case KERN_F32_SQRT:
    EACH(0.5f / y[i]);
  case KERN_F32_RECIPROCAL:
    EACH(-y[i] * y[i]);
  case KERN_F32_NEGATE:
    EACH(-1.0f);
  case KERN_F32_ABSOLUTE:
    EACH(x[i] > 0 ? 1.0f : x[i] < 0 ? -1.0f : 0.0f);
  case KERN_F32_AFFINE:
    EACH(p);
  case KERN_F32_SQUARE:
    EACH(2 * x[i]);
  case KERN_F32_SOFTSIGN:
    EACH(1 / ((1 + __builtin_fabsf(x[i])) * (1 + __builtin_fabsf(x[i]))));
  case KERN_F32_THRESHOLDED:
    EACH(x[i] > p ? 1.0f : 0.0f);
  case KERN_F32_FLOOR:
  case KERN_F32_CEIL:
  case KERN_F32_ROUND:
  case KERN_F32_SIGN:
  case KERN_F32_GELU:
  case KERN_F32_GELU_TANH:
  case KERN_F32_SOFTPLUS:
  case KERN_F32_MISH:
  case KERN_F32_ERF:
    EACH(0.0f);
  }
}
#undef EACH

// To the nearest integer, ties to even, for magnitudes below 2^22; others stay out of any range of
// codes.
static inline float nearest(float v) {
  const float magic = 0x1.8p23f;
  return (v + magic) - magic;
}

static inline float clamped(float v, float low, float high) {
  v = v < low ? low : v;
  return v > high ? high : v;
}

void KERNEL(fake_quantize)(const kern_code_map *map, const float *x, float *y, size_t count) {
  const kern_code_map m = *map;
  IN_PLACE for (size_t i = 0; i < count; i++) y[i] =
      nearest(clamped(x[i] * m.inverse, m.lowest, m.highest)) * m.scale;
}

void KERNEL(fake_quantize_gradient)(const kern_code_map *map, const float *x, const float *dy,
                                    float *dx, size_t count) {
  const kern_code_map m = *map;
  IN_PLACE for (size_t i = 0; i < count; i++) {
    // One code beyond either end is enough to see that a value is outside.
    const float code = nearest(clamped(x[i] * m.inverse, m.lowest - 1, m.highest + 1));
    dx[i] = code >= m.lowest && code <= m.highest ? dy[i] : 0;
  }
}

double KERNEL(step_size_gradient)(const kern_code_map *map, const float *x, const float *dy,
                                  size_t count) {
  const kern_code_map m = *map;
  double total = 0;
  for (size_t start = 0; start < count; start += 256) {
    const size_t end = start + 256 < count ? start + 256 : count;
    float sums[8] = {0};
    for (size_t i = start; i < end; i++) {
      const float v = x[i] * m.inverse;
      const float code = nearest(clamped(v, m.lowest, m.highest));
      sums[i % 8] += dy[i] * (v >= m.lowest && v <= m.highest ? code - v : code);
    }
    for (size_t lane = 0; lane < 8; lane++)
      total += sums[lane];
  }
  return total;
}

typedef float lanes __attribute__((vector_size(32), aligned(4)));

#define LANES(x) (*(const lanes *)(x))

// Up to four taps of a kernel row and eight channels at a time.
static inline __attribute__((always_inline)) void
depthwise_taps(const kern_depthwise_gradient_f32_row *row, const size_t taps,
               const float *const *pixels, size_t channel, size_t columns, float *weights) {
  lanes sums[4] = {{0}};
  for (size_t x = 0; x < columns; x++) {
    const lanes g = LANES(row->gradient + x * row->channels + channel);
    for (size_t t = 0; t < taps; t++)
      sums[t] += g * LANES(pixels[x * row->step + t * row->dilation] + channel);
  }
  for (size_t t = 0; t < taps; t++)
    *(lanes *)(weights + t * row->channels + channel) += sums[t];
}

void KERNEL(depthwise_gradient)(const kern_depthwise_gradient_f32_row *row, size_t columns) {
  for (size_t tap = 0; tap < row->kernel_rows * row->kernel_columns;) {
    const size_t ky = tap / row->kernel_columns, kx = tap % row->kernel_columns;
    const size_t rest = row->kernel_columns - kx;
    const size_t taps = rest < 4 ? rest : 4;
    const float *const *pixels = row->pixels + ky * row->pixel_stride + kx * row->dilation;
    float *weights = row->weights + tap * row->channels;
    size_t c = 0;
    for (; c + 8 <= row->channels; c += 8) {
      if (taps == 1)
        depthwise_taps(row, 1, pixels, c, columns, weights);
      else if (taps == 2)
        depthwise_taps(row, 2, pixels, c, columns, weights);
      else if (taps == 3)
        depthwise_taps(row, 3, pixels, c, columns, weights);
      else
        depthwise_taps(row, 4, pixels, c, columns, weights);
    }
    for (; c < row->channels; c++)
      for (size_t t = 0; t < taps; t++)
        for (size_t x = 0; x < columns; x++)
          weights[t * row->channels + c] +=
              row->gradient[x * row->channels + c] * pixels[x * row->step + t * row->dilation][c];
    tap += taps;
  }
}
#undef LANES

// So many channels of a window at a time.
static inline __attribute__((always_inline)) void
maximum_gradient(const kern_maximum_gradient_f32_row *row, size_t input, size_t output,
                 const size_t channels) {
  float rest[16];
  for (size_t c = 0; c < channels; c++)
    rest[c] = row->output_gradient[output + c];
  const float *y = row->output + output;
  for (size_t t = 0; t < row->taps; t++) {
    const float *x = row->input + input + row->offsets[t];
    float *gradient = row->input_gradient + input + row->offsets[t];
    for (size_t c = 0; c < channels; c++) {
      gradient[c] += x[c] == y[c] ? rest[c] : 0;
      rest[c] = x[c] == y[c] ? 0 : rest[c];
    }
  }
}

void KERNEL(maximum_gradient)(const kern_maximum_gradient_f32_row *row, size_t columns) {
  for (size_t i = 0; i < columns; i++) {
    size_t c = 0;
    for (; c + 16 <= row->channels; c += 16)
      maximum_gradient(row, i * row->step + c, i * row->channels + c, 16);
    for (; c < row->channels; c++)
      maximum_gradient(row, i * row->step + c, i * row->channels + c, 1);
  }
}

void KERNEL(channel_sum)(const float *x, size_t rows, size_t channels, float *sum) {
  size_t r = 0;
  for (; r + 4 <= rows; r += 4) {
    const float *a = x + r * channels, *b = a + channels, *c = b + channels, *d = c + channels;
    for (size_t i = 0; i < channels; i++)
      sum[i] += (a[i] + b[i]) + (c[i] + d[i]);
  }
  for (; r < rows; r++)
    for (size_t i = 0; i < channels; i++)
      sum[i] += x[r * channels + i];
}

void KERNEL(channel_squares)(const float *x, const float *mean, size_t rows, size_t channels,
                             float *squares) {
  for (size_t r = 0; r < rows; r++) {
    const float *a = x + r * channels;
    for (size_t i = 0; i < channels; i++)
      squares[i] += (a[i] - mean[i]) * (a[i] - mean[i]);
  }
}

void KERNEL(channel_products)(const float *dy, const float *x, const float *mean, size_t rows,
                              size_t channels, float *sum, float *products) {
  for (size_t r = 0; r < rows; r++) {
    const float *g = dy + r * channels, *a = x + r * channels;
    for (size_t i = 0; i < channels; i++) {
      sum[i] += g[i];
      products[i] += g[i] * (a[i] - mean[i]);
    }
  }
}

void KERNEL(channel_affine)(const float *a, const float *x, const float *b, const float *z,
                            const float *o, size_t rows, size_t channels, float *y) {
  for (size_t r = 0; r < rows; r++) {
    const float *s = x + r * channels;
    float *t = y + r * channels;
    if (b && z) {
      const float *u = z + r * channels;
      IN_PLACE for (size_t i = 0; i < channels; i++) t[i] = a[i] * s[i] + b[i] * u[i] + o[i];
    } else {
      IN_PLACE for (size_t i = 0; i < channels; i++) t[i] = a[i] * s[i] + o[i];
    }
  }
}

double KERNEL(square_sum)(const float *x, size_t count) {
  typedef double doubles __attribute__((vector_size(64)));
  doubles sums = {0};
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const doubles values = __builtin_convertvector(*(const lanes *)(x + i), doubles);
    sums += values * values;
  }
  double total = 0;
  for (size_t lane = 0; lane < 8; lane++)
    total += sums[lane];
  for (; i < count; i++)
    total += (double)x[i] * x[i];
  return total;
}

void KERNEL(adam)(const kern_adam_f32_step *step, const float *gradient, float *restrict mean,
                  float *restrict square, float *restrict values, size_t count) {
  const kern_adam_f32_step s = *step;
  for (size_t i = 0; i < count; i++) {
    const float g = s.factor * gradient[i];
    mean[i] += (1 - s.beta1) * (g - mean[i]);
    square[i] = s.beta2 * square[i] + (1 - s.beta2) * g * g;
    values[i] = s.keep * values[i] -
                s.rate * mean[i] / (__builtin_elementwise_sqrt(square[i]) * s.root + s.epsilon);
  }
}
