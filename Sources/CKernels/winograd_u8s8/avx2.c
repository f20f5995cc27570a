#include "winograd_u8s8.h"

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "transforms.h"

WINOGRAD_INPUT(8)
WINOGRAD_INPUT(16)
WINOGRAD_INPUT_KERNEL(avx2, 16, 8)
WINOGRAD_OUTPUT(8)

enum { most_rows = 6, vectors = 2 };

// Up to six rows times one panel; each tile fetches `pace` bytes of the weights that follow for
// each pair.
INLINE void multiply_tile(const size_t rows, const int16_t *codes, size_t pairs,
                          const int16_t *weights, const int16_t *next, size_t pace, int32_t *sums,
                          size_t stride) {
  __m256i tile[most_rows][vectors];
#pragma unroll
  for (size_t r = 0; r < rows; r++) {
    tile[r][0] = tile[r][1] = _mm256_setzero_si256();
  }
  for (size_t pair = 0; pair < pairs; pair++) {
    const __m256i first = _mm256_loadu_si256((const __m256i *)(weights + 32 * pair));
    const __m256i second = _mm256_loadu_si256((const __m256i *)(weights + 32 * pair + 16));
    _mm_prefetch((const char *)next + pair * pace, _MM_HINT_T1);
#pragma unroll
    for (size_t r = 0; r < rows; r++) {
      int32_t two;
      memcpy(&two, codes + 2 * (r * pairs + pair), sizeof two);
      const __m256i both = _mm256_set1_epi32(two);
      tile[r][0] = _mm256_add_epi32(tile[r][0], _mm256_madd_epi16(both, first));
      tile[r][1] = _mm256_add_epi32(tile[r][1], _mm256_madd_epi16(both, second));
    }
  }
#pragma unroll
  for (size_t r = 0; r < rows; r++) {
    _mm256_storeu_si256((__m256i *)(sums + r * stride), tile[r][0]);
    _mm256_storeu_si256((__m256i *)(sums + r * stride + 8), tile[r][1]);
  }
}

#define TILE(rows)                                                                                 \
  static __attribute__((noinline)) void tile_##rows(const int16_t *codes, size_t pairs,            \
                                                    const int16_t *weights, const int16_t *next,   \
                                                    size_t pace, int32_t *sums, size_t stride) {   \
    multiply_tile(rows, codes, pairs, weights, next, pace, sums, stride);                          \
  }

TILE(1)
TILE(2)
TILE(3)
TILE(4)
TILE(5)
TILE(6)

typedef void tile_kernel(const int16_t *codes, size_t pairs, const int16_t *weights,
                         const int16_t *next, size_t pace, int32_t *sums, size_t stride);

static tile_kernel *const tiles_of[most_rows] = {tile_1, tile_2, tile_3, tile_4, tile_5, tile_6};

// Rows are spread evenly over tiles.
void kern_winograd_u8_multiply__avx2(const kern_winograd_u8_product *product, int32_t *sums) {
  const size_t pairs = product->pairs, stride = 16 * product->panels;
  const size_t tiles = (product->rows + most_rows - 1) / most_rows;
  const size_t pace = 64 / (tiles > 0 ? tiles : 1);
  for (size_t panel = 0; panel < product->panels; panel++) {
    const int16_t *weights = product->weights + panel * pairs * 32;
    const int16_t *next = panel + 1 < product->panels ? weights + pairs * 32 : product->next;
    for (size_t i = 0; i < tiles; i++) {
      const size_t row = product->rows * i / tiles, end = product->rows * (i + 1) / tiles;
      tiles_of[end - row - 1](product->codes + row * 2 * pairs, pairs, weights,
                              next + i * pace * pairs / 2, pace, sums + row * stride + 16 * panel,
                              stride);
    }
  }
}

#include "codes_avx2.h"
WINOGRAD_FINISH_KERNELS(avx2, 8, 1)

#pragma clang attribute pop
#endif
