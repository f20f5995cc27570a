#define _GNU_SOURCE
#include "kernels_processors.h"
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

size_t kern_allowed_processors(void) {
#if defined(__linux__)
  // The mask of a large machine does not fit a cpu_set_t; the call says so.
  for (int processors = 1024; processors <= 1 << 20; processors *= 4) {
    cpu_set_t *mask = CPU_ALLOC((size_t)processors);
    if (mask == NULL) {
      break;
    }
    const size_t size = CPU_ALLOC_SIZE((size_t)processors);
    const int status = sched_getaffinity(0, size, mask);
    const int count = status == 0 ? CPU_COUNT_S(size, mask) : 0;
    CPU_FREE(mask);
    if (count > 0) {
      return (size_t)count;
    }
    if (status != 0 && errno != EINVAL) {
      break;
    }
  }
#endif
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (size_t)online : 1;
}

size_t kern_cache_bytes(int level) {
  long size = 0;
#if defined(_SC_LEVEL2_CACHE_SIZE)
  size = sysconf(level == 1   ? _SC_LEVEL1_DCACHE_SIZE
                 : level == 2 ? _SC_LEVEL2_CACHE_SIZE
                              : _SC_LEVEL3_CACHE_SIZE);
#else
  (void)level;
#endif
  return size > 0 ? (size_t)size : 0;
}
