#define KERNEL(name) kern_##name##_f32__scalar
#include "body.h"

void kern_outer_sum_f32__scalar(const kern_outer_sum_f32 *sum) {
  for (size_t y = 0; y < sum->lines; y++)
    for (size_t x = 0; x < sum->count; x++)
      for (size_t k = 0; k < sum->rows; k++)
        for (size_t i = 0; i < sum->columns; i++)
          sum->output[k * sum->output_stride + i] +=
              sum->left[y * sum->left_line + x * sum->left_step + k] *
              sum->right[y * sum->right_line + x * sum->right_step + i];
}
