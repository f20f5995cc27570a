// Everything the Kernels module calls.
#pragma once
#include "kernels_f32.h"
#include "kernels_gradient.h"
#include "kernels_int8.h"
#include "kernels_isa.h"
#include "kernels_observe.h"
#include "kernels_peak.h"
#include "kernels_recurrent.h"
