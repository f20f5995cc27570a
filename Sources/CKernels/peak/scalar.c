#include "kernels_peak.h"

float kern_peak_f32__scalar(size_t rounds, uint64_t *macs) {
  float a[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  for (size_t i = 0; i < rounds; i++)
    for (int j = 0; j < 8; j++)
      a[j] = a[j] * 0.999f + 0.5f;
  float sum = 0;
  for (int j = 0; j < 8; j++)
    sum += a[j];
  *macs = (uint64_t)rounds * 8;
  return sum;
}

int32_t kern_peak_u8s8_narrow__scalar(size_t rounds, uint64_t *macs) {
  uint16_t narrow[8] = {0};
  uint32_t sum = 0;
  for (size_t i = 0; i < rounds; i++) {
    for (int step = 0; step < 8; step++)
      for (int j = 0; j < 8; j++)
        narrow[j] += (uint16_t)((uint8_t)(i + (size_t)j) * (step + 1));
    for (int j = 0; j < 8; j++) {
      sum += narrow[j];
      narrow[j] = 0;
    }
  }
  *macs = (uint64_t)rounds * 64;
  return (int32_t)sum;
}

int32_t kern_peak_u8s8__scalar(size_t rounds, uint64_t *macs) {
  uint32_t a[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  for (size_t i = 0; i < rounds; i++)
    for (int j = 0; j < 8; j++)
      a[j] += (uint32_t)((int32_t)(uint8_t)a[j] * (int8_t)(i + (size_t)j));
  uint32_t sum = 0;
  for (int j = 0; j < 8; j++)
    sum += a[j];
  *macs = (uint64_t)rounds * 8;
  return (int32_t)sum;
}
