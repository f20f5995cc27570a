#include "gemm_u8s8s32.h"

#if defined(__x86_64__)
#include "../requantize_avx512.h"
#include "tile_avx512vnni.h"
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni"))),      \
                             apply_to = function)

typedef struct {
  const float *multipliers; // of the group's first column
  __m512 low, high;
  __m512i zero_point;
  kern_bounded_avx512 bounded;
  size_t stride;
} code_output;

INLINE void store_codes(const tile *sums, const size_t rows, const size_t vectors,
                        const panel_group *group, const code_output *to, uint8_t *out) {
#pragma unroll
  for (size_t v = 0; v < vectors; v++) {
    const __m512 multipliers = _mm512_loadu_ps(to->multipliers + 16 * v);
#pragma unroll
    for (size_t r = 0; r < rows; r++) {
      const __m128i codes =
          kern_codes16_avx512(sums->at[r][v], multipliers, to->low, to->high, to->zero_point);
      _mm_mask_storeu_epi8(out + r * to->stride + 16 * v, group->lanes[v], codes);
    }
  }
}

// Of a bounded requantization, four vectors at a time: those of two rows, or of four.
INLINE void store_bounded_codes(const tile *sums, const size_t rows, const size_t vectors,
                                const panel_group *group, const code_output *to, uint8_t *out) {
  const __m512 first = _mm512_loadu_ps(to->multipliers);
  if (vectors == 2) {
    const __m512 second = _mm512_loadu_ps(to->multipliers + 16);
    const __mmask32 lanes = (__mmask32)group->lanes[1] << 16 | group->lanes[0];
#pragma unroll
    for (size_t r = 0; r < rows; r += 2) {
      const size_t last = r + 1 < rows ? r + 1 : r;
      const __m512i codes = kern_bounded_codes64_avx512(
          kern_rounded_avx512(sums->at[r][0], first), kern_rounded_avx512(sums->at[r][1], second),
          kern_rounded_avx512(sums->at[last][0], first),
          kern_rounded_avx512(sums->at[last][1], second), &to->bounded);
      _mm256_mask_storeu_epi8(out + r * to->stride, lanes, _mm512_castsi512_si256(codes));
      if (last > r) {
        _mm256_mask_storeu_epi8(out + last * to->stride, lanes,
                                _mm512_extracti64x4_epi64(codes, 1));
      }
    }
    return;
  }
#pragma unroll
  for (size_t r = 0; r < rows; r += 4) {
    __m512i four[4];
#pragma unroll
    for (size_t i = 0; i < 4; i++) {
      four[i] = kern_rounded_avx512(sums->at[r + i < rows ? r + i : r][0], first);
    }
    const __m512i codes =
        kern_bounded_codes64_avx512(four[0], four[1], four[2], four[3], &to->bounded);
    kern_store_quarters_avx512(codes, group->lanes[0], rows - r, out + r * to->stride, to->stride);
  }
}

TILE_KERNELS(codes)
TILE_KERNELS(bounded_codes)

void kern_gemm_u8s8_u8__avx512vnni(const kern_gemm_u8s8_panels *panels,
                                   const kern_gemm_u8_rows *rows, const int32_t *initial,
                                   const kern_requantization *requantization, uint8_t *out,
                                   size_t out_stride, size_t first_panel, size_t end_panel) {
  code_output to = {.low = _mm512_set1_ps(requantization->low),
                    .high = _mm512_set1_ps(requantization->high),
                    .zero_point = _mm512_set1_epi32(requantization->zero_point),
                    .bounded = kern_bounded_make_avx512(requantization),
                    .stride = out_stride};
  const row_shape shape = shape_of(rows, panels->quads);
  for (size_t p = first_panel; p < end_panel;) {
    panel_group group = group_at(panels, p, end_panel, initial, first_panel);
    to.multipliers = requantization->multipliers + p * 16;
    multiply_rows(&group, panels->quads, rows, &shape,
                  requantization->is_bounded ? bounded_codes_kernels : codes_kernels, &to,
                  out + p * 16, out_stride);
    p += group.vectors;
  }
}

typedef struct {
  size_t stride;
} sum_output;

INLINE void store_sums(const tile *sums, const size_t rows, const size_t vectors,
                       const panel_group *group, const sum_output *to, int32_t *out) {
#pragma unroll
  for (size_t r = 0; r < rows; r++) {
#pragma unroll
    for (size_t v = 0; v < vectors; v++) {
      _mm512_mask_storeu_epi32(out + r * to->stride + 16 * v, group->lanes[v], sums->at[r][v]);
    }
  }
}

TILE_KERNELS(sums)

void kern_gemm_u8s8_s32__avx512vnni(const kern_gemm_u8s8_panels *panels,
                                    const kern_gemm_u8_rows *rows, const int32_t *initial,
                                    int32_t *out, size_t out_stride, size_t first_panel,
                                    size_t end_panel) {
  const sum_output to = {.stride = out_stride};
  const row_shape shape = shape_of(rows, panels->quads);
  for (size_t p = first_panel; p < end_panel;) {
    panel_group group = group_at(panels, p, end_panel, initial, first_panel);
    multiply_rows(&group, panels->quads, rows, &shape, sums_kernels, &to, out + p * 16,
                  out_stride * sizeof(int32_t));
    p += group.vectors;
  }
}

#pragma clang attribute pop
#endif
