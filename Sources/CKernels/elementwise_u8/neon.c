#include "elementwise_u8.h"

#if defined(__aarch64__)
#include "../requantize_neon.h"
#pragma STDC FP_CONTRACT OFF

#define INLINE static inline __attribute__((always_inline))

enum { CODES = 16, VECTORS = 4 };

// Sixteen codes as vectors of int32.
INLINE void widened(uint8x16_t codes, int32x4_t out[VECTORS]) {
  const uint16x8_t low = vmovl_u8(vget_low_u8(codes)), high = vmovl_high_u8(codes);
  out[0] = vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(low)));
  out[1] = vreinterpretq_s32_u32(vmovl_high_u16(low));
  out[2] = vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(high)));
  out[3] = vreinterpretq_s32_u32(vmovl_high_u16(high));
}

INLINE void store_codes(uint8_t *out, const int32x4_t codes[VECTORS]) {
  vst1q_u8(out, kern_codes16_neon(codes[0], codes[1], codes[2], codes[3]));
}

void kern_add_u8__neon(const kern_binary_u8 *p, const uint8_t *x, const uint8_t *y, uint8_t *out,
                       size_t count) {
  const kern_rounding_neon to = kern_rounding_make_neon(p->low, p->high, p->zero_point);
  const int32x4_t left_zero = vdupq_n_s32(p->left_zero), right_zero = vdupq_n_s32(p->right_zero);
  size_t i = 0;
  for (; i + CODES <= count; i += CODES) {
    int32x4_t left[VECTORS], right[VECTORS];
    widened(vld1q_u8(x + i), left);
    widened(vld1q_u8(y + i), right);
    for (size_t v = 0; v < VECTORS; v++) {
      const float32x4_t first =
          vmulq_n_f32(vcvtq_f32_s32(vsubq_s32(left[v], left_zero)), p->left_multiplier);
      const float32x4_t second =
          vmulq_n_f32(vcvtq_f32_s32(vsubq_s32(right[v], right_zero)), p->right_multiplier);
      left[v] = kern_rounded_neon(vaddq_f32(first, second), &to);
    }
    store_codes(out + i, left);
  }
  kern_add_u8__scalar(p, x + i, y + i, out + i, count - i);
}

void kern_mul_u8__neon(const kern_binary_u8 *p, const uint8_t *x, const uint8_t *y, uint8_t *out,
                       size_t count) {
  const kern_rounding_neon to = kern_rounding_make_neon(p->low, p->high, p->zero_point);
  const int32x4_t left_zero = vdupq_n_s32(p->left_zero), right_zero = vdupq_n_s32(p->right_zero);
  const float32x4_t multiplier = vdupq_n_f32(p->left_multiplier);
  size_t i = 0;
  for (; i + CODES <= count; i += CODES) {
    int32x4_t left[VECTORS], right[VECTORS];
    widened(vld1q_u8(x + i), left);
    widened(vld1q_u8(y + i), right);
    for (size_t v = 0; v < VECTORS; v++) {
      const int32x4_t product =
          vmulq_s32(vsubq_s32(left[v], left_zero), vsubq_s32(right[v], right_zero));
      left[v] = kern_requantized_neon(product, multiplier, &to);
    }
    store_codes(out + i, left);
  }
  kern_mul_u8__scalar(p, x + i, y + i, out + i, count - i);
}

// A lookup takes 64 entries and gives 0, or what was there before, for an index beyond them.
void kern_table_u8__neon(const uint8_t *table, const uint8_t *in, uint8_t *out, size_t count) {
  const uint8x16x4_t first = vld1q_u8_x4(table), second = vld1q_u8_x4(table + 64);
  const uint8x16x4_t third = vld1q_u8_x4(table + 128), fourth = vld1q_u8_x4(table + 192);
  const uint8x16_t entries = vdupq_n_u8(64);
  size_t i = 0;
  for (; i + CODES <= count; i += CODES) {
    uint8x16_t index = vld1q_u8(in + i);
    uint8x16_t value = vqtbl4q_u8(first, index);
    index = vsubq_u8(index, entries);
    value = vqtbx4q_u8(value, second, index);
    index = vsubq_u8(index, entries);
    value = vqtbx4q_u8(value, third, index);
    index = vsubq_u8(index, entries);
    vst1q_u8(out + i, vqtbx4q_u8(value, fourth, index));
  }
  kern_table_u8__scalar(table, in + i, out + i, count - i);
}

void kern_quantize_f32_u8__neon(const float *in, uint8_t *out, size_t count, float scale,
                                int32_t zero_point) {
  const kern_rounding_neon to =
      kern_rounding_make_neon((float)(0 - zero_point), (float)(255 - zero_point), zero_point);
  const float32x4_t divisor = vdupq_n_f32(scale);
  size_t i = 0;
  for (; i + CODES <= count; i += CODES) {
    int32x4_t codes[VECTORS];
    for (size_t v = 0; v < VECTORS; v++) {
      const float32x4_t value = vld1q_f32(in + i + 4 * v);
      const uint32x4_t quotient = vreinterpretq_u32_f32(vdivq_f32(value, divisor));
      const uint32x4_t is_number = vceqq_f32(value, value);
      codes[v] = kern_rounded_neon(vreinterpretq_f32_u32(vandq_u32(quotient, is_number)), &to);
    }
    store_codes(out + i, codes);
  }
  kern_quantize_f32_u8__scalar(in + i, out + i, count - i, scale, zero_point);
}

void kern_dequantize_u8_f32__neon(const uint8_t *in, float *out, size_t count, float scale,
                                  int32_t zero_point) {
  const int32x4_t zero = vdupq_n_s32(zero_point);
  size_t i = 0;
  for (; i + CODES <= count; i += CODES) {
    int32x4_t codes[VECTORS];
    widened(vld1q_u8(in + i), codes);
    for (size_t v = 0; v < VECTORS; v++) {
      const float32x4_t difference = vcvtq_f32_s32(vsubq_s32(codes[v], zero));
      vst1q_f32(out + i + 4 * v, vmulq_n_f32(difference, scale));
    }
  }
  kern_dequantize_u8_f32__scalar(in + i, out + i, count - i, scale, zero_point);
}

void kern_requantize_s32_u8__neon(const int32_t *in, uint8_t *out, size_t count,
                                  const kern_requantization *to) {
  const kern_rounding_neon rounding = kern_rounding_make_neon(to->low, to->high, to->zero_point);
  const float32x4_t multiplier = vdupq_n_f32(to->multipliers[0]);
  size_t i = 0;
  for (; i + CODES <= count; i += CODES) {
    int32x4_t codes[VECTORS];
    for (size_t v = 0; v < VECTORS; v++) {
      codes[v] = kern_requantized_neon(vld1q_s32(in + i + 4 * v), multiplier, &rounding);
    }
    store_codes(out + i, codes);
  }
  kern_requantize_s32_u8__scalar(in + i, out + i, count - i, to);
}

void kern_offset_u8__neon(const uint8_t *in, uint8_t *out, size_t count, uint8_t offset) {
  const uint8x16_t change = vdupq_n_u8(offset);
  size_t i = 0;
  for (; i + CODES <= count; i += CODES) {
    vst1q_u8(out + i, vaddq_u8(vld1q_u8(in + i), change));
  }
  kern_offset_u8__scalar(in + i, out + i, count - i, offset);
}

uint8_t kern_largest_u8__neon(const uint8_t *in, size_t count) {
  uint8x16_t largest[VECTORS] = {vdupq_n_u8(0), vdupq_n_u8(0), vdupq_n_u8(0), vdupq_n_u8(0)};
  size_t i = 0;
  for (; i + VECTORS * CODES <= count; i += VECTORS * CODES) {
    for (size_t v = 0; v < VECTORS; v++) {
      largest[v] = vmaxq_u8(largest[v], vld1q_u8(in + i + CODES * v));
    }
  }
  for (; i + CODES <= count; i += CODES) {
    largest[0] = vmaxq_u8(largest[0], vld1q_u8(in + i));
  }
  const uint8x16_t all =
      vmaxq_u8(vmaxq_u8(largest[0], largest[1]), vmaxq_u8(largest[2], largest[3]));
  const uint8_t rest = kern_largest_u8__scalar(in + i, count - i), most = vmaxvq_u8(all);
  return most > rest ? most : rest;
}

#endif
