// Eight results to codes, for the sets that have vectors of 256 bits. Include inside functions'
// target pragma, behind WINOGRAD_OUTPUT(8).
#include "../requantize_avx2.h"

INLINE void store_codes_8(const kern_requantization *to, ints8 result, size_t column,
                          uint8_t *out) {
  const kern_rounding_avx2 rounding = kern_rounding_make_avx2(to->low, to->high, to->zero_point);
  const __m256i codes =
      kern_requantized_avx2((__m256i)result, _mm256_loadu_ps(to->multipliers + column), &rounding);
  const __m128i words =
      _mm_packs_epi32(_mm256_castsi256_si128(codes), _mm256_extracti128_si256(codes, 1));
  _mm_storel_epi64((__m128i *)out, _mm_packus_epi16(words, words));
}

WINOGRAD_LINE(codes, 8, const kern_requantization *, uint8_t)
WINOGRAD_FINISH(codes, 8, const kern_requantization *, uint8_t)
WINOGRAD_SUMS(8)
