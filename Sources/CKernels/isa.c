#include "kernels_isa.h"

#if defined(__x86_64__)
#include <cpuid.h>

static bool has_avx2(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("f16c");
}

// Leaf 7, subleaf 1, bit 4 of EAX. Whether the system keeps vectors of 256 bits is asked with AVX2.
static bool has_avxvnni(void) {
#if defined(KERN_VNNI_ENCODED_AS_AVX512) // see vnni_avx2.h
  return has_avx2() && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
#else
  unsigned a, b, c, d;
  return has_avx2() && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1) != 0;
#endif
}

static bool has_avx512(void) {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
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
  case KERN_NEON:
  case KERN_NEONDOT:
  case KERN_ISA_COUNT:
    return false;
  }
  return false;
}

#elif defined(__aarch64__)
#include <sys/auxv.h>

static bool has_dot_product(void) {
  const unsigned long dot_product = 1ul << 20; // HWCAP_ASIMDDP
  return (getauxval(AT_HWCAP) & dot_product) != 0;
}

// No processor of this architecture that runs a general system lacks NEON.
bool kern_isa_supported(kern_isa isa) {
  return isa == KERN_SCALAR || isa == KERN_NEON || (isa == KERN_NEONDOT && has_dot_product());
}

#else
bool kern_isa_supported(kern_isa isa) { return isa == KERN_SCALAR; }
#endif
