#include "../include/kernels_int8.h"

// What is cut off when `sum` is forced into 16 bits.
static int32_t excess(int32_t sum) {
  return sum > INT16_MAX ? sum - INT16_MAX : sum < INT16_MIN ? sum - INT16_MIN : 0;
}

uint64_t kern_saturation_u8s8(const kern_risky_pair *pairs, size_t pair_count, const uint8_t *rows,
                              size_t row_stride, size_t row_count, int32_t *_Nullable out,
                              size_t out_stride) {
  uint64_t saturated = 0;
  for (size_t r = 0; r < row_count; r++) {
    const uint8_t *row = rows + r * row_stride;
    for (size_t p = 0; p < pair_count; p++) {
      const uint8_t *codes = row + pairs[p].depth;
      int32_t lost = excess(codes[0] * pairs[p].first + codes[1] * pairs[p].second);
      saturated += lost != 0;
      if (out != NULL) {
        out[r * out_stride + pairs[p].column] -= lost;
      }
    }
  }
  return saturated;
}
