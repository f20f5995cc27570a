// Products of codes with NEON's dot product. That of signed codes is chosen before the one of
// unsigned codes and signed weights (usdot): every processor with either has it, and what it costs
// is one exclusive or for sixteen codes.
#if defined(__aarch64__)
#include <arm_neon.h>
#include <string.h>
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)

#define HAS_DOT_PRODUCT
#define KERNEL(name) name##__neondot
#include "body_neon.h"

#pragma clang attribute pop
#endif
