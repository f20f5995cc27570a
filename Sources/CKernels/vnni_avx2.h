// The dot product of codes and weights on vectors of 256 bits, for the AVX-VNNI files. AVX-512 has
// the same instruction in another encoding: with KERN_VNNI_ENCODED_AS_AVX512 the files are compiled
// to that one, so that they run on processors without AVX-VNNI: in Tests/CrossKernels, or in all of
// octet, when Swift passes it on (-Xcc -D).
#pragma once
#include <immintrin.h>

#if defined(KERN_VNNI_ENCODED_AS_AVX512)
#define KERN_VNNI_TARGET __attribute__((target("avx2,fma,avx512f,avx512vl,avx512vnni")))
#define KERN_DOT_PRODUCT _mm256_dpbusd_epi32
#else
#define KERN_VNNI_TARGET __attribute__((target("avx2,fma,avxvnni")))
#define KERN_DOT_PRODUCT _mm256_dpbusd_avx_epi32
#endif
