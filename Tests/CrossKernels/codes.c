// What is done to codes one by one: arithmetic, lookups, pools, and what makes and unmakes them.
#include "cases.h"
#include <math.h>
#include <string.h>

enum { FIRST, SECOND, TABLE, EXPECTED, ACTUAL };

static const size_t counts[] = {0,  1,  3,  7,  8,  9,  15, 16,  17,  31,  32,
                                33, 47, 63, 64, 65, 95, 96, 127, 128, 129, 200};
#define EACH_COUNT(count)                                                                          \
  for (size_t count##_at = 0, count;                                                               \
       count##_at < sizeof counts / sizeof counts[0] && (count = counts[count##_at], true);        \
       count##_at++)

static kern_binary_u8 some_binary(void) {
  kern_binary_u8 p = {(int32_t)random_between(0, 255),
                      (int32_t)random_between(0, 255),
                      random_real(0.001f, 2),
                      random_real(0.001f, 2),
                      0,
                      0,
                      (int32_t)random_between(0, 255)};
  if (random_chance(20)) {
    p.left_multiplier = random_real(-900, 900);
    p.zero_point = (int32_t)ONE_OF(-20000, 0, 20000);
  } else if (random_chance(20)) {
    p.left_multiplier = 0.5f;
    p.right_multiplier = 0.25f;
  } else if (random_chance(10)) {
    p.left_multiplier = 1e30f;
  }
  const int32_t low = random_chance(50) ? 0 : (int32_t)random_between(0, 100);
  p.low = (float)(low - p.zero_point);
  p.high = (float)(255 - p.zero_point);
  return p;
}

static void check_binary(size_t count) {
  guarded_start();
  uint8_t *const x = GUARDED(uint8_t, FIRST, count), *const y = GUARDED(uint8_t, SECOND, count);
  uint8_t *const expected = GUARDED(uint8_t, EXPECTED, count);
  uint8_t *const actual = GUARDED(uint8_t, ACTUAL, count);
  fill_bytes(x, count);
  fill_bytes(y, count);
  const kern_binary_u8 p = some_binary();
  const bool multiplies = random_chance(50);
  describe_case("%s of %zu codes", multiplies ? "mul_u8" : "add_u8", count);
  const kern_int8_table *table = kern_int8_table_for(KERN_SCALAR);
  (multiplies ? table->mul_u8 : table->add_u8)(&p, x, y, expected, count);
  digest(expected, count);
  EACH_SET(set) {
    begin_set(set);
    table = kern_int8_table_for(set);
    (multiplies ? table->mul_u8 : table->add_u8)(&p, x, y, actual, count);
    expect_equal(expected, actual, count);
  }
  guarded_check();
}

static void check_lookup(size_t count) {
  guarded_start();
  uint8_t *const table = GUARDED(uint8_t, TABLE, 256), *const in = GUARDED(uint8_t, FIRST, count);
  uint8_t *const expected = GUARDED(uint8_t, EXPECTED, count);
  uint8_t *const actual = GUARDED(uint8_t, ACTUAL, count);
  fill_bytes(table, 256);
  fill_bytes(in, count);
  for (size_t i = 0; i < count && count % 2 == 0; i++)
    in[i] &= 127;
  const uint8_t offset = (uint8_t)random_bits();
  for (int kind = 0; kind < 3; kind++) {
    describe_case("%s of %zu codes",
                  kind == 0   ? "table_u8"
                  : kind == 1 ? "table_u8 in place"
                              : "offset_u8",
                  count);
    const kern_int8_table *kernels = kern_int8_table_for(KERN_SCALAR);
    if (kind < 2) {
      kernels->table_u8(table, in, expected, count);
    } else {
      kernels->offset_u8(in, expected, count, offset);
    }
    digest(expected, count);
    EACH_SET(set) {
      begin_set(set);
      kernels = kern_int8_table_for(set);
      if (kind == 0) {
        kernels->table_u8(table, in, actual, count);
      } else if (kind == 1) {
        memcpy(actual, in, count);
        kernels->table_u8(table, actual, actual, count);
      } else {
        kernels->offset_u8(in, actual, count, offset);
      }
      expect_equal(expected, actual, count);
    }
  }
  describe_case("largest_u8 of %zu codes", count);
  const uint8_t largest = kern_int8_table_for(KERN_SCALAR)->largest_u8(in, count);
  digest(&largest, 1);
  EACH_SET(set) {
    begin_set(set);
    const uint8_t found = kern_int8_table_for(set)->largest_u8(in, count);
    expect_equal(&largest, &found, 1);
  }
  guarded_check();
}

static void check_quantization(size_t count) {
  guarded_start();
  float *const in = GUARDED(float, FIRST, count);
  uint8_t *const expected = GUARDED(uint8_t, EXPECTED, count);
  uint8_t *const actual = GUARDED(uint8_t, ACTUAL, count);
  const float scale = random_chance(30) ? 0.5f : random_real(0.001f, 2);
  const int32_t zero_point = (int32_t)random_between(0, 255);
  const float special[] = {NAN, INFINITY, -INFINITY, 0, -0.0f, 1e-40f, 3e38f, -3e38f};
  for (size_t i = 0; i < count; i++) {
    // Halves of a step are ties.
    in[i] = random_chance(10)   ? special[random_between(0, 7)]
            : random_chance(30) ? ((float)random_between(-300, 300) + 0.5f) * scale
                                : random_real(-300 * scale, 300 * scale);
  }
  describe_case("quantize_f32_u8 of %zu reals", count);
  kern_int8_table_for(KERN_SCALAR)->quantize_f32_u8(in, expected, count, scale, zero_point);
  digest(expected, count);
  EACH_SET(set) {
    begin_set(set);
    kern_int8_table_for(set)->quantize_f32_u8(in, actual, count, scale, zero_point);
    expect_equal(expected, actual, count);
  }
  guarded_check();
}

static void check_dequantization(size_t count) {
  guarded_start();
  uint8_t *const in = GUARDED(uint8_t, FIRST, count);
  float *const expected = GUARDED(float, EXPECTED, count);
  float *const actual = GUARDED(float, ACTUAL, count);
  fill_bytes(in, count);
  const float scale = random_real(0.001f, 2);
  const int32_t zero_point = (int32_t)random_between(0, 255);
  describe_case("dequantize_u8_f32 of %zu codes", count);
  kern_int8_table_for(KERN_SCALAR)->dequantize_u8_f32(in, expected, count, scale, zero_point);
  digest(expected, count * sizeof(float));
  EACH_SET(set) {
    begin_set(set);
    kern_int8_table_for(set)->dequantize_u8_f32(in, actual, count, scale, zero_point);
    expect_equal(expected, actual, count * sizeof(float));
  }
  guarded_check();
}

static void check_requantization(size_t count) {
  guarded_start();
  int32_t *const in = GUARDED(int32_t, FIRST, count);
  uint8_t *const expected = GUARDED(uint8_t, EXPECTED, count);
  uint8_t *const actual = GUARDED(uint8_t, ACTUAL, count);
  const bool is_bounded = random_chance(60);
  const float multiplier =
      is_bounded ? (random_chance(40) ? 0.25f : random_real(1e-5f, 1)) : random_real(-3e6f, 3e6f);
  const int32_t zero_point = (int32_t)random_between(0, 255);
  for (size_t i = 0; i < count; i++)
    in[i] = random_chance(50) ? (int32_t)random_between(-1200, 1200) : (int32_t)random_bits();
  const kern_requantization to = {&multiplier, (float)(0 - zero_point), (float)(255 - zero_point),
                                  zero_point, false};
  describe_case("requantize_s32_u8 of %zu sums", count);
  kern_int8_table_for(KERN_SCALAR)->requantize_s32_u8(in, expected, count, &to);
  digest(expected, count);
  EACH_SET(set) {
    begin_set(set);
    kern_int8_table_for(set)->requantize_s32_u8(in, actual, count, &to);
    expect_equal(expected, actual, count);
  }
  guarded_check();
}

static void check_scaling(size_t columns) {
  guarded_start();
  const size_t rows = (size_t)random_between(0, 4), count = rows * columns;
  int32_t *const sums = GUARDED(int32_t, FIRST, count);
  float *const scales = GUARDED(float, SECOND, columns), *const biases =
                                                             GUARDED(float, TABLE, columns);
  float *const expected = GUARDED(float, EXPECTED, count);
  float *const actual = GUARDED(float, ACTUAL, count);
  fill_bytes(sums, count * sizeof(int32_t));
  fill_reals(scales, columns, 0, 1);
  fill_reals(biases, columns, -1e6f, 1e6f);
  const float factor = random_real(0, 1), *const added = random_chance(70) ? biases : NULL;
  describe_case("scale_s32_f32 of %zux%zu sums", rows, columns);
  kern_int8_table_for(KERN_SCALAR)
      ->scale_s32_f32(sums, expected, rows, columns, factor, scales, added);
  digest(expected, count * sizeof(float));
  EACH_SET(set) {
    begin_set(set);
    memcpy(actual, sums, count * sizeof(float));
    kern_int8_table_for(set)->scale_s32_f32((int32_t *)actual, actual, rows, columns, factor,
                                            scales, added);
    expect_equal(expected, actual, count * sizeof(float));
  }
  guarded_check();
}

static void check_pools(size_t channels) {
  guarded_start();
  kern_windows_u8 w = {.count = (size_t)random_between(0, 4), .channels = channels};
  w.rows = (size_t)random_between(1, 3);
  w.columns = (size_t)random_between(1, 3);
  w.column_stride = channels + (size_t)random_between(0, 2);
  w.row_stride = w.columns * w.column_stride + 1;
  w.step = w.column_stride;
  const size_t last = w.count == 0 ? 0 : (w.count - 1) * w.step;
  const size_t bytes =
      last + (w.rows - 1) * w.row_stride + (w.columns - 1) * w.column_stride + channels;
  uint8_t *const codes = GUARDED(uint8_t, FIRST, bytes);
  fill_bytes(codes, bytes);
  w.first = codes;
  uint8_t *const expected = GUARDED(uint8_t, EXPECTED, w.count * channels);
  uint8_t *const actual = GUARDED(uint8_t, ACTUAL, w.count * channels);
  describe_case("max_windows_u8 of %zu channels", channels);
  kern_int8_table_for(KERN_SCALAR)->max_windows_u8(&w, expected);
  digest(expected, w.count * channels);
  EACH_SET(set) {
    begin_set(set);
    kern_int8_table_for(set)->max_windows_u8(&w, actual);
    expect_equal(expected, actual, w.count * channels);
  }
  guarded_check();
}

static void check_sums(size_t channels) {
  guarded_start();
  const size_t rows = (size_t)ONE_OF(0, 1, 2, 5, 256, 257, 258, 600);
  const size_t stride = channels + (size_t)random_between(0, 3);
  const size_t bytes = rows == 0 ? 0 : (rows - 1) * stride + channels;
  uint8_t *const codes = GUARDED(uint8_t, FIRST, bytes);
  fill_bytes(codes, bytes);
  if (random_chance(50))
    memset(codes, 255, bytes);
  int32_t *const before = GUARDED(int32_t, SECOND, channels);
  int32_t *const expected = GUARDED(int32_t, EXPECTED, channels);
  int32_t *const actual = GUARDED(int32_t, ACTUAL, channels);
  fill_bytes(before, channels * sizeof(int32_t));
  for (size_t c = 0; c < channels; c++)
    before[c] /= 4;
  describe_case("sum_rows_u8 of %zu rows of %zu channels", rows, channels);
  memcpy(expected, before, channels * sizeof(int32_t));
  kern_int8_table_for(KERN_SCALAR)->sum_rows_u8(codes, rows, stride, channels, expected);
  digest(expected, channels * sizeof(int32_t));
  EACH_SET(set) {
    begin_set(set);
    memcpy(actual, before, channels * sizeof(int32_t));
    kern_int8_table_for(set)->sum_rows_u8(codes, rows, stride, channels, actual);
    expect_equal(expected, actual, channels * sizeof(int32_t));
  }
  guarded_check();
}

static void check_transpose(size_t columns) {
  guarded_start();
  const size_t rows = (size_t)ONE_OF(1, 2, 3, 3, 15, 16, 17, 33), count = rows * columns;
  uint8_t *const in = GUARDED(uint8_t, FIRST, count);
  uint8_t *const expected = GUARDED(uint8_t, EXPECTED, count);
  uint8_t *const actual = GUARDED(uint8_t, ACTUAL, count);
  fill_bytes(in, count);
  describe_case("transpose_u8 of %zux%zu", rows, columns);
  kern_int8_table_for(KERN_SCALAR)->transpose_u8(in, rows, columns, expected);
  digest(expected, count);
  EACH_SET(set) {
    begin_set(set);
    kern_int8_table_for(set)->transpose_u8(in, rows, columns, actual);
    expect_equal(expected, actual, count);
  }
  guarded_check();
}

void check_codes(void) {
  for (int round = 0; round < 12; round++) {
    EACH_COUNT(count) {
      check_binary(count);
      check_lookup(count);
      check_quantization(count);
      check_dequantization(count);
      check_requantization(count);
      check_scaling(count);
      check_pools(count);
      check_sums(count);
      check_transpose(count);
    }
  }
}
