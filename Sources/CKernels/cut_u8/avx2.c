// 32 codes at a time; those outside are few, and are written one by one.
#include "cut_u8.h"

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma,popcnt"))), apply_to = function)

#define INLINE static inline __attribute__((always_inline))

INLINE __m256i load(const uint8_t *codes) { return _mm256_loadu_si256((const __m256i *)codes); }

// A bit for each code outside of base...base + 127.
INLINE uint32_t outside(__m256i codes, __m256i base) {
  return (uint32_t)_mm256_movemask_epi8(_mm256_sub_epi8(codes, base));
}

bool kern_cut_u8__avx2(uint8_t *codes, size_t count, size_t most, kern_cut_codes *to) {
  const __m256i middle = _mm256_set1_epi8(kern_middle_base);
  size_t from_zero = 0, from_middle = 0;
  for (size_t i = 0; i < count; i += 32) {
    const __m256i x = load(codes + i);
    from_zero += (size_t)_mm_popcnt_u32((uint32_t)_mm256_movemask_epi8(x));
    from_middle += (size_t)_mm_popcnt_u32(outside(x, middle));
  }
  if ((from_zero < from_middle ? from_zero : from_middle) > most) {
    return false;
  }
  to->codes = codes;
  to->base = from_middle < from_zero ? kern_middle_base : 0;
  const __m256i base = _mm256_set1_epi8((char)to->base), largest = _mm256_set1_epi8(127);
  uint32_t found = 0;
  for (size_t i = 0; i < count; i += 32) {
    const __m256i x = load(codes + i);
    to->starts[i / 32] = found;
    for (uint32_t bits = outside(x, base); bits != 0; bits &= bits - 1) {
      const size_t place = i + (size_t)__builtin_ctz(bits);
      const int32_t above = codes[place] - to->base;
      to->rests[found++] = (kern_code_rest){(uint32_t)place, above < 0 ? above : above - 127};
    }
    const __m256i small = _mm256_min_epu8(_mm256_subs_epu8(x, base), largest);
    _mm256_storeu_si256((__m256i *)(codes + i), small);
  }
  to->starts[count / 32] = found;
  return true;
}

#pragma clang attribute pop
#endif
