// Four units at a time; what is left goes through buffers.
#if defined(__aarch64__)
#include "../lanes_neon.h"
#include "kernels_recurrent.h"

#include "../unary_f32/math_neon.h"

enum { LANES = 4 };

void kern_lstm_f32__neon(const float *input, const float *recurrent, size_t count, float *cell,
                         float *hidden) {
  for (size_t i = 0; i < count; i += LANES) {
    const size_t lanes = count - i;
    float32x4_t sums[4];
#pragma unroll
    for (size_t gate = 0; gate < 4; gate++) {
      const size_t first = gate * count + i;
      sums[gate] = vaddq_f32(kern_load_lanes4(input + first, lanes),
                             kern_load_lanes4(recurrent + first, lanes));
    }
    const float32x4_t kept = vmulq_f32(sigmoid(sums[2]), kern_load_lanes4(cell + i, lanes));
    const float32x4_t state = vfmaq_f32(kept, sigmoid(sums[0]), hyperbolic_tangent(sums[3]));
    kern_store_lanes4(cell + i, state, lanes);
    kern_store_lanes4(hidden + i, vmulq_f32(sigmoid(sums[1]), hyperbolic_tangent(state)), lanes);
  }
}

void kern_gru_f32__neon(const float *input, const float *recurrent, size_t count, float *hidden) {
  for (size_t i = 0; i < count; i += LANES) {
    const size_t lanes = count - i;
    float32x4_t in[3], back[3];
#pragma unroll
    for (size_t gate = 0; gate < 3; gate++) {
      in[gate] = kern_load_lanes4(input + gate * count + i, lanes);
      back[gate] = kern_load_lanes4(recurrent + gate * count + i, lanes);
    }
    const float32x4_t update = sigmoid(vaddq_f32(in[0], back[0]));
    const float32x4_t reset = sigmoid(vaddq_f32(in[1], back[1]));
    const float32x4_t candidate = hyperbolic_tangent(vfmaq_f32(in[2], reset, back[2]));
    const float32x4_t change = vsubq_f32(kern_load_lanes4(hidden + i, lanes), candidate);
    kern_store_lanes4(hidden + i, vfmaq_f32(candidate, update, change), lanes);
  }
}

#endif
