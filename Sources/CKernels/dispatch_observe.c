#include "error_f32/error_f32.h"
#include "extent_f32/extent_f32.h"
#include "histogram_f32/histogram_f32.h"

// Extents are also what a layer that quantizes while it runs begins with.
#define KERN_TABLE(extents, channels, isa)                                                         \
  {                                                                                                \
    .name = #extents, .extent_f32 = kern_extent_f32__##extents,                                    \
    .channel_extents_f32 = kern_channel_extents_f32__##channels,                                   \
    .histograms_f32 = kern_histograms_f32__##isa, .error_sums_f32 = kern_error_sums_f32__##isa,    \
  }

static const kern_observe_table scalar_table = KERN_TABLE(scalar, scalar, scalar);
#if defined(__x86_64__)
static const kern_observe_table avx2_table = KERN_TABLE(avx2, avx2, avx2);
static const kern_observe_table avx512_table = KERN_TABLE(avx512, avx2, avx2);
#elif defined(__aarch64__)
static const kern_observe_table neon_table = KERN_TABLE(neon, neon, scalar);
#endif

const kern_observe_table *kern_observe_table_for(kern_isa isa) {
#if defined(__x86_64__)
  if (kern_isa_includes(isa, KERN_AVX512)) {
    return &avx512_table;
  }
  if (kern_isa_includes(isa, KERN_AVX2)) {
    return &avx2_table;
  }
#elif defined(__aarch64__)
  if (kern_isa_includes(isa, KERN_NEON)) {
    return &neon_table;
  }
#endif
  (void)isa;
  return &scalar_table;
}
