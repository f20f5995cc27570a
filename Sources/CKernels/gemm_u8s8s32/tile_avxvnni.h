// The sums of one tile in registers: up to 6 rows times one panel. vpdpbusd adds four products to
// 32 bits without an intermediate that could overflow, so that panels are those of
// tile_avx512vnni.h: quads in their order.
#pragma once
#include "../include/kernels_int8.h"
#include "../vnni_avx2.h"
#include <string.h>

#pragma clang assume_nonnull begin
#pragma clang attribute push(KERN_VNNI_TARGET, apply_to = function)

#define INLINE static inline __attribute__((always_inline))
#define OUTLINE static __attribute__((noinline)) void

enum { most_rows = 6, most_vectors = 2, most_parts = 4 };

typedef struct {
  __m256i at[most_rows][most_vectors];
} tile;

// One panel: its columns that exist, and the vectors of eight that it has room for.
typedef struct {
  const int8_t *weights;
  const int32_t *initial;
  size_t columns;
  size_t vectors;
  // Weights that are wanted next, and how many of their bytes a tile fetches for each quad: each
  // tile its share, as the first one would wait for memory if it fetched them all.
  const int8_t *next;
  size_t pace;
} column_panel;

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

INLINE column_panel panel_at(const kern_gemm_u8s8_panels *panels, size_t panel, size_t following,
                             const int32_t *initial) {
  const size_t rest = panels->columns - panel * 16, bytes = panels->quads * 64;
  return (column_panel){panels->weights + panel * bytes,
                        initial + panel * 16,
                        rest < 16 ? rest : 16,
                        rest <= 8 ? 1 : 2,
                        panels->weights + following * bytes,
                        0};
}

INLINE __m256i quad(const uint8_t *bytes) {
  int32_t four;
  memcpy(&four, bytes, 4);
  return _mm256_set1_epi32(four);
}

// Adds the quad at `codes` of every row times that at `w`.
INLINE void step(tile *sums, const size_t rows, const size_t vectors, const uint8_t *codes,
                 size_t stride, const int8_t *w) {
  __m256i weights[most_vectors];
#pragma unroll
  for (size_t v = 0; v < vectors; v++) {
    weights[v] = _mm256_loadu_si256((const __m256i *)(w + 32 * v));
  }
#pragma unroll
  for (size_t r = 0; r < rows; r++) {
    const __m256i row = quad(codes + r * stride);
#pragma unroll
    for (size_t v = 0; v < vectors; v++) {
      sums->at[r][v] = KERN_DOT_PRODUCT(sums->at[r][v], row, weights[v]);
    }
  }
}

// `rows` and `vectors` are constants wherever this is called. A product follows the one before it
// by five cycles and two start in each, so that few rows need several sums for each column.
INLINE tile multiplied(const column_panel *panel, const size_t rows, const size_t vectors,
                       const uint8_t *a, const row_shape *shape) {
  const size_t parts = rows == 1 ? 4 : rows <= 3 ? 2 : 1;
  tile sums[most_parts];
#pragma unroll
  for (size_t r = 0; r < rows; r++) {
#pragma unroll
    for (size_t v = 0; v < vectors; v++) {
      sums[0].at[r][v] = _mm256_loadu_si256((const __m256i *)(panel->initial + 8 * v));
#pragma unroll
      for (size_t part = 1; part < parts; part++) {
        sums[part].at[r][v] = _mm256_setzero_si256();
      }
    }
  }
  const int8_t *w = panel->weights, *next = panel->next;
  const size_t bytes = 32 * vectors;
  for (size_t run = 0; run < shape->runs; run++) {
    const uint8_t *codes = a + run * shape->run_stride;
    size_t q = 0;
    for (; q + parts <= shape->quads; q += parts) {
#pragma unroll
      for (size_t part = 0; part < parts; part++) {
        _mm_prefetch((const char *)next, _MM_HINT_T1);
        next += panel->pace;
        step(&sums[part], rows, vectors, codes, shape->stride, w);
        codes += 4;
        w += bytes;
      }
    }
    for (; q < shape->quads; q++, codes += 4, w += bytes) {
      step(&sums[0], rows, vectors, codes, shape->stride, w);
    }
  }
#pragma unroll
  for (size_t part = 1; part < parts; part++) {
#pragma unroll
    for (size_t r = 0; r < rows; r++) {
#pragma unroll
      for (size_t v = 0; v < vectors; v++) {
        sums[0].at[r][v] = _mm256_add_epi32(sums[0].at[r][v], sums[part].at[r][v]);
      }
    }
  }
  return sums[0];
}

// Multiplies one tile and stores its sums in the way that `output` describes, of which `row` and
// `column` are the first.
typedef void tile_kernel(const column_panel *panel, const uint8_t *a, const row_shape *shape,
                         const void *output, size_t row, size_t column);

#define TILE_KERNEL(name, rows, vectors)                                                           \
  OUTLINE name##_##rows##x##vectors(const column_panel *panel, const uint8_t *a,                   \
                                    const row_shape *shape, const void *output, size_t row,        \
                                    size_t column) {                                               \
    const tile sums = multiplied(panel, rows, vectors, a, shape);                                  \
    store_##name(&sums, rows, vectors, panel->columns, output, row, column);                       \
  }

#define TILE_HEIGHTS(name, vectors)                                                                \
  TILE_KERNEL(name, 1, vectors)                                                                    \
  TILE_KERNEL(name, 2, vectors)                                                                    \
  TILE_KERNEL(name, 3, vectors)                                                                    \
  TILE_KERNEL(name, 4, vectors) TILE_KERNEL(name, 5, vectors) TILE_KERNEL(name, 6, vectors)

#define TILE_NAMES(name, vectors)                                                                  \
  {                                                                                                \
    name##_1x##vectors, name##_2x##vectors, name##_3x##vectors, name##_4x##vectors,                \
        name##_5x##vectors, name##_6x##vectors                                                     \
  }

// Defines `name_kernels` for every size of tile, out of store_name(sums, rows, vectors, columns,
// output, row, column).
#define TILE_KERNELS(name)                                                                         \
  TILE_HEIGHTS(name, 1)                                                                            \
  TILE_HEIGHTS(name, 2)                                                                            \
  static tile_kernel *const name##_kernels[most_vectors][most_rows] = {TILE_NAMES(name, 1),        \
                                                                       TILE_NAMES(name, 2)};

// A panel stays in the first-level cache while the rows pass over it, spread evenly over tiles.
INLINE void multiply_rows(const kern_gemm_u8s8_panels *panels, const kern_gemm_u8_rows *rows,
                          const int32_t *initial, size_t first_panel, size_t end_panel,
                          tile_kernel *_Nonnull const (*_Nonnull kernels)[most_rows],
                          const void *output) {
  const row_shape shape = shape_of(rows, panels->quads);
  const size_t tiles = (rows->rows + most_rows - 1) / most_rows;
  for (size_t p = first_panel; p < end_panel; p++) {
    // Behind the last panel comes the first again, for the rows that follow.
    column_panel panel = panel_at(panels, p, p + 1 < end_panel ? p + 1 : first_panel, initial);
    panel.pace = tiles > 0 ? (64 + tiles - 1) / tiles : 0;
    for (size_t i = 0; i < tiles; i++) {
      const size_t row = rows->rows * i / tiles, end = rows->rows * (i + 1) / tiles;
      kernels[panel.vectors - 1][end - row - 1](&panel, rows->data + row * rows->stride, &shape,
                                                output, row, p * 16);
      panel.next += panel.pace * panels->quads;
    }
  }
}

#pragma clang attribute pop
#pragma clang assume_nonnull end
