#include "kernels_peak.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f"))), apply_to = function)

uint64_t kern_stream_read__avx512(const void *source, size_t bytes) {
  const __m512i *vectors = source;
  __m512i seen[4] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(),
                     _mm512_setzero_si512()};
  for (size_t i = 0; i < bytes / 64; i += 4)
    for (int j = 0; j < 4; j++)
      seen[j] = _mm512_xor_si512(seen[j], _mm512_load_si512(vectors + i + j));
  const __m512i all =
      _mm512_xor_si512(_mm512_xor_si512(seen[0], seen[1]), _mm512_xor_si512(seen[2], seen[3]));
  uint64_t words[8];
  _mm512_storeu_si512(words, all);
  return words[0] ^ words[1];
}

void kern_stream_write__avx512(void *target, size_t bytes) {
  __m512i *vectors = target;
  const __m512i value = _mm512_set1_epi8(1);
  for (size_t i = 0; i < bytes / 64; i += 4)
    for (int j = 0; j < 4; j++)
      _mm512_store_si512(vectors + i + j, value);
}

void kern_stream_copy__avx512(void *target, const void *source, size_t bytes) {
  __m512i *to = target;
  const __m512i *from = source;
  for (size_t i = 0; i < bytes / 64; i += 4)
    for (int j = 0; j < 4; j++)
      _mm512_store_si512(to + i + j, _mm512_load_si512(from + i + j));
}

#pragma clang attribute pop
#endif
