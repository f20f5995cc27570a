// Values are taken in blocks. Nearly all blocks are finite and need a minimum, a maximum and one
// comparison; a block with anything else is left to the scalar kernel.
#include "extent_f32.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#define INLINE static inline __attribute__((always_inline))

enum { block_values = 1024, block_rows = 64 };

typedef struct {
  float32x4_t low, high;
  uint32x4_t not_finite;
} seen;

INLINE seen nothing_seen(void) {
  return (seen){vdupq_n_f32(__builtin_inff()), vdupq_n_f32(-__builtin_inff()), vdupq_n_u32(0)};
}

INLINE seen with(seen so_far, const float *values) {
  const float32x4_t value = vld1q_f32(values);
  // Neither infinities nor NaN are less than infinity.
  const uint32x4_t beyond = vmvnq_u32(vcaltq_f32(value, vdupq_n_f32(__builtin_inff())));
  return (seen){vminq_f32(so_far.low, value), vmaxq_f32(so_far.high, value),
                vorrq_u32(so_far.not_finite, beyond)};
}

INLINE seen joined(seen a, seen b) {
  return (seen){vminq_f32(a.low, b.low), vmaxq_f32(a.high, b.high),
                vorrq_u32(a.not_finite, b.not_finite)};
}

INLINE bool is_finite(seen all) { return vmaxvq_u32(all.not_finite) == 0; }

INLINE void widen(seen all, float *min, float *max) {
  kern_widen(vminvq_f32(all.low), vmaxvq_f32(all.high), min, max);
}

// Widens both the channel and the extent. `whole` is a multiple of 4 values.
INLINE void add_block(const float *values, size_t whole, float *min, float *max,
                      kern_extent *extent) {
  seen all[4] = {nothing_seen(), nothing_seen(), nothing_seen(), nothing_seen()};
  size_t i = 0;
  for (; i + 16 <= whole; i += 16) {
    for (size_t v = 0; v < 4; v++) {
      all[v] = with(all[v], values + i + 4 * v);
    }
  }
  for (; i < whole; i += 4) {
    all[0] = with(all[0], values + i);
  }
  const seen both = joined(joined(all[0], all[1]), joined(all[2], all[3]));
  if (is_finite(both)) {
    widen(both, min, max);
    kern_widen(*min, *max, &extent->min, &extent->max);
    return;
  }
  for (i = 0; i < whole; i++) {
    kern_extent_add(values[i], min, max, extent);
  }
}

static void add_values(const float *values, size_t count, float *min, float *max,
                       kern_extent *extent) {
  const size_t whole = count & ~(size_t)3;
  for (size_t first = 0; first < whole; first += block_values) {
    size_t size = whole - first < block_values ? whole - first : block_values;
    add_block(values + first, size, min, max, extent);
  }
  for (size_t i = whole; i < count; i++) {
    kern_extent_add(values[i], min, max, extent);
  }
}

void kern_extent_f32__neon(const float *values, size_t count, kern_extent *extent) {
  add_values(values, count, &extent->min, &extent->max, extent);
}

// Channels side by side: each lane is a channel.
static void add_rows(const kern_channel_values *values, size_t first, size_t rows, float *min,
                     float *max, kern_extent *extent) {
  const float *start = values->values + first * values->outer_stride;
  size_t c = 0;
  for (; c + 4 <= values->channels; c += 4) {
    seen all = nothing_seen();
    for (size_t r = 0; r < rows; r++) {
      all = with(all, start + r * values->outer_stride + c);
    }
    if (is_finite(all)) {
      // Adding zero turns a negative zero into a positive one.
      const float32x4_t zero = vdupq_n_f32(0);
      const float32x4_t low = vminq_f32(all.low, vld1q_f32(min + c));
      const float32x4_t high = vmaxq_f32(all.high, vld1q_f32(max + c));
      vst1q_f32(min + c, vaddq_f32(low, zero));
      vst1q_f32(max + c, vaddq_f32(high, zero));
      widen(all, &extent->min, &extent->max);
    } else {
      const kern_channel_values part = {start + c, rows, values->outer_stride, 4, 1};
      kern_channel_extents_f32__scalar(&part, min + c, max + c, extent);
    }
  }
  const kern_channel_values rest = {start + c, rows, values->outer_stride, values->channels - c, 1};
  kern_channel_extents_f32__scalar(&rest, min + c, max + c, extent);
}

void kern_channel_extents_f32__neon(const kern_channel_values *values, float *min, float *max,
                                    kern_extent *extent) {
  if (values->inner == 1) {
    for (size_t o = 0; o < values->outer; o += block_rows) {
      size_t rows = values->outer - o < block_rows ? values->outer - o : block_rows;
      add_rows(values, o, rows, min, max, extent);
    }
    return;
  }
  for (size_t o = 0; o < values->outer; o++) {
    for (size_t c = 0; c < values->channels; c++) {
      const float *start = values->values + o * values->outer_stride + c * values->inner;
      float low = __builtin_inff(), high = -__builtin_inff();
      add_values(start, values->inner, &low, &high, extent);
      kern_widen(low, high, &min[c], &max[c]);
    }
  }
}

#endif
