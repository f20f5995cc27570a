#define KERNEL(name) kern_##name##_f32__scalar
#include "body.h"
