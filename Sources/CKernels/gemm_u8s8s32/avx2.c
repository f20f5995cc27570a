// Tiles of 4 rows x 16 columns. One step multiplies a quad of depths (vpmaddubsw: two products to a
// 16-bit sum; vpmaddwd by ones: two sums to 32 bits); where two quads fit into 16 bits together,
// their sums are added first, which saves a widening. Eight accumulators leave room for the panel's
// vectors, and integer adds have one cycle of latency, so a taller tile gains nothing.
#include "gemm_u8s8s32.h"

#if defined(__x86_64__)
#include "../requantize_avx2.h"
#include "tile_avx2.h"
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

// Functions of their own for each tile: in a loop over tiles, the constants of requantization would
// be kept in registers that the accumulators need.
#define OUTLINE static __attribute__((noinline)) void

INLINE void store_sums(const tile *sums, size_t rows, size_t vectors, tile_sums out) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t v = 0; v < vectors; v++) {
      _mm256_storeu_si256((__m256i *)(out[r] + 8 * v), sums->at[r][v]);
    }
  }
}

#define ACCUMULATE(height, width)                                                                  \
  OUTLINE accumulate_##height##x##width(const column_panel *panel, const uint8_t *a,               \
                                        size_t stride, tile_sums out) {                            \
    tile sums = multiplied(panel, height, width, a, stride);                                       \
    store_sums(&sums, height, width, out);                                                         \
  }
ACCUMULATE(4, 2)
ACCUMULATE(4, 1)
ACCUMULATE(1, 2)
ACCUMULATE(1, 1)

INLINE void accumulate_tile(const column_panel *panel, size_t rows, const uint8_t *a, size_t stride,
                            tile_sums out) {
  const bool is_narrow = panel->columns <= 8;
  if (rows == tile_rows && !is_narrow) {
    accumulate_4x2(panel, a, stride, out);
  } else if (rows == tile_rows) {
    accumulate_4x1(panel, a, stride, out);
  } else if (!is_narrow) {
    accumulate_1x2(panel, a, stride, out);
  } else {
    accumulate_1x1(panel, a, stride, out);
  }
}

// Where the codes of a tile go, and how they are made.
typedef struct {
  kern_bounded_avx2 bounded;
  const float *multipliers;
  size_t out_stride;
} code_output;

// Packing works within halves: two vectors of 4 groups of 4 codes come out as 0, 4, 1, 5...
INLINE __m256i in_order(__m256i codes) {
  return _mm256_permutevar8x32_epi32(codes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

INLINE __m256i clamped(__m256i codes, const kern_bounded_avx2 *to) {
  return _mm256_min_epu8(_mm256_max_epu8(codes, to->low), to->high);
}

// Two rows of 16 columns to two times 16 codes.
INLINE void store_two_rows(const tile *sums, size_t row, __m256 low, __m256 high, size_t columns,
                           const code_output *to, uint8_t *out) {
  __m256i words[2];
  for (size_t i = 0; i < 2; i++) {
    words[i] = kern_bounded_words_avx2(sums->at[row + i][0], sums->at[row + i][1], low, high,
                                       &to->bounded);
  }
  __m256i codes = in_order(clamped(_mm256_packus_epi16(words[0], words[1]), &to->bounded));
  kern_store_codes_avx2(out + row * to->out_stride, _mm256_castsi256_si128(codes), columns);
  kern_store_codes_avx2(out + (row + 1) * to->out_stride, _mm256_extracti128_si256(codes, 1),
                        columns);
}

OUTLINE codes_4x2(const column_panel *panel, const uint8_t *a, size_t stride, const code_output *to,
                  uint8_t *out) {
  tile sums = multiplied(panel, 4, 2, a, stride);
  const __m256 low = _mm256_loadu_ps(to->multipliers);
  const __m256 high = _mm256_loadu_ps(to->multipliers + 8);
  if (panel->columns == 16) {
    store_two_rows(&sums, 0, low, high, 16, to, out);
    store_two_rows(&sums, 2, low, high, 16, to, out);
  } else {
    store_two_rows(&sums, 0, low, high, panel->columns, to, out);
    store_two_rows(&sums, 2, low, high, panel->columns, to, out);
  }
}

// Four rows of 8 columns to four times 8 codes.
OUTLINE codes_4x1(const column_panel *panel, const uint8_t *a, size_t stride, const code_output *to,
                  uint8_t *out) {
  tile sums = multiplied(panel, 4, 1, a, stride);
  const __m256 low = _mm256_loadu_ps(to->multipliers);
  __m256i words[2];
  for (size_t i = 0; i < 2; i++) {
    words[i] =
        kern_bounded_words_avx2(sums.at[2 * i][0], sums.at[2 * i + 1][0], low, low, &to->bounded);
  }
  __m256i codes = in_order(clamped(_mm256_packus_epi16(words[0], words[1]), &to->bounded));
  __m128i first = _mm256_castsi256_si128(codes), last = _mm256_extracti128_si256(codes, 1);
  kern_store_codes_avx2(out, first, panel->columns);
  kern_store_codes_avx2(out + to->out_stride, _mm_srli_si128(first, 8), panel->columns);
  kern_store_codes_avx2(out + 2 * to->out_stride, last, panel->columns);
  kern_store_codes_avx2(out + 3 * to->out_stride, _mm_srli_si128(last, 8), panel->columns);
}

INLINE void store_row(const tile *sums, size_t vectors, size_t columns, const code_output *to,
                      uint8_t *out) {
  const __m256 low = _mm256_loadu_ps(to->multipliers);
  const __m256 high = vectors == 2 ? _mm256_loadu_ps(to->multipliers + 8) : low;
  __m128i codes =
      kern_bounded_codes16_avx2(sums->at[0][0], sums->at[0][vectors - 1], low, high, &to->bounded);
  kern_store_codes_avx2(out, codes, columns);
}

OUTLINE codes_1x2(const column_panel *panel, const uint8_t *a, size_t stride, const code_output *to,
                  uint8_t *out) {
  tile sums = multiplied(panel, 1, 2, a, stride);
  store_row(&sums, 2, panel->columns, to, out);
}

OUTLINE codes_1x1(const column_panel *panel, const uint8_t *a, size_t stride, const code_output *to,
                  uint8_t *out) {
  tile sums = multiplied(panel, 1, 1, a, stride);
  store_row(&sums, 1, panel->columns, to, out);
}

typedef void tile_kernel(const column_panel *panel, const uint8_t *a, size_t stride,
                         const code_output *to, uint8_t *out);

INLINE void panel_codes(const column_panel *panel, const kern_gemm_u8_rows *rows,
                        const code_output *to, uint8_t *out) {
  const bool is_narrow = panel->columns <= 8;
  tile_kernel *const four = is_narrow ? codes_4x1 : codes_4x2;
  tile_kernel *const one = is_narrow ? codes_1x1 : codes_1x2;
  size_t r = 0;
  for (; r + tile_rows <= rows->rows; r += tile_rows) {
    four(panel, rows->data + r * rows->stride, rows->stride, to, out + r * to->out_stride);
  }
  for (; r < rows->rows; r++) {
    one(panel, rows->data + r * rows->stride, rows->stride, to, out + r * to->out_stride);
  }
}

// Tiles of `tile_rows` rows, then single ones.
INLINE size_t tile_height(size_t rows, size_t first) {
  return rows - first >= tile_rows ? tile_rows : 1;
}

// Multipliers or zero points beyond what packing can clamp.
static void unbounded_codes(const column_panel *panel, const kern_gemm_u8_rows *rows,
                            const kern_requantization *requantization, const float *multipliers,
                            uint8_t *out, size_t out_stride) {
  const kern_rounding_avx2 to = kern_rounding_make_avx2(requantization->low, requantization->high,
                                                        requantization->zero_point);
  const __m256 low = _mm256_loadu_ps(multipliers);
  const __m256 high = _mm256_loadu_ps(multipliers + 8);
  for (size_t r = 0; r < rows->rows; r += tile_height(rows->rows, r)) {
    const size_t height = tile_height(rows->rows, r);
    tile_sums sums;
    accumulate_tile(panel, height, rows->data + r * rows->stride, rows->stride, sums);
    for (size_t i = 0; i < height; i++) {
      __m256i first = _mm256_loadu_si256((const __m256i *)sums[i]);
      __m256i second =
          panel->columns > 8 ? _mm256_loadu_si256((const __m256i *)(sums[i] + 8)) : first;
      __m128i codes = kern_codes16_avx2(kern_requantized_avx2(first, low, &to),
                                        kern_requantized_avx2(second, high, &to));
      kern_store_codes_avx2(out + (r + i) * out_stride, codes, panel->columns);
    }
  }
}

// A panel stays in the first-level cache while the row tiles pass over it.
void kern_gemm_u8s8_u8__avx2(const kern_gemm_u8s8_panels *panels, const kern_gemm_u8_rows *rows,
                             const int32_t *initial, const kern_requantization *requantization,
                             uint8_t *out, size_t out_stride, size_t first_panel,
                             size_t end_panel) {
  code_output to = {kern_bounded_make_avx2(requantization), requantization->multipliers,
                    out_stride};
  for (size_t p = first_panel; p < end_panel; p++) {
    const column_panel panel = panel_at(panels, p, initial);
    to.multipliers = requantization->multipliers + p * 16;
    if (requantization->is_bounded) {
      panel_codes(&panel, rows, &to, out + p * 16);
    } else {
      unbounded_codes(&panel, rows, requantization, to.multipliers, out + p * 16, out_stride);
    }
  }
}

void kern_gemm_u8s8_s32__avx2(const kern_gemm_u8s8_panels *panels, const kern_gemm_u8_rows *rows,
                              const int32_t *initial, int32_t *out, size_t out_stride,
                              size_t first_panel, size_t end_panel) {
  for (size_t p = first_panel; p < end_panel; p++) {
    const column_panel panel = panel_at(panels, p, initial);
    for (size_t r = 0; r < rows->rows; r += tile_height(rows->rows, r)) {
      const size_t height = tile_height(rows->rows, r);
      tile_sums sums;
      accumulate_tile(&panel, height, rows->data + r * rows->stride, rows->stride, sums);
      for (size_t i = 0; i < height; i++) {
        memcpy(out + (r + i) * out_stride + p * 16, sums[i], panel.columns * sizeof(int32_t));
      }
    }
  }
}

#pragma clang attribute pop
#endif
