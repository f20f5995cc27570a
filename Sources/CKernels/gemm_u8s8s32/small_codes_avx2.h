// Rows of codes split into small ones, for which more quads can be added in 16 bits, and what is
// left of the few that are not.
#pragma once
#include "tile_avx2.h"

#pragma clang assume_nonnull begin

enum {
  small_code_bytes = 32 << 10, // of rows that are split together
  small_code_rows = 252,
  most_outliers = KERN_MOST_CUT_QUADS
};

// Quads with codes outside of the small ones' range, row by row: by how much each code is.
typedef struct {
  uint32_t starts[small_code_rows + 1];
  uint16_t quads[most_outliers];
  int32_t rests[most_outliers];
} quad_outliers;

// code = base + small code + what it is above - what it is below.
typedef struct {
  const uint8_t *data;
  size_t stride;
  int32_t base;
  bool is_split;
  _Alignas(32) uint8_t codes[small_code_bytes];
  quad_outliers above, below;
} small_codes;

// How many of `rows` can be split together; 0 when not even one.
static inline size_t small_code_rows_for(size_t quads) {
  const size_t rows = small_code_bytes / ((quads * 4 + 31) / 32 * 32 + (quads == 0));
  return rows < small_code_rows ? rows : small_code_rows;
}

// False, with nothing to use in `to`, when about more than `share` of the quads are outliers.
bool kern_small_codes_u8__avx2(const kern_gemm_u8_rows *rows, size_t quads, float share,
                               small_codes *to);

// Adds what the small codes of rows `first`... leave out. The panel's weights are whole.
void kern_add_outliers_u8s8__avx2(const column_panel *panel, const small_codes *codes, size_t first,
                                  size_t rows, int32_t (*sums)[16]);

// Finds the outliers of rows that are cut where they lie: of as many of the first ones as have
// room, which are returned. Sets all but `data` and `stride`. A row has no more quads than there
// can be outliers.
size_t kern_rests_u8__avx2(const kern_gemm_u8_rows *rows, small_codes *to);

#pragma clang assume_nonnull end
