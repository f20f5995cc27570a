// Several output columns stay in registers while the taps pass by. Where windows overlap, as with
// the usual kernels of 3 and 5 columns, every pixel is loaded once for all windows it lies under.
#if defined(__aarch64__)
#include "../lanes_neon.h"
#include "kernels_f32.h"

#include "../unary_f32/math_neon.h"

enum { MAX_COLUMNS = 6, MAX_KERNEL = 5, LANES = 4, BLOCK = 16 };

INLINE const float *weights_at(const kern_depthwise_f32_row *row, size_t c) {
  return row->weights + c / BLOCK * row->weight_stride + c % BLOCK;
}

INLINE float32x4_t finished(const kern_depthwise_f32_row *row, float32x4_t sum) {
  const float32x4_t value = within(sum, row->low, row->high);
  return row->hard_swish ? hard_swish(value) : value;
}

// Four channels from c on of `columns` columns from x on. The first three parameters are constants
// wherever this is called.
INLINE void sliding(const size_t kernel_columns, const size_t step, const size_t columns,
                    const kern_depthwise_f32_row *row, size_t x, size_t c) {
  float32x4_t sums[MAX_COLUMNS];
#pragma unroll
  for (size_t i = 0; i < columns; i++) {
    sums[i] = vld1q_f32(row->bias + c);
    if (row->addend) {
      sums[i] = vaddq_f32(sums[i], vld1q_f32(row->addend + (x + i) * row->channels + c));
    }
  }
  const float *weights = weights_at(row, c);
  const float *const *pixels = row->pixels + x * step;
  for (size_t ky = 0; ky < row->kernel_rows; ky++) {
    float32x4_t weight[MAX_KERNEL];
#pragma unroll
    for (size_t kx = 0; kx < kernel_columns; kx++) {
      weight[kx] = vld1q_f32(weights + kx * BLOCK);
    }
#pragma unroll
    for (size_t at = 0; at < (columns - 1) * step + kernel_columns; at++) {
      const float32x4_t value = vld1q_f32(pixels[at] + c);
#pragma unroll
      for (size_t i = 0; i < columns; i++) {
        if (at < i * step || at - i * step >= kernel_columns)
          continue;
        sums[i] = vfmaq_f32(sums[i], value, weight[at - i * step]);
      }
    }
    weights += kernel_columns * BLOCK;
    pixels += row->pixel_stride;
  }
#pragma unroll
  for (size_t i = 0; i < columns; i++) {
    vst1q_f32(row->output + (x + i) * row->channels + c, finished(row, sums[i]));
  }
}

// Up to four channels from c on of one column, for any kernel.
INLINE void single(const kern_depthwise_f32_row *row, size_t x, size_t c) {
  const size_t lanes = row->channels - c;
  float32x4_t sum = vld1q_f32(row->bias + c);
  if (row->addend) {
    sum = vaddq_f32(sum, kern_load_lanes4(row->addend + x * row->channels + c, lanes));
  }
  const float *weights = weights_at(row, c);
  for (size_t ky = 0; ky < row->kernel_rows; ky++) {
    const float *const *pixels = row->pixels + ky * row->pixel_stride + x * row->step;
    for (size_t kx = 0; kx < row->kernel_columns; kx++, weights += BLOCK) {
      const float32x4_t value = kern_load_lanes4(pixels[kx * row->dilation] + c, lanes);
      sum = vfmaq_f32(sum, value, vld1q_f32(weights));
    }
  }
  kern_store_lanes4(row->output + x * row->channels + c, finished(row, sum), lanes);
}

// All whole vectors of channels.
INLINE void all_columns(const size_t kernel_columns, const size_t step,
                        const kern_depthwise_f32_row *row, size_t columns) {
  for (size_t c = 0; c + LANES <= row->channels; c += LANES) {
    size_t x = 0;
    for (; x + MAX_COLUMNS <= columns; x += MAX_COLUMNS)
      sliding(kernel_columns, step, MAX_COLUMNS, row, x, c);
    for (; x + 2 <= columns; x += 2)
      sliding(kernel_columns, step, 2, row, x, c);
    if (x < columns)
      sliding(kernel_columns, step, 1, row, x, c);
  }
}

void kern_depthwise_f32__neon(const kern_depthwise_f32_row *row, size_t columns) {
  size_t done = row->channels / LANES * LANES;
  const bool is_dense = row->dilation == 1;
  if (is_dense && row->kernel_columns == 3 && row->step == 1) {
    all_columns(3, 1, row, columns);
  } else if (is_dense && row->kernel_columns == 3 && row->step == 2) {
    all_columns(3, 2, row, columns);
  } else if (is_dense && row->kernel_columns == 5 && row->step == 1) {
    all_columns(5, 1, row, columns);
  } else if (is_dense && row->kernel_columns == 5 && row->step == 2) {
    all_columns(5, 2, row, columns);
  } else {
    done = 0;
  }
  for (size_t x = 0; x < columns; x++) {
    for (size_t c = done; c < row->channels; c += LANES)
      single(row, x, c);
  }
}

#endif
