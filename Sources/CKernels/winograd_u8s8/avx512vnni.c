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
#pragma clang attribute push(                                                                      \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), apply_to = function)
#include "transforms.h"

typedef uint8_t bytes16 __attribute__((ext_vector_type(16), aligned(1)));
typedef int16_t words16 __attribute__((ext_vector_type(16), aligned(2)));
typedef uint8_t bytes32 __attribute__((ext_vector_type(32), aligned(1)));
typedef int16_t words32 __attribute__((ext_vector_type(32), aligned(2)));
typedef uint32_t ints8 __attribute__((ext_vector_type(8), aligned(4)));
typedef int32_t signed_ints8 __attribute__((ext_vector_type(8), aligned(4)));
typedef uint32_t ints16 __attribute__((ext_vector_type(16), aligned(4)));
typedef int32_t signed_ints16 __attribute__((ext_vector_type(16), aligned(4)));

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

// maxps returns its second operand for NaN, as the scalar form does.
INLINE void store_codes_16(const kern_requantization *to, ints16 result, size_t column,
                           uint8_t *out) {
  const __m512 multipliers = _mm512_loadu_ps(to->multipliers + column);
  __m512 real = _mm512_mul_ps(_mm512_cvtepi32_ps((__m512i)result), multipliers);
  real = _mm512_max_ps(real, _mm512_set1_ps(to->low));
  real = _mm512_min_ps(real, _mm512_set1_ps(to->high));
  const __m512i codes =
      _mm512_add_epi32(_mm512_cvtps_epi32(real), _mm512_set1_epi32(to->zero_point));
  _mm_storeu_si128((__m128i *)out, _mm512_cvtepi32_epi8(codes));
}

INLINE void store_codes_8(const kern_requantization *to, ints8 result, size_t column,
                          uint8_t *out) {
  const __m256 multipliers = _mm256_loadu_ps(to->multipliers + column);
  __m256 real = _mm256_mul_ps(_mm256_cvtepi32_ps((__m256i)result), multipliers);
  real = _mm256_max_ps(real, _mm256_set1_ps(to->low));
  real = _mm256_min_ps(real, _mm256_set1_ps(to->high));
  const __m256i codes =
      _mm256_add_epi32(_mm256_cvtps_epi32(real), _mm256_set1_epi32(to->zero_point));
  _mm_storel_epi64((__m128i *)out, _mm256_cvtepi32_epi8(codes));
}

INLINE void store_sums_8(const void *to, ints8 result, size_t column, int32_t *out) {
  (void)to;
  (void)column;
  _mm256_storeu_si256((__m256i *)out, (__m256i)result);
}

INLINE void store_sums_16(const void *to, ints16 result, size_t column, int32_t *out) {
  (void)to;
  (void)column;
  _mm512_storeu_si512(out, (__m512i)result);
}

WINOGRAD_FINISH(codes, 8, const kern_requantization *, uint8_t)
WINOGRAD_FINISH(sums, 8, const void *, int32_t)
WINOGRAD_FINISH(codes, 16, const kern_requantization *, uint8_t)
WINOGRAD_FINISH(sums, 16, const void *, int32_t)
WINOGRAD_FINISH_KERNELS(avx512vnni, 16, 8)

#pragma clang attribute pop
#endif
