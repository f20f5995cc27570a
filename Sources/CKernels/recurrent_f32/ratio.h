// tanh x = x P(x^2) / Q(x^2) for |x| <= 8.5, within 1.2e-8 before rounding: a least-maximum-error
// fit of our own. Sigmoids are (1 + tanh(x / 2)) / 2. Gates as ratios share their divisions.
#pragma once

enum { ratio_degree = 4 };

static const float ratio_limit = 8.5f;
static const float ratio_top[ratio_degree + 1] = {1.0f, 0.13413246f, 0.0035340255f, 2.1251022e-05f,
                                                  1.42692e-08f};
static const float ratio_bottom[ratio_degree + 1] = {1.0f, 0.4674657f, 0.026022745f, 0.00033488625f,
                                                     8.145111e-07f};
