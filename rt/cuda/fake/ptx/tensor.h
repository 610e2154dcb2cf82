// What both forms of tensor cores share.
#pragma once
#include "warp.h"
#include <cmath>

namespace ptx {
using Value = float (*)(uint16_t); // of a half
float bf16Value(uint16_t);
float f16Value(uint16_t);
// A sum of 16 products with what was there. The ISA leaves order and precision open; here products are exact, and so is their sum but for double
// precision; it is rounded once. NDEC_FAKE_SUMS=1 adds one product after the other in float.
extern const bool oneByOne;
template <class B> float dot(const float *a, B b, float sum, double sign = 1) {
	if (oneByOne) {
		for (int k = 0; k < 16; k++) sum = (float)(sum + sign * a[k] * b(k));
		return sum;
	}
	double all = 0;
	for (int k = 0; k < 16; k++) all += sign * a[k] * b(k);
	return (float)(all + sum);
}
void fragmentA(Warp &, const Ref *rows, Value, float (*a)[16]);
} // namespace ptx
