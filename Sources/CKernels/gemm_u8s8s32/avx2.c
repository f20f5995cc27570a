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

INLINE tile accumulated(const kern_gemm_u8s8_panels *panels, size_t panel, size_t rows,
                        size_t vectors, const uint8_t *a, size_t stride, const int32_t *initial) {
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
  return sums;
}

INLINE void tile_u8(const kern_gemm_u8s8_panels *panels, size_t panel, size_t rows, size_t vectors,
                    const uint8_t *a, size_t stride, const int32_t *initial,
                    const kern_requantization *to, uint8_t *out, size_t out_stride) {
  tile sums = accumulated(panels, panel, rows, vectors, a, stride, initial);
  const kern_rounding_avx2 rounding = kern_rounding_make_avx2(to->low, to->high, to->zero_point);
  size_t first = panel * 16;
  size_t count = panels->columns - first < 16 ? panels->columns - first : 16;
  __m256 multipliers[2];
  for (size_t v = 0; v < vectors; v++) {
    multipliers[v] = _mm256_loadu_ps(to->multipliers + first + 8 * v);
  }
  for (size_t r = 0; r < rows; r++) {
    __m256i low = kern_requantized_avx2(sums.at[r][0], multipliers[0], &rounding);
    __m256i high =
        vectors == 2 ? kern_requantized_avx2(sums.at[r][1], multipliers[1], &rounding) : low;
    kern_store_codes_avx2(out + r * out_stride + first, kern_codes16_avx2(low, high), count);
  }
}

INLINE void tile_s32(const kern_gemm_u8s8_panels *panels, size_t panel, size_t rows, size_t vectors,
                     const uint8_t *a, size_t stride, const int32_t *initial, int32_t *out,
                     size_t out_stride) {
  tile sums = accumulated(panels, panel, rows, vectors, a, stride, initial);
  size_t first = panel * 16;
  size_t count = panels->columns - first < 16 ? panels->columns - first : 16;
  for (size_t r = 0; r < rows; r++) {
    int32_t buffer[16];
    for (size_t v = 0; v < vectors; v++) {
      _mm256_storeu_si256((__m256i *)(buffer + 8 * v), sums.at[r][v]);
    }
    memcpy(out + r * out_stride + first, buffer, count * sizeof(int32_t));
  }
}

// A panel stays in the first-level cache while the row tiles pass over it. The constants make the
// compiler write out each tile height and width.
#define EACH_TILE(CALL)                                                                            \
  for (size_t panel = first_panel; panel < end_panel; panel++) {                                   \
    size_t full = rows->rows - rows->rows % tile_rows;                                             \
    if (panels->columns - panel * 16 <= 8) {                                                       \
      for (size_t r = 0; r < full; r += tile_rows) {                                               \
        CALL(tile_rows, 1);                                                                        \
      }                                                                                            \
      for (size_t r = full; r < rows->rows; r++) {                                                 \
        CALL(1, 1);                                                                                \
      }                                                                                            \
    } else {                                                                                       \
      for (size_t r = 0; r < full; r += tile_rows) {                                               \
        CALL(tile_rows, 2);                                                                        \
      }                                                                                            \
      for (size_t r = full; r < rows->rows; r++) {                                                 \
        CALL(1, 2);                                                                                \
      }                                                                                            \
    }                                                                                              \
  }

void kern_gemm_u8s8_u8__avx2(const kern_gemm_u8s8_panels *panels, const kern_gemm_u8_rows *rows,
                             const int32_t *initial, const kern_requantization *requantization,
                             uint8_t *out, size_t out_stride, size_t first_panel,
                             size_t end_panel) {
#define CALL(height, width)                                                                        \
  tile_u8(panels, panel, height, width, rows->data + r * rows->stride, rows->stride, initial,      \
          requantization, out + r * out_stride, out_stride)
  EACH_TILE(CALL)
#undef CALL
}

void kern_gemm_u8s8_s32__avx2(const kern_gemm_u8s8_panels *panels, const kern_gemm_u8_rows *rows,
                              const int32_t *initial, int32_t *out, size_t out_stride,
                              size_t first_panel, size_t end_panel) {
#define CALL(height, width)                                                                        \
  tile_s32(panels, panel, height, width, rows->data + r * rows->stride, rows->stride, initial,     \
           out + r * out_stride, out_stride)
  EACH_TILE(CALL)
#undef CALL
}

#pragma clang attribute pop
#endif
