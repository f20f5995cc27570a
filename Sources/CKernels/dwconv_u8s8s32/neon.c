// Depthwise convolutions with what every AArch64 processor has.
#if defined(__aarch64__)
#define KERNEL(name) name##__neon
#include "body_neon.h"
#endif
