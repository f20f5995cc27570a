// The transforms of codes and of products, for vectors of any length. Include inside functions'
// target pragma, behind types bytes<N>, words<N>, ints<N> and signed_ints<N> for the lengths that
// are made.
#include "../requantize_scalar.h"
#include "winograd_u8s8.h"
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

enum {
  side = KERN_WINOGRAD_U8_SIDE,
  result_side = KERN_WINOGRAD_U8_RESULT_SIDE,
  numbers = KERN_WINOGRAD_U8_NUMBERS,
  spare_bits = 31 - KERN_WINOGRAD_U8_RESULT_BITS
};

// Modulo 2^32.
static const uint32_t inverse_of_nine = 0x38e38e39;

// Where a tile stands.
typedef struct {
  size_t image, y, x; // of its first result
} tile_place;

INLINE tile_place place_of(const kern_winograd_u8_shape *shape, size_t tile) {
  const size_t each = shape->tiles_across * shape->tiles_down;
  const size_t number = tile % each;
  return (tile_place){tile / each, number / shape->tiles_across * result_side,
                      number % shape->tiles_across * result_side};
}

// Where the codes under a tile stand, row by row; outside of the image those of `pad`.
INLINE void find_codes(const kern_winograd_u8_shape *shape, const uint8_t *images,
                       const uint8_t *pad, tile_place place, const uint8_t *codes[numbers]) {
  const size_t channels = shape->channels, line = shape->width * channels;
  const uint8_t *image = images + place.image * shape->height * line;
  // Before the image they wrap around and are large.
  const size_t top = place.y - shape->pad_top, left = place.x - shape->pad_left;
  if (top + side <= shape->height && left + side <= shape->width && top < shape->height &&
      left < shape->width) {
    const uint8_t *first = image + top * line + left * channels;
#pragma unroll
    for (size_t row = 0; row < side; row++) {
#pragma unroll
      for (size_t column = 0; column < side; column++) {
        codes[row * side + column] = first + column * channels;
      }
      first += line;
    }
    return;
  }
  for (size_t row = 0; row < side; row++) {
    for (size_t column = 0; column < side; column++) {
      const size_t y = top + row, x = left + column;
      codes[row * side + column] =
          y < shape->height && x < shape->width ? image + y * line + x * channels : pad;
    }
  }
}

#define WINOGRAD_INPUT(length)                                                                     \
  typedef uint8_t bytes##length __attribute__((ext_vector_type(length), aligned(1)));              \
  typedef int16_t words##length __attribute__((ext_vector_type(length), aligned(2)));              \
                                                                                                   \
  INLINE void transform_six_##length(const words##length *in, words##length *out) {                \
    const words##length fours = in[4] - in[2] * 4, threes = in[3] - in[1] * 4;                     \
    const words##length even = in[4] - in[2], odd = (in[3] - in[1]) * 2;                           \
    out[0] = (in[0] - in[2]) * 4 + even;                                                           \
    out[1] = fours + threes;                                                                       \
    out[2] = fours - threes;                                                                       \
    out[3] = even + odd;                                                                           \
    out[4] = even - odd;                                                                           \
    out[5] = (in[5] - in[3]) - odd * 2;                                                            \
  }                                                                                                \
                                                                                                   \
  INLINE void input_##length(const uint8_t *const *codes, size_t channel, int16_t *out,            \
                             size_t stride) {                                                      \
    words##length columns[side][side];                                                             \
    _Pragma("unroll") for (size_t x = 0; x < side; x++) {                                          \
      words##length column[side];                                                                  \
      _Pragma("unroll") for (size_t y = 0; y < side; y++) {                                        \
        column[y] = __builtin_convertvector(                                                       \
            *(const bytes##length *)(codes[y * side + x] + channel), words##length);               \
      }                                                                                            \
      transform_six_##length(column, columns[x]);                                                  \
    }                                                                                              \
    _Pragma("unroll") for (size_t y = 0; y < side; y++) {                                          \
      const words##length row[side] = {columns[0][y], columns[1][y], columns[2][y],                \
                                       columns[3][y], columns[4][y], columns[5][y]};               \
      words##length results[side];                                                                 \
      transform_six_##length(row, results);                                                        \
      _Pragma("unroll") for (size_t x = 0; x < side; x++) {                                        \
        *(words##length *)(out + (side * y + x) * stride) = results[x];                            \
      }                                                                                            \
    }                                                                                              \
  }

#define WINOGRAD_OUTPUT(length)                                                                    \
  typedef uint32_t ints##length __attribute__((ext_vector_type(length), aligned(4)));              \
  typedef int32_t signed_ints##length __attribute__((ext_vector_type(length), aligned(4)));        \
                                                                                                   \
  INLINE void transform_results_##length(const ints##length *in, ints##length *out) {              \
    const ints##length sum = in[1] + in[2], difference = in[1] - in[2];                            \
    const ints##length far_sum = in[3] + in[4], far_difference = in[3] - in[4];                    \
    out[0] = in[0] + sum + far_sum;                                                                \
    out[1] = difference + (far_difference << 1);                                                   \
    out[2] = sum + (far_sum << 2);                                                                 \
    out[3] = difference + (far_difference << 3) + (in[5] << 2);                                    \
  }                                                                                                \
                                                                                                   \
  /* results[y][x], with what sums start from. */                                                  \
  INLINE void results_##length(const kern_winograd_u8_sums *sums, size_t tile, size_t column,      \
                               ints##length results[result_side][result_side]) {                   \
    const size_t stride = sums->stride;                                                            \
    const int32_t *products = sums->products + tile * sums->width + column;                        \
    ints##length columns[side][result_side];                                                       \
    _Pragma("unroll") for (size_t x = 0; x < side; x++) {                                          \
      ints##length products_of_column[side];                                                       \
      _Pragma("unroll") for (size_t y = 0; y < side; y++) {                                        \
        products_of_column[y] = *(const ints##length *)(products + (side * y + x) * stride);       \
      }                                                                                            \
      transform_results_##length(products_of_column, columns[x]);                                  \
    }                                                                                              \
    const ints##length initial = *(const ints##length *)(sums->initial + column) << spare_bits;    \
    _Pragma("unroll") for (size_t y = 0; y < result_side; y++) {                                   \
      const ints##length row[side] = {columns[0][y], columns[1][y], columns[2][y],                 \
                                      columns[3][y], columns[4][y], columns[5][y]};                \
      ints##length scaled[result_side];                                                            \
      transform_results_##length(row, scaled);                                                     \
      _Pragma("unroll") for (size_t x = 0; x < result_side; x++) {                                 \
        results[y][x] = (ints##length)(                                                            \
            (signed_ints##length)(scaled[x] * inverse_of_nine + initial) >> spare_bits);           \
      }                                                                                            \
    }                                                                                              \
  }

// kern_winograd_u8_input__<isa> for whole vectors, half ones and single channels.
#define WINOGRAD_INPUT_KERNEL(isa, length, half)                                                   \
  void kern_winograd_u8_input__##isa(const kern_winograd_u8_shape *shape, const uint8_t *images,   \
                                     const uint8_t *pad, size_t first, size_t count, int16_t *out, \
                                     size_t stride) {                                              \
    const size_t channels = shape->channels;                                                       \
    for (size_t tile = 0; tile < count; tile++) {                                                  \
      const uint8_t *codes[numbers];                                                               \
      find_codes(shape, images, pad, place_of(shape, first + tile), codes);                        \
      int16_t *to = out + tile * channels;                                                         \
      size_t c = 0;                                                                                \
      for (; c + length <= channels; c += length) {                                                \
        input_##length(codes, c, to + c, stride);                                                  \
      }                                                                                            \
      for (; c + half <= channels; c += half) {                                                    \
        input_##half(codes, c, to + c, stride);                                                    \
      }                                                                                            \
      for (; c < channels; c++) {                                                                  \
        input_1(codes, c, to + c, stride);                                                         \
      }                                                                                            \
    }                                                                                              \
  }

// Sums as they are.
#define WINOGRAD_SUMS(length)                                                                      \
  INLINE void store_sums_##length(const void *to, ints##length result, size_t column,              \
                                  int32_t *out) {                                                  \
    (void)to;                                                                                      \
    (void)column;                                                                                  \
    *(ints##length *)out = result;                                                                 \
  }                                                                                                \
                                                                                                   \
  WINOGRAD_LINE(sums, length, const void *, int32_t)                                               \
  WINOGRAD_FINISH(sums, length, const void *, int32_t)

// The results of one line of a tile, pixels `step` apart, to store_<name>_<length>(to, result,
// column, out).
#define WINOGRAD_LINE(name, length, output, type)                                                  \
  INLINE void store_line_##name##_##length(output to, const ints##length *line, size_t count,      \
                                           size_t column, type *out, size_t step) {                \
    _Pragma("unroll") for (size_t x = 0; x < result_side; x++) {                                   \
      if (x < count)                                                                               \
        store_##name##_##length(to, line[x], column, out + x * step);                              \
    }                                                                                              \
  }

// The results of one tile that exist, to store_line_<name>_<length>.
#define WINOGRAD_FINISH(name, length, output, type)                                                \
  INLINE void finish_##name##_##length(const kern_winograd_u8_shape *shape,                        \
                                       const kern_winograd_u8_sums *sums, size_t tile,             \
                                       tile_place place, size_t column, output to, type *out) {    \
    ints##length results[result_side][result_side];                                                \
    results_##length(sums, tile, column, results);                                                 \
    const size_t step = shape->output_channels;                                                    \
    const size_t count = shape->output_width - place.x;                                            \
    const size_t first =                                                                           \
        (place.image * shape->output_height + place.y) * shape->output_width + place.x;            \
    _Pragma("unroll") for (size_t y = 0; y < result_side; y++) {                                   \
      if (place.y + y >= shape->output_height)                                                     \
        return;                                                                                    \
      type *line = out + (first + y * shape->output_width) * step + column;                        \
      store_line_##name##_##length(to, results[y], count, column, line, step);                     \
    }                                                                                              \
  }

#define WINOGRAD_FINISH_ALL(name, length, half, output, type)                                      \
  INLINE void all_##name(const kern_winograd_u8_shape *shape, const kern_winograd_u8_sums *sums,   \
                         output to, type *out) {                                                   \
    for (size_t tile = 0; tile < sums->count; tile++) {                                            \
      const tile_place place = place_of(shape, sums->first + tile);                                \
      size_t column = 0;                                                                           \
      for (; column + length <= sums->columns; column += length) {                                 \
        finish_##name##_##length(shape, sums, tile, place, column, to, out);                       \
      }                                                                                            \
      for (; column + half <= sums->columns; column += half) {                                     \
        finish_##name##_##half(shape, sums, tile, place, column, to, out);                         \
      }                                                                                            \
      for (; column < sums->columns; column++) {                                                   \
        finish_##name##_1(shape, sums, tile, place, column, to, out);                              \
      }                                                                                            \
    }                                                                                              \
  }

// Both kernels behind the products, likewise.
#define WINOGRAD_FINISH_KERNELS(isa, length, half)                                                 \
  WINOGRAD_FINISH_ALL(codes, length, half, const kern_requantization *, uint8_t)                   \
  WINOGRAD_FINISH_ALL(sums, length, half, const void *, int32_t)                                   \
  void kern_winograd_u8_codes__##isa(const kern_winograd_u8_shape *shape,                          \
                                     const kern_winograd_u8_sums *sums,                            \
                                     const kern_requantization *requantization, uint8_t *out) {    \
    all_codes(shape, sums, requantization, out);                                                   \
  }                                                                                                \
  void kern_winograd_u8_sums__##isa(const kern_winograd_u8_shape *shape,                           \
                                    const kern_winograd_u8_sums *sums, int32_t *out) {             \
    all_sums(shape, sums, NULL, out);                                                              \
  }

WINOGRAD_INPUT(1)
WINOGRAD_OUTPUT(1)

INLINE void store_codes_1(const kern_requantization *to, ints1 result, size_t column,
                          uint8_t *out) {
  *out = kern_requantized((int32_t)result[0], to->multipliers[column], to);
}

WINOGRAD_LINE(codes, 1, const kern_requantization *, uint8_t)
WINOGRAD_FINISH(codes, 1, const kern_requantization *, uint8_t)
WINOGRAD_SUMS(1)
