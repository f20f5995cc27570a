// The functions of x that are parts of lines, for this folder and for kernels that sum.
#pragma once

static inline float hard_sigmoid(float x, float p, float q) {
  float y = p * x + q;
  y = y < 0 ? 0 : y;
  return y > 1 ? 1 : y;
}

static inline float hard_swish(float x) { return x * hard_sigmoid(x, 1.0f / 6, 0.5f); }
