// What the tiles of all instruction sets share. They fetch the panel that is wanted next in even
// shares: if the first one did it all, it would wait for memory.
#pragma once
#include "../include/kernels_f32.h"
#include <math.h>

#pragma clang assume_nonnull begin

// What a tile fetches: so many floats for each depth, from here on.
typedef struct {
  const float *next;
  size_t pace;
} errand;

// Of the first of `tiles` tiles.
static inline errand first_errand(const kern_igemm_f32_block *block, size_t width, size_t tiles) {
  if (block->next == NULL || tiles == 0) {
    return (errand){block->panel, 0};
  }
  return (errand){block->next, (width + tiles - 1) / tiles};
}

// Of the tile behind one.
static inline errand errand_behind(errand fetch, const kern_igemm_f32_block *block) {
  return (errand){fetch.next + fetch.pace * block->taps * block->channels, fetch.pace};
}

// What happens to sums before they are stored. Clamping to what bounds nothing would take a tenth
// of a shallow tile.
typedef enum { FINISH_NOTHING, FINISH_HARD_SWISH, FINISH_ALL } finish_kind;

static inline finish_kind kind_of(const kern_igemm_f32_block *block) {
  if (block->low > -INFINITY || block->high < INFINITY)
    return FINISH_ALL;
  return block->hard_swish ? FINISH_HARD_SWISH : FINISH_NOTHING;
}

#pragma clang assume_nonnull end
