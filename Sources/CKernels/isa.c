#include "kernels_isa.h"

#if defined(__x86_64__)
#include <cpuid.h>

static bool has_avx2(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("f16c");
}

static bool has_avx512(void) {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

// Leaf 7, part 1: bit 4 of EAX. Not among the names that compilers' run-time libraries agree on.
static bool has_avxvnni(void) {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return has_avx2() && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) && (eax >> 4 & 1);
}

bool kern_isa_supported(kern_isa isa) {
  switch (isa) {
  case KERN_SCALAR:
    return true;
  case KERN_AVX2:
    return has_avx2();
  case KERN_AVXVNNI:
    return has_avxvnni();
  case KERN_AVX512:
    return has_avx512();
  case KERN_AVX512VNNI:
    return has_avx512() && __builtin_cpu_supports("avx512vnni") &&
           __builtin_cpu_supports("avx512vbmi");
  default:
    return false;
  }
}
#elif defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>

bool kern_isa_supported(kern_isa isa) {
  switch (isa) {
  case KERN_SCALAR:
  case KERN_NEON:
    return true;
  case KERN_NEONDOT:
    return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
  default:
    return false;
  }
}
#else
bool kern_isa_supported(kern_isa isa) { return isa == KERN_SCALAR; }
#endif
