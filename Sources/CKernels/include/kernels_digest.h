// SHA-256 with the instructions that some processors have for it.
#pragma once
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// Mixes `count` blocks of 64 bytes into the eight words of a state (FIPS 180-4, section 6.2.2).
typedef void kern_mix_sha256_fn(const uint8_t *blocks, size_t count, uint32_t *state);

// Null on a processor without these instructions.
kern_mix_sha256_fn *_Nullable kern_mix_sha256(void);

#pragma clang assume_nonnull end
