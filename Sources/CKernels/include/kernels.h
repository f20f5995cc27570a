// Everything the Kernels module calls.
#pragma once
#include "kernels_activation_product.h"
#include "kernels_f32.h"
#include "kernels_gradient.h"
#include "kernels_int8.h"
#include "kernels_isa.h"
#include "kernels_loop.h"
#include "kernels_observe.h"
#include "kernels_pair_sums.h"
#include "kernels_peak.h"
#include "kernels_processors.h"
#include "kernels_recurrent.h"
#include "kernels_winograd.h"
