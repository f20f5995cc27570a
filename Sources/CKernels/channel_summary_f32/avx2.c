#include "channel_summary_f32.h"

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#pragma STDC FP_CONTRACT OFF

#define INLINE static inline __attribute__((always_inline))

// What eight channels of a block have shown.
typedef struct {
  __m256 low, high;
  // Rows in turn, so that additions do not wait for each other.
  __m256 sum[2], squares[2];
  __m256i zeros; // minus their number, lane by lane
} seen;

INLINE seen nothing(void) {
  const __m256 none = _mm256_setzero_ps();
  return (seen){_mm256_set1_ps(__builtin_inff()),
                _mm256_set1_ps(-__builtin_inff()),
                {none, none},
                {none, none},
                _mm256_setzero_si256()};
}

INLINE void add(const float *values, seen *seen, int turn) {
  __m256 value = _mm256_loadu_ps(values);
  __m256 is_zero = _mm256_cmp_ps(value, _mm256_setzero_ps(), _CMP_EQ_OQ);
  seen->zeros = _mm256_add_epi32(seen->zeros, _mm256_castps_si256(is_zero));
  seen->low = _mm256_min_ps(value, seen->low);
  seen->high = _mm256_max_ps(value, seen->high);
  seen->sum[turn] = _mm256_add_ps(seen->sum[turn], value);
  seen->squares[turn] = _mm256_add_ps(seen->squares[turn], _mm256_mul_ps(value, value));
}

INLINE void add_lanes(double *total, __m256 lanes) {
  __m256d low = _mm256_cvtps_pd(_mm256_castps256_ps128(lanes));
  __m256d high = _mm256_cvtps_pd(_mm256_extractf128_ps(lanes, 1));
  _mm256_storeu_pd(total, _mm256_add_pd(_mm256_loadu_pd(total), low));
  _mm256_storeu_pd(total + 4, _mm256_add_pd(_mm256_loadu_pd(total + 4), high));
}

INLINE float largest_of(__m256 values) {
  __m128 four = _mm_max_ps(_mm256_castps256_ps128(values), _mm256_extractf128_ps(values, 1));
  __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

// Infinities and NaN leave their trace in the sums, whatever the ranges say.
INLINE bool holds(const seen *seen) {
  const __m256 none = _mm256_setzero_ps();
  __m256 total = _mm256_add_ps(seen->sum[0], seen->sum[1]);
  __m256 difference = _mm256_sub_ps(total, total); // 0, or NaN
  if (_mm256_movemask_ps(_mm256_cmp_ps(difference, none, _CMP_EQ_OQ)) != 0xff) {
    return false;
  }
  __m256 size = _mm256_max_ps(_mm256_sub_ps(none, seen->low), seen->high);
  return kern_squares_hold(largest_of(_mm256_max_ps(size, none)));
}

INLINE size_t zeros_of(const seen *seen) {
  __m128i four =
      _mm_add_epi32(_mm256_castsi256_si128(seen->zeros), _mm256_extracti128_si256(seen->zeros, 1));
  __m128i two = _mm_add_epi32(four, _mm_unpackhi_epi64(four, four));
  return (size_t) - (_mm_cvtsi128_si32(two) + _mm_extract_epi32(two, 1));
}

INLINE void finish_block(const kern_channel_rows *block, const seen *seen, float *min, float *max,
                         kern_summary_sums *sums) {
  if (!holds(seen)) {
    kern_add_unusual_block(block, min, max, sums);
    return;
  }
  for (int turn = 0; turn < 2; turn++) {
    add_lanes(sums->sum + kern_summary_channels * turn, seen->sum[turn]);
    add_lanes(sums->squares + kern_summary_channels * turn, seen->squares[turn]);
  }
  sums->zeros += zeros_of(seen);
  // Adding zero turns a negative zero into a positive one.
  const __m256 none = _mm256_setzero_ps();
  __m256 low = _mm256_min_ps(seen->low, _mm256_loadu_ps(min));
  __m256 high = _mm256_max_ps(seen->high, _mm256_loadu_ps(max));
  _mm256_storeu_ps(min, _mm256_add_ps(low, none));
  _mm256_storeu_ps(max, _mm256_add_ps(high, none));
}

// `blocks` neighbours at once; a constant, so that all they have seen stays in registers.
INLINE void add_blocks(const kern_channel_rows *block, int blocks, float *min, float *max,
                       kern_summary_sums *sums) {
  const size_t channels = block->channels;
  seen found[2] = {nothing(), nothing()};
  const float *values = block->values;
  size_t row = 0;
  for (; row + 2 <= block->rows; row += 2, values += 2 * channels) {
    for (int b = 0; b < blocks; b++) {
      add(values + b * kern_summary_channels, &found[b], 0);
      add(values + b * kern_summary_channels + channels, &found[b], 1);
    }
  }
  for (int b = 0; b < blocks; b++) {
    if (row < block->rows) {
      add(values + b * kern_summary_channels, &found[b], 0);
    }
    kern_channel_rows own = *block;
    own.values += b * kern_summary_channels;
    finish_block(&own, &found[b], min + b * kern_summary_channels, max + b * kern_summary_channels,
                 sums);
  }
}

size_t kern_channel_summary_f32__avx2(const kern_channel_rows *rows, float *min, float *max,
                                      kern_moments *moments) {
  const size_t height = kern_summary_rows(rows->channels);
  kern_summary_sums sums = {.zeros = 0};
  for (size_t start = 0; start < rows->rows; start += height) {
    size_t left = rows->rows - start;
    kern_channel_rows block = {.values = rows->values + start * rows->channels,
                               .rows = left < height ? left : height,
                               .channels = rows->channels};
    size_t channel = 0;
    for (; channel + 2 * kern_summary_channels <= rows->channels;
         channel += 2 * kern_summary_channels, block.values += 2 * kern_summary_channels) {
      add_blocks(&block, 2, min + channel, max + channel, &sums);
    }
    if (channel < rows->channels) {
      add_blocks(&block, 1, min + channel, max + channel, &sums);
    }
  }
  kern_finish_summary(&sums, moments);
  return sums.not_finite;
}

#pragma clang attribute pop
#endif
