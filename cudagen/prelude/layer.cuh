
// A batch that goes through a model layer by layer: a kernel for each piece of a function, over all samples. Arrays lie in device
// memory as [element][sample], so that neighbouring threads read neighbouring numbers. A block has NDEC_GROUP threads for as many
// samples; row b of blocks does one element of each, or some columns of a product.
enum { NDEC_GROUP = 128 };

// an array of a sample, its elements n apart
template <class T> struct ndec_column {
	T *p;
	int n;
	__device__ __forceinline__ T &operator[](int i) const { return p[i * n]; }
	__device__ __forceinline__ ndec_column operator+(int i) const {
		ndec_column c = {p + i * n, n};
		return c;
	}
};

// the same where all rows of the data lie side by side, so that the number of an element may have more than 31 bits
template <class T> struct ndec_far_column {
	T *p;
	long long n;
	__device__ __forceinline__ T &operator[](int i) const { return p[i * n]; }
	__device__ __forceinline__ ndec_far_column operator+(int i) const {
		ndec_far_column c = {p + i * n, n};
		return c;
	}
};

// the same of elements that a thread makes when they are read, by f
template <class F> struct ndec_elements {
	F f;
	int at;
	__device__ __forceinline__ auto operator[](int i) const { return f(at + i); }
	__device__ __forceinline__ ndec_elements operator+(int i) const {
		ndec_elements c = {f, at + i};
		return c;
	}
};
template <class F> NDEC_D ndec_elements<F> ndec_made(F f) {
	ndec_elements<F> c = {f, 0};
	return c;
}

// the row and the sample of a thread
struct ndec_at {
	int row, s;
	__device__ __forceinline__ ndec_at(int n) {
		int groups = (n + NDEC_GROUP - 1) / NDEC_GROUP;
		row = blockIdx.x / groups, s = blockIdx.x % groups * NDEC_GROUP + threadIdx.x;
	}
};

// what the steps of a solve keep of a sample beside t, h and states
struct ndec_walk {
	double t0, t1;
	int steps, on, take, rejected, last, stop, hit; // stop: the step ends before one, or the next one begins anew; hit: at events
};

NDEC_D bool ndec_layer_finite(ndec_column<float> x, int n) {
	float s = 0;
	for (int i = 0; i < n; i++) s += x[i] - x[i]; // 0, or NaN for ever
	return s == 0;
}
NDEC_D bool ndec_layer_finite(ndec_column<double> x, int n) {
	double s = 0;
	for (int i = 0; i < n; i++) s += x[i] - x[i];
	return s == 0;
}

// The number of output times in the steps up to this one; at has the steps of all, in order, n apart.
NDEC_D int ndec_layer_outputs(const int *at, int times, int n, long long step) {
	int lo = 0, hi = times;
	while (lo < hi) {
		int m = (lo + hi) / 2;
		if (at[m * n] <= step) lo = m + 1;
		else hi = m;
	}
	return lo;
}

// The last output time up to m that lies inside this step, -1 if none does; theta has their places in it.
NDEC_D int ndec_layer_within(const int *at, const double *theta, int m, int n, long long step) {
	for (; m >= 0 && at[m * n] == step; m--)
		if (theta[m * n] != 0 && theta[m * n] != 1) return m;
	return -1;
}

// the samples of a warp that go on, as bits
NDEC_D void ndec_layer_running(unsigned *running, int n, int s, bool on) {
	unsigned bits = ndec_ballot(on);
	if (s < n && (threadIdx.x & 31) == 0) running[s / 32] = bits;
}

// What samples bring to a meeting, of those that are in the solve and have not failed in one before: the root of the mean square, and the largest, where a NaN
// wins. One block of this size does it, each thread for every so many samples, and then in a tree or in order.
template <int size> NDEC_D void ndec_meet_mean(const ndec_walk *walk, const int *lost, const double *x, int n, double *shared, double *out) {
	double sum[2] = {0, 0};
	for (int s = threadIdx.x; s < n; s += size)
		if (walk[s].on && !lost[s]) sum[0] += x[s] * x[s], sum[1]++;
	double *both = shared + size / 32 * 2;
	ndec_block_sum<size / 32>(sum, 2, shared, both);
	if (threadIdx.x == 0) out[0] = sqrt(both[0] / both[1]);
}
template <int size> NDEC_D void ndec_meet_most(const ndec_walk *walk, const int *lost, const double *x, int n, double *shared, double *out) {
	double most = 0; // norms are not below
	for (int s = threadIdx.x; s < n; s += size)
		if (walk[s].on && !lost[s] && (x[s] > most || x[s] != x[s])) most = most != most ? most : x[s];
	shared[threadIdx.x] = most;
	__syncthreads();
	if (threadIdx.x > 0) return;
	for (int i = 1; i < size; i++)
		if (shared[i] > most || shared[i] != shared[i]) most = most != most ? most : shared[i];
	out[0] = most;
}

// columns of a product that a row of blocks does: of tensor cores, and of threads with eight sums each
__host__ __device__ constexpr int ndec_layer_columns(int n) { return n >= 64 ? 64 : (n + 7) / 8 * 8; }
enum { NDEC_SUMS = 8 };

// acc += sum over k from begin to end of w(k, i) x(k, s), columns i from first on, below N, and rows s from base on, below n, by tensor cores on
// operands as As. A warp has 32 rows; the parts of the columns are made once for all, in shared memory of 8 * columns words for each part.
template <class As, int tiles, class X, class W> NDEC_D void ndec_layer_multiply(float (*acc)[tiles][4], int begin, int end, int base, int n, int first, int N, unsigned *parts, X x, W w) {
	constexpr int words = tiles * 64;
	int lane = threadIdx.x & 31;
#pragma unroll 1
	for (int c = begin; c < end; c += 16) {
		for (int j = threadIdx.x; j < words; j += NDEC_GROUP) {
			int k = c + 8 * (j / 32 & 1) + 2 * (j & 3), i = first + 8 * (j / 64) + (j & 31) / 4;
			float lo = i < N && k < end ? w(k, i) : 0.0f, hi = i < N && k + 1 < end ? w(k + 1, i) : 0.0f;
			unsigned split[As::parts];
			As::split(lo, hi, split);
#pragma unroll
			for (int p = 0; p < As::parts; p++) parts[p * words + j] = split[p];
		}
		__syncthreads();
#pragma unroll
		for (int m = 0; m < 2; m++) {
			if (base + 16 * m >= n) continue; // none of these rows is there
			unsigned a[As::parts][4];
#pragma unroll
			for (int r = 0; r < 4; r++) {
				int k = c + 8 * (r / 2) + 2 * (lane & 3), s = base + 16 * m + 8 * (r & 1) + lane / 4;
				float lo = s < n && k < end ? x(k, s) : 0.0f, hi = s < n && k + 1 < end ? x(k + 1, s) : 0.0f;
				unsigned split[As::parts];
				As::split(lo, hi, split);
#pragma unroll
				for (int p = 0; p < As::parts; p++) a[p][r] = split[p];
			}
#pragma unroll
			for (int q = 0; q < tiles; q++) {
				unsigned b[As::parts][2];
#pragma unroll
				for (int p = 0; p < As::parts; p++) b[p][0] = parts[p * words + 64 * q + lane], b[p][1] = parts[p * words + 64 * q + 32 + lane];
				As::add(acc[m][q], a, b);
			}
		}
		__syncthreads();
	}
}

// out(i, s, y) for what they are then
template <int tiles, class F> NDEC_D void ndec_layer_give(const float (*acc)[tiles][4], int base, int n, int first, int N, F out) {
	int lane = threadIdx.x & 31;
#pragma unroll
	for (int m = 0; m < 2; m++)
#pragma unroll
		for (int q = 0; q < tiles; q++)
#pragma unroll
			for (int e = 0; e < 4; e++) {
				int i = first + 8 * q + 2 * (lane & 3) + (e & 1), s = base + 16 * m + lane / 4 + 8 * (e / 2);
				if (i < N && s < n) out(i, s, acc[m][q][e]);
			}
}

// out(i, s, y) for y = sum over k of w(k, i) x(k, s), columns i of a row and samples s of a block
template <class As, int N, int K, class X, class W, class F> NDEC_D void ndec_layer_product(int n, ndec_at at, unsigned *parts, X x, W w, F out) {
	constexpr int tiles = ndec_layer_columns(N) / 8;
	int first = at.row * 8 * tiles, base = at.s - (threadIdx.x & 31);
	float acc[2][tiles][4] = {};
	ndec_layer_multiply<As, tiles>(acc, 0, K, base, n, first, N, parts, x, w);
	ndec_layer_give<tiles>(acc, base, n, first, N, out);
}

// the same by multiply-adds, a thread for a sample and NDEC_SUMS columns
template <int N, int K, class T, class X, class W, class F> NDEC_D void ndec_layer_sums(int n, ndec_at at, T zero, X x, W w, F out) {
	if (at.s >= n) return;
	int first = at.row * NDEC_SUMS;
	T acc[NDEC_SUMS];
#pragma unroll
	for (int j = 0; j < NDEC_SUMS; j++) acc[j] = zero;
#pragma unroll 4
	for (int k = 0; k < K; k++) {
		T xk = x(k, at.s);
#pragma unroll
		for (int j = 0; j < NDEC_SUMS; j++)
			if (N % NDEC_SUMS == 0 || first + j < N) acc[j] = ndec_fma(w(k, first + j), xk, acc[j]);
	}
#pragma unroll
	for (int j = 0; j < NDEC_SUMS; j++)
		if (N % NDEC_SUMS == 0 || first + j < N) out(first + j, at.s, acc[j]);
}

NDEC_CALL double ndec_quotient(double a, double b) { return a / b; }

// Elements of statements over whole arrays that a thread makes for itself: element e of running sums, of rows at places, of rows added up at
// places, and of a product of matrices with so many terms and columns.
template <class T, class X> NDEC_D T ndec_cumsum_at(X x, int e, int n, int stride) {
	int k = e / stride % n;
	T s = x[e - k * stride];
	for (int j = k - 1; j >= 0; j--) s += x[e - j * stride];
	return s;
}
NDEC_D int ndec_inside(int k, int rows) { return ndec_min(ndec_max(k, 0), rows - 1); }
template <class T, class X, class I> NDEC_D T ndec_take_at(X x, I places, int e, int row, int rows) {
	return x[ndec_inside(places[e / row], rows) * row + e % row];
}
template <class T, class X, class I> NDEC_D T ndec_scatter_at(X x, I places, int e, int count, int row, int rows) {
	T s = T(0);
	for (int j = 0; j < count; j++)
		if (ndec_inside(places[j], rows) == e / row) s += x[j * row + e % row];
	return s;
}
template <class T, class A, class B> NDEC_D T ndec_matmul_at(A a, B b, int e, int terms, int columns) {
	T s = T(0);
	for (int k = 0; k < terms; k++) s = ndec_fma(a[e / columns * terms + k], b[k * columns + e % columns], s);
	return s;
}

// Some of the samples of a batch, whose sums are apart: rows of blocks for each of as many parts as there are. Sums over places of a sample are
// in slices besides, each with a row of sums for every part.
struct ndec_part {
	int row, number, first, last, slice, slices;
	__device__ __forceinline__ ndec_part(int n, int rows, int of = 1) {
		int parts = gridDim.x / (rows * of), each = ((n + parts - 1) / parts + 15) / 16 * 16, part = blockIdx.x / rows / of;
		row = blockIdx.x % rows, slice = blockIdx.x / rows % of, slices = of, number = slice * parts + part;
		first = part * each < n ? part * each : n, last = first + each < n ? first + each : n;
	}
	// the first of so many places in the slice, and the one behind the last
	__device__ __forceinline__ int begin(int places) const { return ndec_min(slice * ((places + slices - 1) / slices), places); }
	__device__ __forceinline__ int end(int places) const { return ndec_min((slice + 1) * ((places + slices - 1) / slices), places); }
};

// to[i] += sum of x(i, s) over the samples of a part that count, by a warp for each element
template <int N, class T, class X> NDEC_D void ndec_layer_total(ndec_part part, const int *counts, T zero, X x, T *to) {
	int lane = threadIdx.x & 31, i = part.row * (NDEC_GROUP / 32) + threadIdx.x / 32;
	if (i >= N) return;
	T sum = zero;
	for (int s = part.first + lane; s < part.last; s += 32)
		if (counts[s]) sum += x(i, s);
	sum = ndec_warp_sum(sum);
	if (lane == 0) to[part.number * N + i] += sum;
}

// the same of x(i, place, s), over the places of a slice
template <int N, int places, class T, class X> NDEC_D void ndec_layer_total_over(ndec_part part, const int *counts, T zero, X x, T *to) {
	int lane = threadIdx.x & 31, i = part.row * (NDEC_GROUP / 32) + threadIdx.x / 32, end = part.end(places);
	if (i >= N) return;
	T sum = zero;
	for (int s = part.first + lane; s < part.last; s += 32) {
		if (!counts[s]) continue;
		for (int place = part.begin(places); place < end; place++) sum += x(i, place, s);
	}
	sum = ndec_warp_sum(sum);
	if (lane == 0) to[part.number * N + i] += sum;
}

// out(i, j, y) for y = sum of a(i, s) b(j, s) over them, 128 rows i and some columns j a block, by tensor cores. What does not count may be no number.
template <class As, int M, int N, class A, class B, class F> NDEC_D void ndec_layer_outer(ndec_part part, const int *counts, unsigned *parts, A a, B b, F out) {
	constexpr int tiles = ndec_layer_columns(N) / 8, across = (N + 8 * tiles - 1) / (8 * tiles);
	int first = part.row % across * 8 * tiles, base = part.row / across * NDEC_GROUP + (threadIdx.x & ~31);
	float acc[2][tiles][4] = {};
	ndec_layer_multiply<As, tiles>(acc, part.first, part.last, base, M, first, N, parts, [&](int s, int i) { return counts[s] ? a(i, s) : 0.0f; },
		[&](int s, int j) { return counts[s] ? b(j, s) : 0.0f; });
	ndec_layer_give<tiles>(acc, base, M, first, N, [&](int j, int i, float y) { out(i, j, y); });
}

// the same by multiply-adds, a thread for a row and NDEC_SUMS columns
template <int M, int N, class T, class A, class B, class F> NDEC_D void ndec_layer_outer_sums(ndec_part part, const int *counts, T zero, A a, B b, F out) {
	constexpr int across = (N + NDEC_SUMS - 1) / NDEC_SUMS;
	int i = part.row / across * NDEC_GROUP + threadIdx.x, first = part.row % across * NDEC_SUMS;
	if (i >= M) return;
	T acc[NDEC_SUMS];
#pragma unroll
	for (int j = 0; j < NDEC_SUMS; j++) acc[j] = zero;
#pragma unroll 2
	for (int s = part.first; s < part.last; s++) {
		if (!counts[s]) continue;
		T x = a(i, s);
#pragma unroll
		for (int j = 0; j < NDEC_SUMS; j++)
			if (N % NDEC_SUMS == 0 || first + j < N) acc[j] = ndec_fma(b(first + j, s), x, acc[j]);
	}
#pragma unroll
	for (int j = 0; j < NDEC_SUMS; j++)
		if (N % NDEC_SUMS == 0 || first + j < N) out(i, first + j, acc[j]);
}

// both of a(i, place, s) b(j, place, s), over the places of a slice
template <class As, int M, int N, int places, class A, class B, class F> NDEC_D void ndec_layer_outer_over(ndec_part part, const int *counts, unsigned *parts, A a, B b, F out) {
	constexpr int tiles = ndec_layer_columns(N) / 8, across = (N + 8 * tiles - 1) / (8 * tiles);
	int first = part.row % across * 8 * tiles, base = part.row / across * NDEC_GROUP + (threadIdx.x & ~31), end = part.end(places);
	float acc[2][tiles][4] = {};
#pragma unroll 1
	for (int place = part.begin(places); place < end; place++)
		ndec_layer_multiply<As, tiles>(acc, part.first, part.last, base, M, first, N, parts, [&](int s, int i) { return counts[s] ? a(i, place, s) : 0.0f; },
			[&](int s, int j) { return counts[s] ? b(j, place, s) : 0.0f; });
	ndec_layer_give<tiles>(acc, base, M, first, N, [&](int j, int i, float y) { out(i, j, y); });
}
template <int M, int N, int places, class T, class A, class B, class F> NDEC_D void ndec_layer_outer_sums_over(ndec_part part, const int *counts, T zero, A a, B b, F out) {
	constexpr int across = (N + NDEC_SUMS - 1) / NDEC_SUMS;
	int i = part.row / across * NDEC_GROUP + threadIdx.x, first = part.row % across * NDEC_SUMS, end = part.end(places);
	if (i >= M) return;
	T acc[NDEC_SUMS];
#pragma unroll
	for (int j = 0; j < NDEC_SUMS; j++) acc[j] = zero;
#pragma unroll 1
	for (int place = part.begin(places); place < end; place++)
#pragma unroll 2
		for (int s = part.first; s < part.last; s++) {
			if (!counts[s]) continue;
			T x = a(i, place, s);
#pragma unroll
			for (int j = 0; j < NDEC_SUMS; j++)
				if (N % NDEC_SUMS == 0 || first + j < N) acc[j] = ndec_fma(b(first + j, place, s), x, acc[j]);
		}
#pragma unroll
	for (int j = 0; j < NDEC_SUMS; j++)
		if (N % NDEC_SUMS == 0 || first + j < N) out(i, first + j, acc[j]);
}
