#include "transforms.h"

WINOGRAD_KERNELS(scalar, lanes1, 1, lanes1, 1)
