#include "kernels_peak.h"

#define PEAK_TABLE(isa)                                                                            \
  { .f32 = kern_peak_f32__##isa, .u8s8 = kern_peak_u8s8__##isa }

static const kern_peak_table tables[KERN_ISA_COUNT] = {
    [KERN_SCALAR] = PEAK_TABLE(scalar),
#if defined(__x86_64__)
    [KERN_AVX2] = PEAK_TABLE(avx2),
#endif
};

const kern_peak_table *_Nullable kern_peak_table_for(kern_isa isa) {
  return kern_isa_supported(isa) ? &tables[isa] : (const kern_peak_table *_Nullable)0;
}
