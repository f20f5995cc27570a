// Sums of outer products, in tiles that stay in registers: a few broadcast numbers of the left side
// times one to three vectors of the right one. OUTER_SUM makes the kernel of an instruction set, of
// whole vectors, shorter ones and single columns.
// Include inside functions' target pragma.
#include "kernels_gradient.h"

#define OUTER_SUM_TILE(lanes, name, ROWS, VECTORS)                                                 \
  static void name(const kern_outer_sum_f32 *sum, size_t row, size_t column) {                     \
    enum { LANES = sizeof(lanes) / sizeof(float) };                                                \
    lanes totals[ROWS][VECTORS];                                                                   \
    float *place = sum->output + row * sum->output_stride + column;                                \
    _Pragma("unroll") for (size_t k = 0; k < ROWS; k++) {                                          \
      _Pragma("unroll") for (size_t j = 0; j < VECTORS; j++) {                                     \
        totals[k][j] = *(const lanes *)(place + k * sum->output_stride + j * LANES);               \
      }                                                                                            \
    }                                                                                              \
    for (size_t y = 0; y < sum->lines; y++) {                                                      \
      const float *left = sum->left + y * sum->left_line + row;                                    \
      const float *right = sum->right + y * sum->right_line + column;                              \
      for (size_t x = 0; x < sum->count; x++) {                                                    \
        lanes values[VECTORS];                                                                     \
        _Pragma("unroll") for (size_t j = 0; j < VECTORS; j++) {                                   \
          values[j] = *(const lanes *)(right + j * LANES);                                         \
        }                                                                                          \
        _Pragma("unroll") for (size_t k = 0; k < ROWS; k++) {                                      \
          const lanes factor = (lanes)(left[k]);                                                   \
          _Pragma("unroll") for (size_t j = 0; j < VECTORS; j++) {                                 \
            totals[k][j] = __builtin_elementwise_fma(factor, values[j], totals[k][j]);             \
          }                                                                                        \
        }                                                                                          \
        left += sum->left_step;                                                                    \
        right += sum->right_step;                                                                  \
      }                                                                                            \
    }                                                                                              \
    _Pragma("unroll") for (size_t k = 0; k < ROWS; k++) {                                          \
      _Pragma("unroll") for (size_t j = 0; j < VECTORS; j++) {                                     \
        *(lanes *)(place + k * sum->output_stride + j * LANES) = totals[k][j];                     \
      }                                                                                            \
    }                                                                                              \
  }

// All rows over so many vectors of columns; `most` rows at a time, then three, then one by one.
#define OUTER_SUM_COLUMNS(lanes, MOST, VECTORS)                                                    \
  OUTER_SUM_TILE(lanes, lanes##_most_##VECTORS, MOST, VECTORS)                                     \
  OUTER_SUM_TILE(lanes, lanes##_three_##VECTORS, 3, VECTORS)                                       \
  OUTER_SUM_TILE(lanes, lanes##_one_##VECTORS, 1, VECTORS)                                         \
  static void lanes##_columns_##VECTORS(const kern_outer_sum_f32 *sum, size_t column) {            \
    size_t row = 0;                                                                                \
    for (; row + MOST <= sum->rows; row += MOST)                                                   \
      lanes##_most_##VECTORS(sum, row, column);                                                    \
    for (; row + 3 <= sum->rows; row += 3)                                                         \
      lanes##_three_##VECTORS(sum, row, column);                                                   \
    for (; row < sum->rows; row++)                                                                 \
      lanes##_one_##VECTORS(sum, row, column);                                                     \
  }

// From `column` on: threes, twos and single vectors of this length.
#define OUTER_SUM_VECTORS(lanes, MOST)                                                             \
  OUTER_SUM_COLUMNS(lanes, MOST, 1)                                                                \
  OUTER_SUM_COLUMNS(lanes, MOST, 2)                                                                \
  OUTER_SUM_COLUMNS(lanes, MOST, 3)                                                                \
  static size_t lanes##_vectors(const kern_outer_sum_f32 *sum, size_t column) {                    \
    const size_t count = sizeof(lanes) / sizeof(float);                                            \
    while (column + count <= sum->columns) {                                                       \
      const size_t vectors = (sum->columns - column) / count;                                      \
      if (vectors == 1) {                                                                          \
        lanes##_columns_1(sum, column);                                                            \
        column += count;                                                                           \
      } else if (vectors == 2 || vectors == 4) {                                                   \
        lanes##_columns_2(sum, column);                                                            \
        column += 2 * count;                                                                       \
      } else {                                                                                     \
        lanes##_columns_3(sum, column);                                                            \
        column += 3 * count;                                                                       \
      }                                                                                            \
    }                                                                                              \
    return column;                                                                                 \
  }

static void outer_sum_column(const kern_outer_sum_f32 *sum, size_t column) {
  for (size_t k = 0; k < sum->rows; k++) {
    float total = sum->output[k * sum->output_stride + column];
    for (size_t y = 0; y < sum->lines; y++) {
      const float *left = sum->left + y * sum->left_line + k;
      const float *right = sum->right + y * sum->right_line + column;
      for (size_t x = 0; x < sum->count; x++)
        total += left[x * sum->left_step] * right[x * sum->right_step];
    }
    sum->output[k * sum->output_stride + column] = total;
  }
}
