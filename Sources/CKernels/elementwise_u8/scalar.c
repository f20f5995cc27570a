#include "../requantize_scalar.h"
#include "elementwise_u8.h"
#pragma STDC FP_CONTRACT OFF

void kern_add_u8__scalar(const kern_binary_u8 *p, const uint8_t *x, const uint8_t *y, uint8_t *out,
                         size_t count) {
  for (size_t i = 0; i < count; i++) {
    float left = (float)(x[i] - p->left_zero) * p->left_multiplier;
    float right = (float)(y[i] - p->right_zero) * p->right_multiplier;
    out[i] = kern_rounded(left + right, p->low, p->high, p->zero_point);
  }
}

void kern_mul_u8__scalar(const kern_binary_u8 *p, const uint8_t *x, const uint8_t *y, uint8_t *out,
                         size_t count) {
  for (size_t i = 0; i < count; i++) {
    float product = (float)((x[i] - p->left_zero) * (y[i] - p->right_zero));
    out[i] = kern_rounded(product * p->left_multiplier, p->low, p->high, p->zero_point);
  }
}

void kern_table_u8__scalar(const uint8_t *table, const uint8_t *in, uint8_t *out, size_t count) {
  for (size_t i = 0; i < count; i++) {
    out[i] = table[in[i]];
  }
}

void kern_quantize_f32_u8__scalar(const float *in, uint8_t *out, size_t count, float scale,
                                  int32_t zero_point) {
  for (size_t i = 0; i < count; i++) {
    float value = in[i] == in[i] ? in[i] / scale : 0;
    out[i] = kern_rounded(value, (float)(0 - zero_point), (float)(255 - zero_point), zero_point);
  }
}

void kern_dequantize_u8_f32__scalar(const uint8_t *in, float *out, size_t count, float scale,
                                    int32_t zero_point) {
  for (size_t i = 0; i < count; i++) {
    out[i] = (float)(in[i] - zero_point) * scale;
  }
}

void kern_requantize_s32_u8__scalar(const int32_t *in, uint8_t *out, size_t count,
                                    const kern_requantization *to) {
  for (size_t i = 0; i < count; i++) {
    out[i] = kern_requantized(in[i], to->multipliers[0], to);
  }
}

void kern_transpose_u8__scalar(const uint8_t *in, size_t rows, size_t columns, uint8_t *out) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t c = 0; c < columns; c++) {
      out[c * rows + r] = in[r * columns + c];
    }
  }
}

void kern_offset_u8__scalar(const uint8_t *in, uint8_t *out, size_t count, uint8_t offset) {
  for (size_t i = 0; i < count; i++) {
    out[i] = (uint8_t)(in[i] + offset);
  }
}

uint8_t kern_largest_u8__scalar(const uint8_t *in, size_t count) {
  uint8_t largest = 0;
  for (size_t i = 0; i < count; i++) {
    largest = in[i] > largest ? in[i] : largest;
  }
  return largest;
}
