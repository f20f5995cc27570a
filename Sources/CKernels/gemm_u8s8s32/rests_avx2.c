// Rests of codes that were cut where they lie, as outliers of the rows that read them.
#include "small_codes_avx2.h"

#if defined(__x86_64__)

typedef struct {
  quad_outliers *to;
  size_t count;
} outlier_list;

// Codes of one quad lie side by side, and their rests are added to one outlier.
static void append(outlier_list *list, size_t first, size_t quad, uint32_t rest) {
  if (list->count > first && list->to->quads[list->count - 1] == quad) {
    list->to->rests[list->count - 1] |= (int32_t)rest;
    return;
  }
  list->to->quads[list->count] = (uint16_t)quad;
  list->to->rests[list->count++] = (int32_t)rest;
}

size_t kern_rests_u8__avx2(const kern_gemm_u8_rows *rows, small_codes *to) {
  const kern_cut_codes *const cut = rows->cut;
  const size_t runs = rows->runs, quads = rows->run_quads;
  outlier_list above = {&to->above, 0}, below = {&to->below, 0};
  size_t r = 0;
  for (; r < rows->rows && r < small_code_rows; r++) {
    const size_t most = above.count > below.count ? above.count : below.count;
    if (most + runs * quads > most_outliers) {
      break;
    }
    const size_t first_above = above.count, first_below = below.count;
    to->above.starts[r] = (uint32_t)first_above;
    to->below.starts[r] = (uint32_t)first_below;
    for (size_t run = 0; run < runs; run++) {
      const size_t start =
          (size_t)(rows->data - cut->codes) + r * rows->stride + run * rows->run_stride;
      const size_t end = start + 4 * quads;
      const uint32_t last = cut->starts[(end + 31) / 32];
      for (uint32_t i = cut->starts[start / 32]; i < last; i++) {
        const kern_code_rest found = cut->rests[i];
        if (found.place < start || found.place >= end) {
          continue;
        }
        const size_t k = found.place - start;
        const uint32_t size = (uint32_t)(found.rest < 0 ? -found.rest : found.rest);
        const bool is_above = found.rest > 0;
        append(is_above ? &above : &below, is_above ? first_above : first_below,
               run * quads + k / 4, size << 8 * (k % 4));
      }
    }
  }
  to->above.starts[r] = (uint32_t)above.count;
  to->below.starts[r] = (uint32_t)below.count;
  to->base = cut->base;
  to->is_split = to->base != 0 || above.count > 0;
  return r;
}

#endif
