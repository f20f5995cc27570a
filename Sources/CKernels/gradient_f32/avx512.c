#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))),        \
                             apply_to = function)

#include "outer_sum.h"

typedef float lanes4 __attribute__((ext_vector_type(4), aligned(4)));
typedef float lanes16 __attribute__((ext_vector_type(16), aligned(4)));

OUTER_SUM_VECTORS(lanes16, 8)
OUTER_SUM_VECTORS(lanes4, 8)

void kern_outer_sum_f32__avx512(const kern_outer_sum_f32 *sum) {
  size_t column = lanes4_vectors(sum, lanes16_vectors(sum, 0));
  for (; column < sum->columns; column++)
    outer_sum_column(sum, column);
}

#pragma clang attribute pop
#endif
