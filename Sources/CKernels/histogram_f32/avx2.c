// Bins of eight values at a time; then each lane counts in one of four tables, so that equal
// neighbours do not wait for each other's stores. Zeros, most of what follows a ReLU, are counted
// by their comparison mask alone; they and values that do not count go to spare bins behind the
// table, one for each lane.
#include "histogram_f32.h"

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma,popcnt"))), apply_to = function)
#pragma STDC FP_CONTRACT OFF

#define INLINE static inline __attribute__((always_inline))

enum { tables = 4, spare_bins = 8 };

// maxps gives its second operand for NaN.
INLINE __m256i bin(__m256 position, __m256 last) {
  __m256 inside = _mm256_min_ps(_mm256_max_ps(position, _mm256_setzero_ps()), last);
  return _mm256_cvttps_epi32(inside);
}

INLINE void count_lanes(uint32_t *table, size_t stride, __m256i bins) {
  uint32_t at[8];
  _mm256_storeu_si256((__m256i *)at, bins);
  for (size_t lane = 0; lane < 8; lane++) {
    table[lane % tables * stride + at[lane]]++;
  }
}

INLINE __m256i spare(size_t bins) {
  return _mm256_add_epi32(_mm256_set1_epi32((int)bins), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

INLINE size_t stride_of(size_t bins) { return bins + spare_bins; }

static void fold(uint32_t *table, size_t bins, uint64_t *counts) {
  const size_t stride = stride_of(bins);
  for (size_t i = 0; i < stride; i++) {
    uint64_t sum = 0;
    for (size_t t = 0; t < tables; t++) {
      sum += table[t * stride + i];
      table[t * stride + i] = 0;
    }
    if (i < bins) {
      counts[i] += sum;
    }
  }
}

// `has_range` and `has_magnitude` are constants, so that each combination is a loop of its own.
// Returns the number of zeros, which are in no table.
INLINE uint64_t count_vectors(const float *values, size_t whole, bool has_range, bool has_magnitude,
                              const kern_range_histogram *_Nullable range,
                              const kern_magnitude_histogram *_Nullable magnitude,
                              uint32_t *range_table, uint32_t *magnitude_table) {
  const __m256 zero = _mm256_setzero_ps();
  __m256 min = zero, max = zero, width = zero, bins = zero, range_last = zero;
  __m256 scale = zero, magnitude_last = zero;
  __m256i range_spare = _mm256_setzero_si256(), magnitude_spare = range_spare;
  size_t range_stride = 0, magnitude_stride = 0;
  if (has_range) {
    min = _mm256_set1_ps(range->min);
    max = _mm256_set1_ps(range->max);
    width = _mm256_set1_ps(range->max - range->min);
    bins = _mm256_set1_ps((float)range->bins);
    range_last = _mm256_set1_ps((float)(range->bins - 1));
    range_spare = spare(range->bins);
    range_stride = stride_of(range->bins);
  }
  if (has_magnitude) {
    scale = _mm256_set1_ps(magnitude->scale);
    magnitude_last = _mm256_set1_ps((float)(magnitude->bins - 1));
    magnitude_spare = spare(magnitude->bins);
    magnitude_stride = stride_of(magnitude->bins);
  }
  const __m256 magnitude_bits = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
  const __m256 largest = _mm256_set1_ps(__FLT_MAX__);
  uint64_t zeros = 0;
  for (size_t i = 0; i < whole; i += 8) {
    __m256 value = _mm256_loadu_ps(values + i);
    __m256 is_zero = _mm256_cmp_ps(value, zero, _CMP_EQ_OQ);
    int zero_lanes = _mm256_movemask_ps(is_zero);
    zeros += (uint64_t)__builtin_popcount((unsigned)zero_lanes);
    if (zero_lanes == 0xff) {
      continue;
    }
    if (has_range) {
      __m256 inside = _mm256_and_ps(_mm256_cmp_ps(value, min, _CMP_GE_OQ),
                                    _mm256_cmp_ps(value, max, _CMP_LE_OQ));
      __m256 scaled = _mm256_mul_ps(_mm256_sub_ps(value, min), bins);
      __m256i at = bin(_mm256_div_ps(scaled, width), range_last);
      __m256i counts = _mm256_castps_si256(_mm256_andnot_ps(is_zero, inside));
      count_lanes(range_table, range_stride, _mm256_blendv_epi8(range_spare, at, counts));
    }
    if (has_magnitude) {
      __m256 size = _mm256_and_ps(value, magnitude_bits);
      __m256 finite = _mm256_cmp_ps(size, largest, _CMP_LE_OQ);
      __m256i at = bin(_mm256_mul_ps(size, scale), magnitude_last);
      __m256i counts = _mm256_castps_si256(_mm256_andnot_ps(is_zero, finite));
      count_lanes(magnitude_table, magnitude_stride,
                  _mm256_blendv_epi8(magnitude_spare, at, counts));
    }
  }
  return zeros;
}

// Puts zeros where the scalar kernel puts one of them.
static void add_zeros(uint64_t zeros, const kern_range_histogram *range) {
  if (range->min > 0 || range->max < 0) {
    return;
  }
  float scaled = (0 - range->min) * (float)range->bins;
  __m256 position = _mm256_set1_ps(scaled / (range->max - range->min));
  __m256i at = bin(position, _mm256_set1_ps((float)(range->bins - 1)));
  range->counts[_mm256_cvtsi256_si32(at)] += zeros;
}

void kern_histograms_f32__avx2(const float *values, size_t count,
                               const kern_range_histogram *_Nullable range,
                               const kern_magnitude_histogram *_Nullable magnitude,
                               uint32_t *scratch) {
  const size_t whole = count & ~(size_t)7;
  uint32_t *second = scratch + (range != NULL ? tables * stride_of(range->bins) : 0);
  uint64_t zeros = 0;
  if (range != NULL && magnitude != NULL) {
    zeros = count_vectors(values, whole, true, true, range, magnitude, scratch, second);
  } else if (range != NULL) {
    zeros = count_vectors(values, whole, true, false, range, magnitude, scratch, second);
  } else if (magnitude != NULL) {
    zeros = count_vectors(values, whole, false, true, range, magnitude, scratch, second);
  }
  if (range != NULL) {
    add_zeros(zeros, range);
    fold(scratch, range->bins, range->counts);
  }
  if (magnitude != NULL) {
    magnitude->counts[0] += zeros;
    fold(second, magnitude->bins, magnitude->counts);
  }
  kern_histograms_f32__scalar(values + whole, count - whole, range, magnitude, scratch);
}

#pragma clang attribute pop
#endif
