#include "moments_f32.h"

kern_moments_f32_fn *kern_moments_f32_for(kern_isa isa) {
#if defined(__x86_64__)
  if (kern_isa_includes(isa, KERN_AVX2)) {
    return kern_moments_f32__avx2;
  }
#endif
  (void)isa;
  return kern_moments_f32__scalar;
}
