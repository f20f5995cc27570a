// What is seen of reals: all sets agree bit for bit.
#include "cases.h"
#include "kernels_channel_summary.h"
#include <math.h>
#include <string.h>

enum { VALUES, OTHERS, LOW, HIGH, ACTUAL_LOW, ACTUAL_HIGH, COUNTS, ACTUAL_COUNTS, SCRATCH };

static void fill_values(float *values, size_t count) {
  const float special[] = {NAN, INFINITY, -INFINITY, 0, -0.0f, 1e-40f, 3e38f};
  const bool is_plain = random_chance(60);
  for (size_t i = 0; i < count; i++)
    values[i] =
        !is_plain && random_chance(10) ? special[random_between(0, 6)] : random_real(-50, 50);
  if (random_chance(10)) {
    for (size_t i = 0; i < count; i++)
      values[i] = -0.0f;
  }
}

static const kern_extent nothing_seen = {INFINITY, -INFINITY, 0, 0, 0};

static void check_extent(size_t count) {
  guarded_start();
  float *const values = GUARDED(float, VALUES, count);
  fill_values(values, count);
  describe_case("extent_f32 of %zu values", count);
  kern_extent expected = nothing_seen;
  kern_observe_table_for(KERN_SCALAR)->extent_f32(values, count, &expected);
  digest(&expected, sizeof expected);
  EACH_SET(set) {
    begin_set(set);
    kern_extent actual = nothing_seen;
    kern_observe_table_for(set)->extent_f32(values, count, &actual);
    expect_equal(&expected, &actual, sizeof actual);
  }
  guarded_check();
}

static void check_channels(size_t channels) {
  guarded_start();
  kern_channel_values v = {.channels = channels};
  v.outer = (size_t)ONE_OF(0, 1, 2, 3, 65, 130);
  v.inner = (size_t)ONE_OF(1, 1, 1, 4, 7, 19);
  v.outer_stride = channels * v.inner + (size_t)random_between(0, 2);
  const size_t count = v.outer == 0 ? 0 : (v.outer - 1) * v.outer_stride + channels * v.inner;
  float *const values = GUARDED(float, VALUES, count);
  fill_values(values, count);
  v.values = values;
  float *const ends[4] = {GUARDED(float, LOW, channels), GUARDED(float, HIGH, channels),
                          GUARDED(float, ACTUAL_LOW, channels),
                          GUARDED(float, ACTUAL_HIGH, channels)};
  for (size_t c = 0; c < channels; c++) {
    ends[0][c] = INFINITY;
    ends[1][c] = -INFINITY;
  }
  describe_case("channel_extents_f32 of %zux%zux%zu values", v.outer, channels, v.inner);
  const size_t bytes = channels * sizeof(float);
  kern_extent expected = nothing_seen;
  kern_observe_table_for(KERN_SCALAR)->channel_extents_f32(&v, ends[0], ends[1], &expected);
  digest(&expected, sizeof expected);
  digest(ends[0], bytes);
  digest(ends[1], bytes);
  EACH_SET(set) {
    begin_set(set);
    for (size_t c = 0; c < channels; c++) {
      ends[2][c] = INFINITY;
      ends[3][c] = -INFINITY;
    }
    kern_extent actual = nothing_seen;
    kern_observe_table_for(set)->channel_extents_f32(&v, ends[2], ends[3], &actual);
    expect_equal(&expected, &actual, sizeof actual);
    expect_equal(ends[0], ends[2], bytes);
    expect_equal(ends[1], ends[3], bytes);
  }
  guarded_check();
}

static void check_histograms(size_t count) {
  guarded_start();
  float *const values = GUARDED(float, VALUES, count);
  fill_values(values, count);
  const size_t bins = (size_t)ONE_OF(2, 128, 2048), bytes = bins * sizeof(uint64_t);
  uint64_t *const expected = GUARDED(uint64_t, COUNTS, 2 * bins);
  uint64_t *const actual = GUARDED(uint64_t, ACTUAL_COUNTS, 2 * bins);
  uint32_t *const scratch = GUARDED(uint32_t, SCRATCH, 8 * (bins + 8));
  memset(scratch, 0, 8 * (bins + 8) * sizeof(uint32_t));
  memset(expected, 0, 2 * bytes);
  const float end = random_real(1, 60);
  kern_range_histogram range = {bins, -end, end, expected};
  kern_magnitude_histogram magnitude = {bins, (float)bins / 50, expected + bins};
  describe_case("histograms_f32 of %zu values in %zu bins", count, bins);
  kern_observe_table_for(KERN_SCALAR)->histograms_f32(values, count, &range, &magnitude, scratch);
  digest(expected, 2 * bytes);
  EACH_SET(set) {
    begin_set(set);
    memset(actual, 0, 2 * bytes);
    range.counts = actual;
    magnitude.counts = actual + bins;
    kern_observe_table_for(set)->histograms_f32(values, count, &range, &magnitude, scratch);
    expect_equal(expected, actual, 2 * bytes);
  }
  guarded_check();
}

static void check_errors_and_moments(size_t count) {
  guarded_start();
  float *const values = GUARDED(float, VALUES, count), *const others =
                                                           GUARDED(float, OTHERS, count);
  fill_values(values, count);
  fill_reals(others, count, -50, 50);
  describe_case("error_sums_f32 of %zu values", count);
  kern_error_sums expected, actual;
  kern_observe_table_for(KERN_SCALAR)->error_sums_f32(others, others, count, &expected);
  kern_observe_table_for(KERN_SCALAR)->error_sums_f32(others, values, count, &expected);
  // The bits of a sum that is no number are not the same on every machine.
  bool has_nan = expected.error_squares != expected.error_squares;
  for (size_t i = 0; i < count; i++)
    has_nan = has_nan || !(fabsf(values[i]) <= 3e37f);
  if (!has_nan)
    digest(&expected, sizeof expected);
  EACH_SET(set) {
    begin_set(set);
    kern_observe_table_for(set)->error_sums_f32(others, values, count, &actual);
    if (!has_nan)
      expect_equal(&expected, &actual, sizeof actual);
  }
  describe_case("moments_f32 of %zu values", count);
  kern_moments wanted, found;
  kern_moments_f32_for(KERN_SCALAR)(values, count, &wanted);
  digest(&wanted, sizeof wanted);
  EACH_SET(set) {
    begin_set(set);
    kern_moments_f32_for(set)(values, count, &found);
    expect_equal(&wanted, &found, sizeof found);
  }
  guarded_check();
}

static void check_summary(size_t blocks) {
  guarded_start();
  const size_t channels = 8 * (blocks % 5 + 1), rows = (size_t)random_between(0, 40);
  float *const values = GUARDED(float, VALUES, rows *channels);
  fill_values(values, rows * channels);
  const kern_channel_rows from = {values, rows, channels};
  float *const ends[4] = {GUARDED(float, LOW, channels), GUARDED(float, HIGH, channels),
                          GUARDED(float, ACTUAL_LOW, channels),
                          GUARDED(float, ACTUAL_HIGH, channels)};
  kern_moments moments[2];
  size_t strange[2];
  const size_t bytes = channels * sizeof(float);
  describe_case("channel_summary_f32 of %zux%zu values", rows, channels);
  for (size_t c = 0; c < channels; c++) {
    ends[0][c] = INFINITY;
    ends[1][c] = -INFINITY;
  }
  strange[0] = kern_channel_summary_f32_for(KERN_SCALAR)(&from, ends[0], ends[1], &moments[0]);
  digest(&moments[0], sizeof moments[0]);
  digest(ends[0], bytes);
  EACH_SET(set) {
    begin_set(set);
    for (size_t c = 0; c < channels; c++) {
      ends[2][c] = INFINITY;
      ends[3][c] = -INFINITY;
    }
    strange[1] = kern_channel_summary_f32_for(set)(&from, ends[2], ends[3], &moments[1]);
    expect_equal(&strange[0], &strange[1], sizeof strange[0]);
    expect_equal(&moments[0], &moments[1], sizeof moments[0]);
    expect_equal(ends[0], ends[2], bytes);
    expect_equal(ends[1], ends[3], bytes);
  }
  guarded_check();
}

void check_observers(void) {
  const size_t counts[] = {0, 1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 65, 130, 1025, 3000};
  for (int round = 0; round < 6; round++) {
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
      check_extent(counts[i]);
      check_histograms(counts[i]);
      check_errors_and_moments(counts[i]);
      if (counts[i] > 0 && counts[i] <= 130)
        check_channels(counts[i]);
      check_summary(i);
    }
  }
}
