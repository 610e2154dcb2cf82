// What both forms of tensor cores share.
#pragma once
#include "warp.h"
#include <cmath>

namespace ptx {
using Value = float (*)(uint16_t); // of a half
float bf16Value(uint16_t);
float f16Value(uint16_t);
void fragmentA(Warp &, const Ref *rows, Value, float (*a)[16]);
} // namespace ptx
