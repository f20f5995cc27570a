// Both transforms for vectors of any length; WINOGRAD_KERNELS makes the kernels of a set, of whole
// vectors, half ones and single channels.
// Include inside functions' target pragma.
#include "kernels_winograd.h"

#define INLINE static inline __attribute__((always_inline))

typedef float lanes1 __attribute__((ext_vector_type(1), aligned(4)));

#define WINOGRAD_TRANSFORMS(lanes)                                                                 \
  INLINE void transform_four_##lanes(lanes a, lanes b, lanes c, lanes d, lanes *out) {             \
    out[0] = a - c;                                                                                \
    out[1] = b + c;                                                                                \
    out[2] = c - b;                                                                                \
    out[3] = b - d;                                                                                \
  }                                                                                                \
                                                                                                   \
  INLINE void input_##lanes(const float *const *pixels, size_t channel, float *out,                \
                            size_t stride) {                                                       \
    lanes columns[4][4];                                                                           \
    _Pragma("unroll") for (size_t x = 0; x < 4; x++) {                                             \
      transform_four_##lanes(*(const lanes *)(pixels[x] + channel),                                \
                             *(const lanes *)(pixels[4 + x] + channel),                            \
                             *(const lanes *)(pixels[8 + x] + channel),                            \
                             *(const lanes *)(pixels[12 + x] + channel), columns[x]);              \
    }                                                                                              \
    _Pragma("unroll") for (size_t y = 0; y < 4; y++) {                                             \
      lanes numbers[4];                                                                            \
      transform_four_##lanes(columns[0][y], columns[1][y], columns[2][y], columns[3][y], numbers); \
      _Pragma("unroll") for (size_t x = 0; x < 4; x++) {                                           \
        *(lanes *)(out + (4 * y + x) * stride) = numbers[x];                                       \
      }                                                                                            \
    }                                                                                              \
  }                                                                                                \
                                                                                                   \
  INLINE void output_##lanes(const kern_winograd_results *results, size_t tile, size_t column) {   \
    const size_t stride = results->stride;                                                         \
    const float *products = results->products + tile * results->width + column;                    \
    lanes rows[2][4];                                                                              \
    _Pragma("unroll") for (size_t x = 0; x < 4; x++) {                                             \
      lanes a = *(const lanes *)(products + x * stride);                                           \
      lanes b = *(const lanes *)(products + (4 + x) * stride);                                     \
      lanes c = *(const lanes *)(products + (8 + x) * stride);                                     \
      lanes d = *(const lanes *)(products + (12 + x) * stride);                                    \
      rows[0][x] = a + b + c;                                                                      \
      rows[1][x] = b - c - d;                                                                      \
    }                                                                                              \
    const lanes bias = *(const lanes *)(results->bias + column);                                   \
    const lanes low = results->low, high = results->high;                                          \
    _Pragma("unroll") for (size_t y = 0; y < 2; y++) {                                             \
      const lanes *row = rows[y];                                                                  \
      const lanes pair[2] = {row[0] + row[1] + row[2], row[1] - row[2] - row[3]};                  \
      _Pragma("unroll") for (size_t x = 0; x < 2; x++) {                                           \
        const size_t place = results->places[tile * 4 + 2 * y + x];                                \
        if (place == KERN_WINOGRAD_OUTSIDE)                                                        \
          continue;                                                                                \
        lanes sum = pair[x] + bias;                                                                \
        if (results->addend)                                                                       \
          sum += *(const lanes *)(results->addend + place + column);                               \
        /* NaN is neither below nor above, and stays. */                                           \
        sum = sum < low ? low : sum;                                                               \
        *(lanes *)(results->output + place + column) = sum > high ? high : sum;                    \
      }                                                                                            \
    }                                                                                              \
  }

WINOGRAD_TRANSFORMS(lanes1)

#define WINOGRAD_KERNELS(isa, lanes, count, half, half_count)                                      \
  void kern_winograd_input_f32__##isa(const float *const *pixels, size_t tiles, size_t channels,   \
                                      float *out, size_t stride) {                                 \
    for (size_t tile = 0; tile < tiles; tile++) {                                                  \
      size_t c = 0;                                                                                \
      for (; c + count <= channels; c += count) {                                                  \
        input_##lanes(pixels + 16 * tile, c, out + tile * channels + c, stride);                   \
      }                                                                                            \
      for (; c + half_count <= channels; c += half_count) {                                        \
        input_##half(pixels + 16 * tile, c, out + tile * channels + c, stride);                    \
      }                                                                                            \
      for (; c < channels; c++) {                                                                  \
        input_lanes1(pixels + 16 * tile, c, out + tile * channels + c, stride);                    \
      }                                                                                            \
    }                                                                                              \
  }                                                                                                \
                                                                                                   \
  void kern_winograd_output_f32__##isa(const kern_winograd_results *results) {                     \
    for (size_t tile = 0; tile < results->tiles; tile++) {                                         \
      size_t column = 0;                                                                           \
      for (; column + count <= results->columns; column += count) {                                \
        output_##lanes(results, tile, column);                                                     \
      }                                                                                            \
      for (; column + half_count <= results->columns; column += half_count) {                      \
        output_##half(results, tile, column);                                                      \
      }                                                                                            \
      for (; column < results->columns; column++) {                                                \
        output_lanes1(results, tile, column);                                                      \
      }                                                                                            \
    }                                                                                              \
  }
