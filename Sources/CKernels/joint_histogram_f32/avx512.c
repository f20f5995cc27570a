// As the AVX2 kernel, with keys of sixteen values at a time.
#include "joint_histogram_f32.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <stdbool.h>
#pragma clang attribute push(                                                                      \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,popcnt"))),                 \
    apply_to = function)
#pragma STDC FP_CONTRACT OFF

#define INLINE static inline __attribute__((always_inline))

enum { lanes = 16, piece_values = 1024, ahead_values = 1 << 15 };

typedef struct {
  int32_t keys[piece_values + lanes];
  size_t count;
  size_t zeros;
  bool is_finite;
} piece;

INLINE void make_keys(const float *values, size_t whole, const kern_joint_histogram *histogram,
                      bool from_zero, piece *made, const piece *before, uint32_t *table) {
  const __m512 lower = _mm512_set1_ps(histogram->lower);
  const __m512 width = _mm512_set1_ps(histogram->upper - histogram->lower);
  const __m512 scale = _mm512_set1_ps(histogram->scale);
  const __m512 bins = _mm512_set1_ps((float)kern_joint_bins);
  __m512i most = _mm512_setzero_si512();
  const size_t ready = before->count;
  size_t count = 0;
  for (size_t i = 0; i < whole; i += lanes) {
    _mm_prefetch((const char *)(values + i + ahead_values), _MM_HINT_T1);
    __m512 value = _mm512_loadu_ps(values + i);
    __mmask16 taken = _mm512_cmp_ps_mask(value, _mm512_setzero_ps(), _CMP_NEQ_UQ);
    __m512 offset = from_zero ? value : _mm512_sub_ps(value, lower);
    __m512i range_bin = _mm512_cvttps_epi32(_mm512_div_ps(_mm512_mul_ps(offset, bins), width));
    __m512i magnitude_bin = _mm512_cvttps_epi32(_mm512_mul_ps(value, scale));
    most = _mm512_max_epu32(most, range_bin);
    __m512i key = _mm512_add_epi32(range_bin, magnitude_bin);
    _mm512_storeu_si512(made->keys + count, _mm512_maskz_compress_epi32(taken, key));
    count += (size_t)__builtin_popcount(taken);
    if (i + lanes <= ready) {
      kern_joint_count_keys(before->keys + i, lanes, table);
    }
  }
  size_t counted = ready & ~(size_t)(lanes - 1);
  kern_joint_count_rest(before->keys, ready, counted < whole ? counted : whole, table);
  made->count = count;
  made->zeros = whole - count;
  made->is_finite = _mm512_reduce_max_epu32(most) <= kern_joint_bins;
}

void kern_count_joint_f32__avx512(const float *values, size_t count,
                                  const kern_joint_histogram *histogram, uint32_t *table) {
  const size_t whole = count & ~(size_t)(lanes - 1);
  size_t zeros = 0;
  piece pieces[2];
  piece *before = &pieces[0], *next = &pieces[1];
  before->count = 0;
  for (size_t start = 0; start < whole; start += piece_values) {
    size_t length = whole - start < piece_values ? whole - start : piece_values;
    if (histogram->lower == 0) {
      make_keys(values + start, length, histogram, true, next, before, table);
    } else {
      make_keys(values + start, length, histogram, false, next, before, table);
    }
    if (next->is_finite) {
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
