
// Sine, cosine and tangent. CUDA's own keep some words of large arguments in local memory, which gives every kernel that uses them a
// stack; these need registers alone. Of an argument the nearest multiple of pi/2 is taken away, and what is left goes through a
// polynomial; what large ones in f32 need is called, so that a compiler reads it once. Bounds were measured against exact values
// (TestTrigonometry).

// the bits of 2/pi, after 64 that are 0
static __constant__ const unsigned long long ndec_two_over_pi[20] = {
	0ull, 0xa2f9836e4e441529ull, 0xfc2757d1f534ddc0ull, 0xdb6295993c439041ull, 0xfe5163abdebbc561ull,
	0xb7246e3a424dd2e0ull, 0x06492eea09d1921cull, 0xfe1deb1cb129a73eull, 0xe88235f52ebb4484ull, 0xe99c7026b45f7e41ull,
	0x3991d639835339f4ull, 0x9c845f8bbdf9283bull, 0x1ff897ffde05980full, 0xef2f118b5a0a6d1full, 0x6d367ecf27cb09b7ull,
	0x4f463f669e5fea2dull, 0x7527bac7ebe5f17bull, 0x3d0739f78a5292eaull, 0x6bfb5fb11f8d5d08ull, 0x56033046fc7b6babull,
};

// 64 of these bits
NDEC_D unsigned long long ndec_two_over_pi_at(int at) {
	unsigned long long w = ndec_two_over_pi[at >> 6] << (at & 63);
	return at & 63 ? w | ndec_two_over_pi[(at >> 6) + 1] >> (64 - (at & 63)) : w;
}

NDEC_D unsigned long long ndec_mul_high(unsigned long long a, unsigned long long b) {
	unsigned long long al = (unsigned)a, ah = a >> 32, bl = (unsigned)b, bh = b >> 32;
	unsigned long long mid = al * bh + (al * bl >> 32), most = ah * bl + (unsigned)mid;
	return ah * bh + (mid >> 32) + (most >> 32);
}

// What is left of a large x, and the multiple q, of which the last two bits count: the bits of x times those of 2/pi that are around
// the point (M. Payne and R. Hanek, 1983).
template <class T> struct ndec_reduced {
	T r;
	int q;
};
NDEC_CALL ndec_reduced<float> ndec_reduce_far(float x) {
	int b = __float_as_int(x), e = (b >> 23 & 255) - 126; // |x| is m 2^(e-32)
	unsigned long long m = (unsigned)b << 8 | 0x80000000u;
	unsigned long long p = m * ndec_two_over_pi_at(e + 30) + (m * (ndec_two_over_pi_at(e + 94) >> 32) >> 32); // two bits before the point
	int q = (int)((p >> 62) + (p >> 61 & 1));
	float r = (float)((double)(long long)(p << 2) * 8.5153039502163861e-20);
	return b < 0 ? ndec_reduced<float>{-r, -q} : ndec_reduced<float>{r, q};
}
NDEC_D ndec_reduced<double> ndec_reduce_far(double x) { // not called: that takes registers, and places are few
	long long b = __double_as_longlong(x);
	int e = (int)(b >> 52 & 2047) - 1022; // |x| is m 2^(e-64)
	unsigned long long m = (unsigned long long)b << 11 | 1ull << 63;
	unsigned long long w = ndec_two_over_pi_at(e + 62), add = ndec_mul_high(m, ndec_two_over_pi_at(e + 126));
	unsigned long long lo = m * w + add, hi = ndec_mul_high(m, w) + m * ndec_two_over_pi_at(e - 2) + (lo < add);
	int q = (int)((hi >> 62) + (hi >> 61 & 1));
	hi = hi << 2 | lo >> 62, lo <<= 2;
	bool negative = (long long)hi < 0; // what is left is hi:lo 2^-128 of pi/2
	if (negative) hi = ~hi, lo = ~lo;
	double part = (double)(unsigned)hi * 5.421010862427522e-20 + (double)lo * 2.938735877055719e-39;
	double r = ndec_fma((double)(unsigned)(hi >> 32) * 2.3283064365386963e-10, 1.5707963267948966, part * 1.5707963267948966);
	return {negative != (b < 0) ? -r : r, b < 0 ? -q : q};
}

// the same of any x
NDEC_D float ndec_reduce(float x, int &q) {
	float n = ndec_fma(x, 0.636619747f, 12582912.0f); // rounded to a whole number
	q = __float_as_int(n);
	n -= 12582912.0f;
	float r = ndec_fma(n, -5.39030295e-15f, ndec_fma(n, -7.54978942e-08f, ndec_fma(n, -1.57079625f, x)));
	if (fabsf(x) > 105615.0f) {
		ndec_reduced<float> far = ndec_reduce_far(x);
		r = fabsf(x) < ndec_inf32() ? far.r : ndec_nan32(), q = far.q;
	}
	return r;
}
NDEC_D double ndec_reduce(double x, int &q) {
	double n = ndec_fma(x, 0.63661977236758138, 6755399441055744.0);
	q = (int)__double_as_longlong(n);
	n -= 6755399441055744.0;
	double r = ndec_fma(n, -1.082856673921914e-32, ndec_fma(n, -6.123233995736765e-17, ndec_fma(n, -1.5707963267948966, x)));
	if (fabs(x) > 1048576.0) {
		ndec_reduced<double> far = ndec_reduce_far(x);
		r = fabs(x) < ndec_inf64() ? far.r : ndec_nan64(), q = far.q;
	}
	return r;
}

// sine and cosine up to pi/4 and a little beyond
NDEC_D float ndec_sin_near(float r) {
	float s = r * r;
	return ndec_fma(ndec_fma(ndec_fma(ndec_fma(2.86567956e-6f, s, -1.98559923e-4f), s, 8.33338592e-3f), s, -0.166666672f), ndec_fma(r, s, 0.0f), r);
}
NDEC_D float ndec_cos_near(float r) {
	float s = r * r;
	return ndec_fma(ndec_fma(ndec_fma(ndec_fma(2.44677067e-5f, s, -1.38877297e-3f), s, 4.16666567e-2f), s, -0.5f), s, 1.0f);
}
NDEC_D double ndec_sin_near(double r) {
	double s = r * r, p = ndec_fma(1.58969099521155010221e-10, s, -2.50507602534068634195e-08);
	p = ndec_fma(ndec_fma(p, s, 2.75573137070700676789e-06), s, -1.98412698298579493134e-04);
	p = ndec_fma(ndec_fma(p, s, 8.33333333332248946124e-03), s, -1.66666666666666324348e-01);
	return ndec_fma(p, ndec_fma(r, s, 0.0), r);
}
NDEC_D double ndec_cos_near(double r) {
	double s = r * r, p = ndec_fma(-1.13596475577881948265e-11, s, 2.08757232129817482790e-09);
	p = ndec_fma(ndec_fma(p, s, -2.75573143513906633035e-07), s, 2.48015872894767294178e-05);
	p = ndec_fma(ndec_fma(p, s, -1.38888888888741095749e-03), s, 4.16666666666666019037e-02);
	return ndec_fma(ndec_fma(p, s, -0.5), s, 1.0);
}

template <class T> NDEC_D T ndec_sine(T x, int turn) { // of x and so many quarters of a turn
	int q;
	T r = ndec_reduce(x, q);
	q += turn;
	T y = q & 1 ? ndec_cos_near(r) : ndec_sin_near(r);
	return q & 2 ? -y : y;
}
template <class T> NDEC_D T ndec_tangent(T x) {
	int q;
	T r = ndec_reduce(x, q), s = ndec_sin_near(r), c = ndec_cos_near(r);
	return (q & 1 ? -c : s) / (q & 1 ? s : c);
}

#if defined(NDEC_EMULATE) // has those of the C library, as of all elementary functions: rounded as the interpreter's, so that both take the same steps
NDEC_D float ndec_sin(float x) { return sinf(x); }
NDEC_D double ndec_sin(double x) { return sin(x); }
NDEC_D float ndec_cos(float x) { return cosf(x); }
NDEC_D double ndec_cos(double x) { return cos(x); }
NDEC_D float ndec_tan(float x) { return tanf(x); }
NDEC_D double ndec_tan(double x) { return tan(x); }
#else
NDEC_D float ndec_sin(float x) { return ndec_sine(x, 0); } // 2 / 2
NDEC_D double ndec_sin(double x) { return ndec_sine(x, 0); }
NDEC_D float ndec_cos(float x) { return ndec_sine(x, 1); } // 2 / 2
NDEC_D double ndec_cos(double x) { return ndec_sine(x, 1); }
NDEC_D float ndec_tan(float x) { return ndec_tangent(x); } // 4 / 4
NDEC_D double ndec_tan(double x) { return ndec_tangent(x); }
#endif
