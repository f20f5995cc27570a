// Products and convolutions of floats: sums are added in other orders and fused, so that results
// agree within 2e-5 of the larger of 1 and themselves.
#include "cases.h"
#include <math.h>
#include <string.h>

enum { INPUT, WEIGHTS, BIAS, ADDEND, POINTERS, PLACES, EXPECTED, ACTUAL };

static const float tolerance = 2e-5f;

static void some_bounds(float *low, float *high) {
  const bool is_bounded = random_chance(40);
  *low = is_bounded ? -0.5f : -INFINITY;
  *high = is_bounded ? 1.5f : INFINITY;
}

static void check_igemm(size_t rows, size_t columns, size_t width) {
  guarded_start();
  const size_t taps = (size_t)random_between(1, 3);
  const size_t channels = (size_t)ONE_OF(1, 2, 3, 4, 5, 7, 8, 12, 33);
  const size_t stride = columns + (size_t)random_between(0, 3);
  kern_igemm_f32_block b = {.row_stride = rows, .taps = taps, .channels = channels};
  // Each row of each tap stands on its own.
  float *const input = GUARDED(float, INPUT, taps *rows *channels);
  fill_reals(input, taps * rows * channels, -1, 1);
  const float **const pointers = GUARDED(const float *, POINTERS, taps *rows);
  for (size_t i = 0; i < taps * rows; i++)
    pointers[i] = input + (taps * rows - 1 - i) * channels;
  float *const panel = GUARDED(float, WEIGHTS, taps *channels *width);
  float *const bias = GUARDED(float, BIAS, width);
  const size_t count = rows == 0 ? 0 : (rows - 1) * stride + columns;
  float *const addend = GUARDED(float, ADDEND, count);
  float *const expected = GUARDED(float, EXPECTED, count);
  float *const actual = GUARDED(float, ACTUAL, count);
  fill_reals(panel, taps * channels * width, -1, 1);
  fill_reals(bias, width, -1, 1);
  fill_reals(addend, count, -1, 1);
  b.rows = pointers;
  b.panel = panel;
  b.columns = columns;
  b.bias = bias;
  b.addend = random_chance(50) ? addend : NULL;
  b.output_stride = stride;
  b.next = random_chance(50) ? panel : NULL;
  b.hard_swish = random_chance(20);
  some_bounds(&b.low, &b.high);
  describe_case("igemm_f32 %zux%zux%zu of %zu taps, width %zu", rows, columns, channels, taps,
                width);
  b.output = expected;
  kern_f32_table_for(KERN_SCALAR)->igemm(&b, width, rows);
  EACH_SET(set) {
    if (width == 32 && !kern_isa_includes(set, KERN_AVX512))
      continue;
    begin_set(set);
    memset(actual, 0xa5, count * sizeof(float));
    b.output = actual;
    kern_f32_table_for(set)->igemm(&b, width, rows);
    expect_close(expected, actual, count, tolerance, tolerance);
  }
  guarded_check();
}

static void check_depthwise_row(size_t channels, size_t columns) {
  guarded_start();
  kern_depthwise_f32_row r = {.channels = channels};
  r.kernel_rows = (size_t)random_between(1, 3);
  r.kernel_columns = (size_t)ONE_OF(1, 2, 3, 3, 4, 5, 5);
  r.step = (size_t)random_between(1, 3);
  r.dilation = (size_t)ONE_OF(1, 1, 2);
  const size_t width = (columns - 1) * r.step + (r.kernel_columns - 1) * r.dilation + 1;
  r.pixel_stride = width;
  const size_t pixels = r.kernel_rows * width, blocks = (channels + 15) / 16;
  float *const input = GUARDED(float, INPUT, pixels *channels);
  fill_reals(input, pixels * channels, -1, 1);
  const float **const pointers = GUARDED(const float *, POINTERS, pixels);
  for (size_t i = 0; i < pixels; i++)
    pointers[i] = input + i * channels;
  r.pixels = pointers;
  r.weight_stride = r.kernel_rows * r.kernel_columns * 16;
  float *const weights = GUARDED(float, WEIGHTS, blocks *r.weight_stride);
  float *const bias = GUARDED(float, BIAS, blocks * 16);
  fill_reals(weights, blocks * r.weight_stride, -1, 1);
  fill_reals(bias, blocks * 16, -1, 1);
  r.weights = weights;
  r.bias = bias;
  const size_t count = columns * channels;
  float *const addend = GUARDED(float, ADDEND, count);
  float *const expected = GUARDED(float, EXPECTED, count);
  float *const actual = GUARDED(float, ACTUAL, count);
  fill_reals(addend, count, -1, 1);
  r.addend = random_chance(50) ? addend : NULL;
  r.hard_swish = random_chance(20);
  some_bounds(&r.low, &r.high);
  describe_case("depthwise_f32 of %zu channels and %zu columns, window %zux%zu, step %zu", channels,
                columns, r.kernel_rows, r.kernel_columns, r.step);
  r.output = expected;
  kern_f32_table_for(KERN_SCALAR)->depthwise(&r, columns);
  EACH_SET(set) {
    begin_set(set);
    r.output = actual;
    kern_f32_table_for(set)->depthwise(&r, columns);
    expect_close(expected, actual, count, tolerance, tolerance);
  }
  guarded_check();
}

static void check_winograd(size_t channels) {
  guarded_start();
  const size_t tiles = (size_t)random_between(1, 4);
  float *const input = GUARDED(float, INPUT, 16 * tiles * channels);
  fill_reals(input, 16 * tiles * channels, -1, 1);
  const float **const pointers = GUARDED(const float *, POINTERS, 16 * tiles);
  for (size_t i = 0; i < 16 * tiles; i++)
    pointers[i] = input + i * channels;
  const size_t stride = tiles * channels + (size_t)random_between(0, 5);
  const size_t numbers = 15 * stride + tiles * channels;
  float *const expected = GUARDED(float, EXPECTED, numbers);
  float *const actual = GUARDED(float, ACTUAL, numbers);
  describe_case("winograd_input_f32 of %zu tiles of %zu channels", tiles, channels);
  memset(expected, 0, numbers * sizeof(float));
  kern_winograd_table_for(KERN_SCALAR)->input(pointers, tiles, channels, expected, stride);
  EACH_SET(set) {
    begin_set(set);
    memset(actual, 0, numbers * sizeof(float));
    kern_winograd_table_for(set)->input(pointers, tiles, channels, actual, stride);
    expect_close(expected, actual, numbers, tolerance, tolerance);
  }
  // Results of a tile go to four pixels of an image, or outside of it.
  size_t *const places = GUARDED(size_t, PLACES, 4 * tiles);
  for (size_t i = 0; i < 4 * tiles; i++)
    places[i] = random_chance(20) ? KERN_WINOGRAD_OUTSIDE : i * channels;
  float *const bias = GUARDED(float, BIAS, channels);
  fill_reals(bias, channels, -1, 1);
  float *const addend = GUARDED(float, ADDEND, numbers);
  fill_reals(addend, numbers, -1, 1);
  kern_winograd_results results = {.products = input, .tiles = tiles, .width = channels};
  results.stride = tiles * channels;
  results.columns = channels;
  results.bias = bias;
  results.places = places;
  results.addend = random_chance(50) ? addend : NULL;
  some_bounds(&results.low, &results.high);
  describe_case("winograd_output_f32 of %zu tiles of %zu channels", tiles, channels);
  memset(expected, 0xa5, numbers * sizeof(float));
  results.output = expected;
  kern_winograd_table_for(KERN_SCALAR)->output(&results);
  EACH_SET(set) {
    begin_set(set);
    memset(actual, 0xa5, numbers * sizeof(float));
    results.output = actual;
    kern_winograd_table_for(set)->output(&results);
    expect_close(expected, actual, numbers, tolerance, tolerance);
  }
  guarded_check();
}

void check_float_products(void) {
  for (size_t rows = 0; rows <= 17; rows++) {
    for (size_t columns = 1; columns <= 32; columns++) {
      if (columns <= 8)
        check_igemm(rows, columns, 8);
      if (columns <= 16)
        check_igemm(rows, columns, 16);
      check_igemm(rows, columns, 32);
    }
  }
  const size_t channels[] = {1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 20, 31, 32, 33};
  for (size_t i = 0; i < sizeof channels / sizeof channels[0]; i++) {
    for (size_t columns = 1; columns <= 16; columns++) {
      check_depthwise_row(channels[i], columns);
      check_winograd(channels[i]);
    }
  }
}
