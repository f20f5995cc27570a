#include "channel_summary_f32.h"

kern_channel_summary_f32_fn *kern_channel_summary_f32_for(kern_isa isa) {
#if defined(__x86_64__)
  if (kern_isa_includes(isa, KERN_AVX512)) {
    return kern_channel_summary_f32__avx512;
  }
  if (kern_isa_includes(isa, KERN_AVX2)) {
    return kern_channel_summary_f32__avx2;
  }
#endif
  (void)isa;
  return kern_channel_summary_f32__scalar;
}
