// What packing asks about weights: how much of one sign comes together in a 16-bit sum.
#pragma once
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// For every pair of weights the sum of its positive ones, then the size of that of its negative
// ones. Returns all of them together.
uint64_t kern_pair_sums(const int8_t *weights, size_t pairs, uint16_t *sums);

// For every quad of a packed panel, [quads][pairs][2], the largest of these sums.
void kern_largest_pair_sums(const int8_t *weights, size_t pairs, size_t quads, uint16_t *largest);

// The first pair from `start` on, an even place, whose weights of one sign sum up to more than
// `limit`; `depth` where there is none. A last weight without a neighbour is a pair with zero.
size_t kern_next_pair_beyond(const int8_t *weights, size_t depth, size_t start, int limit);

#pragma clang assume_nonnull end
