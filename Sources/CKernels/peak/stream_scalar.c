#include "kernels_peak.h"
#include <string.h>

uint64_t kern_stream_read__scalar(const void *source, size_t bytes) {
  const uint64_t *words = source;
  uint64_t seen[4] = {0};
  for (size_t i = 0; i < bytes / 8; i += 4)
    for (int j = 0; j < 4; j++)
      seen[j] ^= words[i + (size_t)j];
  return seen[0] ^ seen[1] ^ seen[2] ^ seen[3];
}

void kern_stream_write__scalar(void *target, size_t bytes) { memset(target, 1, bytes); }

void kern_stream_copy__scalar(void *target, const void *source, size_t bytes) {
  memcpy(target, source, bytes);
}
