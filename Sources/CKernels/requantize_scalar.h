#pragma once
#include "include/kernels_int8.h"
#include <math.h>

// Rounds an already clamped real code and adds the zero point. `low <= value <= high` holds
// afterwards; a NaN takes `low`.
static inline uint8_t kern_rounded(float value, float low, float high, int32_t zero_point) {
  float clamped = value > low ? value : low;
  clamped = clamped < high ? clamped : high;
  return (uint8_t)((int32_t)rintf(clamped) + zero_point);
}

static inline uint8_t kern_requantized(int32_t accumulator, float multiplier,
                                       const kern_requantization *to) {
  return kern_rounded((float)accumulator * multiplier, to->low, to->high, to->zero_point);
}
