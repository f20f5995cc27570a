// Counts what chosen threads allocate, by standing before the C library's allocator.
#pragma once
#include <stddef.h>

// Starts at zero and counts for this thread until `allocations_stop`.
void allocations_start(void);

// How many pieces of memory this thread asked for since `allocations_start`.
size_t allocations_stop(void);
