// What one core can do at most: independent multiply-accumulates from registers.
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

typedef struct {
  kern_peak_f32_fn *f32;
  kern_peak_u8s8_fn *u8s8;
} kern_peak_table;

// NULL when this processor cannot run `isa`.
const kern_peak_table *_Nullable kern_peak_table_for(kern_isa isa);

kern_peak_f32_fn kern_peak_f32__scalar, kern_peak_f32__avx2, kern_peak_f32__avx512;
kern_peak_u8s8_fn kern_peak_u8s8__scalar, kern_peak_u8s8__avx2, kern_peak_u8s8__avx512vnni;

#pragma clang assume_nonnull end
