// Rows times panels, tile by tile.
#pragma once
#include "small_codes_avx2.h"

#pragma clang assume_nonnull begin

// What becomes of the sums of `rows` rows from `row` on, times panel `p`.
typedef void store_tile(const column_panel *panel, size_t p, size_t row, size_t rows,
                        int32_t (*sums)[16], const void *output);

// A panel stays in the first-level cache while the row tiles pass over it. `codes` are those of
// the rows from `first` on.
static inline __attribute__((always_inline)) void
multiply_part(const kern_gemm_u8s8_panels *panels, const kern_gemm_u8_rows *rows, size_t first,
              const small_codes *_Nullable codes, const int32_t *initial, size_t first_panel,
              size_t end_panel, store_tile *store, const void *output) {
  const size_t tiles = (rows->rows + tile_rows - 1) / tile_rows;
  for (size_t p = first_panel; p < end_panel; p++) {
    column_panel panel = panel_at(panels, p, initial);
    // Behind the last panel comes the first again, for the rows that follow.
    const size_t following = p + 1 < end_panel ? p + 1 : first_panel;
    panel.next = panels->weights + panels->starts[following] * 64;
    panel.pace = tiles > 0 ? (64 + tiles - 1) / tiles : 0;
    for (size_t r = 0, height; r < rows->rows; r += height) {
      height = tile_height(rows->rows, r);
      _Alignas(32) tile_sums sums;
      kern_tile_u8s8_s32__avx2(&panel, height, rows->data + r * rows->stride, rows->stride, sums);
      if (codes != NULL) {
        kern_add_outliers_u8s8__avx2(&panel, codes, r, height, sums);
      }
      store(&panel, p, first + r, height, sums, output);
      panel.next += panel.pace * panel.steps;
    }
  }
}

// Of `rest` rows, as many as tiles of even height take that have at most `most` rows together.
static inline size_t part_height(size_t rest, size_t most) {
  const size_t tiles = (rest + tile_rows - 1) / tile_rows, together = most / tile_rows;
  if (together == 0) {
    return rest < most ? rest : most;
  }
  return together < tiles ? (rest * together + tiles - 1) / tiles : rest;
}

// Rows whose codes are cut where they lie.
static inline __attribute__((always_inline)) void
multiply_cut(const kern_gemm_u8s8_panels *panels, const kern_gemm_u8_rows *rows,
             const int32_t *initial, size_t first_panel, size_t end_panel, store_tile *store,
             const void *output) {
  small_codes codes;
  kern_gemm_u8_rows part = *rows;
  for (size_t first = 0; first < rows->rows; first += part.rows) {
    part.data = rows->data + first * rows->stride;
    part.rows = rows->rows - first;
    part.rows = kern_rests_u8__avx2(&part, &codes);
    multiply_part(panels->light, &part, first, codes.is_split ? &codes : NULL, initial, first_panel,
                  end_panel, store, output);
  }
}

static inline __attribute__((always_inline)) void
multiply_rows(const kern_gemm_u8s8_panels *panels, const kern_gemm_u8_rows *rows,
              const int32_t *initial, size_t first_panel, size_t end_panel, store_tile *store,
              const void *output) {
  if (rows->cut != NULL) {
    multiply_cut(panels, rows, initial, first_panel, end_panel, store, output);
    return;
  }
  const size_t together = panels->light == NULL ? 0 : small_code_rows_for(panels->quads);
  if (together == 0) {
    multiply_part(panels, rows, 0, NULL, initial, first_panel, end_panel, store, output);
    return;
  }
  small_codes codes;
  for (size_t first = 0, count; first < rows->rows; first += count) {
    count = part_height(rows->rows - first, together);
    kern_gemm_u8_rows part = *rows;
    part.data += first * rows->stride;
    part.rows = count;
    if (!kern_small_codes_u8__avx2(&part, panels->quads, panels->outlier_share, &codes)) {
      multiply_part(panels, &part, first, NULL, initial, first_panel, end_panel, store, output);
      continue;
    }
    part.data = codes.data;
    part.stride = codes.stride;
    multiply_part(panels->light, &part, first, codes.is_split ? &codes : NULL, initial, first_panel,
                  end_panel, store, output);
  }
}

#pragma clang assume_nonnull end
