// What the system lets this process use, and how large its caches are.
#pragma once
#include <stddef.h>

// Processors that the affinity mask of this process allows; 1 where the system does not tell.
size_t kern_allowed_processors(void);

// Bytes of the cache of that level, for data; 0 where the system does not tell.
size_t kern_cache_bytes(int level);
