#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))),        \
                             apply_to = function)

#include "transforms.h"

typedef float lanes8 __attribute__((ext_vector_type(8), aligned(4)));
typedef float lanes16 __attribute__((ext_vector_type(16), aligned(4)));

WINOGRAD_TRANSFORMS(lanes8)
WINOGRAD_TRANSFORMS(lanes16)
WINOGRAD_KERNELS(avx512, lanes16, 16, lanes8, 8)

#pragma clang attribute pop
#endif
