
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
	double t0, t1, err_prev, err_prev2;
	int steps, on, take, rejected, last, spare;
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

// the samples of a warp that go on, as bits
NDEC_D void ndec_layer_running(unsigned *running, int n, int s, bool on) {
	unsigned bits = ndec_ballot(on);
	if (s < n && (threadIdx.x & 31) == 0) running[s / 32] = bits;
}

// columns of a product that a row of blocks does: of tensor cores, and of threads with eight sums each
__host__ __device__ constexpr int ndec_layer_columns(int n) { return n >= 64 ? 64 : (n + 7) / 8 * 8; }
enum { NDEC_SUMS = 8 };

// out(i, s, y) for y = sum over k of w(k, i) x(k, s), columns i of a row and samples s of a block, by tensor cores on operands as As.
// A warp has 32 samples; the parts of the weights are made once for all, in shared memory of 8 * columns words for each part.
template <class As, int N, int K, class X, class W, class F> NDEC_D void ndec_layer_product(int n, ndec_at at, unsigned *parts, X x, W w, F out) {
	constexpr int tiles = ndec_layer_columns(N) / 8, words = tiles * 64;
	int lane = threadIdx.x & 31, first = at.row * 8 * tiles, base = at.s - lane;
	float acc[2][tiles][4] = {};
#pragma unroll 1
	for (int c = 0; c < (K + 15) / 16; c++) {
		for (int j = threadIdx.x; j < words; j += NDEC_GROUP) {
			int k = 16 * c + 8 * (j / 32 & 1) + 2 * (j & 3), i = first + 8 * (j / 64) + (j & 31) / 4;
			float lo = i < N && k < K ? w(k, i) : 0.0f, hi = i < N && k + 1 < K ? w(k + 1, i) : 0.0f;
			unsigned split[As::parts];
			As::split(lo, hi, split);
#pragma unroll
			for (int p = 0; p < As::parts; p++) parts[p * words + j] = split[p];
		}
		__syncthreads();
#pragma unroll
		for (int m = 0; m < 2; m++) {
			if (base + 16 * m >= n) continue; // none of these samples is there
			unsigned a[As::parts][4];
#pragma unroll
			for (int r = 0; r < 4; r++) {
				int k = 16 * c + 8 * (r / 2) + 2 * (lane & 3), s = base + 16 * m + 8 * (r & 1) + lane / 4;
				float lo = s < n && k < K ? x(k, s) : 0.0f, hi = s < n && k + 1 < K ? x(k + 1, s) : 0.0f;
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
