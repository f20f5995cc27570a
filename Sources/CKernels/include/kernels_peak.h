// What one core can do at most: independent multiply-accumulates from registers, and bytes that are
// read, written and copied.
#pragma once
#include "kernels_isa.h"
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// Both return something that depends on every product, so that nothing is optimised away.
// `macs` receives how many multiply-accumulates were done.
typedef float kern_peak_f32_fn(size_t rounds, uint64_t *macs);
// u8 x s8 with 32-bit accumulation.
typedef int32_t kern_peak_u8s8_fn(size_t rounds, uint64_t *macs);

// Passes over `bytes`, a multiple of 256, at addresses that are multiples of 64. Returns something
// that depends on every byte read.
typedef uint64_t kern_stream_read_fn(const void *source, size_t bytes);
typedef void kern_stream_write_fn(void *target, size_t bytes);
typedef void kern_stream_copy_fn(void *target, const void *source, size_t bytes);

typedef struct {
  kern_peak_f32_fn *f32;
  kern_peak_u8s8_fn *u8s8;
  // The same with 16-bit sums, which become sums of 32 bits after every eight additions.
  kern_peak_u8s8_fn *u8s8_narrow;
  kern_stream_read_fn *read;
  kern_stream_write_fn *write;
  kern_stream_copy_fn *copy;
} kern_peak_table;

// NULL when this processor cannot run `isa`.
const kern_peak_table *_Nullable kern_peak_table_for(kern_isa isa);

kern_peak_f32_fn kern_peak_f32__scalar, kern_peak_f32__avx2, kern_peak_f32__avx512,
    kern_peak_f32__neon;
kern_peak_u8s8_fn kern_peak_u8s8__scalar, kern_peak_u8s8__avx2, kern_peak_u8s8__avxvnni,
    kern_peak_u8s8__avx512vnni, kern_peak_u8s8__neon, kern_peak_u8s8__neondot;
kern_peak_u8s8_fn kern_peak_u8s8_narrow__scalar, kern_peak_u8s8_narrow__avx2,
    kern_peak_u8s8_narrow__avx512vnni, kern_peak_u8s8_narrow__neon;
kern_stream_read_fn kern_stream_read__scalar, kern_stream_read__avx2, kern_stream_read__avx512;
kern_stream_write_fn kern_stream_write__scalar, kern_stream_write__avx2, kern_stream_write__avx512;
kern_stream_copy_fn kern_stream_copy__scalar, kern_stream_copy__avx2, kern_stream_copy__avx512;

#pragma clang assume_nonnull end
