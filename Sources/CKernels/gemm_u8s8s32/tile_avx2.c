// Tiles of 6 rows x 16 columns. vpmaddubsw multiplies a quad of depths to two 16-bit sums; where
// packing has proven that the sums of several quads fit into 16 bits together, they are added first
// and widened once (vpmaddwd by ones). Twelve of them, two vectors of weights and one quad of codes
// fill the registers; the 32-bit sums wait in the first-level cache, where they are needed once in
// a run of quads.
#include "tile_avx2.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define INLINE static inline __attribute__((always_inline))

INLINE __m256i quad(const uint8_t *bytes) {
  int32_t four;
  memcpy(&four, bytes, 4);
  return _mm256_set1_epi32(four);
}

INLINE __m256i vector(const int8_t *bytes) { return _mm256_loadu_si256((const __m256i *)bytes); }

INLINE void add_widened(int32_t *sums, __m256i pairs) {
  __m256i *const at = (__m256i *)sums;
  const __m256i wide = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
  _mm256_store_si256(at, _mm256_add_epi32(_mm256_load_si256(at), wide));
}

// With two rows or fewer, sums in memory would be wanted again before they are there; the compiler
// keeps them in registers. With more it would spill what it tries to keep.
INLINE int32_t (*in_memory(int32_t (*sums)[16], const size_t rows))[16] {
  if (rows > 2) {
    __asm__ volatile("" : "+r"(sums));
  }
  return sums;
}

// A run of `length` quads, in the order of `order`.
INLINE void add_run(const size_t length, const size_t rows, const size_t vectors, const uint8_t *a,
                    size_t stride, const uint16_t *order, const int8_t *w, int32_t (*sums)[16]) {
  __m256i pairs[tile_rows][2];
#pragma unroll
  for (size_t i = 0; i < length; i++) {
    __m256i weights[2];
    for (size_t v = 0; v < vectors; v++) {
      weights[v] = vector(w + 32 * (i * vectors + v));
    }
    const uint8_t *x = a + 4 * (size_t)order[i];
#pragma unroll
    for (size_t r = 0; r < rows; r++) {
      const __m256i codes = quad(x + r * stride);
      for (size_t v = 0; v < vectors; v++) {
        const __m256i products = _mm256_maddubs_epi16(codes, weights[v]);
        pairs[r][v] = i == 0 ? products : _mm256_add_epi16(pairs[r][v], products);
        // Else the additions become a tree, which needs twice the registers.
        __asm__("" : "+x"(pairs[r][v]));
      }
    }
  }
  int32_t(*to)[16] = in_memory(sums, rows);
#pragma unroll
  for (size_t r = 0; r < rows; r++) {
    for (size_t v = 0; v < vectors; v++) {
      add_widened(to[r] + 8 * v, pairs[r][v]);
    }
  }
}

// Codes less 128 are their absolute values times their signs; the weights take the signs. At most
// 2 * 128 * 127 comes out, which fits 16 bits.
INLINE void add_centred(const size_t rows, const size_t vectors, const uint8_t *a, size_t stride,
                        const int8_t *w, int32_t (*sums)[16]) {
  __m256i weights[2];
  for (size_t v = 0; v < vectors; v++) {
    weights[v] = vector(w + 32 * v);
  }
  int32_t(*to)[16] = in_memory(sums, rows);
#pragma unroll
  for (size_t r = 0; r < rows; r++) {
    const __m256i x = _mm256_xor_si256(quad(a + r * stride), _mm256_set1_epi8((char)0x80));
    const __m256i size = _mm256_abs_epi8(x);
    for (size_t v = 0; v < vectors; v++) {
      add_widened(to[r] + 8 * v, _mm256_maddubs_epi16(size, _mm256_sign_epi8(weights[v], x)));
    }
  }
}

INLINE void add_runs(const column_panel *panel, const size_t rows, const size_t vectors,
                     const uint8_t *a, size_t stride, int32_t (*sums)[16]) {
  const uint16_t *order = panel->order;
  const int8_t *w = panel->weights, *next = panel->next;
  const size_t step = 32 * vectors;
#define RUNS(count, length)                                                                        \
  for (size_t run = 0; run < panel->runs.count; run++, order += length, w += length * step) {      \
    add_run(length, rows, vectors, a, stride, order, w, sums);                                     \
    if (vectors == 2 && rows > 2) { /* behind a narrow panel there is little */                    \
      _mm_prefetch((const char *)next, _MM_HINT_T1);                                               \
      next += length * panel->pace;                                                                \
    }                                                                                              \
  }
  RUNS(eights, 8)
  RUNS(fours, 4)
  RUNS(twos, 2)
  RUNS(ones, 1)
#undef RUNS
}

INLINE void multiply(const column_panel *panel, const size_t rows, const size_t vectors,
                     const uint8_t *a, size_t stride, int32_t (*out)[16]) {
  _Alignas(32) tile_sums few;
  int32_t(*const sums)[16] = rows > 2 ? out : few;
  for (size_t r = 0; r < rows; r++) {
    for (size_t v = 0; v < vectors; v++) {
      __m256i start = _mm256_loadu_si256((const __m256i *)(panel->initial + 8 * v));
      if (panel->runs.is_centred) {
        const __m256i *const centre = (const __m256i *)(panel->centres + 8 * v);
        start = _mm256_add_epi32(start, _mm256_loadu_si256(centre));
      }
      _mm256_store_si256((__m256i *)(sums[r] + 8 * v), start);
    }
  }
  if (panel->runs.is_centred) {
    for (size_t q = 0; q < panel->steps; q++) {
      add_centred(rows, vectors, a + 4 * (size_t)panel->order[q], stride,
                  panel->weights + 32 * vectors * q, sums);
    }
  } else {
    add_runs(panel, rows, vectors, a, stride, sums);
  }
  for (size_t r = 0; r < rows && rows <= 2; r++) {
    memcpy(out[r], sums[r], 32 * vectors);
  }
}

// A function for each tile: its rows and vectors are constants there.
#define TILE(rows, vectors)                                                                        \
  static __attribute__((noinline)) void multiply_##rows##x##vectors(                               \
      const column_panel *panel, const uint8_t *a, size_t stride, int32_t(*sums)[16]) {            \
    multiply(panel, rows, vectors, a, stride, sums);                                               \
  }
#define TILES(vectors)                                                                             \
  TILE(1, vectors)                                                                                 \
  TILE(2, vectors) TILE(3, vectors) TILE(4, vectors) TILE(5, vectors) TILE(6, vectors)
TILES(1)
TILES(2)

typedef void tile_kernel(const column_panel *panel, const uint8_t *a, size_t stride,
                         int32_t (*sums)[16]);

#define KERNELS(v)                                                                                 \
  { multiply_1x##v, multiply_2x##v, multiply_3x##v, multiply_4x##v, multiply_5x##v, multiply_6x##v }
static tile_kernel *const kernels[2][tile_rows] = {KERNELS(1), KERNELS(2)};

void kern_tile_u8s8_s32__avx2(const column_panel *panel, size_t rows, const uint8_t *a,
                              size_t stride, int32_t (*sums)[16]) {
  kernels[panel->columns > 8][rows - 1](panel, a, stride, sums);
}

#pragma clang attribute pop
#endif
