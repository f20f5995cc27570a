// As the AVX2 kernel, with two neighbouring blocks of eight channels in one register.
#include "channel_summary_f32.h"

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(                                                                      \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,popcnt"))),                 \
    apply_to = function)
#pragma STDC FP_CONTRACT OFF

#define INLINE static inline __attribute__((always_inline))

enum { lanes = 2 * kern_summary_channels };

// What two neighbouring blocks have shown.
typedef struct {
  __m512 low, high;
  // Rows in turn, so that additions do not wait for each other.
  __m512 sum[2], squares[2];
  __m512i zeros;
} seen;

INLINE seen nothing(void) {
  const __m512 none = _mm512_setzero_ps();
  return (seen){_mm512_set1_ps(__builtin_inff()),
                _mm512_set1_ps(-__builtin_inff()),
                {none, none},
                {none, none},
                _mm512_setzero_si512()};
}

INLINE void add(const float *values, seen *seen, int turn) {
  __m512 value = _mm512_loadu_ps(values);
  __mmask16 is_zero = _mm512_cmp_ps_mask(value, _mm512_setzero_ps(), _CMP_EQ_OQ);
  seen->zeros = _mm512_mask_add_epi32(seen->zeros, is_zero, seen->zeros, _mm512_set1_epi32(1));
  seen->low = _mm512_min_ps(value, seen->low);
  seen->high = _mm512_max_ps(value, seen->high);
  seen->sum[turn] = _mm512_add_ps(seen->sum[turn], value);
  seen->squares[turn] = _mm512_add_ps(seen->squares[turn], _mm512_mul_ps(value, value));
}

INLINE __m256 half_of(__m512 values, int half) {
  return half == 0 ? _mm512_castps512_ps256(values) : _mm512_extractf32x8_ps(values, 1);
}

INLINE void add_lanes(double *total, __m256 values) {
  _mm512_storeu_pd(total, _mm512_add_pd(_mm512_loadu_pd(total), _mm512_cvtps_pd(values)));
}

INLINE float largest_of(__m256 values) {
  __m128 four = _mm_max_ps(_mm256_castps256_ps128(values), _mm256_extractf128_ps(values, 1));
  __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

// Infinities and NaN leave their trace in the sums, whatever the ranges say.
INLINE bool holds(const seen *seen, int half) {
  const __m256 none = _mm256_setzero_ps();
  __m256 total = half_of(_mm512_add_ps(seen->sum[0], seen->sum[1]), half);
  __m256 difference = _mm256_sub_ps(total, total); // 0, or NaN
  if (_mm256_cmp_ps_mask(difference, none, _CMP_EQ_OQ) != 0xff) {
    return false;
  }
  __m256 size =
      _mm256_max_ps(_mm256_sub_ps(none, half_of(seen->low, half)), half_of(seen->high, half));
  return kern_squares_hold(largest_of(_mm256_max_ps(size, none)));
}

INLINE void finish_block(const kern_channel_rows *block, const seen *seen, int half, float *min,
                         float *max, kern_summary_sums *sums) {
  if (!holds(seen, half)) {
    kern_add_unusual_block(block, min, max, sums);
    return;
  }
  for (int turn = 0; turn < 2; turn++) {
    add_lanes(sums->sum + kern_summary_channels * turn, half_of(seen->sum[turn], half));
    add_lanes(sums->squares + kern_summary_channels * turn, half_of(seen->squares[turn], half));
  }
  const __mmask16 own = half == 0 ? 0x00ff : 0xff00;
  sums->zeros += (size_t)_mm512_mask_reduce_add_epi32(own, seen->zeros);
  // Adding zero turns a negative zero into a positive one.
  const __m256 none = _mm256_setzero_ps();
  __m256 low = _mm256_min_ps(half_of(seen->low, half), _mm256_loadu_ps(min));
  __m256 high = _mm256_max_ps(half_of(seen->high, half), _mm256_loadu_ps(max));
  _mm256_storeu_ps(min, _mm256_add_ps(low, none));
  _mm256_storeu_ps(max, _mm256_add_ps(high, none));
}

// `pairs` of blocks at once; a constant, so that all they have seen stays in registers.
INLINE void add_blocks(const kern_channel_rows *block, int pairs, float *min, float *max,
                       kern_summary_sums *sums) {
  const size_t channels = block->channels;
  seen found[2] = {nothing(), nothing()};
  const float *values = block->values;
  size_t row = 0;
  for (; row + 2 <= block->rows; row += 2, values += 2 * channels) {
    for (int pair = 0; pair < pairs; pair++) {
      add(values + pair * lanes, &found[pair], 0);
      add(values + pair * lanes + channels, &found[pair], 1);
    }
  }
  for (int pair = 0; pair < pairs; pair++) {
    if (row < block->rows) {
      add(values + pair * lanes, &found[pair], 0);
    }
    for (int half = 0; half < 2; half++) {
      const int first = pair * lanes + half * kern_summary_channels;
      kern_channel_rows own = *block;
      own.values += first;
      finish_block(&own, &found[pair], half, min + first, max + first, sums);
    }
  }
}

size_t kern_channel_summary_f32__avx512(const kern_channel_rows *rows, float *min, float *max,
                                        kern_moments *moments) {
  if (rows->channels % lanes != 0) {
    return kern_channel_summary_f32__avx2(rows, min, max, moments);
  }
  const size_t height = kern_summary_rows(rows->channels);
  kern_summary_sums sums = {.zeros = 0};
  for (size_t start = 0; start < rows->rows; start += height) {
    size_t left = rows->rows - start;
    kern_channel_rows block = {.values = rows->values + start * rows->channels,
                               .rows = left < height ? left : height,
                               .channels = rows->channels};
    size_t channel = 0;
    for (; channel + 2 * lanes <= rows->channels; channel += 2 * lanes, block.values += 2 * lanes) {
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
