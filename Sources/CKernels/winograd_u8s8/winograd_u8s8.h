#pragma once
#include "../include/kernels_winograd_int8.h"

#pragma clang assume_nonnull begin
#define KERN_WINOGRAD_U8(isa)                                                                      \
  kern_winograd_u8_input_fn kern_winograd_u8_input__##isa;                                         \
  kern_winograd_u8_multiply_fn kern_winograd_u8_multiply__##isa;                                   \
  kern_winograd_u8_codes_fn kern_winograd_u8_codes__##isa;                                         \
  kern_winograd_u8_sums_fn kern_winograd_u8_sums__##isa;
KERN_WINOGRAD_U8(scalar)
KERN_WINOGRAD_U8(avx2)
KERN_WINOGRAD_U8(avx512vnni)
#undef KERN_WINOGRAD_U8
#pragma clang assume_nonnull end
