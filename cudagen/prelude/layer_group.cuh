
// Products of layers by warpgroups (group.cuh), in the image for devices whose tensor cores multiply for four warps at a time. A block has two of them for
// 128 rows, 16 for each warp, and all columns of a product, of which it does as many at a time as an instruction takes; what lies in device memory goes to
// registers as the one operand, and to shared memory as the other, both in parts. Products that follow each other are one kernel: a block has its samples
// from the first to the last.
#ifdef NDEC_GROUPS
enum { NDEC_LAYER_WARPS = 8, NDEC_LAYER_TILES = 16 };

// the first row of the thread's warp
NDEC_D int ndec_layer_first(int block) { return block * NDEC_GROUP + threadIdx.x / 32 * 16; }

// acc += sum over k from begin to end of x(k, s) w(k, i), for rows s from base on and columns i from first on. Both are asked for whole pieces of 32 terms, and give 0
// beyond the last, so that loads need no branches. What registers get is read before the barrier, while others multiply.
template <class As, int tiles, class X, class W> NDEC_D void ndec_layer_group_multiply(float (*acc)[4], int begin, int end, int base, int first, X x, W w) {
	constexpr int some = NDEC_ROWS / 16;
	char *stage = ndec_shared_memory();
	unsigned long long matrix = ndec_group_matrix(stage, tiles * 128, 128);
	int k = 2 * (threadIdx.x & 3), s = base + (threadIdx.x & 31) / 4;
#pragma unroll 1
	for (int c = begin; c < end; c += NDEC_ROWS) {
		float own[some][4][2];
#pragma unroll
		for (int d = 0; d < some; d++)
#pragma unroll
			for (int r = 0; r < 4; r++)
#pragma unroll
				for (int j = 0; j < 2; j++) own[d][r][j] = x(c + 16 * d + 8 * (r / 2) + k + j, s + 8 * (r & 1));
		__syncthreads(); // nobody multiplies with what lies there
		ndec_group_put<As, 2 * some, tiles>(stage, [&](int k, int i) { return w(c + k, first + i); });
		ndec_group_ready();
#pragma unroll
		for (int d = 0; d < some; d++) {
			if (c + 16 * d >= end) continue;
			unsigned a[As::parts][4];
#pragma unroll
			for (int r = 0; r < 4; r++) {
				unsigned parts[As::parts];
				As::split(own[d][r][0], own[d][r][1], parts);
#pragma unroll
				for (int p = 0; p < As::parts; p++) a[p][r] = parts[p];
			}
			ndec_group_fence();
			ndec_group_add<tiles, false>(As(), acc, a, ndec_group_further(matrix, 2 * d * tiles * 8), 2 * some * tiles * 8);
			ndec_group_wait();
#pragma unroll
			for (int q = 0; q < tiles; q++)
#pragma unroll
				for (int e = 0; e < 4; e++) ndec_group_hold(acc[q][e]);
		}
	}
}

// out(i, s, y) for what they are then, columns i below N and rows s below n
template <int tiles, class F> NDEC_D void ndec_layer_group_give(const float (*acc)[4], int base, int n, int first, int N, F out) {
	int lane = threadIdx.x & 31;
#pragma unroll
	for (int r = 0; r < 2; r++) {
		int s = base + lane / 4 + 8 * r;
		if (s >= n) continue;
#pragma unroll
		for (int q = 0; q < tiles; q++)
#pragma unroll
			for (int e = 0; e < 2; e++) {
				int i = first + 8 * q + 2 * (lane & 3) + e;
				if (i < N) out(i, s, acc[q][2 * r + e]);
			}
	}
}

// out(i, s, y) for y = sum over k of w(k, i) x(k, s), columns i from first on and samples s of a block
template <class As, int tiles, int N, int K, class X, class W, class F> NDEC_D void ndec_layer_group_columns(int n, int first, X x, W w, F out) {
	int base = ndec_layer_first(blockIdx.x);
	float acc[tiles][4] = {};
	ndec_layer_group_multiply<As, tiles>(acc, 0, K, base, first, [&](int k, int s) { return s < n && (K % NDEC_ROWS == 0 || k < K) ? x(k, s) : 0.0f; },
		[&](int k, int i) { return (N % (8 * tiles) == 0 || i < N) && (K % NDEC_ROWS == 0 || k < K) ? w(k, i) : 0.0f; });
	ndec_layer_group_give<tiles>(acc, base, n, first, N, out);
}

// all of them; the products behind it may read what it gave
template <class As, int N, int K, class X, class W, class F> NDEC_D void ndec_layer_group_product(int n, X x, W w, F out) {
	constexpr int tiles = ndec_tiles(N), some = tiles < NDEC_LAYER_TILES ? tiles : NDEC_LAYER_TILES, rest = tiles % some;
#pragma unroll 1
	for (int first = 0; first + some <= tiles; first += some) ndec_layer_group_columns<As, some, N, K>(n, 8 * first, x, w, out);
	if constexpr (rest > 0) ndec_layer_group_columns<As, rest, N, K>(n, 8 * (tiles - rest), x, w, out);
	__syncthreads();
}

// out(i, j, y) for y = sum of a(i, s) b(j, s) over samples of a part that count, 128 rows i and some columns j a block. What does not count may be no number; it is
// read all the same.
template <class As, int M, int N, class A, class B, class F> NDEC_D void ndec_layer_group_outer(ndec_part part, const int *counts, A a, B b, F out) {
	constexpr int tiles = ndec_tiles(N) < NDEC_LAYER_TILES ? ndec_tiles(N) : NDEC_LAYER_TILES, across = (N + 8 * tiles - 1) / (8 * tiles);
	int first = part.row % across * 8 * tiles, base = ndec_layer_first(part.row / across), last = part.last - 1;
	float acc[tiles][4] = {};
	auto one = [&](int s, auto &f, int i, bool in) {
		int at = ndec_min(s, last);
		float x = in ? f(i, at) : 0.0f;
		return s <= last && counts[at] ? x : 0.0f;
	};
	ndec_layer_group_multiply<As, tiles>(acc, part.first, part.last, base, first, [&](int s, int i) { return one(s, a, i, M % NDEC_GROUP == 0 || i < M); },
		[&](int s, int j) { return one(s, b, j, N % (8 * tiles) == 0 || j < N); });
	ndec_layer_group_give<tiles>(acc, base, M, first, N, [&](int j, int i, float y) { out(i, j, y); });
}
#endif
