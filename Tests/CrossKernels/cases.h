// Cases: kernels of every instruction set that this processor has, against the reference.
//
// A case makes its operands, lets the reference compute, and then each set; operands and results
// end where a page that must not be touched begins, and what lies before them is looked at
// afterwards. Results of the reference that must be the same on every machine go into a digest.
#pragma once
#include "kernels.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Random numbers; equal for equal seeds on every machine.
uint64_t random_bits(void);
void seed_random(uint64_t seed);
// first...last
int64_t random_between(int64_t first, int64_t last);
bool random_chance(int percent);
// Evenly between two numbers.
float random_real(float low, float high);
#define ONE_OF(...)                                                                                \
  ((const int[]){                                                                                  \
      __VA_ARGS__}[random_between(0, (int64_t)(sizeof((int[]){__VA_ARGS__}) / sizeof(int)) - 1)])

// Memory of a case, in numbered places: `guarded_bytes` ends at a page that must not be touched.
enum { GUARDED_PLACES = 24, GUARDED_MOST = 1 << 21 };
void guarded_start(void);
void *guarded_bytes(int place, size_t count);
// Ends the program when something was written before what was handed out since guarded_start.
void guarded_check(void);

#define GUARDED(type, place, count) ((type *)guarded_bytes(place, (size_t)(count) * sizeof(type)))

void fill_bytes(void *at, size_t count);
void fill_reals(float *at, size_t count, float low, float high);

// The sets to compare with the reference.
extern kern_isa tested_sets[KERN_ISA_COUNT];
extern size_t tested_set_count;
extern const char *const set_names[KERN_ISA_COUNT];
#define EACH_SET(set)                                                                              \
  for (size_t set##_at = 0; set##_at < tested_set_count; set##_at++)                               \
    for (kern_isa set = tested_sets[set##_at], *set##_once = &set; set##_once != NULL;             \
         set##_once = NULL)

// What is computed at the moment, for messages: a kernel and its sizes.
__attribute__((format(printf, 1, 2))) void describe_case(const char *format, ...);
void begin_set(kern_isa set);
// Adds to the digest of the reference.
void digest(const void *result, size_t count);
// Each ends the program with a message when results differ.
void expect_equal(const void *expected, const void *actual, size_t count);
// |expected - actual| <= relative * |expected| + absolute; NaN is equal to NaN.
void expect_close(const float *expected, const float *actual, size_t count, float relative,
                  float absolute);
_Noreturn void fail(const char *format, ...);

void check_products(void);
void check_depthwise(void);
void check_codes(void);
void check_observers(void);
void check_float_products(void);
void check_float_functions(void);
void check_recurrent(void);
