// Real sums of products with NEON's dot product.
#if defined(__aarch64__)
#include <arm_neon.h>
#include <string.h>
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)

#define HAS_DOT_PRODUCT
#define KERNEL(name) name##__neondot
#include "body_neon.h"

#pragma clang attribute pop
#endif
