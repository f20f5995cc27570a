#include "kernels_isa.h"

bool kern_isa_supported(kern_isa isa) {
  switch (isa) {
  case KERN_SCALAR:
    return true;
  case KERN_AVX2:
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("f16c");
#else
    return false;
#endif
  case KERN_ISA_COUNT:
    return false;
  }
  return false;
}
