#include "kernels_pair_sums.h"

#define INLINE static inline __attribute__((always_inline))

enum { most_pairs = 32 };

INLINE int16_t larger(int16_t a, int16_t b) { return a > b ? a : b; }

INLINE int16_t above(int8_t weight) { return weight > 0 ? weight : 0; }

INLINE int16_t below(int8_t weight) { return weight < 0 ? (int16_t)-weight : 0; }

uint64_t kern_pair_sums(const int8_t *weights, size_t pairs, uint16_t *sums) {
  uint64_t all = 0;
  for (size_t pair = 0; pair < pairs; pair++) {
    int8_t a = weights[2 * pair], b = weights[2 * pair + 1];
    uint16_t positive = (uint16_t)(above(a) + above(b)), negative = (uint16_t)(below(a) + below(b));
    sums[2 * pair] = positive;
    sums[2 * pair + 1] = negative;
    all += positive + negative;
  }
  return all;
}

INLINE int16_t largest_sum(const int8_t *weights, size_t pairs) {
  int16_t most = 0;
  for (size_t pair = 0; pair < pairs; pair++) {
    int8_t a = weights[2 * pair], b = weights[2 * pair + 1];
    int16_t positive = above(a) + above(b), negative = below(a) + below(b);
    most = larger(most, larger(positive, negative));
  }
  return most;
}

void kern_largest_pair_sums(const int8_t *weights, size_t pairs, size_t quads, uint16_t *largest) {
  for (size_t quad = 0; quad < quads; quad++) {
    largest[quad] = (uint16_t)largest_sum(weights + quad * 2 * pairs, pairs);
  }
}

size_t kern_next_pair_beyond(const int8_t *weights, size_t depth, size_t start, int limit) {
  size_t place = start;
  // Many pairs at once while none is beyond.
  while (place + 2 * most_pairs <= depth && largest_sum(weights + place, most_pairs) <= limit) {
    place += 2 * most_pairs;
  }
  for (; place < depth; place += 2) {
    int8_t a = weights[place], b = place + 1 < depth ? weights[place + 1] : 0;
    if (above(a) + above(b) > limit || below(a) + below(b) > limit) {
      return place;
    }
  }
  return depth;
}
