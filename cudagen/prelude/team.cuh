
// A team is a block of N threads that works on one sample. Control is the same in all of its threads; scalars and arrays
// of up to NDEC_OWN elements are in every thread, longer arrays are there once, in memory of the team, and their
// elements are shared out: thread k does elements k, k + N, … What was written is read after sync.
enum { NDEC_OWN = 8 };

template <int N> struct ndec_team {
	static constexpr int size = N;
	char *at; // free memory
	int lane;
	double *red; // N / 32 numbers, for sums

	// memory for n elements, until the copy of the team that gave it ends
	template <class T> __device__ __forceinline__ T *take(long long n) {
		T *p = (T *)at;
		at += n * (long long)sizeof(T) + 15 & ~15ll;
		return p;
	}
	__device__ __forceinline__ void sync() const { __syncthreads(); }
	__device__ __forceinline__ bool mine(int i) const { return lane == i % N; }

	// joins the numbers of all threads, in a fixed order; every thread gets the result
	template <class T, class F> __device__ __forceinline__ T join(T v, F f) const {
#pragma unroll
		for (int d = 16; d > 0; d >>= 1) v = f(v, __shfl_xor_sync(0xffffffffu, v, d));
		if (N == 32) return v;
		T *r = (T *)red;
		if ((lane & 31) == 0) r[lane >> 5] = v;
		sync();
		v = r[0];
#pragma unroll
		for (int k = 1; k < N / 32; k++) v = f(v, r[k]);
		sync();
		return v;
	}
	template <class T> __device__ __forceinline__ T sum(T v) const {
		return join(v, [](T a, T b) { return a + b; });
	}
	template <class T> __device__ __forceinline__ T max(T v) const {
		return join(v, [](T a, T b) { return ndec_max(a, b); });
	}
	template <class T> __device__ __forceinline__ T min(T v) const {
		return join(v, [](T a, T b) { return ndec_min(a, b); });
	}
};

// Element i of a small array that every thread has, where threads have another i each: registers are not indexed.
template <int N, class T> NDEC_D auto ndec_pick(const T &x, int i) {
	auto v = x[0];
#pragma unroll
	for (int k = 1; k < N; k++) v = i == k ? x[k] : v;
	return v;
}

// Memory that is taken within the scope is free again at its end.
template <class Q> struct ndec_scope {
	Q &team;
	char *at;
	__device__ __forceinline__ ndec_scope(Q &q) : team(q), at(q.at) {}
	__device__ __forceinline__ ~ndec_scope() { team.at = at; }
};

// The bytes of a team's tapes, one after the other.
NDEC_D long long ndec_tape_bytes(long long room, int step, int fixed) { return room * step + fixed + 7 & ~7ll; }

// Whole arrays of a team.

template <class Q, class T> NDEC_D void ndec_team_copy(Q team, T *to, const T *from, int n) {
	for (int i = team.lane; i < n; i += Q::size) to[i] = from[i];
	team.sync();
}
template <class Q, class T> NDEC_D void ndec_team_add(Q team, T *to, const T *x, int n) {
	for (int i = team.lane; i < n; i += Q::size) to[i] += x[i];
	team.sync();
}
template <class Q, class T> NDEC_D void ndec_team_clear(Q team, T *x, int n) {
	for (int i = team.lane; i < n; i += Q::size) x[i] = T(0);
	team.sync();
}
template <class Q, class T> NDEC_D bool ndec_team_finite(Q team, const T *x, int n) {
	T s = T(0);
	for (int i = team.lane; i < n; i += Q::size) s += x[i] - x[i];
	return team.sum(s) == T(0);
}

// stores an array that every thread has as a part of one that is there once
template <int N, class Q, class T> NDEC_D void ndec_team_put(Q team, T *to, const T *from) {
#pragma unroll
	for (int i = 0; i < N; i++)
		if (team.mine(i)) to[i] = from[i];
	team.sync();
}

// y[r] = sum over k of w(r K + k) x(k), a matrix [M,K] times a vector. Threads share out the terms, so that neighbours read
// neighbouring weights; where there are few terms, the rows.
template <int M, int K, class Q, class T, class W, class X> NDEC_D void ndec_team_matvec(Q team, T *y, W w, X x) {
	if (M <= NDEC_OWN && K <= NDEC_OWN) {
#pragma unroll
		for (int r = 0; r < M; r++) {
			T v = w(r * K) * x(0);
#pragma unroll
			for (int k = 1; k < K; k++) v = ndec_fma(w(r * K + k), x(k), v);
			y[r] = v;
		}
	} else if (M <= NDEC_OWN) {
#pragma unroll
		for (int r = 0; r < M; r++) {
			T v = T(0);
			for (int k = team.lane; k < K; k += Q::size) v = ndec_fma(w(r * K + k), x(k), v);
			y[r] = team.sum(v);
		}
	} else if (K < 32) {
		for (int r = team.lane; r < M; r += Q::size) {
			T v = w(r * K) * x(0);
#pragma unroll
			for (int k = 1; k < K; k++) v = ndec_fma(w(r * K + k), x(k), v);
			y[r] = v;
		}
	} else {
		constexpr int rows = 4; // at a time
		int lane = team.lane & 31;
		for (int r = team.lane / 32 * rows; r < M; r += Q::size / 32 * rows) {
			T v[rows] = {};
			for (int k = lane; k < K; k += 32) {
				T xk = x(k);
#pragma unroll
				for (int j = 0; j < rows; j++)
					if (r + j < M) v[j] = ndec_fma(w((r + j) * K + k), xk, v[j]);
			}
#pragma unroll
			for (int j = 0; j < rows; j++) {
				v[j] = ndec_warp_sum(v[j]);
				if (lane == j && r + j < M) y[r + j] = v[j];
			}
		}
	}
	team.sync();
}

// y[c] = sum over k of x(k) w(k N + c), a vector times a matrix [K,N]
template <int K, int N, class Q, class T, class X, class W> NDEC_D void ndec_team_vecmat(Q team, T *y, X x, W w) {
	if (N <= NDEC_OWN && K <= NDEC_OWN) {
#pragma unroll
		for (int c = 0; c < N; c++) {
			T v = x(0) * w(c);
#pragma unroll
			for (int k = 1; k < K; k++) v = ndec_fma(x(k), w(k * N + c), v);
			y[c] = v;
		}
	} else if (N <= NDEC_OWN) {
		T v[N] = {};
		for (int k = team.lane; k < K; k += Q::size) {
			T xk = x(k);
#pragma unroll
			for (int c = 0; c < N; c++) v[c] = ndec_fma(xk, w(k * N + c), v[c]);
		}
#pragma unroll
		for (int c = 0; c < N; c++) y[c] = team.sum(v[c]);
	} else {
		for (int c = team.lane; c < N; c += Q::size) {
			T v = x(0) * w(c);
			if (K <= NDEC_OWN) {
#pragma unroll
				for (int k = 1; k < K; k++) v = ndec_fma(x(k), w(k * N + c), v);
			} else {
				for (int k = 1; k < K; k++) v = ndec_fma(x(k), w(k * N + c), v);
			}
			y[c] = v;
		}
	}
	team.sync();
}

// to(i, a, b) for every element i of a product [M,N] of two vectors; to stores, or with SUMS adds to what is there once.
template <bool SUMS, int M, int N, class Q, class F, class A, class B> NDEC_D void ndec_team_outer(Q team, F to, A a, B b) {
	if (M <= NDEC_OWN && N <= NDEC_OWN) {
#pragma unroll
		for (int i = 0; i < M * N; i++)
			if (!SUMS && M * N <= NDEC_OWN || team.mine(i)) to(i, a(i / N), b(i % N));
	} else if (N <= NDEC_OWN) {
		for (int i = team.lane; i < M; i += Q::size) {
			auto ai = a(i);
#pragma unroll
			for (int k = 0; k < N; k++) to(i * N + k, ai, b(k));
		}
	} else if (M <= NDEC_OWN) {
		for (int k = team.lane; k < N; k += Q::size) {
			auto bk = b(k);
#pragma unroll
			for (int i = 0; i < M; i++) to(i * N + k, a(i), bk);
		}
	} else {
		for (int i = team.lane; i < M * N; i += Q::size) to(i, a(i / N), b(i % N));
	}
	team.sync();
}

// Convolutions of a team: as those of a thread, every element of the result by one thread with the terms in the same order.

template <class Q, class T> NDEC_D void ndec_team_conv(Q team, ndec_conv_shape c, T *y, int len, const T *w, const T *x) {
	for (int e = team.lane; e < len; e += Q::size) y[e] = ndec_conv_at<T>(c, e, w, x);
	team.sync();
}

// the output place that input place u meets at place k of the kernel; -1 if none
NDEC_D int ndec_met(const ndec_axis &a, int u, int k) {
	int p = u + a.pad - k * a.dilation;
	return p < 0 || p % a.stride != 0 || p / a.stride >= a.out ? -1 : p / a.stride;
}

template <class Q, class T> NDEC_D void ndec_team_conv_input(Q team, ndec_conv_shape c, T *x, int len, const T *w, const T *y) {
	int og = c.out / c.groups, ig = c.in / c.groups;
	for (int e = team.lane; e < len; e += Q::size) {
		int v = e % c.w.in, u = e / c.w.in % c.h.in, ch = e / c.w.in / c.h.in;
		T s = T(0);
		for (int o = ch / ig * og; o < (ch / ig + 1) * og; o++)
			for (int a = 0; a < c.h.kernel; a++) {
				int p = ndec_met(c.h, u, a);
				if (p < 0) continue;
				for (int b = 0; b < c.w.kernel; b++) {
					int q = ndec_met(c.w, v, b);
					if (q >= 0) s = ndec_fma(w[((o * ig + ch % ig) * c.h.kernel + a) * c.w.kernel + b], y[(o * c.h.out + p) * c.w.out + q], s);
				}
			}
		x[e] = s;
	}
	team.sync();
}

template <class Q, class T> NDEC_D void ndec_team_conv_weight(Q team, ndec_conv_shape c, T *w, int len, const T *x, const T *y) {
	int og = c.out / c.groups, ig = c.in / c.groups;
	for (int e = team.lane; e < len; e += Q::size) {
		int b = e % c.w.kernel, a = e / c.w.kernel % c.h.kernel, i = e / c.w.kernel / c.h.kernel % ig, o = e / c.w.kernel / c.h.kernel / ig;
		int top, bottom, lo, hi;
		c.h.span(a, top, bottom);
		c.w.span(b, lo, hi);
		T s = T(0);
		for (int p = top; p < bottom; p++) {
			const T *from = x + ((o / og * ig + i) * c.h.in + p * c.h.stride + a * c.h.dilation - c.h.pad) * c.w.in + b * c.w.dilation - c.w.pad;
			for (int q = lo; q < hi; q++) s = ndec_fma(from[q * c.w.stride], y[(o * c.h.out + p) * c.w.out + q], s);
		}
		w[e] = s;
	}
	team.sync();
}

template <class Q, class T> NDEC_D void ndec_team_windows(Q team, ndec_conv_shape c, T *y, int len, const T *x) {
	for (int e = team.lane; e < len; e += Q::size) {
		int q = e % c.w.out, p = e / c.w.out % c.h.out, k = e / c.w.out / c.h.out;
		int b = k % c.w.kernel, a = k / c.w.kernel % c.h.kernel, i = k / c.w.kernel / c.h.kernel;
		int u = p * c.h.stride + a * c.h.dilation - c.h.pad, v = q * c.w.stride + b * c.w.dilation - c.w.pad;
		y[e] = u < 0 || u >= c.h.in || v < 0 || v >= c.w.in ? T(0) : x[(i * c.h.in + u) * c.w.in + v];
	}
	team.sync();
}

template <class Q, class T> NDEC_D void ndec_team_unwindows(Q team, ndec_conv_shape c, T *x, int len, const T *y) {
	for (int e = team.lane; e < len; e += Q::size) {
		int v = e % c.w.in, u = e / c.w.in % c.h.in, i = e / c.w.in / c.h.in;
		T s = T(0);
		for (int a = 0; a < c.h.kernel; a++) {
			int p = ndec_met(c.h, u, a);
			if (p < 0) continue;
			for (int b = 0; b < c.w.kernel; b++) {
				int q = ndec_met(c.w, v, b);
				if (q >= 0) s += y[(((i * c.h.kernel + a) * c.w.kernel + b) * c.h.out + p) * c.w.out + q];
			}
		}
		x[e] = s;
	}
	team.sync();
}
