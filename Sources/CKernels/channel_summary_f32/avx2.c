#include "channel_summary_f32.h"

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#pragma STDC FP_CONTRACT OFF

#define INLINE static inline __attribute__((always_inline))

typedef struct {
  __m256 low, high;
  __m256i size;  // the largest magnitude, as bits
  __m256i zeros; // minus their number, lane by lane
} range;

INLINE void add(const float *values, range *seen, __m256 *sum, __m256 *squares) {
  __m256 value = _mm256_loadu_ps(values);
  __m256 is_zero = _mm256_cmp_ps(value, _mm256_setzero_ps(), _CMP_EQ_OQ);
  __m256i bits = _mm256_and_si256(_mm256_castps_si256(value), _mm256_set1_epi32(0x7fffffff));
  seen->zeros = _mm256_add_epi32(seen->zeros, _mm256_castps_si256(is_zero));
  seen->size = _mm256_max_epi32(seen->size, bits);
  seen->low = _mm256_min_ps(value, seen->low);
  seen->high = _mm256_max_ps(value, seen->high);
  *sum = _mm256_add_ps(*sum, value);
  *squares = _mm256_add_ps(*squares, _mm256_mul_ps(value, value));
}

static void add_lanes(double *total, __m256 lanes) {
  float values[8];
  _mm256_storeu_ps(values, lanes);
  for (int lane = 0; lane < 8; lane++) {
    total[lane] += (double)values[lane];
  }
}

// What is not finite has bits beyond those of all numbers.
static bool holds(range seen) {
  float largest = 0;
  int32_t bits[8];
  _mm256_storeu_si256((__m256i *)bits, seen.size);
  for (int lane = 0; lane < 8; lane++) {
    if (bits[lane] > 0x7f7fffff) {
      return false;
    }
    float size = _mm_cvtss_f32(_mm_castsi128_ps(_mm_cvtsi32_si128(bits[lane])));
    largest = size > largest ? size : largest;
  }
  return kern_squares_hold(largest);
}

static void add_block(const kern_channel_rows *block, float *min, float *max,
                      kern_summary_sums *sums) {
  const size_t channels = block->channels;
  const __m256 none = _mm256_setzero_ps();
  range seen = {_mm256_loadu_ps(min), _mm256_loadu_ps(max), _mm256_setzero_si256(),
                _mm256_setzero_si256()};
  // Rows in turn, so that additions do not wait for each other.
  __m256 sum[2] = {none, none}, squares[2] = {none, none};
  const float *values = block->values;
  size_t row = 0;
  for (; row + 2 <= block->rows; row += 2, values += 2 * channels) {
    add(values, &seen, &sum[0], &squares[0]);
    add(values + channels, &seen, &sum[1], &squares[1]);
  }
  if (row < block->rows) {
    add(values, &seen, &sum[0], &squares[0]);
  }
  if (!holds(seen)) {
    kern_add_unusual_block(block, min, max, sums);
    return;
  }
  for (int turn = 0; turn < 2; turn++) {
    add_lanes(sums->sum + kern_summary_channels * turn, sum[turn]);
    add_lanes(sums->squares + kern_summary_channels * turn, squares[turn]);
  }
  int32_t zeros[8];
  _mm256_storeu_si256((__m256i *)zeros, seen.zeros);
  for (int lane = 0; lane < 8; lane++) {
    sums->zeros += (size_t)-zeros[lane];
  }
  // Adding zero turns a negative zero into a positive one.
  _mm256_storeu_ps(min, _mm256_add_ps(seen.low, none));
  _mm256_storeu_ps(max, _mm256_add_ps(seen.high, none));
}

size_t kern_channel_summary_f32__avx2(const kern_channel_rows *rows, float *min, float *max,
                                      kern_moments *moments) {
  const size_t height = kern_summary_rows(rows->channels);
  kern_summary_sums sums = {.zeros = 0};
  for (size_t start = 0; start < rows->rows; start += height) {
    size_t left = rows->rows - start;
    for (size_t channel = 0; channel < rows->channels; channel += kern_summary_channels) {
      kern_channel_rows block = {.values = rows->values + start * rows->channels + channel,
                                 .rows = left < height ? left : height,
                                 .channels = rows->channels};
      add_block(&block, min + channel, max + channel, &sums);
    }
  }
  kern_finish_summary(&sums, moments);
  return sums.not_finite;
}

#pragma clang attribute pop
#endif
