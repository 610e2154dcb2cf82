
// A split sample is one that G lanes of a warp share. Control, scalars and short arrays are the same in all
// of them; of a longer array lane l has elements l, l + G, …, of a matrix so the rows, or the columns where there are few rows. These
// are registers, and so are the weights that go with them. Sums over units go by a butterfly, the same for every batch, and give all
// lanes the same bits. Samples of a warp need not go together: the lanes of one wait for each other alone.

template <int G> struct ndec_split {
	static constexpr int size = G;
	int lane, first; // of the group; and the lane of the warp that is its first
	unsigned mask;   // the lanes of the warp that are its own

	static __device__ __forceinline__ ndec_split of(int lane) {
		ndec_split q = {lane % G, lane / G * G, ((1u << G) - 1u) << (lane / G * G)};
		return q;
	}
	// so many of n elements has a lane; what is beyond the last one is never summed
	static __host__ __device__ constexpr int slots(int n) { return (n + G - 1) / G; }
	template <int N> __device__ __forceinline__ bool in(int j) const { return N % G == 0 || lane + G * j < N; }
	// the place of slot j in an array, in a matrix by rows, and in one by columns; that of the last element beyond it
	template <int N> __device__ __forceinline__ int at(int j) const { return in<N>(j) ? lane + G * j : N - 1; }
	template <int M, int K> __device__ __forceinline__ int row(int j) const { return at<M>(j / K) * K + j % K; }
	template <int M, int K> __device__ __forceinline__ int column(int j) const { return j / slots(K) * K + at<K>(j % slots(K)); }

	template <class T> __device__ __forceinline__ T from(T x, int l) const { return ndec_lanes_shuffle(mask, x, first + l); }
	template <class T> __device__ __forceinline__ T sum(T x) const {
#pragma unroll
		for (int d = G / 2; d > 0; d >>= 1) x += from(x, lane ^ d);
		return x;
	}
	__device__ __forceinline__ void sync() const { ndec_lanes_sync(mask); }
};

// The N elements of a shared array in every lane.
template <int N, class Q, class X, class T> NDEC_D void ndec_split_gather(Q split, X x, T *to) {
	T own[Q::slots(N)];
#pragma unroll
	for (int j = 0; j < Q::slots(N); j++) own[j] = x(j);
#pragma unroll
	for (int k = 0; k < N; k++) to[k] = split.from(own[k / Q::size], k % Q::size);
}

// Adds up N numbers of all lanes and leaves each sum with the lane whose element it is: half of the numbers go to the other half of
// the lanes, until each lane has its own.
template <int N, class Q, class T> NDEC_D void ndec_split_scatter(Q split, T *x, T *to) {
	constexpr int n = Q::slots(N);
#pragma unroll
	for (int d = Q::size / 2; d > 0; d >>= 1) {
		bool upper = split.lane & d;
#pragma unroll
		for (int j = 0; j < n; j++)
#pragma unroll
			for (int l = 0; l < d; l++) {
				T low = x[j * Q::size + l], high = x[j * Q::size + l + d];
				x[j * Q::size + l] = (upper ? high : low) + split.from(upper ? low : high, split.lane ^ d);
			}
	}
#pragma unroll
	for (int j = 0; j < n; j++) to[j] = x[j * Q::size];
}

// y = W x for a matrix [M,K] by rows; x(k) is in every lane.
template <int M, int K, class Q, class T, class W, class X> NDEC_D void ndec_split_rows(Q, T *y, W w, X x) {
#pragma unroll
	for (int j = 0; j < Q::slots(M); j++) {
		T v = w(j * K) * x(0);
#pragma unroll
		for (int k = 1; k < K; k++) v = ndec_fma(w(j * K + k), x(k), v);
		y[j] = v;
	}
}

// The same where x(slot) is shared out.
template <int M, int K, class Q, class T, class W, class X> NDEC_D void ndec_split_rows_shared(Q split, T *y, W w, X x) {
	T all[K];
	ndec_split_gather<K>(split, x, all);
	ndec_split_rows<M, K>(split, y, w, [&](int k) { return all[k]; });
}

// y = W x for a matrix [M,K] by columns: y is short, and its terms are shared out.
template <int M, int K, class Q, class T, class W, class X> NDEC_D void ndec_split_terms(Q split, T *y, W w, X x) {
	T v[M] = {};
#pragma unroll
	for (int j = 0; j < Q::slots(K); j++) {
		T xj = x(j);
#pragma unroll
		for (int r = 0; r < M; r++)
			if (split.template in<K>(j)) v[r] = ndec_fma(w(r * Q::slots(K) + j), xj, v[r]);
	}
#pragma unroll
	for (int r = 0; r < M; r++) y[r] = split.sum(v[r]);
}

// y = x W for a matrix [K,N] by columns; x(k) is in every lane.
template <int K, int N, class Q, class T, class X, class W> NDEC_D void ndec_split_columns(Q, T *y, X x, W w) {
#pragma unroll
	for (int j = 0; j < Q::slots(N); j++) {
		T v = x(0) * w(j);
#pragma unroll
		for (int k = 1; k < K; k++) v = ndec_fma(x(k), w(k * Q::slots(N) + j), v);
		y[j] = v;
	}
}

// y = x W for a matrix [K,N] by rows: y is short, and its terms are shared out.
template <int K, int N, class Q, class T, class X, class W> NDEC_D void ndec_split_parts(Q split, T *v, X x, W w) {
#pragma unroll
	for (int j = 0; j < Q::slots(K); j++) {
		T xj = x(j);
#pragma unroll
		for (int c = 0; c < N; c++)
			if (split.template in<K>(j)) v[c] = ndec_fma(xj, w(j * N + c), v[c]);
	}
}
template <int K, int N, class Q, class T, class X, class W> NDEC_D void ndec_split_back(Q split, T *y, X x, W w) {
	T v[N] = {};
	ndec_split_parts<K, N>(split, v, x, w);
#pragma unroll
	for (int c = 0; c < N; c++) y[c] = split.sum(v[c]);
}

// The same where y is shared out.
template <int K, int N, class Q, class T, class X, class W> NDEC_D void ndec_split_back_shared(Q split, T *y, X x, W w) {
	T v[Q::slots(N) * Q::size] = {};
	ndec_split_parts<K, N>(split, v, x, w);
	ndec_split_scatter<N>(split, v, y);
}

// to(slot, a, b) for what a lane has of a product [M,N] of two vectors: rows, of which b(k) is in every lane or b(slot) shared out; or columns.
template <int M, int N, class Q, class F, class A, class B> NDEC_D void ndec_split_outer_rows(Q, F to, A a, B b) {
#pragma unroll
	for (int j = 0; j < Q::slots(M); j++) {
		auto aj = a(j);
#pragma unroll
		for (int k = 0; k < N; k++) to(j * N + k, aj, b(k));
	}
}
template <int M, int N, class Q, class F, class A, class B> NDEC_D void ndec_split_outer_shared(Q split, F to, A a, B b) {
	decltype(b(0)) all[N];
	ndec_split_gather<N>(split, b, all);
	ndec_split_outer_rows<M, N>(split, to, a, [&](int k) { return all[k]; });
}
template <int M, int N, class Q, class F, class A, class B> NDEC_D void ndec_split_outer_columns(Q, F to, A a, B b) {
#pragma unroll
	for (int j = 0; j < Q::slots(N); j++) {
		auto bj = b(j);
#pragma unroll
		for (int r = 0; r < M; r++) to(r * Q::slots(N) + j, a(r), bj);
	}
}

// What the groups of a warp have summed, in a fixed order; every group gets it.
template <class Q, class T> NDEC_D T ndec_split_join(Q, T v) {
#pragma unroll
	for (int d = 16; d >= Q::size; d >>= 1) v += __shfl_xor_sync(0xffffffffu, v, d);
	return v;
}

// The bytes of the tapes of a warp's samples.
template <class Q> NDEC_D long long ndec_split_tape_bytes(long long room, int step, int fixed, int tapes) { return (room * step + fixed) * (32 / Q::size) + 8 * tapes; }
