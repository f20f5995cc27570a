// The sums of one tile: some rows times one panel, in registers.
#pragma once
#include "../include/kernels_int8.h"
#include <immintrin.h>
#include <string.h>

#pragma clang assume_nonnull begin
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

// Eight sums and the weights of two quads are more than there are registers: those of the second
// quad are operands in memory.
INLINE void double_step(tile *sums, size_t rows, size_t vectors, const uint8_t *a, size_t stride,
                        const int8_t *w) {
  __m256i first[2];
  for (size_t v = 0; v < vectors; v++) {
    first[v] = vector(w + 32 * v);
  }
  for (size_t r = 0; r < rows; r++) {
    const int8_t *second = w + 32 * vectors;
    __asm__ volatile("" : "+r"(second)); // else the compiler loads them once, and spills a sum
    __m256i x = quad(a + r * stride);
    __m256i y = quad(a + r * stride + 4);
    for (size_t v = 0; v < vectors; v++) {
      __m256i pairs = _mm256_add_epi16(_mm256_maddubs_epi16(x, first[v]),
                                       _mm256_maddubs_epi16(y, vector(second + 32 * v)));
      sums->at[r][v] = _mm256_add_epi32(sums->at[r][v], widened(pairs));
    }
  }
}

// Codes less 128 are their absolute values times their signs; the weights take the signs. At most
// 2 * 128 * 127 comes out, which fits 16 bits.
INLINE void centred_step(tile *sums, size_t rows, size_t vectors, const uint8_t *a, size_t stride,
                         const int8_t *w) {
  __m256i weights[2];
  for (size_t v = 0; v < vectors; v++) {
    weights[v] = vector(w + 32 * v);
  }
  for (size_t r = 0; r < rows; r++) {
    __m256i x = _mm256_xor_si256(quad(a + r * stride), _mm256_set1_epi8((char)0x80));
    __m256i size = _mm256_abs_epi8(x);
    for (size_t v = 0; v < vectors; v++) {
      __m256i pairs = _mm256_maddubs_epi16(size, _mm256_sign_epi8(weights[v], x));
      sums->at[r][v] = _mm256_add_epi32(sums->at[r][v], widened(pairs));
    }
  }
}

// One panel, with what it needs of all.
typedef struct {
  const int8_t *weights;
  size_t quads, double_steps;
  const uint32_t *extra_quads;
  const int8_t *extra_weights;
  size_t extras;
  const int32_t *initial;
  bool is_centred;
  const int32_t *centres;
  size_t columns; // 1...16
} column_panel;

static column_panel panel_at(const kern_gemm_u8s8_panels *panels, size_t panel,
                             const int32_t *initial) {
  const size_t first_extra = panels->extra_starts[panel];
  const size_t rest = panels->columns - panel * 16;
  return (column_panel){panels->weights + panel * panels->quads * 64,
                        panels->quads,
                        panels->steps[panel] == 2 ? panels->quads / 2 : 0,
                        panels->extra_quads + first_extra,
                        panels->extra_weights + 64 * first_extra,
                        panels->extra_starts[panel + 1] - first_extra,
                        initial + panel * 16,
                        panels->steps[panel] == 0,
                        panels->centres + panel * 16,
                        rest < 16 ? rest : 16};
}

INLINE tile multiplied(const column_panel *panel, size_t rows, size_t vectors, const uint8_t *a,
                       size_t stride) {
  tile sums;
  for (size_t r = 0; r < rows; r++) {
    for (size_t v = 0; v < vectors; v++) {
      sums.at[r][v] = _mm256_loadu_si256((const __m256i *)(panel->initial + 8 * v));
    }
  }
  const int8_t *w = panel->weights;
  size_t q = 0;
  if (panel->is_centred) {
    for (size_t v = 0; v < vectors; v++) {
      __m256i centre = _mm256_loadu_si256((const __m256i *)(panel->centres + 8 * v));
      for (size_t r = 0; r < rows; r++) {
        sums.at[r][v] = _mm256_add_epi32(sums.at[r][v], centre);
      }
    }
    for (; q < panel->quads; q++) {
      centred_step(&sums, rows, vectors, a + 4 * q, stride, w + 32 * vectors * q);
    }
    return sums;
  }
  for (; q < 2 * panel->double_steps; q += 2) {
    double_step(&sums, rows, vectors, a + 4 * q, stride, w + 32 * vectors * q);
  }
  for (; q < panel->quads; q++) {
    step(&sums, rows, vectors, a + 4 * q, stride, w + 32 * vectors * q);
  }
  for (size_t e = 0; e < panel->extras; e++) {
    step(&sums, rows, vectors, a + 4 * (size_t)panel->extra_quads[e], stride,
         panel->extra_weights + 64 * e);
  }
  return sums;
}

#pragma clang attribute pop
#pragma clang assume_nonnull end
