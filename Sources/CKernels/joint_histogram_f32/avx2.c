// Works in two steps over pieces that stay in the first-level cache: keys of eight values at a
// time, with zeros (most of what follows a ReLU) left out and counted by their comparison mask;
// then the counting. Keys of one piece are made while those of the piece before are counted,
// because the two keep different parts of a processor busy.
#include "joint_histogram_f32.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <stdbool.h>
#pragma clang attribute push(__attribute__((target("avx2,fma,popcnt"))), apply_to = function)
#pragma STDC FP_CONTRACT OFF

enum { piece_values = 1024, ahead_values = 1 << 15 };

typedef struct piece {
  int32_t keys[piece_values + 8];
  size_t count;
  size_t zeros;
  // The largest bin as an unsigned number; what is not finite gives one far beyond.
  __m256i most;
} piece;

// For each mask of lanes to leave out: the numbers of the others, a byte each.
static void make_fronts(uint64_t fronts[256]) {
  for (unsigned left_out = 0; left_out < 256; left_out++) {
    uint64_t lanes = 0;
    for (uint64_t lane = 8; lane-- > 0;) {
      lanes = left_out >> lane & 1 ? lanes : lanes << 8 | lane;
    }
    fronts[left_out] = lanes;
  }
}

// Makes the keys of `whole` values, a multiple of 8, and counts those of `before`. `from_zero` is a
// constant, so that each case is a loop of its own.
static inline __attribute__((always_inline)) void
make_keys(const float *values, size_t whole, const kern_joint_histogram *histogram, bool from_zero,
          const uint64_t *fronts, piece *piece, const struct piece *before, uint32_t *table) {
  const __m256 lower = _mm256_set1_ps(histogram->lower);
  const __m256 width = _mm256_set1_ps(histogram->upper - histogram->lower);
  const __m256 scale = _mm256_set1_ps(histogram->scale);
  const __m256 bins = _mm256_set1_ps((float)kern_joint_bins);
  __m256i most = _mm256_setzero_si256();
  const size_t ready = before->count;
  size_t count = 0, zeros = 0;
  for (size_t i = 0; i < whole; i += 8) {
    // What comes next waits in the second-level cache when its turn comes.
    _mm_prefetch((const char *)(values + i + ahead_values), _MM_HINT_T1);
    __m256 value = _mm256_loadu_ps(values + i);
    __m256 is_zero = _mm256_cmp_ps(value, _mm256_setzero_ps(), _CMP_EQ_OQ);
    unsigned left_out = (unsigned)_mm256_movemask_ps(is_zero);
    __m256 offset = from_zero ? value : _mm256_sub_ps(value, lower);
    __m256 position = _mm256_div_ps(_mm256_mul_ps(offset, bins), width);
    __m256i range_bin = _mm256_cvttps_epi32(position);
    __m256i magnitude_bin = _mm256_cvttps_epi32(_mm256_mul_ps(value, scale));
    most = _mm256_max_epu32(most, range_bin);
    __m256i front = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)fronts[left_out]));
    __m256i key = _mm256_add_epi32(range_bin, magnitude_bin);
    _mm256_storeu_si256((__m256i *)(piece->keys + count), _mm256_permutevar8x32_epi32(key, front));
    size_t zero_count = (size_t)__builtin_popcount(left_out);
    count += 8 - zero_count;
    zeros += zero_count;
    if (i + 8 <= ready) {
      kern_joint_count_keys(before->keys + i, 8, table);
    }
  }
  size_t counted = ready & ~(size_t)7;
  kern_joint_count_rest(before->keys, ready, counted < whole ? counted : whole, table);
  piece->count = count;
  piece->zeros = zeros;
  piece->most = most;
}

static bool is_finite(const piece *piece) {
  __m256i most = _mm256_set1_epi32(kern_joint_bins);
  __m256i beyond = _mm256_cmpeq_epi32(_mm256_max_epu32(piece->most, most), most);
  return _mm256_movemask_epi8(beyond) == -1;
}

void kern_count_joint_f32__avx2(const float *values, size_t count,
                                const kern_joint_histogram *histogram, uint32_t *table) {
  uint64_t fronts[256];
  make_fronts(fronts);
  const size_t whole = count & ~(size_t)7;
  size_t zeros = 0;
  piece pieces[2];
  piece *before = &pieces[0], *next = &pieces[1];
  before->count = 0;
  for (size_t start = 0; start < whole; start += piece_values) {
    size_t length = whole - start < piece_values ? whole - start : piece_values;
    if (histogram->lower == 0) {
      make_keys(values + start, length, histogram, true, fronts, next, before, table);
    } else {
      make_keys(values + start, length, histogram, false, fronts, next, before, table);
    }
    if (is_finite(next)) {
      zeros += next->zeros;
    } else {
      kern_count_joint_f32__scalar(values + start, length, histogram, table);
      next->count = 0;
    }
    piece *made = next;
    next = before;
    before = made;
  }
  kern_joint_count_rest(before->keys, before->count, 0, table);
  if (zeros > 0) {
    table[kern_joint_range_bin(0, histogram) + kern_joint_offset] += (uint32_t)zeros;
  }
  kern_count_joint_f32__scalar(values + whole, count - whole, histogram, table);
}

#pragma clang attribute pop
#endif
