// The sums of one tile in registers: up to 12 rows times one or two panels of 16 columns.
// vpdpbusd adds four products to 32 bits without an intermediate that could overflow, so weights
// are used as they are, and the steps, extras and centres of the panels are not for these kernels.
#pragma once
#include "../include/kernels_int8.h"
#include <immintrin.h>
#include <string.h>

#pragma clang assume_nonnull begin
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni"))),      \
                             apply_to = function)

#define INLINE static inline __attribute__((always_inline))
#define OUTLINE static __attribute__((noinline)) void

enum { most_rows = 12, most_vectors = 2, most_parts = 4 };

typedef struct {
  __m512i at[most_rows][most_vectors];
} tile;

// One panel, or two neighbouring ones.
typedef struct {
  size_t quads;
  const int8_t *_Nonnull weights[most_vectors];
  const int32_t *initial;
  size_t step;                   // bytes from quad to quad
  __mmask16 lanes[most_vectors]; // columns that exist
  __mmask16 loaded;              // columns that the first panel has room for
  size_t vectors;
} panel_group;

INLINE panel_group group_at(const kern_gemm_u8s8_panels *panels, size_t panel, size_t end_panel,
                            const int32_t *initial) {
  panel_group group = {.quads = panels->quads, .initial = initial + panel * 16, .step = 64};
  group.vectors = panel + 1 < end_panel && panels->columns - panel * 16 > 24 ? 2 : 1;
  for (size_t v = 0; v < group.vectors; v++) {
    const size_t rest = panels->columns - (panel + v) * 16;
    group.weights[v] = panels->weights + (panel + v) * panels->quads * 64;
    group.lanes[v] = (__mmask16)(rest < 16 ? (1u << rest) - 1 : 0xffff);
  }
  const bool is_narrow = panels->columns - panel * 16 <= 8;
  group.step = is_narrow ? 32 : 64;
  group.loaded = is_narrow ? 0x00ff : 0xffff;
  return group;
}

// Where four rows every third row apart stand; those between are found from them.
typedef struct {
  const uint8_t *_Nonnull every_third[most_rows / 3];
} row_places;

INLINE __m512i quad(const uint8_t *bytes) {
  int32_t four;
  memcpy(&four, bytes, 4);
  return _mm512_set1_epi32(four);
}

INLINE void step(tile *sums, const size_t rows, const size_t vectors, const panel_group *group,
                 const row_places *places, size_t stride, size_t q) {
  __m512i weights[most_vectors];
  // A last panel of 8 columns is followed by the next quad.
  weights[0] = vectors == 1
                   ? _mm512_maskz_loadu_epi32(group->loaded, group->weights[0] + q * group->step)
                   : _mm512_loadu_si512(group->weights[0] + q * 64);
  if (vectors == 2) {
    weights[1] = _mm512_loadu_si512(group->weights[1] + q * 64);
  }
#pragma unroll
  for (size_t r = 0; r < rows; r++) {
    const __m512i codes = quad(places->every_third[r / 3] + r % 3 * stride + 4 * q);
#pragma unroll
    for (size_t v = 0; v < vectors; v++) {
      sums->at[r][v] = _mm512_dpbusd_epi32(sums->at[r][v], codes, weights[v]);
    }
  }
}

// A product follows the one before it by five cycles and two start in each, so that few rows need
// several sums for each column.
INLINE tile multiplied(const panel_group *group, const size_t rows, const size_t vectors,
                       const uint8_t *a, size_t stride) {
  const size_t parts = rows == 1 ? 4 : rows <= 3 ? 2 : 1;
  tile sums[most_parts];
#pragma unroll
  for (size_t r = 0; r < rows; r++) {
#pragma unroll
    for (size_t v = 0; v < vectors; v++) {
      sums[0].at[r][v] = _mm512_loadu_si512(group->initial + 16 * v);
#pragma unroll
      for (size_t part = 1; part < parts; part++) {
        sums[part].at[r][v] = _mm512_setzero_si512();
      }
    }
  }
  row_places places;
#pragma unroll
  for (size_t i = 0; i < most_rows / 3; i++) {
    places.every_third[i] = a + 3 * i * stride;
  }
  size_t q = 0;
  for (; q + parts <= group->quads; q += parts) {
#pragma unroll
    for (size_t part = 0; part < parts; part++) {
      step(&sums[part], rows, vectors, group, &places, stride, q + part);
    }
  }
  for (; q < group->quads; q++) {
    step(&sums[0], rows, vectors, group, &places, stride, q);
  }
#pragma unroll
  for (size_t part = 1; part < parts; part++) {
#pragma unroll
    for (size_t r = 0; r < rows; r++) {
#pragma unroll
      for (size_t v = 0; v < vectors; v++) {
        sums[0].at[r][v] = _mm512_add_epi32(sums[0].at[r][v], sums[part].at[r][v]);
      }
    }
  }
  return sums[0];
}

// Defines `name(rows, vectors, ...)` out of a TILE(rows, vectors) for each size.
#define EACH_HEIGHT(TILE, vectors)                                                                 \
  TILE(1, vectors)                                                                                 \
  TILE(2, vectors)                                                                                 \
  TILE(3, vectors)                                                                                 \
  TILE(4, vectors)                                                                                 \
  TILE(5, vectors)                                                                                 \
  TILE(6, vectors)                                                                                 \
  TILE(7, vectors)                                                                                 \
  TILE(8, vectors)                                                                                 \
  TILE(9, vectors)                                                                                 \
  TILE(10, vectors)                                                                                \
  TILE(11, vectors)                                                                                \
  TILE(12, vectors)

#define NAMES(name, vectors)                                                                       \
  {                                                                                                \
    name##_1x##vectors, name##_2x##vectors, name##_3x##vectors, name##_4x##vectors,                \
        name##_5x##vectors, name##_6x##vectors, name##_7x##vectors, name##_8x##vectors,            \
        name##_9x##vectors, name##_10x##vectors, name##_11x##vectors, name##_12x##vectors          \
  }

// Rows are spread evenly over tiles, so that no tile is nearly empty: tile i of n starts here.
INLINE size_t tile_start(size_t rows, size_t tiles, size_t i) { return rows * i / tiles; }

INLINE size_t tile_count(size_t rows) { return (rows + most_rows - 1) / most_rows; }

#pragma clang attribute pop
#pragma clang assume_nonnull end
