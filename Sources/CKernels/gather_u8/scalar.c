// Copies windows of an image into rows, one output row and one kernel row at a time, so that the
// common case is a loop of equal small copies.
#include "../include/kernels_int8.h"
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

// Rows of equal size to be copied: `count` of `bytes`, from and to every so many bytes.
typedef struct {
  const uint8_t *in;
  size_t in_step;
  uint8_t *out;
  size_t out_step;
  size_t count;
  size_t bytes;
} copies;

// Two copies of `size` bytes that may overlap cover `size`...2 * `size` bytes; `size` is a
// constant.
INLINE void copy_twice(const copies *all, size_t size) {
  const uint8_t *in = all->in;
  uint8_t *out = all->out;
  const size_t second = all->bytes - size;
  for (size_t i = 0; i < all->count; i++) {
    memcpy(out, in, size);
    memcpy(out + second, in + second, size);
    in += all->in_step;
    out += all->out_step;
  }
}

static void copy(const copies *all) {
  if (all->bytes >= 8 && all->bytes <= 16) {
    copy_twice(all, 8);
  } else if (all->bytes > 16 && all->bytes <= 32) {
    copy_twice(all, 16);
  } else if (all->bytes > 32 && all->bytes <= 64) {
    copy_twice(all, 32);
  } else if (all->bytes >= 4 && all->bytes < 8) {
    copy_twice(all, 4);
  } else if (all->bytes >= 2 && all->bytes < 4) {
    copy_twice(all, 2);
  } else if (all->bytes == 1) {
    copy_twice(all, 1);
  } else {
    for (size_t i = 0; i < all->count; i++) {
      memcpy(all->out + i * all->out_step, all->in + i * all->in_step, all->bytes);
    }
  }
}

static void fill(const copies *all, uint8_t code) {
  for (size_t i = 0; i < all->count && all->bytes < 4; i++) {
    for (size_t b = 0; b < all->bytes; b++) {
      all->out[i * all->out_step + b] = code;
    }
  }
  for (size_t i = 0; i < all->count && all->bytes >= 4; i++) {
    memset(all->out + i * all->out_step, code, all->bytes);
  }
}

// A part of an output row: columns first..<end, whose windows start at `out`.
typedef struct {
  size_t row, first, end;
  uint8_t *out;
} segment;

// Columns of a segment whose window column `kx` lies inside of the image: from..<to.
static void inside_columns(const kern_window_u8 *window, const segment *part, size_t kx,
                           size_t *from, size_t *to) {
  const ptrdiff_t stride = (ptrdiff_t)window->stride_width;
  // Image column of output column 0.
  ptrdiff_t start = (ptrdiff_t)(kx * window->dilation_width) - (ptrdiff_t)window->pad_left;
  ptrdiff_t low = start >= 0 ? 0 : (-start + stride - 1) / stride;
  ptrdiff_t room = (ptrdiff_t)window->width - start;
  ptrdiff_t high = room <= 0 ? 0 : (room + stride - 1) / stride;
  *from = (size_t)low < part->first ? part->first : (size_t)low;
  *from = *from > part->end ? part->end : *from;
  *to = (size_t)high > part->end ? part->end : (size_t)high;
  *to = *to < *from ? *from : *to;
}

// Copies `bytes` of every column from..<to, which lie inside of the image.
static void copy_columns(const kern_window_u8 *window, const segment *part, const uint8_t *line,
                         size_t from, size_t to, size_t kx, size_t offset, size_t bytes,
                         size_t out_stride) {
  if (from >= to) {
    return;
  }
  const size_t x = from * window->stride_width + kx * window->dilation_width - window->pad_left;
  const copies all = {line + x * window->channels,
                      window->stride_width * window->channels,
                      part->out + (from - part->first) * out_stride + offset,
                      out_stride,
                      to - from,
                      bytes};
  copy(&all);
}

static void fill_columns(const segment *part, size_t from, size_t to, size_t offset, size_t bytes,
                         size_t out_stride, uint8_t code) {
  const copies all = {part->out,  0,         part->out + (from - part->first) * out_stride + offset,
                      out_stride, to - from, bytes};
  fill(&all, code);
}

static void gather_kernel_row(const kern_window_u8 *window, const segment *part,
                              const uint8_t *_Nullable line, size_t channel_count, uint8_t pad,
                              size_t offset, size_t out_stride) {
  const size_t row_bytes = window->kernel_width * channel_count;
  if (line == NULL) {
    fill_columns(part, part->first, part->end, offset, row_bytes, out_stride, pad);
    return;
  }
  // Columns where the whole window row is inside, and its bytes are neighbours, are copied at once.
  size_t whole_from = part->end, whole_to = part->end;
  if (channel_count == window->channels && window->dilation_width == 1) {
    size_t unused;
    inside_columns(window, part, 0, &whole_from, &unused);
    inside_columns(window, part, window->kernel_width - 1, &unused, &whole_to);
    whole_to = whole_to < whole_from ? whole_from : whole_to;
    copy_columns(window, part, line, whole_from, whole_to, 0, offset, row_bytes, out_stride);
  }
  const segment sides[2] = {
      {part->row, part->first, whole_from, part->out},
      {part->row, whole_to, part->end, part->out + (whole_to - part->first) * out_stride}};
  for (size_t s = 0; s < 2; s++) {
    for (size_t kx = 0; kx < window->kernel_width && sides[s].first < sides[s].end; kx++) {
      size_t from, to;
      const size_t place = offset + kx * channel_count;
      inside_columns(window, &sides[s], kx, &from, &to);
      fill_columns(&sides[s], sides[s].first, from, place, channel_count, out_stride, pad);
      copy_columns(window, &sides[s], line, from, to, kx, place, channel_count, out_stride);
      fill_columns(&sides[s], to, sides[s].end, place, channel_count, out_stride, pad);
    }
  }
}

void kern_gather_u8(const kern_window_u8 *window, const uint8_t *image, size_t first_channel,
                    size_t channel_count, uint8_t pad, size_t first, size_t end, uint8_t *out,
                    size_t out_stride, size_t depth) {
  const size_t row_bytes = window->kernel_width * channel_count;
  const size_t used = window->kernel_height * row_bytes;
  while (first < end) {
    segment part = {first / window->output_width, first % window->output_width, 0, out};
    part.end = window->output_width;
    if (part.end - part.first > end - first) {
      part.end = part.first + (end - first);
    }
    for (size_t ky = 0; ky < window->kernel_height; ky++) {
      ptrdiff_t y = (ptrdiff_t)(part.row * window->stride_height + ky * window->dilation_height) -
                    (ptrdiff_t)window->pad_top;
      const uint8_t *line = NULL;
      if (y >= 0 && (size_t)y < window->height) {
        line = image + (size_t)y * window->width * window->channels + first_channel;
      }
      gather_kernel_row(window, &part, line, channel_count, pad, ky * row_bytes, out_stride);
    }
    fill_columns(&part, part.first, part.end, used, depth - used, out_stride, 0);
    out += (part.end - part.first) * out_stride;
    first += part.end - part.first;
  }
}
