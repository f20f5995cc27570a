#include "kernels_peak.h"

#define PEAK_TABLE(isa)                                                                            \
  { .f32 = kern_peak_f32__##isa, .u8s8 = kern_peak_u8s8__##isa }

static const kern_peak_table scalar_table = PEAK_TABLE(scalar);
#if defined(__x86_64__)
static const kern_peak_table avx2_table = PEAK_TABLE(avx2);
#endif

const kern_peak_table *_Nullable kern_peak_table_for(kern_isa isa) {
  if (!kern_isa_supported(isa)) {
    return (const kern_peak_table *_Nullable)0;
  }
#if defined(__x86_64__)
  if (kern_isa_includes(isa, KERN_AVX2)) {
    return &avx2_table;
  }
#endif
  return &scalar_table;
}
