#include "kernels_peak.h"

// Floats of the one set, codes of the other.
#define PEAK_TABLE(floats, codes)                                                                  \
  {                                                                                                \
    .f32 = kern_peak_f32__##floats, .u8s8 = kern_peak_u8s8__##codes,                               \
    .u8s8_narrow = kern_peak_u8s8_narrow__##codes, .read = kern_stream_read__##floats,             \
    .write = kern_stream_write__##floats, .copy = kern_stream_copy__##floats,                      \
  }

static const kern_peak_table scalar_table = PEAK_TABLE(scalar, scalar);
#if defined(__x86_64__)
static const kern_peak_table avx2_table = PEAK_TABLE(avx2, avx2);
static const kern_peak_table avx512_table = PEAK_TABLE(avx512, avx2);
static const kern_peak_table avx512vnni_table = PEAK_TABLE(avx512, avx512vnni);
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
  if (kern_isa_includes(isa, KERN_AVX2)) {
    return &avx2_table;
  }
#endif
  return &scalar_table;
}
