#include "kernels_winograd.h"

#define TABLE(isa)                                                                                 \
  { kern_winograd_input_f32__##isa, kern_winograd_output_f32__##isa }

static const kern_winograd_table scalar_table = TABLE(scalar);
#if defined(__x86_64__)
static const kern_winograd_table avx2_table = TABLE(avx2);
static const kern_winograd_table avx512_table = TABLE(avx512);
#elif defined(__aarch64__)
static const kern_winograd_table neon_table = TABLE(neon);
#endif

const kern_winograd_table *kern_winograd_table_for(kern_isa isa) {
#if defined(__x86_64__)
  if (kern_isa_includes(isa, KERN_AVX512))
    return &avx512_table;
  if (kern_isa_includes(isa, KERN_AVX2))
    return &avx2_table;
#elif defined(__aarch64__)
  if (kern_isa_includes(isa, KERN_NEON))
    return &neon_table;
#endif
  (void)isa;
  return &scalar_table;
}
