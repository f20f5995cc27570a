#include "activation_product.h"

#define KERN_TABLE(isa)                                                                            \
  {                                                                                                \
    .pack_columns_u8 = kern_pack_columns_u8__##isa, .pack_depths_u8 = kern_pack_depths_u8__##isa,  \
    .sum_each_row_u8 = kern_sum_each_row_u8__##isa,                                                \
    .scale_rows_s32_f32 = kern_scale_rows_s32_f32__##isa,                                          \
    .requantize_rows_s32_u8 = kern_requantize_rows_s32_u8__##isa,                                  \
    .softmax_f32_u8 = kern_softmax_f32_u8__##isa,                                                  \
  }

static const kern_activation_product_table scalar_table = KERN_TABLE(scalar);
#if defined(__x86_64__)
static const kern_activation_product_table avx512vnni_table = KERN_TABLE(avx512vnni);
#endif

const kern_activation_product_table *kern_activation_product_table_for(kern_isa isa) {
#if defined(__x86_64__)
  if (isa == KERN_AVX512VNNI) {
    return &avx512vnni_table;
  }
#endif
  (void)isa;
  return &scalar_table;
}
