#include "winograd_u8s8.h"
#include <string.h>

enum {
  taps = 3,
  side = KERN_WINOGRAD_U8_SIDE,
  numbers = KERN_WINOGRAD_U8_NUMBERS,
  most_lanes = 16,
  panel_columns = 16
};

typedef int16_t lanes[most_lanes];

// 24 times what three taps give at the points 0, 1, -1, 2, -2 and infinity; at the last a quarter
// of that, which the transform of products makes up for: whole numbers of at most 12 * 12 * 128.
static void transform(const lanes in[taps], lanes out[side]) {
  for (size_t i = 0; i < most_lanes; i++) {
    const int16_t a = in[0][i], b = in[1][i], c = in[2][i];
    out[0][i] = (int16_t)(6 * a);
    out[1][i] = (int16_t)(-4 * (a + b + c));
    out[2][i] = (int16_t)(-4 * (a - b + c));
    out[3][i] = (int16_t)(a + 2 * b + 4 * c);
    out[4][i] = (int16_t)(a - 2 * b + 4 * c);
    out[5][i] = (int16_t)(6 * c);
  }
}

// Some channels of one column: [3][3][channel] to [number][channel].
static void transform_taps(const int8_t *rows, size_t channels, size_t count,
                           lanes out[side][side]) {
  lanes columns[taps][side];
  for (size_t x = 0; x < taps; x++) {
    lanes column[taps] = {0};
    for (size_t y = 0; y < taps; y++) {
      for (size_t i = 0; i < count; i++) {
        column[y][i] = rows[(y * taps + x) * channels + i];
      }
    }
    transform(column, columns[x]);
  }
  for (size_t y = 0; y < side; y++) {
    lanes row[taps];
    for (size_t x = 0; x < taps; x++) {
      memcpy(row[x], columns[x][y], sizeof row[x]);
    }
    transform(row, out[y]);
  }
}

void kern_winograd_s8_weights(const int8_t *rows, size_t columns, size_t channels,
                              size_t panels_of_group, int16_t *out) {
  const size_t panels = (columns + panel_columns - 1) / panel_columns;
  const size_t panel_size = channels * panel_columns;
  memset(out, 0, numbers * panels * panel_size * sizeof *out);
  for (size_t column = 0; column < columns; column++) {
    const size_t panel = column / panel_columns;
    const size_t first = panel / panels_of_group * panels_of_group;
    const size_t size = panels - first < panels_of_group ? panels - first : panels_of_group;
    int16_t *to = out + (first * numbers + panel - first) * panel_size + column % panel_columns * 2;
    for (size_t channel = 0; channel < channels; channel += most_lanes) {
      const size_t count = channels - channel < most_lanes ? channels - channel : most_lanes;
      lanes transformed[side][side];
      transform_taps(rows + column * taps * taps * channels + channel, channels, count,
                     transformed);
      for (size_t number = 0; number < numbers; number++) {
        const int16_t *from = transformed[number / side][number % side];
        int16_t *pairs = to + number * size * panel_size + channel * panel_columns;
        for (size_t pair = 0; pair < count / 2; pair++) {
          memcpy(pairs + pair * 2 * panel_columns, from + 2 * pair, 2 * sizeof *from);
        }
      }
    }
  }
}
