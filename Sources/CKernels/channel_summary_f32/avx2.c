// Nearly all blocks are finite and take the short way; a block with anything else is done again.
#include "channel_summary_f32.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <stdbool.h>
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define INLINE static inline __attribute__((always_inline))

// Of eight channels.
typedef struct {
  __m256d sum[2], squares[2];
  __m256i zeros;      // minus their number, lane by lane
  __m256i not_finite; // likewise
} sums;

typedef struct {
  __m256 low, high;
  __m256i size; // the largest magnitude, as bits
} range;

INLINE __m256i magnitude_bits(__m256 value) {
  return _mm256_and_si256(_mm256_castps_si256(value), _mm256_set1_epi32(0x7fffffff));
}

INLINE void add(__m256 value, range *range, sums *all) {
  range->size = _mm256_max_epi32(range->size, magnitude_bits(value));
  range->low = _mm256_min_ps(value, range->low);
  range->high = _mm256_max_ps(value, range->high);
  __m256 is_zero = _mm256_cmp_ps(value, _mm256_setzero_ps(), _CMP_EQ_OQ);
  all->zeros = _mm256_add_epi32(all->zeros, _mm256_castps_si256(is_zero));
  __m256d half[2] = {_mm256_cvtps_pd(_mm256_castps256_ps128(value)),
                     _mm256_cvtps_pd(_mm256_extractf128_ps(value, 1))};
  for (int i = 0; i < 2; i++) {
    all->sum[i] = _mm256_add_pd(all->sum[i], half[i]);
    // Squares are exact, so fusing changes nothing.
    all->squares[i] = _mm256_fmadd_pd(half[i], half[i], all->squares[i]);
  }
}

// What is not finite is neither small nor large, and adds nothing to the sums.
INLINE void add_checked(__m256 value, range *range, sums *all) {
  const __m256 infinity = _mm256_set1_ps(__builtin_inff());
  __m256i beyond = _mm256_cmpgt_epi32(magnitude_bits(value), _mm256_set1_epi32(0x7f7fffff));
  __m256 mask = _mm256_castsi256_ps(beyond);
  __m256 low = _mm256_min_ps(_mm256_blendv_ps(value, infinity, mask), range->low);
  __m256 high = _mm256_max_ps(
      _mm256_blendv_ps(value, _mm256_sub_ps(_mm256_setzero_ps(), infinity), mask), range->high);
  __m256i zeros = _mm256_add_epi32(
      all->zeros, _mm256_castps_si256(_mm256_cmp_ps(value, _mm256_setzero_ps(), _CMP_EQ_OQ)));
  add(_mm256_andnot_ps(mask, value), range, all);
  range->low = low;
  range->high = high;
  all->zeros = zeros;
  all->not_finite = _mm256_add_epi32(all->not_finite, beyond);
}

INLINE bool is_finite(range range) {
  __m256i beyond = _mm256_cmpgt_epi32(range.size, _mm256_set1_epi32(0x7f7fffff));
  return _mm256_testz_si256(beyond, beyond) != 0;
}

INLINE size_t count_of(__m256i minus) {
  int32_t lanes[8];
  _mm256_storeu_si256((__m256i *)lanes, minus);
  size_t count = 0;
  for (int lane = 0; lane < 8; lane++) {
    count += (size_t)-lanes[lane];
  }
  return count;
}

// Eight channels over some rows.
static void add_block(const float *values, size_t rows, size_t channels, float *min, float *max,
                      sums *all) {
  const range start = {_mm256_loadu_ps(min), _mm256_loadu_ps(max), _mm256_setzero_si256()};
  range seen = start;
  sums block = *all;
  for (size_t row = 0; row < rows; row++) {
    add(_mm256_loadu_ps(values + row * channels), &seen, &block);
  }
  if (!is_finite(seen)) {
    seen = start;
    block = *all;
    for (size_t row = 0; row < rows; row++) {
      add_checked(_mm256_loadu_ps(values + row * channels), &seen, &block);
    }
  }
  *all = block;
  // Adding zero turns a negative zero into a positive one.
  _mm256_storeu_ps(min, _mm256_add_ps(seen.low, _mm256_setzero_ps()));
  _mm256_storeu_ps(max, _mm256_add_ps(seen.high, _mm256_setzero_ps()));
}

size_t kern_channel_summary_f32__avx2(const kern_channel_rows *rows, float *min, float *max,
                                      kern_moments *moments) {
  const size_t channels = rows->channels, block = kern_summary_rows(channels);
  const __m256d none = _mm256_setzero_pd();
  const __m256i zero = _mm256_setzero_si256();
  sums all = {{none, none}, {none, none}, zero, zero};
  size_t zeros = 0, not_finite = 0;
  for (size_t start = 0; start < rows->rows; start += block) {
    size_t left = rows->rows - start;
    size_t count = left < block ? left : block;
    for (size_t channel = 0; channel < channels; channel += kern_summary_lanes) {
      add_block(rows->values + start * channels + channel, count, channels, min + channel,
                max + channel, &all);
    }
    zeros += count_of(all.zeros);
    not_finite += count_of(all.not_finite);
    all.zeros = all.not_finite = zero;
  }
  double sum[kern_summary_lanes], squares[kern_summary_lanes];
  for (int half = 0; half < 2; half++) {
    _mm256_storeu_pd(sum + 4 * half, all.sum[half]);
    _mm256_storeu_pd(squares + 4 * half, all.squares[half]);
  }
  kern_finish_summary(sum, squares, zeros, moments);
  return not_finite;
}

#pragma clang attribute pop
#endif
