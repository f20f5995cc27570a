#if defined(__aarch64__)
#include "../lanes_neon.h"
#include "../reduce_f32/joined_neon.h"

INLINE void reduce(const kern_f32_reduction op, const kern_windows_f32 *windows, float factor,
                   float *y) {
  const size_t channels = windows->channels;
  for (size_t w = 0; w < windows->count; w++, y += channels) {
    for (size_t c = 0; c < channels; c += 4) {
      const size_t lanes = channels - c;
      const float *row = windows->first + w * windows->step + c;
      float32x4_t value = kern_load_lanes4(row, lanes);
      for (size_t r = 0; r < windows->rows; r++, row += windows->row_stride) {
        for (size_t k = r == 0 ? 1 : 0; k < windows->columns; k++) {
          value = joined(op, value, kern_load_lanes4(row + k * windows->column_stride, lanes));
        }
      }
      kern_store_lanes4(y + c, vmulq_n_f32(value, factor), lanes);
    }
  }
}

void kern_reduce_windows_f32__neon(kern_f32_reduction op, const kern_windows_f32 *windows,
                                   float factor, float *y) {
  switch (op) {
  case KERN_F32_SUM:
    reduce(KERN_F32_SUM, windows, factor, y);
    break;
  case KERN_F32_LARGEST:
    reduce(KERN_F32_LARGEST, windows, factor, y);
    break;
  case KERN_F32_SMALLEST:
    reduce(KERN_F32_SMALLEST, windows, factor, y);
    break;
  }
}

#endif
