#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#include "transforms.h"

typedef float lanes4 __attribute__((ext_vector_type(4), aligned(4)));
typedef float lanes8 __attribute__((ext_vector_type(8), aligned(4)));

WINOGRAD_TRANSFORMS(lanes4)
WINOGRAD_TRANSFORMS(lanes8)
WINOGRAD_KERNELS(avx2, lanes8, 8, lanes4, 4)

#pragma clang attribute pop
#endif
