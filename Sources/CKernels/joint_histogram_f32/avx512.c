// As the AVX2 kernel, with keys of sixteen values at a time, and without dividing: with the rounded
// reciprocal of the divisor, one correction gives a neighbour of the quotient and a second one the
// quotient as division rounds it (Markstein 1990, IBM Journal of Research and Development 34, 1).
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

// Whether no step of a quotient leaves the range where products with this width are exact.
INLINE bool has_reciprocal(const kern_joint_histogram *histogram) {
  float width = histogram->upper - histogram->lower;
  return width > 0x1p-60f && width < 0x1p60f;
}

INLINE __m512 corrected(__m512 quotient, __m512 offset, __m512 width, __m512 reciprocal) {
  return _mm512_fmadd_ps(_mm512_fnmadd_ps(quotient, width, offset), reciprocal, quotient);
}

// How keys are made; constants, so that each case is a loop of its own.
typedef struct {
  bool from_zero;
  bool divides;
} manner;

INLINE void make_keys(const float *values, size_t whole, const kern_joint_histogram *histogram,
                      manner manner, piece *made, const piece *before, uint32_t *table) {
  const float extent = histogram->upper - histogram->lower;
  const __m512 lower = _mm512_set1_ps(histogram->lower);
  const __m512 scale = _mm512_set1_ps(histogram->scale);
  const __m512 bins = _mm512_set1_ps((float)kern_joint_bins);
  // Bins are a power of two, so dividing by a bin's width rounds as multiplying first does.
  const float unit = manner.divides ? extent : extent / (float)kern_joint_bins;
  const __m512 width = _mm512_set1_ps(unit);
  const __m512 reciprocal = _mm512_set1_ps(1 / unit);
  __m512i most = _mm512_setzero_si512();
  const size_t ready = before->count;
  size_t count = 0;
  for (size_t i = 0; i < whole; i += lanes) {
    _mm_prefetch((const char *)(values + i + ahead_values), _MM_HINT_T1);
    __m512 value = _mm512_loadu_ps(values + i);
    __mmask16 taken = _mm512_cmp_ps_mask(value, _mm512_setzero_ps(), _CMP_NEQ_UQ);
    __m512 offset = manner.from_zero ? value : _mm512_sub_ps(value, lower);
    __m512 position;
    if (manner.divides) {
      position = _mm512_div_ps(_mm512_mul_ps(offset, bins), width);
    } else {
      position = corrected(_mm512_mul_ps(offset, reciprocal), offset, width, reciprocal);
      position = corrected(position, offset, width, reciprocal);
    }
    __m512i range_bin = _mm512_cvttps_epi32(position);
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
    if (!has_reciprocal(histogram)) {
      make_keys(values + start, length, histogram, (manner){false, true}, next, before, table);
    } else if (histogram->lower == 0) {
      make_keys(values + start, length, histogram, (manner){true, false}, next, before, table);
    } else {
      make_keys(values + start, length, histogram, (manner){false, false}, next, before, table);
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
