#include "elementwise_u8.h"

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi"))),      \
                             apply_to = function)

// Two permutations look up 128 entries each by the lower 7 bits; the top bit chooses between them.
void kern_table_u8__avx512vnni(const uint8_t *table, const uint8_t *in, uint8_t *out,
                               size_t count) {
  const __m512i first = _mm512_loadu_si512(table), second = _mm512_loadu_si512(table + 64);
  const __m512i third = _mm512_loadu_si512(table + 128), fourth = _mm512_loadu_si512(table + 192);
  for (size_t i = 0; i < count; i += 64) {
    const size_t rest = count - i;
    const __mmask64 lanes = rest < 64 ? ((__mmask64)1 << rest) - 1 : ~(__mmask64)0;
    const __m512i codes = _mm512_maskz_loadu_epi8(lanes, in + i);
    const __m512i low = _mm512_permutex2var_epi8(first, codes, second);
    const __m512i high = _mm512_permutex2var_epi8(third, codes, fourth);
    const __m512i values = _mm512_mask_blend_epi8(_mm512_movepi8_mask(codes), low, high);
    _mm512_mask_storeu_epi8(out + i, lanes, values);
  }
}

#pragma clang attribute pop
#endif
