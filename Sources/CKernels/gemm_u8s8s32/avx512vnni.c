#include "gemm_u8s8s32.h"

#if defined(__x86_64__)
#include "tile_avx512vnni.h"
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni"))),      \
                             apply_to = function)

typedef struct {
  const float *multipliers; // of the group's first column
  __m512 low, high;
  __m512i zero_point;
  size_t stride;
} code_output;

#define CODES(rows, vectors)                                                                       \
  OUTLINE codes_##rows##x##vectors(const panel_group *group, const uint8_t *a, size_t stride,      \
                                   const code_output *to, uint8_t *out) {                          \
    const tile sums = multiplied(group, rows, vectors, a, stride);                                 \
    store_codes(&sums, rows, vectors, group, to, out);                                             \
  }

// maxps returns its second operand for NaN, as the scalar form does.
INLINE void store_codes(const tile *sums, const size_t rows, const size_t vectors,
                        const panel_group *group, const code_output *to, uint8_t *out) {
#pragma unroll
  for (size_t v = 0; v < vectors; v++) {
    const __m512 multipliers = _mm512_loadu_ps(to->multipliers + 16 * v);
#pragma unroll
    for (size_t r = 0; r < rows; r++) {
      __m512 real = _mm512_mul_ps(_mm512_cvtepi32_ps(sums->at[r][v]), multipliers);
      real = _mm512_min_ps(_mm512_max_ps(real, to->low), to->high);
      const __m512i codes = _mm512_add_epi32(_mm512_cvtps_epi32(real), to->zero_point);
      _mm_mask_storeu_epi8(out + r * to->stride + 16 * v, group->lanes[v],
                           _mm512_cvtepi32_epi8(codes));
    }
  }
}

EACH_HEIGHT(CODES, 1)
EACH_HEIGHT(CODES, 2)

typedef void code_kernel(const panel_group *group, const uint8_t *a, size_t stride,
                         const code_output *to, uint8_t *out);
static code_kernel *const code_kernels[most_vectors][most_rows] = {NAMES(codes, 1),
                                                                   NAMES(codes, 2)};

void kern_gemm_u8s8_u8__avx512vnni(const kern_gemm_u8s8_panels *panels,
                                   const kern_gemm_u8_rows *rows, const int32_t *initial,
                                   const kern_requantization *requantization, uint8_t *out,
                                   size_t out_stride, size_t first_panel, size_t end_panel) {
  code_output to = {.low = _mm512_set1_ps(requantization->low),
                    .high = _mm512_set1_ps(requantization->high),
                    .zero_point = _mm512_set1_epi32(requantization->zero_point),
                    .stride = out_stride};
  const size_t tiles = tile_count(rows->rows);
  for (size_t p = first_panel; p < end_panel;) {
    const panel_group group = group_at(panels, p, end_panel, initial);
    to.multipliers = requantization->multipliers + p * 16;
    for (size_t i = 0; i < tiles; i++) {
      const size_t row = tile_start(rows->rows, tiles, i);
      const size_t height = tile_start(rows->rows, tiles, i + 1) - row;
      code_kernels[group.vectors - 1][height - 1](&group, rows->data + row * rows->stride,
                                                  rows->stride, &to,
                                                  out + row * out_stride + p * 16);
    }
    p += group.vectors;
  }
}

#define SUMS(rows, vectors)                                                                        \
  OUTLINE sums_##rows##x##vectors(const panel_group *group, const uint8_t *a, size_t stride,       \
                                  int32_t *out, size_t out_stride) {                               \
    const tile sums = multiplied(group, rows, vectors, a, stride);                                 \
    store_sums(&sums, rows, vectors, group, out, out_stride);                                      \
  }

INLINE void store_sums(const tile *sums, const size_t rows, const size_t vectors,
                       const panel_group *group, int32_t *out, size_t out_stride) {
#pragma unroll
  for (size_t r = 0; r < rows; r++) {
#pragma unroll
    for (size_t v = 0; v < vectors; v++) {
      _mm512_mask_storeu_epi32(out + r * out_stride + 16 * v, group->lanes[v], sums->at[r][v]);
    }
  }
}

EACH_HEIGHT(SUMS, 1)
EACH_HEIGHT(SUMS, 2)

typedef void sum_kernel(const panel_group *group, const uint8_t *a, size_t stride, int32_t *out,
                        size_t out_stride);
static sum_kernel *const sum_kernels[most_vectors][most_rows] = {NAMES(sums, 1), NAMES(sums, 2)};

void kern_gemm_u8s8_s32__avx512vnni(const kern_gemm_u8s8_panels *panels,
                                    const kern_gemm_u8_rows *rows, const int32_t *initial,
                                    int32_t *out, size_t out_stride, size_t first_panel,
                                    size_t end_panel) {
  const size_t tiles = tile_count(rows->rows);
  for (size_t p = first_panel; p < end_panel;) {
    const panel_group group = group_at(panels, p, end_panel, initial);
    for (size_t i = 0; i < tiles; i++) {
      const size_t row = tile_start(rows->rows, tiles, i);
      const size_t height = tile_start(rows->rows, tiles, i + 1) - row;
      sum_kernels[group.vectors - 1][height - 1](&group, rows->data + row * rows->stride,
                                                 rows->stride, out + row * out_stride + p * 16,
                                                 out_stride);
    }
    p += group.vectors;
  }
}

#pragma clang attribute pop
#endif
