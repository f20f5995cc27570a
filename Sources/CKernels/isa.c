#include "kernels_isa.h"

bool kern_isa_supported(kern_isa isa) {
#if defined(__x86_64__)
  const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                        __builtin_cpu_supports("f16c");
  const bool has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") &&
                          __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#else
  const bool has_avx2 = false, has_avx512 = false;
#endif
  switch (isa) {
  case KERN_SCALAR:
    return true;
  case KERN_AVX2:
    return has_avx2;
  case KERN_AVX512:
    return has_avx512;
  case KERN_AVX512VNNI:
#if defined(__x86_64__)
    return has_avx512 && __builtin_cpu_supports("avx512vnni") &&
           __builtin_cpu_supports("avx512vbmi");
#else
    return false;
#endif
  case KERN_ISA_COUNT:
    return false;
  }
  return false;
}
