#include "kernels_peak.h"

// Floats, products of codes, those with 16-bit sums, and memory, each of its set.
#define PEAK_TABLE(floats, codes, narrow, memory)                                                  \
  {                                                                                                \
    .f32 = kern_peak_f32__##floats, .u8s8 = kern_peak_u8s8__##codes,                               \
    .u8s8_narrow = kern_peak_u8s8_narrow__##narrow, .read = kern_stream_read__##memory,            \
    .write = kern_stream_write__##memory, .copy = kern_stream_copy__##memory,                      \
  }

static const kern_peak_table scalar_table = PEAK_TABLE(scalar, scalar, scalar, scalar);
#if defined(__x86_64__)
static const kern_peak_table avx2_table = PEAK_TABLE(avx2, avx2, avx2, avx2);
static const kern_peak_table avxvnni_table = PEAK_TABLE(avx2, avxvnni, avx2, avx2);
static const kern_peak_table avx512_table = PEAK_TABLE(avx512, avx2, avx2, avx512);
static const kern_peak_table avx512vnni_table = PEAK_TABLE(avx512, avx512vnni, avx512vnni, avx512);
#elif defined(__aarch64__)
static const kern_peak_table neon_table = PEAK_TABLE(neon, neon, neon, scalar);
static const kern_peak_table neondot_table = PEAK_TABLE(neon, neondot, neon, scalar);
#endif

const kern_peak_table *_Nullable kern_peak_table_for(kern_isa isa) {
  if (!kern_isa_supported(isa)) {
    return (const kern_peak_table *_Nullable)0;
  }
#if defined(__x86_64__)
  if (isa == KERN_AVX512VNNI) {
    return &avx512vnni_table;
  }
  if (kern_isa_includes(isa, KERN_AVX512)) {
    return &avx512_table;
  }
  if (isa == KERN_AVXVNNI) {
    return &avxvnni_table;
  }
  if (kern_isa_includes(isa, KERN_AVX2)) {
    return &avx2_table;
  }
#elif defined(__aarch64__)
  if (isa == KERN_NEONDOT) {
    return &neondot_table;
  }
  if (kern_isa_includes(isa, KERN_NEON)) {
    return &neon_table;
  }
#endif
  return &scalar_table;
}
