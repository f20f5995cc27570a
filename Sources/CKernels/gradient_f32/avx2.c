#if defined(__x86_64__)
#include "kernels_gradient.h"
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define KERNEL(name) kern_##name##_f32__avx2
#include "body.h"
#pragma clang attribute pop
#endif
