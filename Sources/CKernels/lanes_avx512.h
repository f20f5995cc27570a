// Masks of lanes, for the AVX-512 files.
#pragma once
#include <immintrin.h>
#include <stddef.h>

// The first `count` of 16 lanes, or all.
static inline __mmask16 kern_lanes16(size_t count) {
  return (__mmask16)(count < 16 ? (1u << count) - 1 : 0xffff);
}

// The first `count` of 64 lanes, or all.
static inline __mmask64 kern_lanes64(size_t count) {
  return count < 64 ? ((__mmask64)1 << count) - 1 : ~(__mmask64)0;
}
