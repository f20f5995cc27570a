// Codes of 8 bits are mostly small: near the code of zero, or positive and far from the largest.
// Those of 7 bits let twice as many weights into a 16-bit sum, so each code is cut to such a range,
// which is multiplied at full speed, and the rest of the few that do not fit is multiplied alone.
#include "small_codes_avx2.h"
#include "../cut_u8/cut_u8.h"

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define INLINE static inline __attribute__((always_inline))

typedef struct {
  __m256i codes;
  __m256i mask;
  unsigned valid; // a bit for each quad
} eight_quads;

INLINE eight_quads load(const uint8_t *row, size_t quad, size_t quads) {
  const size_t rest = quads - quad;
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(rest < 8 ? (int32_t)rest : 8), lanes);
  return (eight_quads){_mm256_maskload_epi32((const int32_t *)(row + 4 * quad), mask), mask,
                       rest < 8 ? (1u << rest) - 1 : 255};
}

INLINE unsigned nonzero(__m256i quads) {
  const __m256i zero = _mm256_cmpeq_epi32(quads, _mm256_setzero_si256());
  return 255 & ~(unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(zero));
}

// Quads with a code outside of base...base + 127.
INLINE unsigned outside(__m256i codes, __m256i base) {
  const __m256i high = _mm256_set1_epi8((char)0x80);
  return nonzero(_mm256_and_si256(_mm256_sub_epi8(codes, base), high));
}

// Of quads with a code outside of the small ones, the share among some of the rows.
typedef struct {
  float from_zero, from_middle;
} outlier_shares;

static outlier_shares shares(const kern_gemm_u8_rows *rows, size_t quads) {
  enum { every = 4 };
  size_t zero = 0, mid = 0, seen = 0;
  for (size_t r = 0; r < rows->rows; r += every, seen += quads) {
    for (size_t q = 0; q < quads; q += 8) {
      const eight_quads x = load(rows->data + r * rows->stride, q, quads);
      const unsigned outside_zero = outside(x.codes, _mm256_setzero_si256());
      const unsigned outside_mid = outside(x.codes, _mm256_set1_epi8(kern_middle_base));
      zero += (size_t)__builtin_popcount(outside_zero & x.valid);
      mid += (size_t)__builtin_popcount(outside_mid & x.valid);
    }
  }
  return (outlier_shares){(float)zero / (float)seen, (float)mid / (float)seen};
}

// Whether no code is above 127.
static bool are_small(const kern_gemm_u8_rows *rows, size_t quads) {
  for (size_t r = 0; r < rows->rows; r++) {
    __m256i bits = _mm256_setzero_si256();
    size_t q = 0;
    for (; q + 8 <= quads; q += 8) {
      const uint8_t *const codes = rows->data + r * rows->stride + 4 * q;
      bits = _mm256_or_si256(bits, _mm256_loadu_si256((const __m256i *)codes));
    }
    if (q < quads) {
      bits = _mm256_or_si256(bits, load(rows->data + r * rows->stride, q, quads).codes);
    }
    if (_mm256_movemask_epi8(bits) != 0) {
      return false;
    }
  }
  return true;
}

// Which quads of a row are outliers.
typedef struct {
  uint64_t bits[small_code_bytes / 4 / 64 + 1];
} quad_set;

// `count` and those of `set`, or more than `most_outliers`. Rests are x - y, or 0 where that is
// less.
INLINE size_t append(quad_outliers *to, size_t count, const quad_set *set, size_t quads, __m128i x,
                     const uint8_t *row, bool is_above) {
  for (size_t word = 0; word * 64 < quads; word++) {
    for (uint64_t bits = set->bits[word]; bits != 0; bits &= bits - 1) {
      const size_t quad = word * 64 + (size_t)__builtin_ctzll(bits);
      if (count == most_outliers) {
        return count + 1;
      }
      const __m128i codes = _mm_loadu_si32(row + 4 * quad);
      to->quads[count] = (uint16_t)quad;
      to->rests[count] =
          _mm_cvtsi128_si32(is_above ? _mm_subs_epu8(codes, x) : _mm_subs_epu8(x, codes));
      count++;
    }
  }
  return count;
}

static bool split(const kern_gemm_u8_rows *rows, size_t quads, small_codes *to) {
  const __m256i base = _mm256_set1_epi8((char)to->base);
  const __m256i largest = _mm256_set1_epi8(127);
  const __m256i top = _mm256_set1_epi8((char)(to->base + 127));
  size_t above = 0, below = 0;
  quad_set over = {{0}}, under = {{0}};
  for (size_t r = 0; r < rows->rows; r++) {
    to->above.starts[r] = (uint32_t)above;
    to->below.starts[r] = (uint32_t)below;
    const uint8_t *const row = rows->data + r * rows->stride;
    uint8_t *const codes = to->codes + r * to->stride;
    for (size_t q = 0; q < quads; q += 8) {
      const eight_quads x = load(row, q, quads);
      const __m256i small = _mm256_min_epu8(_mm256_subs_epu8(x.codes, base), largest);
      _mm256_store_si256((__m256i *)(codes + 4 * q), small);
      ((uint8_t *)over.bits)[q / 8] = (uint8_t)nonzero(_mm256_subs_epu8(x.codes, top));
      const __m256i less = _mm256_and_si256(_mm256_subs_epu8(base, x.codes), x.mask);
      ((uint8_t *)under.bits)[q / 8] = (uint8_t)nonzero(less);
    }
    above = append(&to->above, above, &over, quads, _mm256_castsi256_si128(top), row, true);
    if (to->base != 0) {
      below = append(&to->below, below, &under, quads, _mm256_castsi256_si128(base), row, false);
    }
    if (above > most_outliers || below > most_outliers) {
      return false;
    }
  }
  to->above.starts[rows->rows] = (uint32_t)above;
  to->below.starts[rows->rows] = (uint32_t)below;
  return true;
}

bool kern_small_codes_u8__avx2(const kern_gemm_u8_rows *rows, size_t quads, float share,
                               small_codes *to) {
  to->is_split = false;
  to->data = rows->data;
  to->stride = rows->stride;
  const outlier_shares found = shares(rows, quads);
  if (found.from_zero == 0 && are_small(rows, quads)) {
    return true;
  }
  const bool is_middle = found.from_middle < found.from_zero;
  if ((is_middle ? found.from_middle : found.from_zero) > share) {
    return false;
  }
  to->is_split = true;
  to->data = to->codes;
  to->stride = (quads * 4 + 31) / 32 * 32;
  to->base = is_middle ? kern_middle_base : 0;
  return split(rows, quads, to);
}

// Products of what is left: at most 128 * 2 * 127 or -128 * 2 * 128, which fit 16 bits.
INLINE __m256i products(int32_t rests, const int8_t *weights) {
  const __m256i pairs =
      _mm256_maddubs_epi16(_mm256_set1_epi32(rests), _mm256_loadu_si256((const __m256i *)weights));
  return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

INLINE void add_base(const column_panel *panel, const size_t vectors, int32_t base, size_t rows,
                     int32_t (*sums)[16]) {
  for (size_t v = 0; v < vectors; v++) {
    const __m256i *const centres = (const __m256i *)(panel->centres + 8 * v);
    const __m256i weights = _mm256_srai_epi32(_mm256_loadu_si256(centres), 7);
    const __m256i more = _mm256_mullo_epi32(weights, _mm256_set1_epi32(base));
    for (size_t r = 0; r < rows; r++) {
      __m256i *const at = (__m256i *)(sums[r] + 8 * v);
      _mm256_store_si256(at, _mm256_add_epi32(_mm256_load_si256(at), more));
    }
  }
}

INLINE void add(const column_panel *panel, const size_t vectors, const quad_outliers *outliers,
                bool is_above, size_t row, int32_t *sums) {
  __m256i more[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
  const size_t first = outliers->starts[row], end = outliers->starts[row + 1];
  for (size_t i = first; i < end; i++) {
    const int8_t *const w = panel->weights + panel->places[outliers->quads[i]] * 32 * vectors;
    for (size_t v = 0; v < vectors; v++) {
      more[v] = _mm256_add_epi32(more[v], products(outliers->rests[i], w + 32 * v));
    }
  }
  for (size_t v = 0; v < vectors; v++) {
    __m256i *const at = (__m256i *)(sums + 8 * v);
    const __m256i sum = _mm256_load_si256(at);
    _mm256_store_si256(at,
                       is_above ? _mm256_add_epi32(sum, more[v]) : _mm256_sub_epi32(sum, more[v]));
  }
}

INLINE void add_all(const column_panel *panel, const size_t vectors, const small_codes *codes,
                    size_t first, size_t rows, int32_t (*sums)[16]) {
  for (size_t r = 0; r < rows; r++) {
    add(panel, vectors, &codes->above, true, first + r, sums[r]);
  }
  if (codes->base == 0) {
    return;
  }
  add_base(panel, vectors, codes->base, rows, sums);
  for (size_t r = 0; r < rows; r++) {
    add(panel, vectors, &codes->below, false, first + r, sums[r]);
  }
}

void kern_add_outliers_u8s8__avx2(const column_panel *panel, const small_codes *codes, size_t first,
                                  size_t rows, int32_t (*sums)[16]) {
  if (panel->columns > 8) {
    add_all(panel, 2, codes, first, rows, sums);
  } else {
    add_all(panel, 1, codes, first, rows, sums);
  }
}

#pragma clang attribute pop
#endif
