#if defined(__aarch64__)
#include "transforms.h"

typedef float lanes4 __attribute__((ext_vector_type(4), aligned(4)));

WINOGRAD_TRANSFORMS(lanes4)
WINOGRAD_KERNELS(neon, lanes4, 4, lanes1, 1)

#endif
