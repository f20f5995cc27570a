#if defined(__x86_64__)
#include "kernels_gradient.h"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define KERNEL(name) kern_##name##_f32__avx2
#include "body.h"
#include "outer_sum.h"

typedef float lanes4 __attribute__((ext_vector_type(4), aligned(4)));
typedef float lanes8 __attribute__((ext_vector_type(8), aligned(4)));

OUTER_SUM_VECTORS(lanes8, 4)
OUTER_SUM_VECTORS(lanes4, 4)

void kern_outer_sum_f32__avx2(const kern_outer_sum_f32 *sum) {
  size_t column = lanes4_vectors(sum, lanes8_vectors(sum, 0));
  for (; column < sum->columns; column++)
    outer_sum_column(sum, column);
}
#pragma clang attribute pop
#endif
