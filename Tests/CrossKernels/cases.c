#define _DEFAULT_SOURCE
#include "cases.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t state;

void seed_random(uint64_t seed) { state = seed; }

// SplitMix64.
uint64_t random_bits(void) {
  uint64_t z = state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

int64_t random_between(int64_t first, int64_t last) {
  return first + (int64_t)(random_bits() % (uint64_t)(last - first + 1));
}

bool random_chance(int percent) { return random_between(1, 100) <= percent; }

float random_real(float low, float high) {
  const double share = (double)(random_bits() >> 11) * 0x1p-53;
  return (float)((double)low + ((double)high - (double)low) * share);
}

void fill_bytes(void *at, size_t count) {
  uint8_t *bytes = at;
  for (size_t i = 0; i < count; i++)
    bytes[i] = (uint8_t)random_bits();
}

void fill_reals(float *at, size_t count, float low, float high) {
  for (size_t i = 0; i < count; i++)
    at[i] = random_real(low, high);
}

// A place is some pages, the last of which can not be touched.
typedef struct {
  uint8_t *pages;
  uint8_t *start; // NULL where nothing was handed out
} guarded_place;

enum { REDZONE = 128, UNTOUCHED = 0xa5 };

static guarded_place places[GUARDED_PLACES];

void guarded_start(void) {
  for (int i = 0; i < GUARDED_PLACES; i++)
    places[i].start = NULL;
}

void *guarded_bytes(int place, size_t count) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  const size_t room = (GUARDED_MOST + REDZONE + page - 1) / page * page;
  guarded_place *const at = &places[place];
  if (at->start != NULL || count > GUARDED_MOST)
    fail("the case asks for %zu bytes in place %d", count, place);
  if (at->pages == NULL) {
    at->pages = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at->pages == MAP_FAILED || mprotect(at->pages + room, page, PROT_NONE) != 0)
      fail("no memory");
  }
  at->start = at->pages + room - count;
  memset(at->start - REDZONE, UNTOUCHED, REDZONE + count);
  return at->start;
}

void guarded_check(void) {
  for (int i = 0; i < GUARDED_PLACES; i++) {
    for (int before = 1; places[i].start != NULL && before <= REDZONE; before++) {
      if (places[i].start[-before] != UNTOUCHED)
        fail("wrote %d bytes before its result", before);
    }
  }
}

static uint64_t digested = 0xcbf29ce484222325u;

uint64_t digest_so_far(void);
uint64_t digest_so_far(void) { return digested; }

// FNV-1a.
void digest(const void *result, size_t count) {
  const uint8_t *bytes = result;
  for (size_t i = 0; i < count; i++)
    digested = (digested ^ bytes[i]) * 0x100000001b3u;
}

void expect_equal(const void *expected, const void *actual, size_t count) {
  const uint8_t *a = expected, *b = actual;
  for (size_t i = 0; i < count; i++) {
    if (a[i] != b[i])
      fail("byte %zu of %zu is %d, the reference has %d", i, count, b[i], a[i]);
  }
}

void expect_close(const float *expected, const float *actual, size_t count, float relative,
                  float absolute) {
  for (size_t i = 0; i < count; i++) {
    const float a = expected[i], b = actual[i];
    const bool is_close = isnan(a)   ? isnan(b)
                          : isinf(a) ? a == b
                                     : fabsf(a - b) <= relative * fabsf(a) + absolute;
    if (!is_close)
      fail("value %zu of %zu is %.9g, the reference has %.9g", i, count, (double)b, (double)a);
  }
}
