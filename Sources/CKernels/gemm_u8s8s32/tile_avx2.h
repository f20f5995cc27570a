// The sums of one tile: up to 6 rows times one panel.
#pragma once
#include "../include/kernels_int8.h"

#pragma clang assume_nonnull begin

enum { tile_rows = 6 };

typedef int32_t tile_sums[tile_rows][16];

// One panel, with what it needs of all.
typedef struct {
  const int8_t *weights;
  const uint16_t *order;
  const uint16_t *places; // of the quads among the steps, where none stands twice
  kern_quad_runs runs;
  size_t steps;
  const int32_t *initial;
  const int32_t *centres;
  size_t columns; // 1...16
  // Weights that are wanted next, and how many of their bytes a tile fetches for each of its own
  // steps: each tile its share, as the first one would wait for memory if it fetched them all.
  const int8_t *next;
  size_t pace;
} column_panel;

static inline column_panel panel_at(const kern_gemm_u8s8_panels *panels, size_t panel,
                                    const int32_t *initial) {
  const size_t first = panels->starts[panel];
  const size_t rest = panels->columns - panel * 16;
  return (column_panel){panels->weights + first * 64,
                        panels->order + first,
                        panels->places + first,
                        panels->runs[panel],
                        panels->starts[panel + 1] - first,
                        initial + panel * 16,
                        panels->centres + panel * 16,
                        rest < 16 ? rest : 16,
                        panels->weights + first * 64,
                        0};
}

// Rows of the tile that starts at row `first`: spread evenly, so that no tile is nearly empty.
static inline size_t tile_height(size_t rows, size_t first) {
  const size_t rest = rows - first;
  const size_t tiles = (rest + tile_rows - 1) / tile_rows;
  return (rest + tiles - 1) / tiles;
}

// Fills `rows` rows of `sums`, and of each the first 8 columns when the panel has no more. `sums`
// starts at a 32-byte boundary.
void kern_tile_u8s8_s32__avx2(const column_panel *panel, size_t rows, const uint8_t *a,
                              size_t stride, int32_t (*sums)[16]);

#pragma clang assume_nonnull end
