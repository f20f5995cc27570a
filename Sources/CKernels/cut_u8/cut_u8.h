#pragma once
#include "../include/kernels_int8.h"

#pragma clang assume_nonnull begin

// Where a range of small codes begins that holds codes on both sides of zero.
enum { kern_middle_base = 64 };

#define KERN_CUT(isa)                                                                              \
  bool kern_cut_u8__##isa(uint8_t *codes, size_t count, size_t most, kern_cut_codes *to);
KERN_CUT(scalar)
KERN_CUT(avx2)
#undef KERN_CUT
#pragma clang assume_nonnull end
