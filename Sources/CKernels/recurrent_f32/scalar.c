#include "kernels_recurrent.h"
#include <math.h>

static float sigmoid(float x) { return 1 / (1 + expf(-x)); }

void kern_lstm_f32__scalar(const float *input, const float *recurrent, size_t count, float *cell,
                           float *hidden) {
  for (size_t i = 0; i < count; i++) {
    float sums[4];
    for (size_t gate = 0; gate < 4; gate++)
      sums[gate] = input[gate * count + i] + recurrent[gate * count + i];
    cell[i] = sigmoid(sums[2]) * cell[i] + sigmoid(sums[0]) * tanhf(sums[3]);
    hidden[i] = sigmoid(sums[1]) * tanhf(cell[i]);
  }
}

void kern_gru_f32__scalar(const float *input, const float *recurrent, size_t count, float *hidden) {
  for (size_t i = 0; i < count; i++) {
    float update = sigmoid(input[i] + recurrent[i]);
    float reset = sigmoid(input[count + i] + recurrent[count + i]);
    float candidate = tanhf(input[2 * count + i] + reset * recurrent[2 * count + i]);
    hidden[i] = candidate + update * (hidden[i] - candidate);
  }
}
