// Masks of lanes, for the AVX-512 files.
#pragma once
#include <immintrin.h>
#include <stddef.h>

// The first `count` of 16 lanes, or all.
static inline __mmask16 kern_lanes16(size_t count) {
  return (__mmask16)(count < 16 ? (1u << count) - 1 : 0xffff);
}
