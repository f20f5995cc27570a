#include "kernels_pair_sums.h"

#define INLINE static inline __attribute__((always_inline))

enum { most_pairs = 32 };

INLINE int16_t larger(int16_t a, int16_t b) { return a > b ? a : b; }

INLINE int16_t above(int8_t weight) { return weight > 0 ? weight : 0; }

INLINE int16_t below(int8_t weight) { return weight < 0 ? (int16_t)-weight : 0; }

// The larger sum of one sign at each place, over one or two quads.
INLINE int16_t largest_of_step(const int8_t *weights, const int8_t *second, size_t pairs) {
  int16_t most = 0;
  for (size_t pair = 0; pair < pairs; pair++) {
    int8_t a = weights[2 * pair], b = weights[2 * pair + 1];
    int16_t positive = above(a) + above(b), negative = below(a) + below(b);
    if (second) {
      int8_t c = second[2 * pair], d = second[2 * pair + 1];
      positive += above(c) + above(d);
      negative += below(c) + below(d);
    }
    most = larger(most, larger(positive, negative));
  }
  return most;
}

void kern_largest_pair_sums(const int8_t *weights, size_t pairs, size_t quads, size_t step,
                            uint16_t *largest) {
  for (size_t quad = 0; quad < quads; quad += step) {
    const int8_t *first = weights + quad * 2 * pairs;
    if (step == 2 && quad + 1 < quads) {
      *largest++ = (uint16_t)largest_of_step(first, first + 2 * pairs, pairs);
    } else {
      *largest++ = (uint16_t)largest_of_step(first, NULL, pairs);
    }
  }
}

size_t kern_next_pair_beyond(const int8_t *weights, size_t depth, size_t start, int limit) {
  size_t place = start;
  // Many pairs at once while none is beyond.
  while (place + 2 * most_pairs <= depth &&
         largest_of_step(weights + place, NULL, most_pairs) <= limit) {
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
