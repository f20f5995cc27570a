// Values are taken in blocks. Nearly all blocks are finite and need a minimum, a maximum and one
// comparison; a block with anything else is left to the scalar kernel.
#include "extent_f32.h"

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define INLINE static inline __attribute__((always_inline))

enum { block_values = 1024, block_rows = 64 };

typedef struct {
  __m256 low, high;
  __m256i not_finite;
} seen;

INLINE seen nothing_seen(void) {
  return (seen){_mm256_set1_ps(__builtin_inff()), _mm256_set1_ps(-__builtin_inff()),
                _mm256_setzero_si256()};
}

INLINE seen with(seen so_far, const float *values) {
  __m256 value = _mm256_loadu_ps(values);
  __m256i magnitude = _mm256_and_si256(_mm256_castps_si256(value), _mm256_set1_epi32(0x7fffffff));
  __m256i beyond = _mm256_cmpgt_epi32(magnitude, _mm256_set1_epi32(0x7f7fffff));
  return (seen){_mm256_min_ps(value, so_far.low), _mm256_max_ps(value, so_far.high),
                _mm256_or_si256(so_far.not_finite, beyond)};
}

INLINE bool is_finite(seen all) { return _mm256_testz_si256(all.not_finite, all.not_finite) != 0; }

INLINE void widen(seen all, float *min, float *max) {
  float low[8], high[8];
  _mm256_storeu_ps(low, all.low);
  _mm256_storeu_ps(high, all.high);
  for (size_t i = 0; i < 8; i++) {
    kern_widen(low[i], high[i], min, max);
  }
}

// Widens both the channel and the extent. `whole` is a multiple of 8 values.
INLINE void add_block(const float *values, size_t whole, float *min, float *max,
                      kern_extent *extent) {
  seen all[2] = {nothing_seen(), nothing_seen()};
  size_t i = 0;
  for (; i + 16 <= whole; i += 16) {
    all[0] = with(all[0], values + i);
    all[1] = with(all[1], values + i + 8);
  }
  for (; i < whole; i += 8) {
    all[0] = with(all[0], values + i);
  }
  seen both = {_mm256_min_ps(all[0].low, all[1].low), _mm256_max_ps(all[0].high, all[1].high),
               _mm256_or_si256(all[0].not_finite, all[1].not_finite)};
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
  const size_t whole = count & ~(size_t)7;
  for (size_t first = 0; first < whole; first += block_values) {
    size_t size = whole - first < block_values ? whole - first : block_values;
    add_block(values + first, size, min, max, extent);
  }
  for (size_t i = whole; i < count; i++) {
    kern_extent_add(values[i], min, max, extent);
  }
}

void kern_extent_f32__avx2(const float *values, size_t count, kern_extent *extent) {
  add_values(values, count, &extent->min, &extent->max, extent);
}

// Channels side by side: each lane is a channel.
static void add_rows(const kern_channel_values *values, size_t first, size_t rows, float *min,
                     float *max, kern_extent *extent) {
  const float *start = values->values + first * values->outer_stride;
  size_t c = 0;
  for (; c + 8 <= values->channels; c += 8) {
    seen all = nothing_seen();
    for (size_t r = 0; r < rows; r++) {
      all = with(all, start + r * values->outer_stride + c);
    }
    if (is_finite(all)) {
      __m256 low = _mm256_min_ps(all.low, _mm256_loadu_ps(min + c));
      __m256 high = _mm256_max_ps(all.high, _mm256_loadu_ps(max + c));
      _mm256_storeu_ps(min + c, _mm256_add_ps(low, _mm256_setzero_ps()));
      _mm256_storeu_ps(max + c, _mm256_add_ps(high, _mm256_setzero_ps()));
      widen(all, &extent->min, &extent->max);
    } else {
      const kern_channel_values part = {start + c, rows, values->outer_stride, 8, 1};
      kern_channel_extents_f32__scalar(&part, min + c, max + c, extent);
    }
  }
  const kern_channel_values rest = {start + c, rows, values->outer_stride, values->channels - c, 1};
  kern_channel_extents_f32__scalar(&rest, min + c, max + c, extent);
}

void kern_channel_extents_f32__avx2(const kern_channel_values *values, float *min, float *max,
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

#pragma clang attribute pop
#endif
