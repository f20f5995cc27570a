// Two rounds at a time. Letters name the words of the state in the lanes of a register, the lowest
// first; the instructions keep them as f e b a and h g d c.
#include "kernels_digest.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#include <stdbool.h>
#pragma clang attribute push(__attribute__((target("sha,sse4.1,ssse3"))), apply_to = function)

#define INLINE static inline __attribute__((always_inline))

// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

INLINE __m128i words_at(const void *address) { return _mm_loadu_si128((const __m128i *)address); }

// The four words of the schedule behind those of `words`, of which word[0] is the oldest.
INLINE __m128i next_words(const __m128i words[4]) {
  __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(words[0], words[1]),
                              _mm_alignr_epi8(words[3], words[2], 4));
  return _mm_sha256msg2_epu32(sum, words[3]);
}

static void mix(const uint8_t *blocks, size_t count, uint32_t *state) {
  const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  __m128i low = _mm_shuffle_epi32(words_at(state), 0xb1);      // b a d c
  __m128i high = _mm_shuffle_epi32(words_at(state + 4), 0x1b); // h g f e
  __m128i abef = _mm_alignr_epi8(low, high, 8);
  __m128i cdgh = _mm_blend_epi16(high, low, 0xf0);
  for (; count > 0; count--, blocks += 64) {
    const __m128i abef_before = abef, cdgh_before = cdgh;
    __m128i words[4];
    for (int i = 0; i < 4; i++) {
      words[i] = _mm_shuffle_epi8(words_at(blocks + 16 * i), big_endian);
    }
#pragma clang loop unroll(full)
    for (int four = 0; four < 16; four++) {
      __m128i keys = _mm_add_epi32(words[0], words_at(round_constants + 4 * four));
      __m128i next = four < 12 ? next_words(words) : words[0];
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, keys);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(keys, 0x0e));
      words[0] = words[1];
      words[1] = words[2];
      words[2] = words[3];
      words[3] = next;
    }
    abef = _mm_add_epi32(abef, abef_before);
    cdgh = _mm_add_epi32(cdgh, cdgh_before);
  }
  low = _mm_shuffle_epi32(abef, 0x1b);  // a b e f
  high = _mm_shuffle_epi32(cdgh, 0xb1); // g h c d
  _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(low, high, 0xf0));
  _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(high, low, 8));
}

#pragma clang attribute pop

static bool has_instructions(void) {
  unsigned eax, ebx, ecx, edx;
  return __builtin_cpu_supports("ssse3") && __builtin_cpu_supports("sse4.1") &&
         __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (ebx >> 29 & 1) != 0;
}
#endif

kern_mix_sha256_fn *_Nullable kern_mix_sha256(void) {
#if defined(__x86_64__)
  return has_instructions() ? mix : NULL;
#else
  return NULL;
#endif
}
