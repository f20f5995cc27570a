// Tiles of 6 rows x 16 columns (tile_avx2.c), and what becomes of their sums.
#include "gemm_u8s8s32.h"

#if defined(__x86_64__)
#include "../requantize_avx2.h"
#include "multiply_avx2.h"
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define INLINE static inline __attribute__((always_inline))

INLINE __m256i sums_at(const int32_t *sums) { return _mm256_load_si256((const __m256i *)sums); }

// Where the codes of a tile go, and how they are made.
typedef struct {
  kern_bounded_avx2 bounded;
  const kern_requantization *requantization;
  const float *multipliers; // of the panel
  size_t out_stride;
  uint8_t *out;
} code_output;

// Packing works within halves: two vectors of 4 groups of 4 codes come out as 0, 4, 1, 5...
INLINE __m256i in_order(__m256i codes) {
  return _mm256_permutevar8x32_epi32(codes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

INLINE __m256i clamped(__m256i codes, const kern_bounded_avx2 *to) {
  return _mm256_min_epu8(_mm256_max_epu8(codes, to->low), to->high);
}

// Two rows of 16 columns to two times 16 codes.
INLINE void store_two_rows(int32_t (*sums)[16], __m256 low, __m256 high, size_t columns,
                           const code_output *to, uint8_t *out) {
  __m256i words[2];
  for (size_t i = 0; i < 2; i++) {
    words[i] =
        kern_bounded_words_avx2(sums_at(sums[i]), sums_at(sums[i] + 8), low, high, &to->bounded);
  }
  const __m256i codes = in_order(clamped(_mm256_packus_epi16(words[0], words[1]), &to->bounded));
  kern_store_codes_avx2(out, _mm256_castsi256_si128(codes), columns);
  kern_store_codes_avx2(out + to->out_stride, _mm256_extracti128_si256(codes, 1), columns);
}

// Four rows of 8 columns to four times 8 codes.
INLINE void store_four_rows(int32_t (*sums)[16], __m256 multipliers, size_t columns,
                            const code_output *to, uint8_t *out) {
  __m256i words[2];
  for (size_t i = 0; i < 2; i++) {
    words[i] = kern_bounded_words_avx2(sums_at(sums[2 * i]), sums_at(sums[2 * i + 1]), multipliers,
                                       multipliers, &to->bounded);
  }
  const __m256i codes = in_order(clamped(_mm256_packus_epi16(words[0], words[1]), &to->bounded));
  const __m128i first = _mm256_castsi256_si128(codes), last = _mm256_extracti128_si256(codes, 1);
  kern_store_codes_avx2(out, first, columns);
  kern_store_codes_avx2(out + to->out_stride, _mm_srli_si128(first, 8), columns);
  kern_store_codes_avx2(out + 2 * to->out_stride, last, columns);
  kern_store_codes_avx2(out + 3 * to->out_stride, _mm_srli_si128(last, 8), columns);
}

INLINE void store_row(const int32_t *sums, size_t columns, const code_output *to, uint8_t *out) {
  const size_t second = columns > 8 ? 8 : 0;
  const __m128i codes = kern_bounded_codes16_avx2(
      sums_at(sums), sums_at(sums + second), _mm256_loadu_ps(to->multipliers),
      _mm256_loadu_ps(to->multipliers + second), &to->bounded);
  kern_store_codes_avx2(out, codes, columns);
}

INLINE void store_codes(int32_t (*sums)[16], size_t rows, size_t columns, const code_output *to,
                        uint8_t *out) {
  const __m256 low = _mm256_loadu_ps(to->multipliers);
  size_t r = 0;
  if (columns > 8) {
    const __m256 high = _mm256_loadu_ps(to->multipliers + 8);
    for (; r + 2 <= rows; r += 2) {
      store_two_rows(sums + r, low, high, columns, to, out + r * to->out_stride);
    }
  } else {
    for (; r + 4 <= rows; r += 4) {
      store_four_rows(sums + r, low, columns, to, out + r * to->out_stride);
    }
  }
  for (; r < rows; r++) {
    store_row(sums[r], columns, to, out + r * to->out_stride);
  }
}

// Multipliers or zero points beyond what packing can clamp.
static __attribute__((noinline)) void
store_unbounded_codes(int32_t (*sums)[16], size_t rows, size_t columns,
                      const kern_requantization *requantization, const float *multipliers,
                      size_t out_stride, uint8_t *out) {
  const kern_rounding_avx2 to = kern_rounding_make_avx2(requantization->low, requantization->high,
                                                        requantization->zero_point);
  const size_t second = columns > 8 ? 8 : 0;
  const __m256 low = _mm256_loadu_ps(multipliers);
  const __m256 high = _mm256_loadu_ps(multipliers + second);
  for (size_t r = 0; r < rows; r++) {
    const __m128i codes =
        kern_codes16_avx2(kern_requantized_avx2(sums_at(sums[r]), low, &to),
                          kern_requantized_avx2(sums_at(sums[r] + second), high, &to));
    kern_store_codes_avx2(out + r * out_stride, codes, columns);
  }
}

INLINE void store_tile_codes(const column_panel *panel, size_t p, size_t row, size_t rows,
                             int32_t (*sums)[16], const void *output) {
  code_output to = *(const code_output *)output;
  const kern_requantization *const requantization = to.requantization;
  to.multipliers = requantization->multipliers + p * 16;
  uint8_t *const codes = to.out + row * to.out_stride + p * 16;
  if (!requantization->is_bounded) {
    store_unbounded_codes(sums, rows, panel->columns, requantization, to.multipliers, to.out_stride,
                          codes);
  } else if (panel->columns == 16) {
    store_codes(sums, rows, 16, &to, codes);
  } else {
    store_codes(sums, rows, panel->columns, &to, codes);
  }
}

void kern_gemm_u8s8_u8__avx2(const kern_gemm_u8s8_panels *panels, const kern_gemm_u8_rows *rows,
                             const int32_t *initial, const kern_requantization *requantization,
                             uint8_t *out, size_t out_stride, size_t first_panel,
                             size_t end_panel) {
  const code_output to = {kern_bounded_make_avx2(requantization), requantization,
                          requantization->multipliers, out_stride, out};
  multiply_rows(panels, rows, initial, first_panel, end_panel, store_tile_codes, &to);
}

typedef struct {
  int32_t *out;
  size_t out_stride;
} sum_output;

INLINE void store_tile_sums(const column_panel *panel, size_t p, size_t row, size_t rows,
                            int32_t (*sums)[16], const void *output) {
  const sum_output *const to = output;
  for (size_t r = 0; r < rows; r++) {
    memcpy(to->out + (row + r) * to->out_stride + p * 16, sums[r],
           panel->columns * sizeof(int32_t));
  }
}

void kern_gemm_u8s8_s32__avx2(const kern_gemm_u8s8_panels *panels, const kern_gemm_u8_rows *rows,
                              const int32_t *initial, int32_t *out, size_t out_stride,
                              size_t first_panel, size_t end_panel) {
  const sum_output to = {out, out_stride};
  multiply_rows(panels, rows, initial, first_panel, end_panel, store_tile_sums, &to);
}

#pragma clang attribute pop
#endif
