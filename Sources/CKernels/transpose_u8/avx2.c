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

// Where the bytes of channel `c`, 16 at a time, go in part `p` of 48: -1 where another channel's
// do.
#define PLACE(p, c, i) ((16 * (p) + (i)) % 3 == (c) ? (16 * (p) + (i)) / 3 : -1)
#define PLACES(p, c)                                                                               \
  _mm_setr_epi8(PLACE(p, c, 0), PLACE(p, c, 1), PLACE(p, c, 2), PLACE(p, c, 3), PLACE(p, c, 4),    \
                PLACE(p, c, 5), PLACE(p, c, 6), PLACE(p, c, 7), PLACE(p, c, 8), PLACE(p, c, 9),    \
                PLACE(p, c, 10), PLACE(p, c, 11), PLACE(p, c, 12), PLACE(p, c, 13),                \
                PLACE(p, c, 14), PLACE(p, c, 15))

// Three rows become pixels of three channels, as an image's planes do. Returns the columns done.
static size_t transpose_three(const uint8_t *in, size_t columns, uint8_t *out) {
  const __m128i places[3][3] = {{PLACES(0, 0), PLACES(0, 1), PLACES(0, 2)},
                                {PLACES(1, 0), PLACES(1, 1), PLACES(1, 2)},
                                {PLACES(2, 0), PLACES(2, 1), PLACES(2, 2)}};
  size_t x = 0;
  for (; x + 16 <= columns; x += 16) {
    __m128i planes[3];
    for (size_t c = 0; c < 3; c++) {
      planes[c] = _mm_loadu_si128((const __m128i *)(in + c * columns + x));
    }
    for (size_t p = 0; p < 3; p++) {
      __m128i first = _mm_shuffle_epi8(planes[0], places[p][0]);
      __m128i second = _mm_shuffle_epi8(planes[1], places[p][1]);
      __m128i third = _mm_shuffle_epi8(planes[2], places[p][2]);
      _mm_storeu_si128((__m128i *)(out + 3 * x + 16 * p),
                       _mm_or_si128(first, _mm_or_si128(second, third)));
    }
  }
  return x;
}

void kern_transpose_u8__avx2(const uint8_t *in, size_t rows, size_t columns, uint8_t *out) {
  if (rows == 3) {
    const matrix planes = {in, out, rows, columns};
    transpose_edge(&planes, 0, 3, transpose_three(in, columns, out));
    return;
  }
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
