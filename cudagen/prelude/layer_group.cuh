
// Products of layers by warpgroups (group.cuh), in the image for devices whose tensor cores multiply for four warps at a time. A block has two of them for
// 128 rows, 16 for each warp, and all columns of a product, of which it does as many at a time as an instruction takes; what lies in device memory goes to
// registers as the one operand, and to shared memory as the other, both in parts. Products that follow each other are one kernel: a block has its samples
// from the first to the last.
#ifdef NDEC_GROUPS
enum { NDEC_LAYER_WARPS = 8, NDEC_LAYER_TILES = 16 };

// an array of a sample, as ndec_column; where an element lies is one number, which serves all arrays, added to the address of each by one instruction
template <class T> struct ndec_entry {
	T *p;
	int s, n;
	__device__ __forceinline__ T &operator[](int i) const { return p[i * n + s]; }
	__device__ __forceinline__ ndec_entry operator+(int i) const {
		ndec_entry e = {p, s + i * n, n};
		return e;
	}
};

// the first row of the thread's warp
NDEC_D int ndec_layer_first(int block) { return block * NDEC_GROUP + threadIdx.x / 32 * 16; }

// w(k, i) as a matrix in shared memory, for a piece of 32 terms and columns from first on, by all threads. A warp has every so many tiles of 8 columns, and reads what it
// has of one before it waits for the first.
template <class As, int tiles, class T, class W> NDEC_D void ndec_layer_group_put(char *to, T terms, int first, W w) {
	constexpr int pieces = NDEC_ROWS / 8;
	int lane = threadIdx.x & 31;
#pragma unroll 1
	for (int q = threadIdx.x / 32; q < tiles; q += NDEC_LAYER_WARPS) {
		float x[pieces][2];
#pragma unroll
		for (int p = 0; p < pieces; p++)
#pragma unroll
			for (int j = 0; j < 2; j++) x[p][j] = w(terms, p, j, first + 8 * q + lane / 4);
#pragma unroll
		for (int p = 0; p < pieces; p++) {
			unsigned parts[As::parts];
			As::split(x[p][0], x[p][1], parts);
#pragma unroll
			for (int i = 0; i < As::parts; i++) ndec_group_store(to + ((i * pieces + p) * tiles + q) * 128 + lane * 4, parts[i]);
		}
	}
}

// acc += sum over k from begin to end of x(k, s) w(k, i), for rows s from base on and columns i from first on, in pieces of 32 terms: of(c) says once for a thread what it has
// to know of its terms of such a piece, which are c + 8 p + 2 (lane % 4) + j for p up to 4 and j up to 2. Both are asked for all of them and for rows and columns beyond the last,
// so that loads need no branches; terms beyond the last are 0. What registers get of the next piece is read while tensor cores multiply the last. used(r, x) is told of
// what is multiplied in the upper or lower of the thread's two rows.
template <class As, int tiles, class T, class X, class W, class F> NDEC_D void ndec_layer_group_multiply(float (*acc)[4], int begin, int end, int base, int first, T of, X x, W w, F used) {
	constexpr int some = NDEC_ROWS / 16;
	char *stage = ndec_shared_memory();
	unsigned long long matrix = ndec_group_matrix(stage, tiles * 128, 128);
	int s = base + (threadIdx.x & 31) / 4;
	if (begin >= end) return;
	auto terms = of(begin);
	float own[some][4][2];
	auto read = [&](int d) {
#pragma unroll
		for (int r = 0; r < 4; r++)
#pragma unroll
			for (int j = 0; j < 2; j++) own[d][r][j] = x(terms, 2 * d + r / 2, j, s + 8 * (r & 1));
	};
#pragma unroll
	for (int d = 0; d < some; d++) read(d);
#pragma unroll 1
	for (int c = begin; c < end; c += NDEC_ROWS) {
		__syncthreads(); // nobody multiplies with what lies there
		ndec_layer_group_put<As, tiles>(stage, terms, first, w);
		ndec_group_ready();
		terms = of(c + NDEC_ROWS < end ? c + NDEC_ROWS : c);
#pragma unroll
		for (int d = 0; d < some; d++) {
			if (end - begin <= 16 && d > 0) continue;
			unsigned a[As::parts][4];
#pragma unroll
			for (int r = 0; r < 4; r++) {
				unsigned parts[As::parts];
				used(r & 1, own[d][r][0] + own[d][r][1]);
				As::split(own[d][r][0], own[d][r][1], parts);
#pragma unroll
				for (int p = 0; p < As::parts; p++) a[p][r] = parts[p];
			}
			ndec_group_fence();
			ndec_group_add<tiles, false>(As(), acc, a, ndec_group_further(matrix, 2 * d * tiles * 8), 2 * some * tiles * 8);
			read(d);
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
	ndec_group_hold(base); // else operands of few terms are registers from the first columns to the last
	float acc[tiles][4] = {};
	auto of = [](int c) { return c + 2 * ((int)threadIdx.x & 3); };
	auto term = [](int k, auto f) {
		if (K % NDEC_ROWS == 0) return f(k);
		float y = f(ndec_min(k, K - 1));
		return k < K ? y : 0.0f;
	};
	ndec_layer_group_multiply<As, tiles>(acc, 0, K, base, first, of, [&](int t, int p, int j, int s) { return term(t + 8 * p + j, [&](int k) { return x(k, ndec_min(s, n - 1)); }); },
		[&](int t, int p, int j, int i) { return term(t + 8 * p + j, [&](int k) { return w(k, N % (8 * tiles) == 0 ? i : ndec_min(i, N - 1)); }); }, [](int, float) {});
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

// Sums over samples. Which of a thread's count is known once for both operands; what does not count may be no number, and is read all the same.
struct ndec_layer_samples {
	int first;
	unsigned on; // bits
};

// acc += sum of a(i, s) b(j, s) over samples s from begin to end that count, rows i from base on and columns j from first on. rows gets the thread's part of the sum of a(i, s). Of
// whole pieces none lies beyond the end, and all of a row lie at constants from each other.
template <class As, int tiles, int M, int N, bool whole, bool summed, class A, class B> NDEC_D void ndec_layer_group_pairs(float (*acc)[4], float *rows, int begin, int end, int base, int first, const int *counts, A a, B b) {
	auto at = [=](int s) { return whole ? s : ndec_min(s, end - 1); };
	auto of = [&](int c) {
		ndec_layer_samples r = {c + 2 * ((int)threadIdx.x & 3), 0};
#pragma unroll
		for (int m = 0; m < NDEC_ROWS / 4; m++) {
			int s = r.first + m / 2 * 8 + m % 2;
			r.on |= (unsigned)((whole || s < end) && counts[at(s)]) << m;
		}
		return r;
	};
	ndec_layer_group_multiply<As, tiles>(acc, begin, end, base, first, of,
		[&](ndec_layer_samples t, int p, int j, int i) {
			float x = a(M % NDEC_GROUP == 0 ? i : ndec_min(i, M - 1), at(t.first + 8 * p + j));
			return t.on >> (2 * p + j) & 1 ? x : 0.0f;
		},
		[&](ndec_layer_samples t, int p, int j, int i) {
			float x = b(N % (8 * tiles) == 0 ? i : ndec_min(i, N - 1), at(t.first + 8 * p + j));
			return t.on >> (2 * p + j) & 1 ? x : 0.0f;
		},
		[&](int r, float x) {
			if (summed) rows[r] += x;
		});
}

// out(i, j, y) for y = sum of a(i, s) b(j, s) over samples of a part that count, 128 rows i and some columns j a block; and total(i, y) for the sum of a(i, s), if it is wanted
template <class As, int M, int N, bool summed, class A, class B, class F, class G> NDEC_D void ndec_layer_group_sums(ndec_part part, const int *counts, A a, B b, F out, G total) {
	constexpr int tiles = ndec_tiles(N) < NDEC_LAYER_TILES ? ndec_tiles(N) : NDEC_LAYER_TILES, across = (N + 8 * tiles - 1) / (8 * tiles);
	int first = part.row % across * 8 * tiles, base = ndec_layer_first(part.row / across), rest = part.first + (part.last - part.first) / NDEC_ROWS * NDEC_ROWS;
	float acc[tiles][4] = {}, rows[2] = {0, 0};
	ndec_layer_group_pairs<As, tiles, M, N, true, summed>(acc, rows, part.first, rest, base, first, counts, a, b);
	ndec_layer_group_pairs<As, tiles, M, N, false, summed>(acc, rows, rest, part.last, base, first, counts, a, b);
	ndec_layer_group_give<tiles>(acc, base, M, first, N, [&](int j, int i, float y) { out(i, j, y); });
	if (!summed || first > 0) return;
#pragma unroll
	for (int r = 0; r < 2; r++) {
		int lane = threadIdx.x & 31, i = base + lane / 4 + 8 * r;
		rows[r] += ndec_shuffle(rows[r], lane ^ 1);
		rows[r] += ndec_shuffle(rows[r], lane ^ 2);
		if ((lane & 3) == 0 && i < M) total(i, rows[r]);
	}
}
template <class As, int M, int N, class A, class B, class F> NDEC_D void ndec_layer_group_outer(ndec_part part, const int *counts, A a, B b, F out) {
	ndec_layer_group_sums<As, M, N, false>(part, counts, a, b, out, [](int, float) {});
}
template <class As, int M, int N, class A, class B, class F, class G> NDEC_D void ndec_layer_group_outer(ndec_part part, const int *counts, A a, B b, F out, G total) {
	ndec_layer_group_sums<As, M, N, true>(part, counts, a, b, out, total);
}
#endif
