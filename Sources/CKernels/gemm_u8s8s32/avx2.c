// Tiles of 4 rows x 16 columns. One step multiplies a quad of depths (vpmaddubsw: two products to a
// 16-bit sum; vpmaddwd by ones: two sums to 32 bits); where two quads fit into 16 bits together,
// their sums are added first, which saves a widening. Eight accumulators leave room for the panel's
// vectors, and integer adds have one cycle of latency, so a taller tile gains nothing.
#include "gemm_u8s8s32.h"

#if defined(__x86_64__)
#include "../requantize_avx2.h"
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define INLINE static inline __attribute__((always_inline))

enum { tile_rows = 4 };

typedef struct {
  __m256i at[tile_rows][2];
} tile;

typedef int32_t tile_sums[tile_rows][16];

INLINE __m256i quad(const uint8_t *bytes) {
  int32_t four;
  memcpy(&four, bytes, 4);
  return _mm256_set1_epi32(four);
}

INLINE __m256i vector(const int8_t *bytes) { return _mm256_loadu_si256((const __m256i *)bytes); }

INLINE __m256i widened(__m256i sums) { return _mm256_madd_epi16(sums, _mm256_set1_epi16(1)); }

INLINE void step(tile *sums, size_t rows, size_t vectors, const uint8_t *a, size_t stride,
                 const int8_t *w) {
  __m256i weights[2];
  for (size_t v = 0; v < vectors; v++) {
    weights[v] = vector(w + 32 * v);
  }
  for (size_t r = 0; r < rows; r++) {
    __m256i x = quad(a + r * stride);
    for (size_t v = 0; v < vectors; v++) {
      __m256i pairs = _mm256_maddubs_epi16(x, weights[v]);
      sums->at[r][v] = _mm256_add_epi32(sums->at[r][v], widened(pairs));
    }
  }
}

INLINE void double_step(tile *sums, size_t rows, size_t vectors, const uint8_t *a, size_t stride,
                        const int8_t *w) {
  __m256i first[2], second[2];
  for (size_t v = 0; v < vectors; v++) {
    first[v] = vector(w + 32 * v);
    second[v] = vector(w + 32 * (vectors + v));
  }
  for (size_t r = 0; r < rows; r++) {
    __m256i x = quad(a + r * stride);
    __m256i y = quad(a + r * stride + 4);
    for (size_t v = 0; v < vectors; v++) {
      __m256i pairs =
          _mm256_add_epi16(_mm256_maddubs_epi16(x, first[v]), _mm256_maddubs_epi16(y, second[v]));
      sums->at[r][v] = _mm256_add_epi32(sums->at[r][v], widened(pairs));
    }
  }
}

INLINE void accumulate(const kern_gemm_u8s8_panels *panels, size_t panel, size_t rows,
                       size_t vectors, const uint8_t *a, size_t stride, const int32_t *initial,
                       tile_sums out) {
  tile sums;
  for (size_t r = 0; r < rows; r++) {
    for (size_t v = 0; v < vectors; v++) {
      sums.at[r][v] = _mm256_loadu_si256((const __m256i *)(initial + panel * 16 + 8 * v));
    }
  }
  const int8_t *w = panels->weights + panel * panels->quads * 64;
  size_t q = 0;
  if (panels->steps[panel] == 2) {
    for (; q + 2 <= panels->quads; q += 2) {
      double_step(&sums, rows, vectors, a + 4 * q, stride, w + 32 * vectors * q);
    }
  }
  for (; q < panels->quads; q++) {
    step(&sums, rows, vectors, a + 4 * q, stride, w + 32 * vectors * q);
  }
  for (size_t e = panels->extra_starts[panel]; e < panels->extra_starts[panel + 1]; e++) {
    step(&sums, rows, vectors, a + 4 * (size_t)panels->extra_quads[e], stride,
         panels->extra_weights + 64 * e);
  }
  for (size_t r = 0; r < rows; r++) {
    for (size_t v = 0; v < vectors; v++) {
      _mm256_storeu_si256((__m256i *)(out[r] + 8 * v), sums.at[r][v]);
    }
  }
}

// Functions of their own: inlined together with requantization, its constants would take registers
// from the accumulators.
#define ACCUMULATE(height, width)                                                                  \
  static __attribute__((noinline)) void accumulate_##height##x##width(                             \
      const kern_gemm_u8s8_panels *panels, size_t panel, const uint8_t *a, size_t stride,          \
      const int32_t *initial, tile_sums out) {                                                     \
    accumulate(panels, panel, height, width, a, stride, initial, out);                             \
  }
ACCUMULATE(4, 2)
ACCUMULATE(4, 1)
ACCUMULATE(1, 2)
ACCUMULATE(1, 1)

INLINE void accumulate_tile(const kern_gemm_u8s8_panels *panels, size_t panel, size_t rows,
                            const uint8_t *a, size_t stride, const int32_t *initial,
                            tile_sums out) {
  const bool is_narrow = panels->columns - panel * 16 <= 8;
  if (rows == tile_rows && !is_narrow) {
    accumulate_4x2(panels, panel, a, stride, initial, out);
  } else if (rows == tile_rows) {
    accumulate_4x1(panels, panel, a, stride, initial, out);
  } else if (!is_narrow) {
    accumulate_1x2(panels, panel, a, stride, initial, out);
  } else {
    accumulate_1x1(panels, panel, a, stride, initial, out);
  }
}

INLINE size_t column_count(const kern_gemm_u8s8_panels *panels, size_t panel) {
  return panels->columns - panel * 16 < 16 ? panels->columns - panel * 16 : 16;
}

// Tiles of `tile_rows` rows, then single ones.
INLINE size_t tile_height(size_t rows, size_t first) {
  return rows - first >= tile_rows ? tile_rows : 1;
}

// A panel stays in the first-level cache while the row tiles pass over it.
void kern_gemm_u8s8_u8__avx2(const kern_gemm_u8s8_panels *panels, const kern_gemm_u8_rows *rows,
                             const int32_t *initial, const kern_requantization *requantization,
                             uint8_t *out, size_t out_stride, size_t first_panel,
                             size_t end_panel) {
  const kern_rounding_avx2 to = kern_rounding_make_avx2(requantization->low, requantization->high,
                                                        requantization->zero_point);
  const kern_bounded_avx2 bounded = kern_bounded_make_avx2(requantization);
  for (size_t panel = first_panel; panel < end_panel; panel++) {
    const size_t count = column_count(panels, panel);
    const __m256 low = _mm256_loadu_ps(requantization->multipliers + panel * 16);
    const __m256 high = _mm256_loadu_ps(requantization->multipliers + panel * 16 + 8);
    for (size_t r = 0; r < rows->rows; r += tile_height(rows->rows, r)) {
      const size_t height = tile_height(rows->rows, r);
      tile_sums sums;
      accumulate_tile(panels, panel, height, rows->data + r * rows->stride, rows->stride, initial,
                      sums);
      for (size_t i = 0; i < height; i++) {
        __m256i first = _mm256_loadu_si256((const __m256i *)sums[i]);
        __m256i second = count > 8 ? _mm256_loadu_si256((const __m256i *)(sums[i] + 8)) : first;
        __m128i codes = requantization->is_bounded
                            ? kern_bounded_codes16_avx2(first, second, low, high, &bounded)
                            : kern_codes16_avx2(kern_requantized_avx2(first, low, &to),
                                                kern_requantized_avx2(second, high, &to));
        kern_store_codes_avx2(out + (r + i) * out_stride + panel * 16, codes, count);
      }
    }
  }
}

void kern_gemm_u8s8_s32__avx2(const kern_gemm_u8s8_panels *panels, const kern_gemm_u8_rows *rows,
                              const int32_t *initial, int32_t *out, size_t out_stride,
                              size_t first_panel, size_t end_panel) {
  for (size_t panel = first_panel; panel < end_panel; panel++) {
    const size_t bytes = column_count(panels, panel) * sizeof(int32_t);
    for (size_t r = 0; r < rows->rows; r += tile_height(rows->rows, r)) {
      const size_t height = tile_height(rows->rows, r);
      tile_sums sums;
      accumulate_tile(panels, panel, height, rows->data + r * rows->stride, rows->stride, initial,
                      sums);
      for (size_t i = 0; i < height; i++) {
        memcpy(out + (r + i) * out_stride + panel * 16, sums[i], bytes);
      }
    }
  }
}

#pragma clang attribute pop
#endif
