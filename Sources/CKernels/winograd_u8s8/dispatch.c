#include "winograd_u8s8.h"

#define TABLE(isa)                                                                                 \
  {                                                                                                \
    kern_winograd_u8_input__##isa, kern_winograd_u8_multiply__##isa,                               \
        kern_winograd_u8_codes__##isa, kern_winograd_u8_sums__##isa                                \
  }

static const kern_winograd_u8_table scalar_table = TABLE(scalar);
#if defined(__x86_64__)
static const kern_winograd_u8_table avx2_table = TABLE(avx2);
static const kern_winograd_u8_table avx512vnni_table = TABLE(avx512vnni);
#endif

const kern_winograd_u8_table *kern_winograd_u8_table_for(kern_isa isa) {
#if defined(__x86_64__)
  if (kern_isa_includes(isa, KERN_AVX512VNNI))
    return &avx512vnni_table;
  if (kern_isa_includes(isa, KERN_AVX2))
    return &avx2_table;
#endif
  (void)isa;
  return &scalar_table;
}
