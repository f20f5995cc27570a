#include "pool_u8.h"

#if defined(__aarch64__)
#include "../lanes_neon.h"

enum { CODES = 16 };

void kern_max_windows_u8__neon(const kern_windows_u8 *windows, uint8_t *out) {
  const size_t channels = windows->channels;
  for (size_t w = 0; w < windows->count; w++) {
    for (size_t c = 0; c < channels; c += CODES) {
      const size_t lanes = channels - c;
      uint8x16_t most = vdupq_n_u8(0);
      const uint8_t *row = windows->first + w * windows->step + c;
      for (size_t r = 0; r < windows->rows; r++, row += windows->row_stride) {
        const uint8_t *codes = row;
        for (size_t k = 0; k < windows->columns; k++, codes += windows->column_stride) {
          most = vmaxq_u8(most, kern_load_codes16(codes, lanes));
        }
      }
      kern_store_codes16(out + w * channels + c, most, lanes);
    }
  }
}

static void add_widened(int32_t *sums, uint16x8_t words) {
  const int32x4_t low = vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(words)));
  const int32x4_t high = vreinterpretq_s32_u32(vmovl_high_u16(words));
  vst1q_s32(sums, vaddq_s32(vld1q_s32(sums), low));
  vst1q_s32(sums + 4, vaddq_s32(vld1q_s32(sums + 4), high));
}

void kern_sum_rows_u8__neon(const uint8_t *in, size_t rows, size_t row_stride, size_t channels,
                            int32_t *out) {
  size_t c = 0;
  for (; c + CODES <= channels; c += CODES) {
    size_t r = 0;
    while (r < rows) {
      // 257 codes fit into 16 bits without a sign.
      const size_t end = rows - r < 257 ? rows : r + 257;
      uint16x8_t low = vdupq_n_u16(0), high = vdupq_n_u16(0);
      for (; r < end; r++) {
        const uint8x16_t codes = vld1q_u8(in + r * row_stride + c);
        low = vaddw_u8(low, vget_low_u8(codes));
        high = vaddw_high_u8(high, codes);
      }
      add_widened(out + c, low);
      add_widened(out + c + 8, high);
    }
  }
  kern_sum_rows_u8__scalar(in + c, rows, row_stride, channels - c, out + c);
}

#endif
