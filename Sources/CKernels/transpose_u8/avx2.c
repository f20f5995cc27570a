// Blocks of 16 x 16 codes, in four rounds of interleaving; edges one code at a time.
#include "../elementwise_u8/elementwise_u8.h"

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

// One round pairs row i with row i + 8 and leaves the results next to each other. After four rounds
// each row has been paired with all, which is the transpose.
static inline __attribute__((always_inline)) void round_of_pairs(const __m128i in[16],
                                                                 __m128i out[16]) {
  for (size_t i = 0; i < 8; i++) {
    out[2 * i] = _mm_unpacklo_epi8(in[i], in[i + 8]);
    out[2 * i + 1] = _mm_unpackhi_epi8(in[i], in[i + 8]);
  }
}

static void transpose_block(const uint8_t *in, size_t columns, uint8_t *out, size_t rows) {
  __m128i a[16], b[16];
  for (size_t i = 0; i < 16; i++) {
    a[i] = _mm_loadu_si128((const __m128i *)(in + i * columns));
  }
  round_of_pairs(a, b);
  round_of_pairs(b, a);
  round_of_pairs(a, b);
  round_of_pairs(b, a);
  for (size_t i = 0; i < 16; i++) {
    _mm_storeu_si128((__m128i *)(out + i * rows), a[i]);
  }
}

typedef struct {
  const uint8_t *in;
  uint8_t *out;
  size_t rows, columns;
} matrix;

static void transpose_edge(const matrix *m, size_t first_row, size_t end_row, size_t first_column) {
  for (size_t r = first_row; r < end_row; r++) {
    for (size_t c = first_column; c < m->columns; c++) {
      m->out[c * m->rows + r] = m->in[r * m->columns + c];
    }
  }
}

void kern_transpose_u8__avx2(const uint8_t *in, size_t rows, size_t columns, uint8_t *out) {
  const size_t whole_rows = rows & ~(size_t)15;
  const size_t whole_columns = columns & ~(size_t)15;
  for (size_t c = 0; c < whole_columns; c += 16) {
    for (size_t r = 0; r < whole_rows; r += 16) {
      transpose_block(in + r * columns + c, columns, out + c * rows + r, rows);
    }
  }
  const matrix m = {in, out, rows, columns};
  transpose_edge(&m, 0, whole_rows, whole_columns);
  transpose_edge(&m, whole_rows, rows, 0);
}

#pragma clang attribute pop
#endif
