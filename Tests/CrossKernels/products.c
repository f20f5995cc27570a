// Matrix products of codes: every size of tile, panels of 16 and 8 columns, rows in runs.
#include "cases.h"
#include <string.h>

enum {
  CODES,
  WEIGHTS,
  INITIAL,
  CENTRES,
  MULTIPLIERS,
  SCALES,
  BIASES,
  ADDEND,
  EXPECTED,
  ACTUAL,
  STARTS,
  ORDER,
  RUNS
};

typedef struct {
  kern_gemm_u8s8_panels panels;
  kern_gemm_u8_rows rows;
  const int32_t *initial;
  kern_requantization requantization;
  kern_sum_scaling scaling;
  size_t padded;
  size_t out_stride;
  size_t first, end; // panels
} product;

static size_t weight_bytes(const kern_gemm_u8s8_panels *panels) {
  const size_t last = (panels->columns - 1) / 16;
  const size_t width = panels->columns - last * 16 <= 8 ? 8 : 16;
  return panels->quads * (last * 64 + width * 4);
}

// -128 is the weight that only some kernels take; with codes of 0 it makes the largest products of
// codes less 128.
static void fill_weights(int8_t *weights, size_t count, bool has_lowest) {
  const int kind = ONE_OF(0, 1, 2);
  for (size_t i = 0; i < count; i++) {
    int weight = kind == 0 ? (int)random_between(-128, 127) : kind == 1 ? -128 : 127;
    if (kind != 0 && random_chance(10))
      weight = (int)random_between(-128, 127);
    weights[i] = (int8_t)(!has_lowest && weight == -128 ? -127 : weight);
  }
}

static void fill_codes(uint8_t *codes, size_t count) {
  const int kind = ONE_OF(0, 1, 2);
  fill_bytes(codes, count);
  for (size_t i = 0; i < count && kind != 0; i++)
    codes[i] = random_chance(90) ? (kind == 1 ? 0 : 255) : codes[i];
}

static void make_weights(kern_gemm_u8s8_panels *panels, size_t padded, bool has_lowest) {
  const size_t bytes = weight_bytes(panels);
  int8_t *const weights = GUARDED(int8_t, WEIGHTS, bytes);
  fill_weights(weights, bytes, has_lowest);
  int32_t *const centres = GUARDED(int32_t, CENTRES, padded);
  memset(centres, 0, padded * sizeof(int32_t));
  for (size_t c = 0; c < panels->columns; c++) {
    const size_t panel = c / 16, width = panels->columns - panel * 16 <= 8 ? 8 : 16;
    for (size_t quad = 0; quad < panels->quads; quad++) {
      const int8_t *four = weights + panel * panels->quads * 64 + (quad * width + c % 16) * 4;
      centres[c] += 128 * (four[0] + four[1] + four[2] + four[3]);
    }
  }
  panels->weights = weights;
  panels->centres = centres;
}

// The same panels for kernels that are told where each quad stands.
static void make_order(kern_gemm_u8s8_panels *panels, const kern_gemm_u8_rows *rows, size_t count) {
  uint32_t *const starts = GUARDED(uint32_t, STARTS, count + 1);
  uint16_t *const order = GUARDED(uint16_t, ORDER, count * panels->quads);
  kern_quad_runs *const runs = GUARDED(kern_quad_runs, RUNS, count);
  for (size_t p = 0; p <= count; p++)
    starts[p] = (uint32_t)(p * panels->quads);
  for (size_t i = 0; i < count * panels->quads; i++) {
    const size_t quad = i % panels->quads;
    const size_t run = rows->runs > 1 ? quad / rows->run_quads : 0;
    order[i] = (uint16_t)(run * rows->run_stride / 4 + (quad - run * rows->run_quads));
  }
  for (size_t p = 0; p < count; p++)
    runs[p] = (kern_quad_runs){.is_centred = true};
  panels->starts = starts;
  panels->order = order;
  panels->places = order;
  panels->runs = runs;
}

static void make_rows(kern_gemm_u8_rows *rows, size_t run_quads) {
  const size_t run_bytes = 4 * run_quads;
  rows->run_quads = run_quads;
  rows->run_stride = rows->runs > 1 ? run_bytes + 4 * (size_t)random_between(0, 3) : 0;
  const size_t row_bytes = (rows->runs - 1) * rows->run_stride + run_bytes;
  rows->stride = row_bytes + (size_t)random_between(0, 9);
  const size_t bytes = rows->rows == 0 ? 0 : (rows->rows - 1) * rows->stride + row_bytes;
  uint8_t *const codes = GUARDED(uint8_t, CODES, bytes);
  fill_codes(codes, bytes);
  rows->data = codes;
}

// Halves and quarters make ties.
static float some_multiplier(void) {
  return random_chance(20) ? 1.0f / (float)ONE_OF(2, 4, 8, 1024) : random_real(1e-5f, 2e-3f);
}

static kern_requantization some_requantization(float *multipliers, size_t padded) {
  kern_requantization to = {.multipliers = multipliers};
  to.zero_point = (int32_t)random_between(0, 255);
  to.is_bounded = random_chance(80);
  const int32_t low = random_chance(30) ? to.zero_point : 0;
  const int32_t high = random_chance(30) ? (int32_t)random_between(low, 255) : 255;
  to.low = (float)(low - to.zero_point);
  to.high = (float)(high - to.zero_point);
  for (size_t i = 0; i < padded; i++)
    multipliers[i] = to.is_bounded ? some_multiplier() : random_real(-3e6f, 3e6f);
  return to;
}

static product make_product(size_t rows, size_t columns, size_t run_quads, bool has_order) {
  product p = {.rows = {.rows = rows, .runs = (size_t)ONE_OF(1, 1, 2, 3)}};
  guarded_start();
  make_rows(&p.rows, run_quads);
  const size_t count = (columns + 15) / 16;
  p.padded = count * 16;
  p.panels.columns = columns;
  p.panels.quads = run_quads * p.rows.runs;
  make_weights(&p.panels, p.padded, !has_order);
  if (has_order)
    make_order(&p.panels, &p.rows, count);
  int32_t *const initial = GUARDED(int32_t, INITIAL, p.padded);
  for (size_t i = 0; i < p.padded; i++)
    initial[i] = (int32_t)random_between(-2000000, 2000000);
  p.initial = initial;
  p.requantization = some_requantization(GUARDED(float, MULTIPLIERS, p.padded), p.padded);
  float *const scales = GUARDED(float, SCALES, p.padded);
  float *const biases = GUARDED(float, BIASES, p.padded);
  fill_reals(scales, p.padded, 1e-4f, 1);
  fill_reals(biases, p.padded, -9, 9);
  p.scaling = (kern_sum_scaling){.factor = random_real(1e-4f, 1), .scales = scales};
  p.scaling.biases = random_chance(50) ? biases : NULL;
  p.out_stride = columns + (size_t)random_between(0, 5);
  p.first = (size_t)random_between(0, (int64_t)count - 1);
  p.end = (size_t)random_between((int64_t)p.first + 1, (int64_t)count);
  if (random_chance(50)) {
    p.first = 0;
    p.end = count;
  }
  return p;
}

// Elements of a result; those between rows and of other panels stay as they are.
static size_t result_count(const product *p) {
  return p->rows.rows == 0 ? 0 : (p->rows.rows - 1) * p->out_stride + p->panels.columns;
}

typedef enum { TO_CODES, TO_SUMS, TO_REALS } result_kind;
static const char *const result_names[] = {"gemm_u8s8_u8", "gemm_u8s8_s32", "gemm_u8s8_f32"};

static void run(const kern_int8_table *table, const product *p, result_kind kind, void *out) {
  switch (kind) {
  case TO_CODES:
    table->gemm_u8s8_u8(&p->panels, &p->rows, p->initial, &p->requantization, out, p->out_stride,
                        p->first, p->end);
    break;
  case TO_SUMS:
    table->gemm_u8s8_s32(&p->panels, &p->rows, p->initial, out, p->out_stride, p->first, p->end);
    break;
  case TO_REALS:
    table->gemm_u8s8_f32(&p->panels, &p->rows, p->initial, &p->scaling, out, p->out_stride,
                         p->first, p->end);
    break;
  }
}

// Kernels that add in 16 bits need to be told where quads stand.
static bool needs_order(kern_isa set) { return set == KERN_AVX2 || set == KERN_AVX512; }

static void check_product(size_t rows, size_t columns, size_t run_quads) {
  for (int kind = TO_CODES; kind <= TO_REALS; kind++) {
    const bool has_order = random_chance(40);
    product p = make_product(rows, columns, run_quads, has_order);
    const size_t count = result_count(&p), bytes = count * (kind == TO_CODES ? 1 : 4);
    describe_case("%s %zux%zux%zu in %zu runs, panels %zu..<%zu", result_names[kind], rows, columns,
                  p.panels.quads * 4, p.rows.runs, p.first, p.end);
    uint8_t *const expected = guarded_bytes(EXPECTED, bytes);
    uint8_t *const actual = guarded_bytes(ACTUAL, bytes);
    float *const addend = GUARDED(float, ADDEND, count);
    fill_reals(addend, count, -99, 99);
    p.scaling.addend = random_chance(50) ? addend : NULL;
    run(kern_int8_table_for(KERN_SCALAR), &p, kind, expected);
    digest(expected, bytes);
    EACH_SET(set) {
      if (needs_order(set) && !has_order)
        continue;
      begin_set(set);
      memset(actual, 0xa5, bytes);
      run(kern_int8_table_for(set), &p, kind, actual);
      expect_equal(expected, actual, bytes);
    }
    guarded_check();
  }
}

void check_products(void) {
  const size_t columns[] = {1, 3, 4, 7, 8, 9, 12, 15, 16, 17, 24, 25, 31, 32, 33, 47};
  const size_t quads[] = {1, 2, 3, 4, 5, 7, 8, 9, 12, 17};
  for (size_t rows = 0; rows <= 14; rows++) {
    for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++) {
      for (size_t q = 0; q < sizeof quads / sizeof quads[0]; q++)
        if (rows < 9 || random_chance(25))
          check_product(rows, columns[c], quads[q]);
    }
  }
}
