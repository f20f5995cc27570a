// What packing asks about weights: how much of one sign comes together in a 16-bit sum.
#pragma once
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// For every `step` quads of a packed panel, [quads][pairs][2], the largest of the sums that the
// kernel makes of them: of the weights of one sign in one pair, over all the quads of the step.
// `step` is 1 or 2; the last step may have one quad less.
void kern_largest_pair_sums(const int8_t *weights, size_t pairs, size_t quads, size_t step,
                            uint16_t *largest);

// The first pair from `start` on, an even place, whose weights of one sign sum up to more than
// `limit`; `depth` where there is none. A last weight without a neighbour is a pair with zero.
size_t kern_next_pair_beyond(const int8_t *weights, size_t depth, size_t start, int limit);

#pragma clang assume_nonnull end
