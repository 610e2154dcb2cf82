// What both forms of tensor cores share.
#pragma once
#include "warp.h"
#include <cmath>

namespace ptx {
using Value = float (*)(uint16_t); // of a half
float bf16Value(uint16_t);
float f16Value(uint16_t);
// c[16,n] += a[16,16] b[16,n]. The ISA leaves order and precision open; here products are exact, and so are their sums but for double precision, which are rounded
// once. NDEC_FAKE_SUMS=1 adds one product after the other in float.
void products(const float (*a)[16], const float *b, int n, float *c, float sign = 1);
void fragmentA(Warp &, const Ref *rows, Value, float (*a)[16]);
} // namespace ptx
