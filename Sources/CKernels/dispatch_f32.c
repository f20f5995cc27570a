#include "kernels_f32.h"

// What memory or a few values bound is of the other sets.
#define TABLE(isa, planes, reducing, other)                                                        \
  {                                                                                                \
    .igemm = kern_igemm_f32__##isa, .planar = kern_planar_f32__##planes,                           \
    .depthwise = kern_depthwise_f32__##isa, .pack = kern_pack_f32__scalar,                         \
    .unary = kern_unary_f32__##isa, .binary = kern_binary_f32__##isa,                              \
    .reduce_windows = kern_reduce_windows_f32__##isa, .reduce = kern_reduce_f32__##reducing,       \
    .softmax = kern_softmax_f32__##isa, .transpose = kern_transpose_f32__##isa,                    \
    .blend = kern_blend_f32__##other, .deviation = kern_deviation_f32__##isa,                      \
    .normalize = kern_normalize_f32__##isa, .widen_half = kern_widen_f16_f32__##other,             \
    .narrow_half = kern_narrow_f32_f16__##other                                                    \
  }

static const kern_f32_table scalar_table = TABLE(scalar, scalar, scalar, scalar);
#if defined(__x86_64__)
static const kern_f32_table avx2_table = TABLE(avx2, avx2, avx2, avx2);
static const kern_f32_table avx512_table = TABLE(avx512, avx512, avx2, avx2);
#elif defined(__aarch64__)
static const kern_f32_table neon_table = TABLE(neon, scalar, neon, scalar);
#endif

const kern_f32_table *kern_f32_table_for(kern_isa isa) {
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
