// What emitted kernels stand on: one text for nvcc, NVRTC and, through emulate.cuh, for a C++ compiler on the CPU. Emitted code names nothing of CUDA but the launch syntax and what this file wraps.
#pragma once

#if defined(NDEC_EMULATE)
#include "emulate.cuh"
#elif defined(__clang__) && defined(__CUDA__)
#error "clang compiles CUDA only with NVIDIA's headers, which this text does without: use nvcc or NVRTC (docs/gpu.md)"
#endif

#define NDEC_D static __device__ __forceinline__
#define NDEC_CALL static __device__ __noinline__ // too long to stand where it is used
#ifndef NDEC_KERNEL
#define NDEC_KERNEL extern "C" __global__
#endif

// Elementary functions. The bounds are those of the CUDA C++ Programming Guide (maximum error in units in the
// last place, f32 / f64); what is composed here says how. An argument that is NaN gives NaN everywhere.

NDEC_D float ndec_exp(float x) { return expf(x); }        // 1 / 1
NDEC_D double ndec_exp(double x) { return exp(x); }
NDEC_D float ndec_expm1(float x) { return expm1f(x); }    // 1 / 1
NDEC_D double ndec_expm1(double x) { return expm1(x); }
NDEC_D float ndec_log(float x) { return logf(x); }        // 1 / 1
NDEC_D double ndec_log(double x) { return log(x); }
NDEC_D float ndec_log1p(float x) { return log1pf(x); }    // 1 / 1
NDEC_D double ndec_log1p(double x) { return log1p(x); }
NDEC_D double ndec_tanh(double x) { return tanh(x); }     // 1, and 2 of float, below
NDEC_D float ndec_erf(float x) { return erff(x); }        // 2 / 2
NDEC_D double ndec_erf(double x) { return erf(x); }
NDEC_D float ndec_asin(float x) { return asinf(x); }      // 2 / 2
NDEC_D double ndec_asin(double x) { return asin(x); }
NDEC_D float ndec_acos(float x) { return acosf(x); }      // 2 / 2
NDEC_D double ndec_acos(double x) { return acos(x); }
NDEC_D float ndec_atan(float x) { return atanf(x); }      // 2 / 2
NDEC_D double ndec_atan(double x) { return atan(x); }
NDEC_D float ndec_sinh(float x) { return sinhf(x); }      // 3 / 2
NDEC_D double ndec_sinh(double x) { return sinh(x); }
NDEC_D float ndec_cosh(float x) { return coshf(x); }      // 2 / 1
NDEC_D double ndec_cosh(double x) { return cosh(x); }
NDEC_D float ndec_pow(float x, float y) { return powf(x, y); } // 4 / 2
NDEC_D double ndec_pow(double x, double y) { return pow(x, y); }
NDEC_D float ndec_atan2(float y, float x) { return atan2f(y, x); } // 3 / 2
NDEC_D double ndec_atan2(double y, double x) { return atan2(y, x); }
NDEC_D float ndec_sqrt(float x) { return sqrtf(x); }      // correctly rounded
NDEC_D double ndec_sqrt(double x) { return sqrt(x); }
NDEC_D float ndec_floor(float x) { return floorf(x); }
NDEC_D double ndec_floor(double x) { return floor(x); }
NDEC_D float ndec_inf32() { return __int_as_float(0x7f800000); }
NDEC_D double ndec_inf64() { return __longlong_as_double(0x7ff0000000000000LL); }
NDEC_D float ndec_nan32() { return __int_as_float(0x7fc00000); }
NDEC_D double ndec_nan64() { return __longlong_as_double(0x7ff8000000000000LL); }

// the nearest number with 8 significant bits, even ones for ties
NDEC_D float ndec_bfloat(float x) {
    unsigned b = (unsigned)__float_as_int(x);
    return x == x ? __int_as_float((int)((b + 0x7fffu + (b >> 16 & 1u)) & 0xffff0000u)) : x;
}
NDEC_D double ndec_bfloat(double x) {
    unsigned long long b = (unsigned long long)__double_as_longlong(x);
    return x == x ? __longlong_as_double((long long)((b + (1ull << 44) - 1ull + (b >> 45 & 1ull)) & ~((1ull << 45) - 1ull))) : x;
}
// the nearest float16, as a number of its own type
NDEC_D float ndec_half(float x) {
	float s = fabsf(x);
	int b = __float_as_int(s);
	float y = s < 6.103515625e-05f ? (s + 0.75f) - 0.75f : __int_as_float((b + 0xfff + (b >> 13 & 1)) & ~0x1fff);
	return x == x ? copysignf(y < 65536.0f ? y : ndec_inf32(), x) : x;
}
NDEC_D double ndec_half(double x) {
	double s = fabs(x);
	long long b = __double_as_longlong(s);
	double y = s < 6.103515625e-05 ? (s + 402653184.0) - 402653184.0 : __longlong_as_double((b + (1ll << 41) - 1 + (b >> 42 & 1)) & ~((1ll << 42) - 1));
	return x == x ? copysign(y < 65536.0 ? y : ndec_inf64(), x) : x;
}
// the largest power of two up to |x|, from 2^-126 to 2^126; 1 for smaller numbers and infinite ones
NDEC_D float ndec_binade(float x) {
	int e = __float_as_int(x) >> 23 & 255;
	if (x != x) return x;
	return e == 0 || e == 255 ? 1.0f : __int_as_float((e < 253 ? e : 253) << 23);
}
NDEC_D double ndec_binade(double x) {
	int e = (int)(__double_as_longlong(x) >> 52 & 2047) - 1023;
	if (x != x) return x;
	return e < -126 || e == 1024 ? 1.0 : __longlong_as_double((long long)((e < 126 ? e : 126) + 1023) << 52);
}
NDEC_D float ndec_fma(float a, float b, float c) { return fmaf(a, b, c); } // a b + c, rounded once
NDEC_D double ndec_fma(double a, double b, double c) { return fma(a, b, c); }
#ifndef NDEC_EMULATE
// 2^x and 1/x to about 1 unit in the last place, numbers below 2^-126 as 0: the special instructions
NDEC_D float ndec_ex2(float x) {
	float r;
	asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x));
	return r;
}
NDEC_D float ndec_rcp(float x) {
	float r;
	asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x));
	return r;
}
// a where x < y, else b. Both are made: left to itself the compiler makes one of them under a condition, with a copy of each constant.
NDEC_D float ndec_either(float x, float y, float a, float b) {
	float r;
	asm("{\n\t.reg .pred less;\n\tsetp.lt.f32 less, %1, %2;\n\tselp.f32 %0, %3, %4, less;\n\t}" : "=f"(r) : "f"(x), "f"(y), "f"(a), "f"(b));
	return r;
}
#endif

// Of numbers up to 0.6 a polynomial with the least relative error, of others 1 - 2/(e^2|x| + 1), which is 1 where the exponential is infinite: 13
// instructions without a branch, since most of a small net's time goes here. 2 units in the last place with exact special instructions, as CUDA's.
NDEC_D float ndec_hyperbolic(float x) {
	float s = fabsf(x), z = x * x;
	float y = copysignf(fmaf(ndec_rcp(ndec_ex2(s * 2.885390081777927f) + 1.0f), -2.0f, 1.0f), x);
	float p = fmaf(z, 0x1.ff984p-7f, -0x1.abb818p-5f);
	p = fmaf(z, fmaf(z, p, 0x1.10a712p-3f), -0x1.555368p-2f);
	return ndec_either(s, 0.6f, fmaf(x, fmaf(z, p, 0.0f), x), y); // the zero keeps -0
}
#if defined(NDEC_EMULATE) // has that of the C library, as sines (trig.cuh)
NDEC_D float ndec_tanh(float x) { return tanhf(x); }
#else
NDEC_D float ndec_tanh(float x) { return ndec_hyperbolic(x); }
#endif
NDEC_D float ndec_abs(float x) { return fabsf(x); }
NDEC_D double ndec_abs(double x) { return fabs(x); }
NDEC_D int ndec_abs(int x) { return x < 0 ? (int)(0u - (unsigned)x) : x; }

// 1/(1+e^-x) with the exponential of a number that is not positive, so that nothing overflows.
template <class T> NDEC_D T ndec_sigmoid(T x) {
	T e = ndec_exp(-ndec_abs(x));
	T r = T(1) / (T(1) + e);
	return x >= T(0) ? r : e * r;
}

NDEC_D bool ndec_negative(float x) { return __float_as_int(x) < 0; } // also -0
NDEC_D bool ndec_negative(double x) { return __double_as_longlong(x) < 0; }

// The smaller and the larger of two, NaN if either is; -0 is below 0.
template <class T> NDEC_D T ndec_min(T a, T b) {
	if (a == b) return ndec_negative(a) ? a : b;
	return a < b || a != a ? a : b;
}
template <class T> NDEC_D T ndec_max(T a, T b) {
	if (a == b) return ndec_negative(a) ? b : a;
	return a > b || a != a ? a : b;
}
NDEC_D int ndec_min(int a, int b) { return a < b ? a : b; }
NDEC_D int ndec_max(int a, int b) { return a > b ? a : b; }

// ln(1+e^x); the larger of x and 0 in two instructions. Of a float the logarithm is one of 1 to 2, also where x is NaN, as CUDA's is told, which has
// branches for others.
NDEC_D double ndec_softplus(double x) { return (x <= 0.0 ? 0.0 : x) + ndec_log1p(ndec_exp(-ndec_abs(x))); }
NDEC_D float ndec_softplus(float x) {
	float e = fminf(ndec_exp(-ndec_abs(x)), 1.0f);
#ifndef NDEC_EMULATE
	__builtin_assume((unsigned)__float_as_int(e) < 0x7f800000u);
#endif
	return (x <= 0.0f ? 0.0f : x) + ndec_log1p(e);
}

// -1, 0 or 1; a NaN stays one.
template <class T> NDEC_D T ndec_sign(T x) { return x > T(0) ? T(1) : x < T(0) ? T(-1) : x; }

// x - y floor(x/y): the remainder with the sign of y
template <class T> NDEC_D T ndec_mod(T x, T y) { return x - y * ndec_floor(x / y); }

// The whole part of x, held within the range; a NaN gives 0.
NDEC_D int ndec_int(double x) {
	if (x != x) return 0;
	return (int)(x < -2147483648.0 ? -2147483648.0 : x > 2147483647.0 ? 2147483647.0 : x);
}

NDEC_D double ndec_signed(double x, double s) { return copysign(x, s); }

// Whole arrays. Sizes are template arguments, so that short loops are unrolled and stay in registers.

template <class To, class From> NDEC_D void ndec_copy(To to, From from, int n) {
#pragma unroll
	for (int i = 0; i < n; i++) to[i] = from[i];
}

// An array that is passed by value: its address would put it into local memory.
template <class T, int N> struct ndec_array {
	T x[N];
};
template <class T, int N, class X> NDEC_D ndec_array<T, N> ndec_value(X x) {
	ndec_array<T, N> a;
#pragma unroll
	for (int i = 0; i < N; i++) a.x[i] = x[i];
	return a;
}

template <class X> NDEC_D void ndec_clear(X x, int n) {
#pragma unroll
	for (int i = 0; i < n; i++) x[i] = 0;
}

template <class T> NDEC_D void ndec_add(T *to, const T *x, int n) {
#pragma unroll
	for (int i = 0; i < n; i++) to[i] += x[i];
}

template <class T> NDEC_D bool ndec_finite(const T *x, int n) {
	T s = T(0);
#pragma unroll
	for (int i = 0; i < n; i++) s += x[i] - x[i]; // 0, or NaN for ever
	return s == T(0);
}

// Running sums along an axis of length n whose neighbours are stride elements apart.
template <class T> NDEC_D void ndec_cumsum(T *to, const T *x, int len, int n, int stride) {
	for (int k = 0; k < len; k++) to[k] = k / stride % n > 0 ? to[k - stride] + x[k] : x[k];
}

// Rows of x at places; a place outside is the nearest inside.
template <class T> NDEC_D void ndec_take(T *to, const T *x, const int *places, int count, int row, int rows) {
	for (int j = 0; j < count; j++) {
		int k = ndec_min(ndec_max(places[j], 0), rows - 1);
		for (int e = 0; e < row; e++) to[j * row + e] = x[k * row + e];
	}
}

template <class T> NDEC_D void ndec_scatter(T *to, const T *x, const int *places, int count, int row, int rows) {
	ndec_clear(to, rows * row);
	for (int j = 0; j < count; j++) {
		int k = ndec_min(ndec_max(places[j], 0), rows - 1);
		for (int e = 0; e < row; e++) to[k * row + e] += x[j * row + e];
	}
}

// The last i <= last with ts[i] <= t, and 0 before the first; a time that is not a number has place 0.
template <class X, class T> NDEC_D int ndec_locate(X ts, T t, int last) {
	int lo = 0, hi = last;
	while (lo < hi) {
		int mid = (lo + hi + 1) / 2;
		if (ts[mid] <= t) lo = mid;
		else hi = mid - 1;
	}
	return lo;
}

// The place of the largest element, the first among equals.
template <class X> NDEC_D int ndec_argmax(X x, int n) {
	int best = 0;
	auto top = x[0];
#pragma unroll
	for (int i = 1; i < n; i++)
		if (x[i] > top) best = i, top = x[i];
	return best;
}

// Solves A X = B in place by elimination with partial pivoting, A [N,N] and B [N,M], and gives ln |det A|. A
// singular matrix gives NaN and -inf.
template <int N, int M, class T> NDEC_D double ndec_eliminate(T *a, T *b) {
	double logdet = 0;
#pragma unroll
	for (int c = 0; c < N; c++) {
		int p = c;
		T top = ndec_abs(a[c * N + c]);
#pragma unroll
		for (int r = c + 1; r < N; r++)
			if (ndec_abs(a[r * N + c]) > top) p = r, top = ndec_abs(a[r * N + c]);
#pragma unroll
		for (int r = c + 1; r < N; r++) {
			if (r != p) continue; // a swap with an index that the compiler knows keeps the matrix in registers
#pragma unroll
			for (int j = 0; j < N; j++) {
				T t = a[c * N + j];
				a[c * N + j] = a[r * N + j], a[r * N + j] = t;
			}
#pragma unroll
			for (int j = 0; j < M; j++) {
				T t = b[c * M + j];
				b[c * M + j] = b[r * M + j], b[r * M + j] = t;
			}
		}
		if (a[c * N + c] == T(0)) {
#pragma unroll
			for (int i = 0; i < N * M; i++) b[i] = T(ndec_nan64());
			return -ndec_inf64();
		}
		logdet += log(fabs((double)a[c * N + c]));
#pragma unroll
		for (int r = c + 1; r < N; r++) {
			T f = a[r * N + c] / a[c * N + c];
#pragma unroll
			for (int j = c; j < N; j++) a[r * N + j] = ndec_fma(-f, a[c * N + j], a[r * N + j]);
#pragma unroll
			for (int j = 0; j < M; j++) b[r * M + j] = ndec_fma(-f, b[c * M + j], b[r * M + j]);
		}
	}
#pragma unroll
	for (int c = N - 1; c >= 0; c--) {
#pragma unroll
		for (int j = 0; j < M; j++) {
			T s = b[c * M + j];
#pragma unroll
			for (int k = c + 1; k < N; k++) s = ndec_fma(-a[c * N + k], b[k * M + j], s);
			b[c * M + j] = s / a[c * N + c];
		}
	}
	return logdet;
}

template <int N, class T> NDEC_D void ndec_linsolve(const T *a, const T *b, T *x) {
	T lu[N * N];
	ndec_copy(lu, a, N * N);
	ndec_copy(x, b, N);
	ndec_eliminate<N, 1>(lu, x);
}

template <int N, class T> NDEC_D void ndec_inv(const T *a, T *x) {
	T lu[N * N];
	ndec_copy(lu, a, N * N);
#pragma unroll
	for (int i = 0; i < N * N; i++) x[i] = T(i / N == i % N);
	ndec_eliminate<N, N>(lu, x);
}

template <int N, class T> NDEC_D T ndec_logdet(const T *a) {
	T lu[N * N], none[1];
	ndec_copy(lu, a, N * N);
	return T(ndec_eliminate<N, 0>(lu, none));
}
