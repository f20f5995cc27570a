// Depthwise convolutions of codes: wide and narrow blocks, padding, strides and dilation.
#include "cases.h"
#include <string.h>

enum { IMAGE, PAD, ROWS, WEIGHTS, INITIAL, MULTIPLIERS, STRIP, EXPECTED, ACTUAL };

typedef struct {
  kern_window_u8 window;
  kern_dwconv_u8s8_block block;
  kern_requantization requantization;
  const uint8_t *image, *pad;
  uint8_t *strip;
  size_t output_row, first, count;
} depthwise;

static size_t output_size(size_t size, size_t pads, size_t kernel, size_t dilation, size_t stride) {
  return (size + pads - ((kernel - 1) * dilation + 1)) / stride + 1;
}

static kern_window_u8 make_window(size_t channels) {
  kern_window_u8 w = {.channels = channels};
  w.kernel_height = (size_t)random_between(1, 9);
  w.kernel_width = (size_t)random_between(1, 5);
  w.stride_height = (size_t)random_between(1, 2);
  w.stride_width = (size_t)random_between(1, 3);
  w.dilation_height = (size_t)ONE_OF(1, 1, 1, 2);
  w.dilation_width = (size_t)ONE_OF(1, 1, 1, 2);
  w.pad_top = (size_t)random_between(0, 2);
  w.pad_left = (size_t)random_between(0, 3);
  const size_t pad_bottom = (size_t)random_between(0, 2), pad_right = (size_t)random_between(0, 3);
  // At least as large as the window with what is padded.
  const size_t high = (w.kernel_height - 1) * w.dilation_height + 1;
  const size_t wide = (w.kernel_width - 1) * w.dilation_width + 1;
  w.height = (high > w.pad_top ? high - w.pad_top : 1) + (size_t)random_between(0, 4);
  w.width = (wide > w.pad_left ? wide - w.pad_left : 1) + (size_t)random_between(0, 11);
  w.output_height = output_size(w.height, w.pad_top + pad_bottom, w.kernel_height,
                                w.dilation_height, w.stride_height);
  w.output_width = output_size(w.width, w.pad_left + pad_right, w.kernel_width, w.dilation_width,
                               w.stride_width);
  return w;
}

// Rows of the window in quads; what is left of the last one names no row and has no weight.
static kern_dwconv_u8s8_block make_block(const kern_window_u8 *w, bool is_wide, size_t count,
                                         int largest) {
  kern_dwconv_u8s8_block block = {.is_wide = is_wide, .quads = (w->kernel_height + 3) / 4};
  const size_t width = is_wide ? 32 : 16, slots = block.quads * 4;
  int8_t *const rows = GUARDED(int8_t, ROWS, slots);
  for (size_t slot = 0; slot < slots; slot++)
    rows[slot] = slot < w->kernel_height ? (int8_t)slot : -1;
  const size_t bytes = w->kernel_width * slots * width;
  int8_t *const weights = GUARDED(int8_t, WEIGHTS, bytes);
  memset(weights, 0, bytes);
  for (size_t kx = 0; kx < w->kernel_width; kx++) {
    for (size_t slot = 0; slot < w->kernel_height; slot++) {
      for (size_t c = 0; c < count; c++) {
        const size_t place = is_wide ? kern_dwconv_place(c) : c;
        const size_t quad = kx * block.quads + slot / 4;
        const int weight = random_chance(30) ? -largest : (int)random_between(-largest, largest);
        weights[(quad * width + place) * 4 + slot % 4] = (int8_t)(weight > 127 ? 127 : weight);
      }
    }
  }
  int32_t *const initial = GUARDED(int32_t, INITIAL, width);
  for (size_t c = 0; c < width; c++)
    initial[c] = (int32_t)random_between(-300000, 300000);
  block.rows = rows;
  block.weights = weights;
  block.initial = initial;
  return block;
}

static depthwise make_depthwise(bool is_wide, size_t count, int largest) {
  depthwise d = {.count = count, .first = (size_t)ONE_OF(0, 0, 16, 5)};
  guarded_start();
  d.window = make_window(d.first + count + (size_t)ONE_OF(0, 0, 3));
  const kern_window_u8 *const w = &d.window;
  d.block = make_block(w, is_wide, count, largest);
  d.output_row = (size_t)random_between(0, (int64_t)w->output_height - 1);
  const size_t width = is_wide ? 32 : 16, pixels = w->height * w->width * w->channels;
  uint8_t *const image = GUARDED(uint8_t, IMAGE, pixels), *const pad = GUARDED(uint8_t, PAD, 32);
  fill_bytes(image, pixels);
  for (size_t i = 0; i < pixels; i++)
    image[i] = random_chance(10) ? 255 : random_chance(10) ? 0 : image[i];
  memset(pad, (int)random_between(0, 255), 32);
  d.image = image;
  d.pad = pad;
  const size_t columns =
      (w->output_width - 1) * w->stride_width + (w->kernel_width - 1) * w->dilation_width + 1;
  d.strip = GUARDED(uint8_t, STRIP, columns * d.block.quads * width * 4);
  float *const multipliers = GUARDED(float, MULTIPLIERS, width);
  d.requantization = (kern_requantization){.multipliers = multipliers, .is_bounded = true};
  d.requantization.zero_point = (int32_t)random_between(0, 255);
  d.requantization.low =
      (float)((random_chance(50) ? d.requantization.zero_point : 0) - d.requantization.zero_point);
  d.requantization.high = (float)(255 - d.requantization.zero_point);
  if (random_chance(20))
    d.requantization.is_bounded = false;
  for (size_t i = 0; i < width; i++)
    multipliers[i] = random_chance(20)             ? 1.0f / (float)ONE_OF(2, 8, 1024)
                     : d.requantization.is_bounded ? random_real(1e-5f, 5e-3f)
                                                   : random_real(-3e6f, 3e6f);
  return d;
}

static void run(const kern_int8_table *table, depthwise *d, bool to_codes, void *out) {
  if (to_codes) {
    table->dwconv_u8s8_u8(&d->window, &d->block, d->image, d->pad, d->output_row, d->first,
                          d->count, &d->requantization, d->strip, out);
  } else {
    table->dwconv_u8s8_s32(&d->window, &d->block, d->image, d->pad, d->output_row, d->first,
                           d->count, d->strip, out);
  }
}

// Kernels that add in 16 bits take weights for which packing has proven that a pair fits.
static bool needs_small_weights(kern_isa set) { return set == KERN_AVX2 || set == KERN_AVX512; }

void check_depthwise(void) {
  for (int i = 0; i < 1500; i++) {
    const bool is_wide = random_chance(40), to_codes = random_chance(60);
    const bool is_small = random_chance(40);
    const size_t count = is_wide ? 32 : (size_t)random_between(1, 16);
    depthwise d = make_depthwise(is_wide, count, is_small ? 64 : 128);
    const kern_window_u8 *const w = &d.window;
    describe_case("dwconv_u8s8_%s of %zu channels, window %zux%zu, strides %zux%zu, width %zu",
                  to_codes ? "u8" : "s32", count, w->kernel_height, w->kernel_width,
                  w->stride_height, w->stride_width, w->output_width);
    const size_t values = (w->output_width - 1) * w->channels + d.first + count;
    const size_t bytes = values * (to_codes ? 1 : 4);
    uint8_t *const expected = guarded_bytes(EXPECTED, bytes);
    uint8_t *const actual = guarded_bytes(ACTUAL, bytes);
    run(kern_int8_table_for(KERN_SCALAR), &d, to_codes, expected);
    digest(expected, bytes);
    EACH_SET(set) {
      if (needs_small_weights(set) && !is_small)
        continue;
      begin_set(set);
      memset(actual, 0xa5, bytes);
      run(kern_int8_table_for(set), &d, to_codes, actual);
      expect_equal(expected, actual, bytes);
    }
    guarded_check();
  }
}
