// The sums of one tile in registers: up to 12 rows times one or two panels of 16 columns.
// vpdpbusd adds four products to 32 bits without an intermediate that could overflow, so weights
// are used as they are, and the steps, extras and centres of the panels are not for these kernels.
// A file may define TILE_PRODUCT before: vpdpwssd adds two products of 16 bits in the same places.
#pragma once
#include "../include/kernels_int8.h"
#include "../lanes_avx512.h"
#include <string.h>

#pragma clang assume_nonnull begin
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni"))),      \
                             apply_to = function)

#ifndef TILE_PRODUCT
#define TILE_PRODUCT _mm512_dpbusd_epi32
#endif

#define INLINE static inline __attribute__((always_inline))
#define OUTLINE static __attribute__((noinline)) void

enum { most_rows = 12, most_vectors = 2, most_parts = 4 };

// With fewer, loads are what takes the time.
enum { least_fetching_rows = 4 };

typedef struct {
  __m512i at[most_rows][most_vectors];
} tile;

// One panel, or two neighbouring ones.
typedef struct {
  const int8_t *_Nonnull weights[most_vectors];
  const int32_t *initial;
  size_t step;                   // bytes from quad to quad
  __mmask16 lanes[most_vectors]; // columns that exist
  __mmask16 loaded;              // columns that the first panel has room for
  size_t vectors;
  // Weights that are wanted next, and how many of their bytes a tile fetches for each quad: each
  // tile its share, as the first one would wait for memory if it fetched them all. Where there is
  // one panel, little follows.
  const int8_t *next;
  size_t pace;
} panel_group;

// The rows of one product.
typedef struct {
  size_t stride;
  size_t runs;
  size_t quads; // of a run
  size_t run_stride;
} row_shape;

INLINE row_shape shape_of(const kern_gemm_u8_rows *rows, size_t quads) {
  if (rows->runs <= 1) {
    return (row_shape){rows->stride, 1, quads, 0};
  }
  return (row_shape){rows->stride, rows->runs, rows->run_quads, rows->run_stride};
}

INLINE panel_group group_at(const kern_gemm_u8s8_panels *panels, size_t panel, size_t end_panel,
                            const int32_t *initial, size_t first_panel) {
  panel_group group = {.initial = initial + panel * 16, .step = 64};
  group.vectors = panel + 1 < end_panel && panels->columns - panel * 16 > 24 ? 2 : 1;
  for (size_t v = 0; v < group.vectors; v++) {
    const size_t rest = panels->columns - (panel + v) * 16;
    group.weights[v] = panels->weights + (panel + v) * panels->quads * 64;
    group.lanes[v] = kern_lanes16(rest);
  }
  const bool is_narrow = panels->columns - panel * 16 <= 8;
  // Behind the last panel comes the first again, for the rows that follow.
  const size_t following = panel + group.vectors;
  group.next =
      panels->weights + (following < end_panel ? following : first_panel) * panels->quads * 64;
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

// `w` counts the quads of the panel, `q` those of a run.
INLINE void step(tile *sums, const size_t rows, const size_t vectors, const panel_group *group,
                 const row_places *places, size_t stride, size_t w, size_t q) {
  __m512i weights[most_vectors];
  // A last panel of 8 columns is followed by the next quad.
  weights[0] = vectors == 1
                   ? _mm512_maskz_loadu_epi32(group->loaded, group->weights[0] + w * group->step)
                   : _mm512_loadu_si512(group->weights[0] + w * 64);
  if (vectors == 2) {
    weights[1] = _mm512_loadu_si512(group->weights[1] + w * 64);
  }
  if (vectors == 2 && rows >= least_fetching_rows) {
    _mm_prefetch((const char *)group->next + w * group->pace, _MM_HINT_T1);
  }
#pragma unroll
  for (size_t r = 0; r < rows; r++) {
    const __m512i codes = quad(places->every_third[r / 3] + r % 3 * stride + 4 * q);
#pragma unroll
    for (size_t v = 0; v < vectors; v++) {
      sums->at[r][v] = TILE_PRODUCT(sums->at[r][v], codes, weights[v]);
    }
  }
}

// A product follows the one before it by five cycles and two start in each, so that few rows need
// several sums for each column.
INLINE tile multiplied(const panel_group *group, const size_t rows, const size_t vectors,
                       const uint8_t *a, const row_shape *shape) {
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
  const size_t stride = shape->stride, quads = shape->quads;
  size_t w = 0;
  for (size_t run = 0; run < shape->runs; run++) {
    row_places places;
#pragma unroll
    for (size_t i = 0; i < most_rows / 3; i++) {
      places.every_third[i] = a + run * shape->run_stride + 3 * i * stride;
    }
    size_t q = 0;
    for (; q + parts <= quads; q += parts) {
#pragma unroll
      for (size_t part = 0; part < parts; part++) {
        step(&sums[part], rows, vectors, group, &places, stride, w + q + part, q + part);
      }
    }
    for (; q < quads; q++) {
      step(&sums[0], rows, vectors, group, &places, stride, w + q, q);
    }
    w += quads;
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

// Multiplies one tile and stores its sums in the way that `output` describes.
typedef void tile_kernel(const panel_group *group, const uint8_t *a, const row_shape *shape,
                         const void *output, void *out);

#define TILE_KERNEL(name, rows, vectors)                                                           \
  OUTLINE name##_##rows##x##vectors(const panel_group *group, const uint8_t *a,                    \
                                    const row_shape *shape, const void *output, void *out) {       \
    const tile sums = multiplied(group, rows, vectors, a, shape);                                  \
    store_##name(&sums, rows, vectors, group, output, out);                                        \
  }

#define TILE_HEIGHTS(name, vectors)                                                                \
  TILE_KERNEL(name, 1, vectors)                                                                    \
  TILE_KERNEL(name, 2, vectors)                                                                    \
  TILE_KERNEL(name, 3, vectors)                                                                    \
  TILE_KERNEL(name, 4, vectors)                                                                    \
  TILE_KERNEL(name, 5, vectors)                                                                    \
  TILE_KERNEL(name, 6, vectors)                                                                    \
  TILE_KERNEL(name, 7, vectors)                                                                    \
  TILE_KERNEL(name, 8, vectors)                                                                    \
  TILE_KERNEL(name, 9, vectors)                                                                    \
  TILE_KERNEL(name, 10, vectors)                                                                   \
  TILE_KERNEL(name, 11, vectors)                                                                   \
  TILE_KERNEL(name, 12, vectors)

#define TILE_NAMES(name, vectors)                                                                  \
  {                                                                                                \
    name##_1x##vectors, name##_2x##vectors, name##_3x##vectors, name##_4x##vectors,                \
        name##_5x##vectors, name##_6x##vectors, name##_7x##vectors, name##_8x##vectors,            \
        name##_9x##vectors, name##_10x##vectors, name##_11x##vectors, name##_12x##vectors          \
  }

// Defines `name_kernels` for every size of tile, out of store_name(sums, rows, vectors, group,
// output, out).
#define TILE_KERNELS(name)                                                                         \
  TILE_HEIGHTS(name, 1)                                                                            \
  TILE_HEIGHTS(name, 2)                                                                            \
  static tile_kernel *const name##_kernels[most_vectors][most_rows] = {TILE_NAMES(name, 1),        \
                                                                       TILE_NAMES(name, 2)};

// All rows times one group. Rows are spread evenly over tiles, so that no tile is nearly empty.
// `row_bytes` lie between the rows of `out`.
INLINE void multiply_rows(panel_group *group, size_t quads, const kern_gemm_u8_rows *rows,
                          const row_shape *shape,
                          tile_kernel *_Nonnull const (*_Nonnull kernels)[most_rows],
                          const void *output, void *out, size_t row_bytes) {
  const size_t tiles = (rows->rows + most_rows - 1) / most_rows;
  if (tiles == 0) {
    return;
  }
  group->pace = (group->vectors * 64 + tiles - 1) / tiles;
  for (size_t i = 0; i < tiles; i++) {
    const size_t row = rows->rows * i / tiles, end = rows->rows * (i + 1) / tiles;
    kernels[group->vectors - 1][end - row - 1](group, rows->data + row * rows->stride, shape,
                                               output, (char *)out + row * row_bytes);
    group->next += group->pace * quads;
  }
}

#pragma clang attribute pop
#pragma clang assume_nonnull end
