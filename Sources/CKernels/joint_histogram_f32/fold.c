// Takes keys apart. The second histogram's bins begin at values that are exact in float, so the
// first one's bin at each of them tells which keys belong to it.
#include "joint_histogram_f32.h"

#define INLINE static inline __attribute__((always_inline))

// Where keys of each bin of the second histogram begin, counted away from zero, and behind them
// where the last ends. On the negative side keys fall, so their sign is turned.
typedef struct {
  int key[kern_joint_bins + 1];
  size_t bins;
} borders;

INLINE float least(float a, float b) { return a < b ? a : b; }
INLINE float most(float a, float b) { return a > b ? a : b; }

INLINE void find_borders(const kern_joint_histogram *histogram, float sign, borders *borders) {
  const float width = 1 / histogram->scale, lower = histogram->lower, upper = histogram->upper;
  const float extent = upper - lower, bins = (float)kern_joint_bins;
  const int turn = (int)sign;
  for (int magnitude = 0; magnitude < kern_joint_bins; magnitude++) {
    float edge = most(least(sign * (float)magnitude * width, upper), lower);
    borders->key[magnitude] = turn * (int)((edge - lower) * bins / extent) + magnitude;
  }
  // Bins that begin beyond the range have no keys.
  float end = sign < 0 ? -lower : upper;
  float last = end * histogram->scale;
  borders->bins = last < 0 ? 0 : last < bins - 1 ? (size_t)last + 1 : kern_joint_bins;
  borders->key[borders->bins] = turn * (sign < 0 ? 0 : kern_joint_bins) + (int)borders->bins;
}

// Adds all tables to the first and clears the others.
INLINE void gather(uint32_t *restrict table, size_t tables) {
  for (size_t part = 1; part < 2 * tables; part++) {
    uint32_t *restrict other = table + part * kern_joint_stride;
    for (size_t i = 0; i < kern_joint_stride; i++) {
      table[i] += other[i];
      other[i] = 0;
    }
  }
}

// Moves the counts of one side of zero to both histograms.
INLINE void move(const borders *borders, int turn, uint32_t *counts, uint32_t *range_counts,
                 uint32_t *magnitude_counts) {
  for (int magnitude = 0; magnitude < (int)borders->bins; magnitude++) {
    uint32_t sum = 0;
    for (int key = borders->key[magnitude]; key < borders->key[magnitude + 1]; key++) {
      // The upper end's own bin is the last one's.
      int bin = turn * (key - magnitude);
      range_counts[bin < kern_joint_bins ? bin : kern_joint_bins - 1] += counts[turn * key];
      sum += counts[turn * key];
      counts[turn * key] = 0;
    }
    magnitude_counts[magnitude] += sum;
  }
}

INLINE void fold(const kern_joint_histogram *histogram, uint32_t *table, size_t tables,
                 uint32_t *range_counts, uint32_t *magnitude_counts) {
  gather(table, tables);
  uint32_t *counts = table + kern_joint_offset;
  borders borders;
  find_borders(histogram, 1, &borders);
  move(&borders, 1, counts, range_counts, magnitude_counts);
  // A key that both sides have in common is empty by now.
  if (histogram->lower < 0) {
    find_borders(histogram, -1, &borders);
    move(&borders, -1, counts, range_counts, magnitude_counts);
  }
}

void kern_fold_joint_f32__scalar(const kern_joint_histogram *histogram, uint32_t *table,
                                 size_t tables, uint32_t *range_counts,
                                 uint32_t *magnitude_counts) {
  fold(histogram, table, tables, range_counts, magnitude_counts);
}

#if defined(__x86_64__)
// The same, with borders found eight at a time by the compiler.
__attribute__((target("avx2"))) void
kern_fold_joint_f32__avx2(const kern_joint_histogram *histogram, uint32_t *table, size_t tables,
                          uint32_t *range_counts, uint32_t *magnitude_counts) {
  fold(histogram, table, tables, range_counts, magnitude_counts);
}
#endif
