// Three planes become pixels, as those of an image do; everything else goes the way of AVX2.
#if defined(__x86_64__)
#include "../lanes_avx512.h"
#include "kernels_f32.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))),        \
                             apply_to = function)

enum { PLANES = 3, LANES = 16 };

// Where lane `i` of part `p` of sixteen pixels comes from: pixel `place / 3` of plane `place % 3`.
// The second plane lies behind the first one's sixteen; the third is put in on its own.
#define PLACE(p, i) (LANES * (p) + (i))
#define PAIR(p, i) (PLACE(p, i) % PLANES == 1 ? LANES + PLACE(p, i) / PLANES : PLACE(p, i) / PLANES)
#define LAST(p, i) (PLACE(p, i) / PLANES)
#define IS_LAST(p, i) ((PLACE(p, i) % PLANES == 2) << (i))
#define EACH(of, p)                                                                                \
  _mm512_setr_epi32(of(p, 0), of(p, 1), of(p, 2), of(p, 3), of(p, 4), of(p, 5), of(p, 6),          \
                    of(p, 7), of(p, 8), of(p, 9), of(p, 10), of(p, 11), of(p, 12), of(p, 13),      \
                    of(p, 14), of(p, 15))
#define MASK(p)                                                                                    \
  (__mmask16)(IS_LAST(p, 0) | IS_LAST(p, 1) | IS_LAST(p, 2) | IS_LAST(p, 3) | IS_LAST(p, 4) |      \
              IS_LAST(p, 5) | IS_LAST(p, 6) | IS_LAST(p, 7) | IS_LAST(p, 8) | IS_LAST(p, 9) |      \
              IS_LAST(p, 10) | IS_LAST(p, 11) | IS_LAST(p, 12) | IS_LAST(p, 13) | IS_LAST(p, 14) | \
              IS_LAST(p, 15))

static void pixels_of_three(const float *x, size_t x_stride, float *y, size_t columns) {
  const __m512i pair[PLANES] = {EACH(PAIR, 0), EACH(PAIR, 1), EACH(PAIR, 2)};
  const __m512i last[PLANES] = {EACH(LAST, 0), EACH(LAST, 1), EACH(LAST, 2)};
  const __mmask16 is_last[PLANES] = {MASK(0), MASK(1), MASK(2)};
  for (size_t c = 0; c < columns; c += LANES) {
    const size_t rest = columns - c;
    const __mmask16 lanes = kern_lanes16(rest);
    const __m512 first = _mm512_maskz_loadu_ps(lanes, x + c);
    const __m512 second = _mm512_maskz_loadu_ps(lanes, x + x_stride + c);
    const __m512 third = _mm512_maskz_loadu_ps(lanes, x + 2 * x_stride + c);
#pragma unroll
    for (size_t p = 0; p < PLANES; p++) {
      const size_t done = p * LANES;
      const __m512 both = _mm512_permutex2var_ps(first, pair[p], second);
      const __m512 all = _mm512_mask_permutexvar_ps(both, is_last[p], last[p], third);
      const size_t values = PLANES * rest > done ? PLANES * rest - done : 0;
      _mm512_mask_storeu_ps(y + PLANES * c + done, kern_lanes16(values), all);
    }
  }
}

void kern_transpose_f32__avx512(const float *x, size_t x_stride, float *y, size_t y_stride,
                                size_t rows, size_t columns) {
  if (rows == PLANES && y_stride == PLANES) {
    pixels_of_three(x, x_stride, y, columns);
  } else {
    kern_transpose_f32__avx2(x, x_stride, y, y_stride, rows, columns);
  }
}

#pragma clang attribute pop
#endif
