#include "cut_u8/cut_u8.h"
#include "dwconv_u8s8s32/dwconv_u8s8s32.h"
#include "elementwise_u8/elementwise_u8.h"
#include "gemm_u8s8f32/gemm_u8s8f32.h"
#include "gemm_u8s8s32/gemm_u8s8s32.h"
#include "pool_u8/pool_u8.h"
#include "scale_s32/scale_s32.h"

// Products of codes are of the first set, other arithmetic on codes of the second. What moves codes
// without computing is of the third; products that are exact for any codes have no use for cut
// ones.
#define KERN_TABLE(products, isa, other, cutting)                                                  \
  {                                                                                                \
    .name = #products, .gemm_u8s8_u8 = kern_gemm_u8s8_u8__##products,                              \
    .gemm_u8s8_s32 = kern_gemm_u8s8_s32__##products,                                               \
    .gemm_u8s8_f32 = kern_gemm_u8s8_f32__##products,                                               \
    .dwconv_u8s8_u8 = kern_dwconv_u8s8_u8__##products,                                             \
    .dwconv_u8s8_s32 = kern_dwconv_u8s8_s32__##products, .table_u8 = kern_table_u8__##isa,         \
    .add_u8 = kern_add_u8__##isa, .mul_u8 = kern_mul_u8__##isa,                                    \
    .quantize_f32_u8 = kern_quantize_f32_u8__##isa,                                                \
    .dequantize_u8_f32 = kern_dequantize_u8_f32__##isa,                                            \
    .requantize_s32_u8 = kern_requantize_s32_u8__##isa,                                            \
    .max_windows_u8 = kern_max_windows_u8__##isa, .sum_rows_u8 = kern_sum_rows_u8__##isa,          \
    .transpose_u8 = kern_transpose_u8__##other, .offset_u8 = kern_offset_u8__##other,              \
    .largest_u8 = kern_largest_u8__##other, .cut_u8 = kern_cut_u8__##cutting,                      \
    .scale_s32_f32 = kern_scale_s32_f32__##isa,                                                    \
  }

static const kern_int8_table scalar_table = KERN_TABLE(scalar, scalar, scalar, scalar);
#if defined(__x86_64__)
static const kern_int8_table avx2_table = KERN_TABLE(avx2, avx2, avx2, avx2);
static const kern_int8_table avxvnni_table = KERN_TABLE(avxvnni, avx2, avx2, avx2);
static const kern_int8_table avx512vnni_table = KERN_TABLE(avx512vnni, avx512vnni, avx2, avx2);
#elif defined(__aarch64__)
static const kern_int8_table neon_table = KERN_TABLE(neon, neon, neon, scalar);
static const kern_int8_table neondot_table = KERN_TABLE(neondot, neon, neon, scalar);
#endif

const kern_int8_table *kern_int8_table_for(kern_isa isa) {
#if defined(__x86_64__)
  if (isa == KERN_AVX512VNNI) {
    return &avx512vnni_table;
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
  (void)isa;
  return &scalar_table;
}
