// Functions of floats, within the bounds that the tests of Sources/Kernels have; what moves or
// compares floats is exact.
#include "cases.h"
#include <float.h>
#include <math.h>
#include <string.h>

enum { FIRST, SECOND, THIRD, FOURTH, EXPECTED, ACTUAL };

static double hard_sigmoid(double x, double p, double q) { return fmax(0, fmin(1, p * x + q)); }

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

static double softplus(double x) { return fmax(x, 0) + log1p(exp(-fabs(x))); }

// In double precision; NaN is left out.
static double defined(kern_f32_unary op, double p, double q, double x) {
  switch (op) {
  case KERN_F32_COPY:
    return x;
  case KERN_F32_CLAMP:
    return fmin(fmax(x, p), q);
  case KERN_F32_LEAKY_RELU:
    return x < 0 ? p * x : x;
  case KERN_F32_HARD_SIGMOID:
    return hard_sigmoid(x, p, q);
  case KERN_F32_HARD_SWISH:
    return x * hard_sigmoid(x, 1.0 / 6, 0.5);
  case KERN_F32_HARD_SWISH_AFFINE:
    return p * x * hard_sigmoid(x, 1.0 / 6, 0.5) + q;
  case KERN_F32_SIGMOID:
    return sigmoid(x);
  case KERN_F32_SILU:
    return x * sigmoid(x);
  case KERN_F32_TANH:
    return tanh(x);
  case KERN_F32_GELU:
    return 0.5 * x * (1 + erf(x * 0.70710678118654752));
  case KERN_F32_GELU_TANH:
    return 0.5 * x * (1 + tanh(0.79788456080286536 * (x + 0.044715 * x * x * x)));
  case KERN_F32_ELU:
    return x < 0 ? p * expm1(x) : x;
  case KERN_F32_SOFTPLUS:
    return softplus(x);
  case KERN_F32_MISH:
    return x * tanh(softplus(x));
  case KERN_F32_EXP:
    return exp(x);
  case KERN_F32_LOG:
    return log(x);
  case KERN_F32_SQRT:
    return sqrt(x);
  case KERN_F32_RECIPROCAL:
    return 1 / x;
  case KERN_F32_ERF:
    return erf(x);
  case KERN_F32_NEGATE:
    return -x;
  case KERN_F32_ABSOLUTE:
    return fabs(x);
  case KERN_F32_FLOOR:
    return floor(x);
  case KERN_F32_CEIL:
    return ceil(x);
  case KERN_F32_ROUND:
    return rint(x);
  case KERN_F32_AFFINE:
    return p * x + q;
  case KERN_F32_SQUARE:
    return x * x;
  case KERN_F32_SIGN:
    return x > 0 ? 1 : x < 0 ? -1 : x;
  case KERN_F32_SOFTSIGN:
    return x / (1 + fabs(x));
  case KERN_F32_THRESHOLDED:
    return x > p ? x : 0;
  }
  return x;
}

static float some_argument(void) {
  const int kind = ONE_OF(0, 0, 0, 1, 2);
  if (kind == 0)
    return random_real(-16, 16);
  if (kind == 1)
    return (float)random_between(-40, 40) + (random_chance(50) ? 0.5f : 0);
  return (random_chance(50) ? 1.0f : -1.0f) * powf(10, random_real(-44, 38));
}

// Four units in the last place, or a millionth of the argument where that is smaller than 1.
static void expect_defined(const float *x, const float *y, size_t count, kern_f32_unary op, float p,
                           float q) {
  for (size_t i = 0; i < count; i++) {
    const double wanted = defined(op, p, q, x[i]);
    const float rounded = (float)wanted;
    if (isnan(wanted) ? isnan(y[i]) : rounded == y[i])
      continue;
    const double unit = isinf(rounded)
                            ? FLT_MAX * 1e-7
                            : (double)(nextafterf(fabsf(rounded), INFINITY) - fabsf(rounded));
    const double bound = fmax(4 * unit, 1e-6 * fmin(1, fmax(fabs((double)x[i]), 1e-30)));
    if (!(fabs((double)y[i] - wanted) <= bound))
      fail("f(%.9g) is %.9g, not %.9g", (double)x[i], (double)y[i], wanted);
  }
}

static void check_unary(kern_f32_unary op, size_t count) {
  guarded_start();
  float *const x = GUARDED(float, FIRST, count), *const y = GUARDED(float, ACTUAL, count);
  for (size_t i = 0; i < count; i++)
    x[i] = some_argument();
  const float p = op == KERN_F32_CLAMP ? -0.5f : 0.25f, q = op == KERN_F32_CLAMP ? 0.75f : 0.5f;
  describe_case("unary_f32 %d of %zu values", (int)op, count);
  EACH_SET(set) {
    begin_set(set);
    kern_f32_table_for(set)->unary(op, p, q, x, y, count);
    expect_defined(x, y, count, op, p, q);
    // In place, and NaN stays except where it is compared away.
    memcpy(y, x, count * sizeof(float));
    for (size_t i = 0; i < count; i++)
      y[i] = NAN;
    kern_f32_table_for(set)->unary(op, p, q, y, y, count);
    for (size_t i = 0; i < count; i++) {
      if (!isnan(y[i]))
        fail("NaN became %.9g", (double)y[i]);
    }
  }
  guarded_check();
}

static void check_binary(kern_f32_binary op, size_t count) {
  guarded_start();
  const size_t a_step = (size_t)random_between(0, 1), b_step = (size_t)random_between(0, 1);
  const size_t a_count = a_step ? count : 1, b_count = b_step ? count : 1;
  float *const a = GUARDED(float, FIRST, a_count), *const b = GUARDED(float, SECOND, b_count);
  float *const expected = GUARDED(float, EXPECTED, count);
  float *const actual = GUARDED(float, ACTUAL, count);
  fill_reals(a, a_count, op == KERN_F32_POWER ? 0.1f : -9, 9);
  fill_reals(b, b_count, -3, 3);
  if (random_chance(30))
    a[random_between(0, (int64_t)a_count - 1)] = NAN;
  if (random_chance(30))
    b[random_between(0, (int64_t)b_count - 1)] = NAN;
  describe_case("binary_f32 %d of %zu values, steps %zu and %zu", (int)op, count, a_step, b_step);
  kern_f32_table_for(KERN_SCALAR)->binary(op, a, a_step, b, b_step, expected, count);
  const float bound = op == KERN_F32_POWER ? 1e-5f : 0;
  EACH_SET(set) {
    begin_set(set);
    kern_f32_table_for(set)->binary(op, a, a_step, b, b_step, actual, count);
    expect_close(expected, actual, count, bound, bound);
  }
  guarded_check();
}

static void check_softmax(size_t count) {
  guarded_start();
  const size_t rows = (size_t)random_between(1, 5), stride = count + (size_t)random_between(0, 3);
  const size_t values = (rows - 1) * stride + count;
  float *const x = GUARDED(float, FIRST, values);
  float *const expected = GUARDED(float, EXPECTED, values);
  float *const actual = GUARDED(float, ACTUAL, values);
  fill_reals(x, values, -20, 20);
  if (random_chance(20))
    x[0] = -INFINITY;
  if (random_chance(20))
    x[random_between(0, (int64_t)values - 1)] = NAN;
  const bool is_logarithm = count > 1 && random_chance(40);
  const float factor = random_chance(50) ? 1 : 0.125f;
  describe_case("softmax_f32 of %zu x %zu values", rows, count);
  memcpy(expected, x, values * sizeof(float));
  kern_softmax_f32_rows of = {expected, expected, stride, rows, count, factor};
  kern_f32_table_for(KERN_SCALAR)->softmax(&of, is_logarithm);
  EACH_SET(set) {
    begin_set(set);
    memcpy(actual, x, values * sizeof(float));
    of.x = of.y = actual;
    kern_f32_table_for(set)->softmax(&of, is_logarithm);
    expect_close(expected, actual, values, 2e-6f, 2e-6f);
  }
  guarded_check();
}

static void check_reductions(size_t count) {
  guarded_start();
  const kern_f32_reduction op = (kern_f32_reduction)random_between(0, 2);
  const size_t columns = random_chance(50) ? 1 : (size_t)random_between(1, 19);
  const size_t stride = columns == 1 ? 1 : columns + (size_t)random_between(0, 2);
  const size_t values = (count - 1) * stride + columns;
  float *const x = GUARDED(float, FIRST, values);
  float *const expected = GUARDED(float, EXPECTED, columns);
  float *const actual = GUARDED(float, ACTUAL, columns);
  fill_reals(x, values, -1, 1);
  if (random_chance(30))
    x[random_between(0, (int64_t)values - 1)] = NAN;
  describe_case("reduce_f32 %d of %zux%zu values", (int)op, count, columns);
  kern_f32_table_for(KERN_SCALAR)->reduce(op, x, count, stride, columns, 0.5f, expected);
  EACH_SET(set) {
    begin_set(set);
    kern_f32_table_for(set)->reduce(op, x, count, stride, columns, 0.5f, actual);
    expect_close(expected, actual, columns, 2e-5f, 2e-5f);
  }
  guarded_check();
}

static void check_windows(size_t channels) {
  guarded_start();
  kern_windows_f32 w = {.count = (size_t)random_between(0, 4), .channels = channels};
  w.rows = (size_t)random_between(1, 3);
  w.columns = (size_t)random_between(1, 3);
  w.column_stride = channels + (size_t)random_between(0, 2);
  w.row_stride = w.columns * w.column_stride + 1;
  w.step = w.column_stride;
  const size_t last = w.count == 0 ? 0 : (w.count - 1) * w.step;
  const size_t values =
      last + (w.rows - 1) * w.row_stride + (w.columns - 1) * w.column_stride + channels;
  float *const x = GUARDED(float, FIRST, values);
  fill_reals(x, values, -1, 1);
  w.first = x;
  const size_t count = w.count * channels;
  float *const expected = GUARDED(float, EXPECTED, count);
  float *const actual = GUARDED(float, ACTUAL, count);
  const kern_f32_reduction op = (kern_f32_reduction)random_between(0, 2);
  describe_case("reduce_windows_f32 %d of %zu channels", (int)op, channels);
  kern_f32_table_for(KERN_SCALAR)->reduce_windows(op, &w, 0.25f, expected);
  EACH_SET(set) {
    begin_set(set);
    kern_f32_table_for(set)->reduce_windows(op, &w, 0.25f, actual);
    expect_close(expected, actual, count, 1e-6f, 1e-6f);
  }
  guarded_check();
}

static void check_transpose(size_t columns) {
  guarded_start();
  const size_t rows = (size_t)random_between(1, 20);
  const size_t x_stride = columns + (size_t)random_between(0, 2);
  const size_t y_stride = rows + (size_t)random_between(0, 2);
  const size_t count = (columns - 1) * y_stride + rows;
  float *const x = GUARDED(float, FIRST, (rows - 1) * x_stride + columns);
  float *const expected = GUARDED(float, EXPECTED, count);
  float *const actual = GUARDED(float, ACTUAL, count);
  fill_reals(x, (rows - 1) * x_stride + columns, -1, 1);
  describe_case("transpose_f32 of %zux%zu", rows, columns);
  kern_f32_table_for(KERN_SCALAR)->transpose(x, x_stride, expected, y_stride, rows, columns);
  EACH_SET(set) {
    begin_set(set);
    kern_f32_table_for(set)->transpose(x, x_stride, actual, y_stride, rows, columns);
    expect_equal(expected, actual, count * sizeof(float));
  }
  guarded_check();
}

static void check_normalization(size_t count) {
  guarded_start();
  float *const x = GUARDED(float, FIRST, count), *const scale = GUARDED(float, SECOND, count);
  float *const bias = GUARDED(float, THIRD, count);
  float *const expected = GUARDED(float, EXPECTED, count);
  float *const actual = GUARDED(float, ACTUAL, count);
  fill_reals(x, count, -3, 5);
  fill_reals(scale, count, -1, 1);
  fill_reals(bias, count, -1, 1);
  const size_t scale_step = (size_t)random_between(0, 1), bias_step = (size_t)random_between(0, 1);
  const bool centers = random_chance(50);
  describe_case("deviation_f32 and normalize_f32 of %zu values", count);
  const kern_deviation wanted = kern_f32_table_for(KERN_SCALAR)->deviation(x, count, centers);
  kern_f32_table_for(KERN_SCALAR)
      ->normalize(x, expected, count, 0.7f, 1.3f, scale, scale_step, bias, bias_step);
  EACH_SET(set) {
    begin_set(set);
    const kern_deviation found = kern_f32_table_for(set)->deviation(x, count, centers);
    if (!(fabs(found.mean - wanted.mean) <= 1e-12))
      fail("mean %.17g, the reference has %.17g", found.mean, wanted.mean);
    if (!(fabs(found.squares - wanted.squares) <= 1e-9 * fmax(1, wanted.squares)))
      fail("squares %.17g, the reference has %.17g", found.squares, wanted.squares);
    kern_f32_table_for(set)->normalize(x, actual, count, 0.7f, 1.3f, scale, scale_step, bias,
                                       bias_step);
    expect_close(expected, actual, count, 1e-5f, 1e-5f);
  }
  guarded_check();
}

static void check_blends_and_halves(size_t count) {
  guarded_start();
  float *const corners[4] = {GUARDED(float, FIRST, count), GUARDED(float, SECOND, count),
                             GUARDED(float, THIRD, count), GUARDED(float, FOURTH, count)};
  float *const expected = GUARDED(float, EXPECTED, count);
  float *const actual = GUARDED(float, ACTUAL, count);
  for (size_t i = 0; i < 4; i++)
    fill_reals(corners[i], count, -9, 9);
  describe_case("blend_f32 of %zu values", count);
  kern_f32_table_for(KERN_SCALAR)
      ->blend(corners[0], corners[1], corners[2], corners[3], 0.3f, 0.8f, expected, count);
  EACH_SET(set) {
    begin_set(set);
    kern_f32_table_for(set)->blend(corners[0], corners[1], corners[2], corners[3], 0.3f, 0.8f,
                                   actual, count);
    expect_close(expected, actual, count, 2e-6f, 2e-6f);
  }
  describe_case("halves of %zu values", count);
  kern_f32_table_for(KERN_SCALAR)->narrow_half(corners[0], (uint16_t *)corners[1], count);
  kern_f32_table_for(KERN_SCALAR)->widen_half((uint16_t *)corners[1], expected, count);
  digest(expected, count * sizeof(float));
  EACH_SET(set) {
    begin_set(set);
    kern_f32_table_for(set)->narrow_half(corners[0], (uint16_t *)corners[2], count);
    expect_equal(corners[1], corners[2], count * sizeof(uint16_t));
    kern_f32_table_for(set)->widen_half((uint16_t *)corners[1], actual, count);
    expect_equal(expected, actual, count * sizeof(float));
  }
  guarded_check();
}

void check_float_functions(void) {
  const size_t counts[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 19, 31, 32, 33, 63, 65, 130};
  for (int round = 0; round < 4; round++) {
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
      for (int op = KERN_F32_COPY; op <= KERN_F32_THRESHOLDED; op++)
        check_unary((kern_f32_unary)op, counts[i]);
      for (int op = KERN_F32_ADD; op <= KERN_F32_POWER; op++)
        check_binary((kern_f32_binary)op, counts[i]);
      check_softmax(counts[i]);
      check_reductions(counts[i]);
      check_windows(counts[i]);
      check_transpose(counts[i]);
      check_normalization(counts[i]);
      check_blends_and_halves(counts[i]);
    }
  }
}
