// The sums of one tile in registers: up to 4 rows, or 2 without a dot product, times one panel.
// Include inside functions' target pragma.
#pragma once
#include "../include/kernels_int8.h"
#include "../quads_neon.h"

#pragma clang assume_nonnull begin

#define OUTLINE static __attribute__((noinline)) void

#if defined(HAS_DOT_PRODUCT)
enum { most_rows = 4 };
#else
enum { most_rows = 2 };
#endif
enum { most_vectors = 4, most_parts = 2 };

typedef struct {
  quad_sums at[most_rows][most_vectors];
} tile;

// One panel: its columns that exist, and the vectors of four that it has room for.
typedef struct {
  const int8_t *weights;
  const int32_t *initial;
  const int32_t *centres;
  size_t columns;
  size_t vectors;
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

INLINE column_panel panel_at(const kern_gemm_u8s8_panels *panels, size_t panel,
                             const int32_t *initial) {
  const size_t rest = panels->columns - panel * 16;
  return (column_panel){panels->weights + panel * panels->quads * 64, initial + panel * 16,
                        panels->centres + panel * 16, rest < 16 ? rest : 16, rest <= 8 ? 2 : 4};
}

// Adds the quad `lane` of the codes of each row, whose weights are at `w`.
#define ADD_QUAD(sums, codes, w, lane)                                                             \
  _Pragma("unroll") for (size_t v = 0; v < vectors; v++) {                                         \
    const int8x16_t weights = vld1q_s8((w) + 16 * v);                                              \
    _Pragma("unroll") for (size_t r = 0; r < rows; r++) {                                          \
      (sums).at[r][v] = WITH_QUAD((sums).at[r][v], weights, codes[r], lane);                       \
    }                                                                                              \
  }

// `rows` and `vectors` are constants wherever this is called. One row alone has too few sums to
// hide the latency of an addition, and gets two for each column. The centres give back what taking
// 128 off the codes takes off the sums.
INLINE tile multiplied(const column_panel *panel, const size_t rows, const size_t vectors,
                       const uint8_t *a, const row_shape *shape) {
  const size_t other = rows == 1 ? 1 : 0;
  tile sums[most_parts];
#pragma unroll
  for (size_t v = 0; v < vectors; v++) {
    const int32x4_t start =
        vaddq_s32(vld1q_s32(panel->initial + 4 * v), vld1q_s32(panel->centres + 4 * v));
#pragma unroll
    for (size_t r = 0; r < rows; r++) {
      sums[0].at[r][v] = sums_from(start);
      if (other == 1) {
        sums[1].at[r][v] = sums_from(vdupq_n_s32(0));
      }
    }
  }
  const int8_t *w = panel->weights;
  const size_t step = 16 * vectors;
  for (size_t run = 0; run < shape->runs; run++) {
    const uint8_t *row = a + run * shape->run_stride;
    size_t q = 0;
    for (; q + 4 <= shape->quads; q += 4, w += 4 * step) {
      int8x16_t codes[most_rows];
#pragma unroll
      for (size_t r = 0; r < rows; r++) {
        codes[r] = centred(vld1q_u8(row + r * shape->stride + 4 * q));
      }
      ADD_QUAD(sums[0], codes, w, 0)
      ADD_QUAD(sums[other], codes, w + step, 1)
      ADD_QUAD(sums[0], codes, w + 2 * step, 2)
      ADD_QUAD(sums[other], codes, w + 3 * step, 3)
    }
    for (; q < shape->quads; q++, w += step) {
      int8x16_t codes[most_rows];
#pragma unroll
      for (size_t r = 0; r < rows; r++) {
        codes[r] = centred_quad(row + r * shape->stride + 4 * q);
      }
      ADD_QUAD(sums[0], codes, w, 0)
    }
  }
#pragma unroll
  for (size_t v = 0; v < vectors && other == 1; v++) {
    sums[0].at[0][v] = joined(sums[0].at[0][v], sums[1].at[0][v]);
  }
  return sums[0];
}

// Multiplies one tile and stores its sums in the way that `output` describes, of which `column` is
// the first.
typedef void tile_kernel(const column_panel *panel, const uint8_t *a, const row_shape *shape,
                         const void *output, size_t row, size_t column);

#define TILE_KERNEL(name, rows, vectors)                                                           \
  OUTLINE name##_##rows##x##vectors(const column_panel *panel, const uint8_t *a,                   \
                                    const row_shape *shape, const void *output, size_t row,        \
                                    size_t column) {                                               \
    const tile sums = multiplied(panel, rows, vectors, a, shape);                                  \
    store_##name(&sums, rows, vectors, panel->columns, output, row, column);                       \
  }

#if defined(HAS_DOT_PRODUCT)
#define TILE_HEIGHTS(name, vectors)                                                                \
  TILE_KERNEL(name, 1, vectors)                                                                    \
  TILE_KERNEL(name, 2, vectors) TILE_KERNEL(name, 3, vectors) TILE_KERNEL(name, 4, vectors)
#define TILE_NAMES(name, vectors)                                                                  \
  { name##_1x##vectors, name##_2x##vectors, name##_3x##vectors, name##_4x##vectors }
#else
#define TILE_HEIGHTS(name, vectors) TILE_KERNEL(name, 1, vectors) TILE_KERNEL(name, 2, vectors)
#define TILE_NAMES(name, vectors)                                                                  \
  { name##_1x##vectors, name##_2x##vectors }
#endif

// Defines `name_kernels` for every size of tile, out of store_name(sums, rows, vectors, columns,
// output, row, column).
#define TILE_KERNELS(name)                                                                         \
  TILE_HEIGHTS(name, 2)                                                                            \
  TILE_HEIGHTS(name, 4)                                                                            \
  static tile_kernel *const name##_kernels[2][most_rows] = {TILE_NAMES(name, 2),                   \
                                                            TILE_NAMES(name, 4)};

// A panel stays in the first-level cache while the rows pass over it, spread evenly over tiles.
INLINE void multiply_rows(const kern_gemm_u8s8_panels *panels, const kern_gemm_u8_rows *rows,
                          const int32_t *initial, size_t first_panel, size_t end_panel,
                          tile_kernel *_Nonnull const (*_Nonnull kernels)[most_rows],
                          const void *output) {
  const row_shape shape = shape_of(rows, panels->quads);
  const size_t tiles = (rows->rows + most_rows - 1) / most_rows;
  for (size_t p = first_panel; p < end_panel; p++) {
    const column_panel panel = panel_at(panels, p, initial);
    for (size_t i = 0; i < tiles; i++) {
      const size_t row = rows->rows * i / tiles, end = rows->rows * (i + 1) / tiles;
      kernels[panel.vectors == 4][end - row - 1](&panel, rows->data + row * rows->stride, &shape,
                                                 output, row, p * 16);
    }
  }
}

#pragma clang assume_nonnull end
