// Blocks of 16 x 16 codes, in four rounds of interleaving; edges one code at a time.
#include "../elementwise_u8/elementwise_u8.h"

#if defined(__aarch64__)
#include <arm_neon.h>

// One round pairs row i with row i + 8 and leaves the results next to each other. After four rounds
// each row has been paired with all, which is the transpose.
static inline __attribute__((always_inline)) void round_of_pairs(const uint8x16_t in[16],
                                                                 uint8x16_t out[16]) {
  for (size_t i = 0; i < 8; i++) {
    out[2 * i] = vzip1q_u8(in[i], in[i + 8]);
    out[2 * i + 1] = vzip2q_u8(in[i], in[i + 8]);
  }
}

static void transpose_block(const uint8_t *in, size_t columns, uint8_t *out, size_t rows) {
  uint8x16_t a[16], b[16];
  for (size_t i = 0; i < 16; i++) {
    a[i] = vld1q_u8(in + i * columns);
  }
  round_of_pairs(a, b);
  round_of_pairs(b, a);
  round_of_pairs(a, b);
  round_of_pairs(b, a);
  for (size_t i = 0; i < 16; i++) {
    vst1q_u8(out + i * rows, a[i]);
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

// Three rows become pixels of three channels, as an image's planes do. Returns the columns done.
static size_t transpose_three(const uint8_t *in, size_t columns, uint8_t *out) {
  size_t x = 0;
  for (; x + 16 <= columns; x += 16) {
    const uint8x16x3_t planes = {
        {vld1q_u8(in + x), vld1q_u8(in + columns + x), vld1q_u8(in + 2 * columns + x)}};
    vst3q_u8(out + 3 * x, planes);
  }
  return x;
}

void kern_transpose_u8__neon(const uint8_t *in, size_t rows, size_t columns, uint8_t *out) {
  const matrix m = {in, out, rows, columns};
  if (rows == 3) {
    transpose_edge(&m, 0, 3, transpose_three(in, columns, out));
    return;
  }
  const size_t whole_rows = rows & ~(size_t)15;
  const size_t whole_columns = columns & ~(size_t)15;
  for (size_t c = 0; c < whole_columns; c += 16) {
    for (size_t r = 0; r < whole_rows; r += 16) {
      transpose_block(in + r * columns + c, columns, out + c * rows + r, rows);
    }
  }
  transpose_edge(&m, 0, whole_rows, whole_columns);
  transpose_edge(&m, whole_rows, rows, 0);
}

#endif
