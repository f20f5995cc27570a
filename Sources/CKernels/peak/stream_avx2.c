#include "kernels_peak.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)

uint64_t kern_stream_read__avx2(const void *source, size_t bytes) {
  const __m256i *vectors = source;
  __m256i seen[4] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(),
                     _mm256_setzero_si256()};
  for (size_t i = 0; i < bytes / 32; i += 4)
    for (int j = 0; j < 4; j++)
      seen[j] = _mm256_xor_si256(seen[j], _mm256_load_si256(vectors + i + j));
  const __m256i all =
      _mm256_xor_si256(_mm256_xor_si256(seen[0], seen[1]), _mm256_xor_si256(seen[2], seen[3]));
  uint64_t words[4];
  _mm256_storeu_si256((__m256i *)words, all);
  return words[0] ^ words[1];
}

void kern_stream_write__avx2(void *target, size_t bytes) {
  __m256i *vectors = target;
  const __m256i value = _mm256_set1_epi8(1);
  for (size_t i = 0; i < bytes / 32; i += 4)
    for (int j = 0; j < 4; j++)
      _mm256_store_si256(vectors + i + j, value);
}

void kern_stream_copy__avx2(void *target, const void *source, size_t bytes) {
  __m256i *to = target;
  const __m256i *from = source;
  for (size_t i = 0; i < bytes / 32; i += 4)
    for (int j = 0; j < 4; j++)
      _mm256_store_si256(to + i + j, _mm256_load_si256(from + i + j));
}

#pragma clang attribute pop
#endif
