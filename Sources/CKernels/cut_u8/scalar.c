// The reference: one code at a time.
#include "cut_u8.h"

static bool is_outside(uint8_t code, int32_t base) { return code < base || code > base + 127; }

static size_t count_outside(const uint8_t *codes, size_t count, int32_t base) {
  size_t outside = 0;
  for (size_t i = 0; i < count; i++)
    outside += is_outside(codes[i], base);
  return outside;
}

bool kern_cut_u8__scalar(uint8_t *codes, size_t count, size_t most, kern_cut_codes *to) {
  const size_t from_zero = count_outside(codes, count, 0);
  const size_t from_middle = count_outside(codes, count, kern_middle_base);
  if ((from_zero < from_middle ? from_zero : from_middle) > most)
    return false;
  to->codes = codes;
  to->base = from_middle < from_zero ? kern_middle_base : 0;
  uint32_t found = 0;
  for (size_t i = 0; i < count; i++) {
    if (i % 32 == 0)
      to->starts[i / 32] = found;
    const int32_t above = codes[i] - to->base;
    const int32_t small = above < 0 ? 0 : above > 127 ? 127 : above;
    if (above != small)
      to->rests[found++] = (kern_code_rest){(uint32_t)i, above - small};
    codes[i] = (uint8_t)small;
  }
  to->starts[count / 32] = found;
  return true;
}
