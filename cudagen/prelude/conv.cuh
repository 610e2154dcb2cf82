
// Convolutions: weights [out, in/groups, kernel], inputs [in, …], outputs [out, …], row-major. One axis alone
// has an h of length 1.

struct ndec_axis {
	int stride, pad, dilation, in, kernel, out;

	// the range of output places whose input at place k of the kernel is no padding
	__device__ __forceinline__ void span(int k, int &lo, int &hi) const {
		int first = k * dilation - pad; // input of output 0
		lo = first < 0 ? (-first + stride - 1) / stride : 0;
		hi = first >= in ? 0 : ndec_min(out, (in - 1 - first) / stride + 1);
		hi = ndec_max(lo, hi);
	}

	// the output place whose window has input q at place k of the kernel; -1 if there is none
	__device__ __forceinline__ int reader(int q, int k) const {
		int first = q + pad - k * dilation;
		return first < 0 || first % stride != 0 || first / stride >= out ? -1 : first / stride;
	}
};

struct ndec_conv_shape {
	int out, in, groups;
	ndec_axis h, w;

	// calls f(weight, input row, output row, lo, hi) for every pair of rows that a place of the kernel joins
	template <class F> __device__ __forceinline__ void rows(F f) const {
		int og = out / groups, ig = in / groups;
		for (int o = 0; o < out; o++)
			for (int i = 0; i < ig; i++)
				for (int a = 0; a < h.kernel; a++)
					for (int b = 0; b < w.kernel; b++) {
						int top, bottom, lo, hi;
						h.span(a, top, bottom);
						w.span(b, lo, hi);
						for (int p = top; p < bottom; p++)
							f(((o * ig + i) * h.kernel + a) * w.kernel + b,
								((o / og * ig + i) * h.in + p * h.stride + a * h.dilation - h.pad) * w.in + b * w.dilation - w.pad,
								(o * h.out + p) * w.out, lo, hi);
					}
	}

	// calls f(input row, window row, lo, hi)
	template <class F> __device__ __forceinline__ void windows(F f) const {
		for (int i = 0; i < in; i++)
			for (int a = 0; a < h.kernel; a++)
				for (int b = 0; b < w.kernel; b++) {
					int top, bottom, lo, hi;
					h.span(a, top, bottom);
					w.span(b, lo, hi);
					for (int p = top; p < bottom; p++)
						f((i * h.in + p * h.stride + a * h.dilation - h.pad) * w.in + b * w.dilation - w.pad,
							(((i * h.kernel + a) * w.kernel + b) * h.out + p) * w.out, lo, hi);
				}
	}
};

// y[o,p] = sum w[o,i,k] x[i, p stride + k dilation - pad]
template <class T> NDEC_D void ndec_conv(ndec_conv_shape c, T *y, int len, const T *w, const T *x) {
	ndec_clear(y, len);
	c.rows([=](int k, int at, int to, int lo, int hi) {
		for (int q = lo; q < hi; q++) y[to + q] = ndec_fma(w[k], x[at + q * c.w.stride], y[to + q]);
	});
}

// its derivative by x, and a transposed convolution
template <class T> NDEC_D void ndec_conv_input(ndec_conv_shape c, T *x, int len, const T *w, const T *y) {
	ndec_clear(x, len);
	c.rows([=](int k, int at, int to, int lo, int hi) {
		for (int q = lo; q < hi; q++) x[at + q * c.w.stride] = ndec_fma(w[k], y[to + q], x[at + q * c.w.stride]);
	});
}

// its derivative by w
template <class T> NDEC_D void ndec_conv_weight(ndec_conv_shape c, T *w, int len, const T *x, const T *y) {
	ndec_clear(w, len);
	c.rows([=](int k, int at, int to, int lo, int hi) {
		for (int q = lo; q < hi; q++) w[k] = ndec_fma(x[at + q * c.w.stride], y[to + q], w[k]);
	});
}

// y[c,k,p] = x[c, p stride + k dilation - pad]; padding is 0
template <class T> NDEC_D void ndec_windows(ndec_conv_shape c, T *y, int len, const T *x) {
	ndec_clear(y, len);
	c.windows([=](int at, int to, int lo, int hi) {
		for (int q = lo; q < hi; q++) y[to + q] = x[at + q * c.w.stride];
	});
}

// windows added back to where they come from
template <class T> NDEC_D void ndec_unwindows(ndec_conv_shape c, T *x, int len, const T *y) {
	ndec_clear(x, len);
	c.windows([=](int at, int to, int lo, int hi) {
		for (int q = lo; q < hi; q++) x[at + q * c.w.stride] += y[to + q];
	});
}

// Element e of a convolution: the terms in the order of ndec_conv.
template <class T, class W, class X> NDEC_D T ndec_conv_at(ndec_conv_shape c, int e, W w, X x) {
	int og = c.out / c.groups, ig = c.in / c.groups;
	int q = e % c.w.out, p = e / c.w.out % c.h.out, o = e / c.w.out / c.h.out;
	T s = T(0);
	for (int i = 0; i < ig; i++)
		for (int a = 0; a < c.h.kernel; a++) {
			int u = p * c.h.stride + a * c.h.dilation - c.h.pad;
			if (u < 0 || u >= c.h.in) continue;
			for (int b = 0; b < c.w.kernel; b++) {
				int v = q * c.w.stride + b * c.w.dilation - c.w.pad;
				if (v < 0 || v >= c.w.in) continue;
				s = ndec_fma(w[((o * ig + i) * c.h.kernel + a) * c.w.kernel + b], x[((o / og * ig + i) * c.h.in + u) * c.w.in + v], s);
			}
		}
	return s;
}

// The place of the operand that weight k of a channel meets at a place of the result, without groups; -1 for padding.
NDEC_D int ndec_conv_seen(ndec_conv_shape c, int k, int place) {
	int b = k % c.w.kernel, a = k / c.w.kernel % c.h.kernel, i = k / c.w.kernel / c.h.kernel;
	int u = place / c.w.out * c.h.stride + a * c.h.dilation - c.h.pad, v = place % c.w.out * c.w.stride + b * c.w.dilation - c.w.pad;
	return u < 0 || u >= c.h.in || v < 0 || v >= c.w.in ? -1 : (i * c.h.in + u) * c.w.in + v;
}

// The same for the operand of a transposed convolution: the place that term k, of weights of all of its channels, gives to a place of the result.
NDEC_D int ndec_conv_given(ndec_conv_shape c, int k, int place) {
	int b = k % c.w.kernel, a = k / c.w.kernel % c.h.kernel, o = k / c.w.kernel / c.h.kernel;
	int p = c.h.reader(place / c.w.in, a), q = c.w.reader(place % c.w.in, b);
	return p < 0 || q < 0 ? -1 : (o * c.h.out + p) * c.w.out + q;
}

// And for a single weight, of a channel of any group.
NDEC_D int ndec_conv_met(ndec_conv_shape c, int weight, int place) {
	int k = c.h.kernel * c.w.kernel * (c.in / c.groups), o = weight / k;
	int at = ndec_conv_seen(c, weight % k, place);
	return at < 0 ? -1 : at + o / (c.out / c.groups) * (c.in / c.groups) * c.h.in * c.w.in;
}

// Element e of a transposed convolution, of windows and of windows added back.
template <class T, class W, class Y> NDEC_D T ndec_conv_input_at(ndec_conv_shape c, int e, W w, Y y) {
	int og = c.out / c.groups, ig = c.in / c.groups;
	int v = e % c.w.in, u = e / c.w.in % c.h.in, i = e / c.w.in / c.h.in;
	T s = T(0);
	for (int o = i / ig * og; o < (i / ig + 1) * og; o++)
		for (int a = 0; a < c.h.kernel; a++) {
			int p = c.h.reader(u, a);
			if (p < 0) continue;
			for (int b = 0; b < c.w.kernel; b++) {
				int q = c.w.reader(v, b);
				if (q < 0) continue;
				s = ndec_fma(w[((o * ig + i % ig) * c.h.kernel + a) * c.w.kernel + b], y[(o * c.h.out + p) * c.w.out + q], s);
			}
		}
	return s;
}
template <class T, class X> NDEC_D T ndec_windows_at(ndec_conv_shape c, int e, X x) {
	int places = c.h.out * c.w.out, at = ndec_conv_seen(c, e / places, e % places);
	return at < 0 ? T(0) : T(x[at]);
}
template <class T, class Y> NDEC_D T ndec_unwindows_at(ndec_conv_shape c, int e, Y y) {
	int v = e % c.w.in, u = e / c.w.in % c.h.in, i = e / c.w.in / c.h.in;
	T s = T(0);
	for (int a = 0; a < c.h.kernel; a++)
		for (int b = 0; b < c.w.kernel; b++) {
			int p = c.h.reader(u, a), q = c.w.reader(v, b);
			if (p >= 0 && q >= 0) s += y[(((i * c.h.kernel + a) * c.w.kernel + b) * c.h.out + p) * c.w.out + q];
		}
	return s;
}
