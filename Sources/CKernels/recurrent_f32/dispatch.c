#include "kernels_recurrent.h"

static const kern_recurrent_table scalar_table = {kern_lstm_f32__scalar, kern_gru_f32__scalar,
                                                  kern_lstm_f32__scalar, kern_gru_f32__scalar};
#if defined(__x86_64__)
static const kern_recurrent_table avx2_table = {
    kern_lstm_f32__avx2, kern_gru_f32__avx2, kern_quick_lstm_f32__avx2, kern_quick_gru_f32__avx2};
static const kern_recurrent_table avx512_table = {kern_lstm_f32__avx512, kern_gru_f32__avx512,
                                                  kern_quick_lstm_f32__avx512,
                                                  kern_quick_gru_f32__avx512};
#elif defined(__aarch64__)
static const kern_recurrent_table neon_table = {kern_lstm_f32__neon, kern_gru_f32__neon,
                                                kern_lstm_f32__neon, kern_gru_f32__neon};
#endif

const kern_recurrent_table *kern_recurrent_table_for(kern_isa isa) {
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
