#include "winograd_u8s8.h"

#if defined(__x86_64__)
#include <immintrin.h>

// As an instruction, since compilers take it apart into two where they think that its sums wait for
// each other.
static inline __attribute__((always_inline, target("avx512f,avx512vnni"))) __m512i
pair_products(__m512i sums, __m512i codes, __m512i weights) {
  __asm__("vpdpwssd %2, %1, %0" : "+v"(sums) : "v"(codes), "v"(weights));
  return sums;
}

#define TILE_PRODUCT pair_products
#include "../gemm_u8s8s32/tile_avx512vnni.h"
#include "../requantize_avx512.h"
#pragma clang attribute push(                                                                      \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), apply_to = function)
#include "transforms.h"

WINOGRAD_INPUT(16)
WINOGRAD_INPUT(32)
WINOGRAD_INPUT_KERNEL(avx512vnni, 32, 16)
WINOGRAD_OUTPUT(8)
WINOGRAD_OUTPUT(16)

INLINE void store_whole(const tile *sums, const size_t rows, const size_t vectors,
                        const panel_group *group, const void *output, int32_t *out) {
  (void)group;
  (void)output;
#pragma unroll
  for (size_t r = 0; r < rows; r++) {
#pragma unroll
    for (size_t v = 0; v < vectors; v++) {
      _mm512_storeu_si512(out + 16 * (r * vectors + v), sums->at[r][v]);
    }
  }
}

TILE_KERNELS(whole)

static const int32_t zeros[16 * most_vectors];

void kern_winograd_u8_multiply__avx512vnni(const kern_winograd_u8_product *product, int32_t *sums) {
  const int8_t *weights = (const int8_t *)product->weights;
  panel_group group = {.weights = {weights, weights + product->pairs * 64},
                       .initial = zeros,
                       .step = 64,
                       .loaded = 0xffff,
                       .vectors = product->panels,
                       .next = (const int8_t *)product->next};
  const kern_gemm_u8_rows rows = {.data = (const uint8_t *)product->codes,
                                  .stride = 4 * product->pairs,
                                  .rows = product->rows,
                                  .runs = 1};
  const row_shape shape = shape_of(&rows, product->pairs);
  multiply_rows(&group, product->pairs, &rows, &shape, whole_kernels, product, sums,
                64 * product->panels);
}

INLINE void store_codes_16(const kern_requantization *to, ints16 result, size_t column,
                           uint8_t *out) {
  const __m128i codes = kern_codes16_avx512(
      (__m512i)result, _mm512_loadu_ps(to->multipliers + column), _mm512_set1_ps(to->low),
      _mm512_set1_ps(to->high), _mm512_set1_epi32(to->zero_point));
  _mm_storeu_si128((__m128i *)out, codes);
}

INLINE void store_line_codes_16(const kern_requantization *to, const ints16 *line, size_t count,
                                size_t column, uint8_t *out, size_t step) {
  if (!to->is_bounded || count < result_side) {
    for (size_t x = 0; x < result_side && x < count; x++) {
      store_codes_16(to, line[x], column, out + x * step);
    }
    return;
  }
  const kern_bounded_avx512 bounded = kern_bounded_make_avx512(to);
  const __m512 multipliers = _mm512_loadu_ps(to->multipliers + column);
  const __m512i codes =
      kern_bounded_codes64_avx512(kern_rounded_avx512((__m512i)line[0], multipliers),
                                  kern_rounded_avx512((__m512i)line[1], multipliers),
                                  kern_rounded_avx512((__m512i)line[2], multipliers),
                                  kern_rounded_avx512((__m512i)line[3], multipliers), &bounded);
  kern_store_quarters_avx512(codes, 0xffff, result_side, out, step);
}

WINOGRAD_FINISH(codes, 16, const kern_requantization *, uint8_t)
WINOGRAD_SUMS(16)
#include "codes_avx2.h"
WINOGRAD_FINISH_KERNELS(avx512vnni, 16, 8)

#pragma clang attribute pop
#endif
