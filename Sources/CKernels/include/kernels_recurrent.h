// The gates of recurrent layers, one row (one sequence at one step) at a time. Float results may
// differ between instruction sets by the rounding of the elementary functions; quick forms differ
// from exact values by up to 4e-7 in a gate or a state, where the others stay within 2e-7.
#pragma once
#include "kernels_isa.h"
#include <stddef.h>

#pragma clang assume_nonnull begin

// An LSTM with sigmoid gates and hyperbolic tangents. `input` and `recurrent` hold the sums of the
// gates i, o, f, c, `count` each; they are added here.
//   cell = sigmoid(f) * cell + sigmoid(i) * tanh(c);  hidden = sigmoid(o) * tanh(cell)
typedef void kern_lstm_f32_fn(const float *input, const float *recurrent, size_t count, float *cell,
                              float *hidden);

// A GRU that resets after its product. `input` and `recurrent` hold the sums of z, r, h, `count`
// each.
//   n = tanh(input_h + sigmoid(r) * recurrent_h);  hidden = n + sigmoid(z) * (hidden - n)
typedef void kern_gru_f32_fn(const float *input, const float *recurrent, size_t count,
                             float *hidden);

typedef struct {
  kern_lstm_f32_fn *lstm;
  kern_gru_f32_fn *gru;
  // The same beside products of codes, whose rounding moves gates by a thousand times that.
  kern_lstm_f32_fn *quick_lstm;
  kern_gru_f32_fn *quick_gru;
} kern_recurrent_table;

const kern_recurrent_table *kern_recurrent_table_for(kern_isa isa);

kern_lstm_f32_fn kern_lstm_f32__scalar, kern_lstm_f32__avx2, kern_lstm_f32__avx512,
    kern_lstm_f32__neon, kern_quick_lstm_f32__avx2, kern_quick_lstm_f32__avx512;
kern_gru_f32_fn kern_gru_f32__scalar, kern_gru_f32__avx2, kern_gru_f32__avx512, kern_gru_f32__neon,
    kern_quick_gru_f32__avx2, kern_quick_gru_f32__avx512;

#pragma clang assume_nonnull end
