#include "kernels_f32.h"

void kern_widen_f16_f32__scalar(const uint16_t *x, float *y, size_t count) {
  for (size_t i = 0; i < count; i++) {
    _Float16 value;
    __builtin_memcpy(&value, x + i, sizeof value);
    y[i] = (float)value;
  }
}

void kern_narrow_f32_f16__scalar(const float *x, uint16_t *y, size_t count) {
  for (size_t i = 0; i < count; i++) {
    _Float16 value = (_Float16)x[i];
    __builtin_memcpy(y + i, &value, sizeof value);
  }
}
