#include "kernels_gradient.h"

#define TABLE(isa, products)                                                                       \
  {                                                                                                \
    .unary = kern_unary_gradient_f32__##isa, .fake_quantize = kern_fake_quantize_f32__##isa,       \
    .fake_quantize_gradient = kern_fake_quantize_gradient_f32__##isa,                              \
    .step_size = kern_step_size_gradient_f32__##isa,                                               \
    .depthwise = kern_depthwise_gradient_f32__##isa, .outer_sum = kern_outer_sum_f32__##products,  \
    .maximum = kern_maximum_gradient_f32__##isa, .channel_sum = kern_channel_sum_f32__##isa,       \
    .channel_squares = kern_channel_squares_f32__##isa,                                            \
    .channel_products = kern_channel_products_f32__##isa,                                          \
    .channel_affine = kern_channel_affine_f32__##isa, .square_sum = kern_square_sum_f32__##isa,    \
    .adam = kern_adam_f32__##isa                                                                   \
  }

static const kern_gradient_table scalar_table = TABLE(scalar, scalar);
#if defined(__x86_64__)
static const kern_gradient_table avx2_table = TABLE(avx2, avx2);
static const kern_gradient_table avx512_table = TABLE(avx2, avx512);
#endif

const kern_gradient_table *kern_gradient_table_for(kern_isa isa) {
#if defined(__x86_64__)
  if (kern_isa_includes(isa, KERN_AVX512))
    return &avx512_table;
  if (kern_isa_includes(isa, KERN_AVX2))
    return &avx2_table;
#endif
  (void)isa;
  return &scalar_table;
}
