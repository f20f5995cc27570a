// The gates of recurrent layers against their definition in double precision. Gates and states are
// within 2e-7, or 4e-7 in the quick forms; a state adds two gates' errors and its own rounding.
#include "cases.h"
#include <math.h>
#include <string.h>

enum { INPUT, RECURRENT, CELL, HIDDEN, ACTUAL_CELL, ACTUAL_HIDDEN };

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

// What a gate is off by counts as often as it is multiplied.
static void expect_near(const double *expected, const float *actual, size_t count, bool is_quick,
                        const float *_Nullable factors) {
  for (size_t i = 0; i < count; i++) {
    const double factor = 1 + (factors != NULL ? fabs((double)factors[i]) : 0);
    if (!(fabs((double)actual[i] - expected[i]) <= (is_quick ? 1e-6 : 5e-7) * factor))
      fail("unit %zu of %zu is %.9g, not %.9g", i, count, (double)actual[i], expected[i]);
  }
}

static void define_lstm(const float *input, const float *recurrent, size_t count, size_t i,
                        double *cell, double *hidden) {
  double sums[4];
  for (size_t gate = 0; gate < 4; gate++)
    sums[gate] = (double)input[gate * count + i] + (double)recurrent[gate * count + i];
  *cell = sigmoid(sums[2]) * *cell + sigmoid(sums[0]) * tanh(sums[3]);
  *hidden = sigmoid(sums[1]) * tanh(*cell);
}

static void define_gru(const float *input, const float *recurrent, size_t count, size_t i,
                       double *hidden) {
  const double update = sigmoid((double)input[i] + (double)recurrent[i]);
  const double reset = sigmoid((double)input[count + i] + (double)recurrent[count + i]);
  const double candidate =
      tanh((double)input[2 * count + i] + reset * (double)recurrent[2 * count + i]);
  *hidden = candidate + update * (*hidden - candidate);
}

static void check_units(size_t count, bool is_lstm) {
  guarded_start();
  const size_t gates = is_lstm ? 4 : 3;
  float *const input = GUARDED(float, INPUT, gates *count);
  float *const recurrent = GUARDED(float, RECURRENT, gates *count);
  float *const cell = GUARDED(float, CELL, count), *const hidden = GUARDED(float, HIDDEN, count);
  float *const actual_cell = GUARDED(float, ACTUAL_CELL, count);
  float *const actual_hidden = GUARDED(float, ACTUAL_HIDDEN, count);
  // Powers of two below 1 add without rounding, so that only the gates' own errors show.
  for (size_t i = 0; i < gates * count; i++) {
    input[i] = (float)random_between(-9000, 9000) / 1024;
    recurrent[i] = (float)random_between(-9000, 9000) / 1024;
  }
  fill_reals(cell, count, -1, 1);
  fill_reals(hidden, count, -1, 1);
  double expected_cell[64], expected_hidden[64];
  for (size_t i = 0; i < count; i++) {
    expected_cell[i] = cell[i];
    expected_hidden[i] = hidden[i];
    if (is_lstm) {
      define_lstm(input, recurrent, count, i, &expected_cell[i], &expected_hidden[i]);
    } else {
      define_gru(input, recurrent, count, i, &expected_hidden[i]);
    }
  }
  EACH_SET(set) {
    for (int is_quick = 0; is_quick < 2; is_quick++) {
      describe_case("%s%s of %zu units", is_quick ? "quick_" : "", is_lstm ? "lstm_f32" : "gru_f32",
                    count);
      begin_set(set);
      const kern_recurrent_table *const table = kern_recurrent_table_for(set);
      memcpy(actual_cell, cell, count * sizeof(float));
      memcpy(actual_hidden, hidden, count * sizeof(float));
      if (is_lstm) {
        (is_quick ? table->quick_lstm : table->lstm)(input, recurrent, count, actual_cell,
                                                     actual_hidden);
        expect_near(expected_cell, actual_cell, count, is_quick, NULL);
      } else {
        (is_quick ? table->quick_gru : table->gru)(input, recurrent, count, actual_hidden);
      }
      expect_near(expected_hidden, actual_hidden, count, is_quick,
                  is_lstm ? NULL : recurrent + 2 * count);
    }
  }
  guarded_check();
}

void check_recurrent(void) {
  for (int round = 0; round < 4; round++) {
    for (size_t count = 1; count <= 40; count++) {
      check_units(count, true);
      check_units(count, false);
    }
  }
}
