// What reductions do to two numbers: NaN stays.
#pragma once
#include "kernels_f32.h"

static inline float kern_joined_scalar(kern_f32_reduction op, float a, float b) {
  if (op == KERN_F32_SUM)
    return a + b;
  return a != a || (op == KERN_F32_LARGEST ? a > b : a < b) ? a : b;
}
