
// Gradients of groups. The first warps of a block have samples and go forward and back; outer products of cotangents and values are left to the
// others, one warpgroup for each 64 rows, which keep the sums of all weights in registers from the first step to the last. In between is a slot in shared
// memory: the warps with samples lay down both factors there, for 16 samples of each, with the number of the sum; the others multiply, and say when the slot
// is free. Products are made of zero for each slot and then added, so that tensor cores round no long sums.
#ifdef NDEC_GROUPS

// barriers of some of a block's warps, beside that of all
enum { NDEC_AMONG = 1, NDEC_FREE, NDEC_FULL };
enum { NDEC_ONES = 128, NDEC_SLOT = 384 }; // what lies how far behind the desk
#ifndef NDEC_EMULATE
template <int threads> NDEC_D bool ndec_some_any(bool x) {
	int r;
	asm volatile("{\n\t.reg .pred x, any;\n\tsetp.ne.s32 x, %1, 0;\n\tbar.red.or.pred any, %2, %3, x;\n\tselp.s32 %0, 1, 0, any;\n\t}"
		: "=r"(r) : "r"((int)x), "n"((int)NDEC_AMONG), "n"(threads) : "memory");
	return r != 0;
}
template <int threads> NDEC_D void ndec_some_sync(int barrier) { asm volatile("bar.sync %0, %1;" :: "r"(barrier), "n"(threads) : "memory"); }

// registers of the thread, whose warpgroup gives some back to the block, or waits for them
template <int n> NDEC_D void ndec_group_fewer() { asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" :: "n"(n)); }
template <int n> NDEC_D void ndec_group_more() { asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" :: "n"(n)); }
template <int threads> NDEC_D void ndec_some_arrive(int barrier) { asm volatile("bar.arrive %0, %1;" :: "r"(barrier), "n"(threads) : "memory"); }
#endif

// what they tell each other
struct ndec_group_desk {
	int order; // the number of a sum, less than 0 at the end
	int most[16];
};

// A group of a block of threads, of which the first have samples; the desk lies so far behind the weights, then 256 bytes of ones, then the slot.
template <int samples, int threads, int desk> struct ndec_group_back : ndec_group {
	enum {
		buffers = 1,
		held = samples > 128 ? NDEC_HELD : 2 * NDEC_HELD, // four warps with samples have 240 registers each
		together = 2,
		few = 1, // registers that threads have beside fragments
		again = 1, // what a step back needs of its stages is computed again for each, so that no stage keeps it
	};
	__device__ __forceinline__ bool any(bool x) const { return ndec_some_any<samples>(ndec_ballot(x) != 0); }
	__device__ __forceinline__ ndec_group_back only(bool x) const {
		ndec_group_back r = {ndec_group::only(x)};
		return r;
	}
	__device__ __forceinline__ bool mine() const { return live >> (ndec_thread() & 31) & 1; } // the lane is not kept for that
	__device__ __forceinline__ ndec_group_desk *table() const { return (ndec_group_desk *)(weights() + desk); }
	// the largest of all samples of the block
	__device__ __forceinline__ int most(int x) const {
		x = ndec_warp_most(x);
		any(false); // nobody reads the last one
		if (ndec_thread() % 32 == 0) table()->most[ndec_thread() / 32] = x;
		any(false);
		for (int w = 0; w < samples / 32; w++) x = ndec_max(x, table()->most[w]);
		return x;
	}
	__device__ __forceinline__ char *slot() const { return weights() + desk + NDEC_SLOT; }
	__device__ __forceinline__ void take() const { ndec_some_sync<threads>(NDEC_FREE); }
	__device__ __forceinline__ void give(int order) const {
		if (ndec_thread() == 0) table()->order = order;
		ndec_group_publish();
		ndec_warp_sync();
		ndec_some_arrive<threads>(NDEC_FULL);
	}
};

template <class As, int N, int K, int At, bool streamed = false, bool turned = false, int samples, int threads, int desk, class Y, class X, class B>
NDEC_D void ndec_tile_product(ndec_group_back<samples, threads, desk> tile, Y y, X x, B b) {
	ndec_group_product<ndec_group_back<samples, threads, desk>::held / 8, ndec_group_back<samples, threads, desk>::buffers, As, N, K, At, streamed, turned>(tile, y, x, b);
}

// The sums of a gradient by their kind: of a matrix, perhaps with a bias, which is one column more of it; of a vector; of a bias that goes with a matrix; and
// of some numbers that are in every lane, each with its own.
template <int number, int rows, int columns, bool bias> struct ndec_group_matrix_sum {};
struct ndec_group_bias_sum {};
template <int number, int rows> struct ndec_group_vector_sum {};
struct ndec_group_lane_sum {
	float *at;
};
template <int N, int samples, class T = float> struct ndec_group_lane_sums {
	T of[N][samples];
	__device__ __forceinline__ ndec_group_lane_sum operator[](int i) {
		ndec_group_lane_sum r = {&of[i][threadIdx.x]};
		return r;
	}
};

// sums of losses and counts, the thread's own
template <int samples> struct ndec_group_losses {
	double *at;
	__device__ __forceinline__ double &operator[](int i) const { return at[i * samples]; }
};
template <int N, int samples> NDEC_D ndec_group_losses<samples> ndec_group_own(ndec_group_lane_sums<N, samples, double> &sums) {
	ndec_group_losses<samples> r = {&sums.of[0][ndec_thread()]};
	return r;
}

// A factor of an outer product in the slot: a matrix of samples by columns in parts, each in core matrices of 8 samples and 8 columns whose numbers of a
// sample are side by side, those of 8 samples and all columns after each other. Parts lie after each other, those of a short factor beside each other, as if they
// were columns: one product is then that with all of them. A fragment is such matrices: a warp writes four at a time, of two tiles and all of its 16 samples.
// Samples that do not count are 0, whatever they hold. Where a bias goes with the product, its factor is 1, in the column behind the last of the short one.
__host__ __device__ constexpr int ndec_group_rows(int n) { return (n + 63) / 64 * 8; } // tiles of the longer factor: all rows of a warpgroup are read, and those beyond the last not added to anything
__host__ __device__ constexpr int ndec_group_tiles(int n) { return (n + 7) / 8; }      // of the other one
__host__ __device__ constexpr bool ndec_group_beside(int tiles) { return tiles <= 2; }
__host__ __device__ constexpr bool ndec_group_apart(int n) { return n % 8 == 0 && n > 64; } // the slot has no room for one column more: a bias is a product with ones that lie elsewhere

template <class F> __host__ __device__ constexpr int ndec_group_unroll(int n) { return ndec_unroll<F>(n) < n ? 2 : n > 0 ? n : 1; }
template <class As, int samples, int tiles, int N, bool beside, bool ones, class F> NDEC_D void ndec_group_lay(ndec_group tile, int half, char *to, F f) {
	constexpr int used = (N + 7) / 8, piece = beside ? As::parts * tiles * 128 : tiles * 128, part = beside ? tiles * 128 : samples / 16 * piece;
	int on[2] = {tile.counts(half, 0) ? -1 : 0, tile.counts(half, 1) ? -1 : 0};
	auto split = [&](int q, int r, unsigned *parts) {
		float x[2] = {f[q][2 * r], f[q][2 * r + 1]};
		if (ones && N % 8 > 0 && q == N / 8 && (tile.lane & 3) == N % 8 / 2) x[N & 1] = 1;
		As::split(__int_as_float(__float_as_int(x[0]) & on[r]), __int_as_float(__float_as_int(x[1]) & on[r]), parts); // read in any case: no branch
	};
	to += threadIdx.x / 32 * 2 * piece;
	char *row = to + tile.lane / 16 * piece + tile.lane % 16 * 16, *own = to + tile.lane * 4;
#pragma unroll (ndec_group_unroll<F>(used / 2))
	for (int q = 0; q + 1 < used; q += 2) {
		unsigned parts[4][As::parts];
#pragma unroll
		for (int i = 0; i < 4; i++) split(q + i % 2, i / 2, parts[i]);
#pragma unroll
		for (int p = 0; p < As::parts; p++) ndec_group_store_four(row + p * part + q * 128, parts[0][p], parts[1][p], parts[2][p], parts[3][p]);
	}
#pragma unroll
	for (int r = 0; r < 2; r++) {
		if constexpr (used % 2 > 0) {
			unsigned parts[As::parts];
			split(used - 1, r, parts);
#pragma unroll
			for (int p = 0; p < As::parts; p++) ndec_group_store(own + p * part + r * piece + (used - 1) * 128, parts[p]);
		}
		if constexpr (ones && N % 8 == 0) {
			unsigned one = (tile.lane & 3) == 0 ? 0x3f80u & on[r] : 0; // of bfloat16
#pragma unroll
			for (int p = 0; p < As::parts; p++) ndec_group_store(own + p * part + r * piece + used * 128, p == 0 ? one : 0);
		}
	}
}

template <class As, int M, int N, int samples, int threads, int desk, int number, bool bias, class A, class B>
NDEC_D void ndec_tile_outer(ndec_group_back<samples, threads, desk> tile, int half, ndec_group_matrix_sum<number, M, N, bias> &, A a, B b) {
	constexpr int tiles = ndec_group_rows(M < N ? N : M), rest = ndec_group_tiles((M < N ? M : N) + (bias && !ndec_group_apart(N)));
	char *second = tile.slot() + As::parts * (samples / 16) * tiles * 128;
	tile.take();
	if constexpr (M < N) {
		ndec_group_lay<As, samples, tiles, N, false, false>(tile, half, tile.slot(), b);
		ndec_group_lay<As, samples, rest, M, ndec_group_beside(rest), false>(tile, half, second, a);
	} else {
		ndec_group_lay<As, samples, tiles, M, false, false>(tile, half, tile.slot(), a);
		ndec_group_lay<As, samples, rest, N, ndec_group_beside(rest), bias && !ndec_group_apart(N)>(tile, half, second, b);
	}
	tile.give(number);
}
template <int N, int samples, int threads, int desk, int number, class F>
NDEC_D void ndec_tile_add(ndec_group_back<samples, threads, desk> tile, int half, ndec_group_vector_sum<number, N> &, F f) {
	tile.take();
	ndec_group_lay<ndec_bf16<3>, samples, ndec_group_rows(N), N, false, false>(tile, half, tile.slot(), f);
	tile.give(number);
}
template <int N, int samples, int threads, int desk, class F> NDEC_D void ndec_tile_add(ndec_group_back<samples, threads, desk>, int, ndec_group_bias_sum &, F) {}
template <int samples, int threads, int desk> NDEC_D void ndec_tile_add_own(ndec_group_back<samples, threads, desk> tile, ndec_group_lane_sum to, float x) { *to.at += tile.mine() ? x : 0.0f; }

// What is there before the first sample: ones, and sums of lanes that are 0.
NDEC_D void ndec_group_ones(char *desk) {
	for (int i = threadIdx.x; i < 64; i += blockDim.x) ndec_group_store(desk + NDEC_ONES + 4 * i, 0x3f803f80u);
}
template <int N, int samples, class T> NDEC_D void ndec_group_clear(ndec_group_lane_sums<N, samples, T> &sums) {
	for (int i = threadIdx.x; i < N * samples; i += blockDim.x) (&sums.of[0][0])[i] = 0;
}

// The other side. The number of the next sum is that of what lies in the slot; a shuffle says that all lanes have the same.
template <int threads> NDEC_D int ndec_group_next(const char *desk) {
	ndec_some_arrive<threads>(NDEC_FREE);
	ndec_some_sync<threads>(NDEC_FULL);
	return ndec_shuffle(((const ndec_group_desk *)desk)->order, 0);
}

// sum[8 tiles] += the product of the factors that lie at a and b, for 64 rows of a from the tile on that is its first, and so many tiles of columns of b, of which
// a piece has rest in each part, none if all is ones. How
// wgmma is told of both: numbers of a column are not side by side (MN-major, imm-trans-a and imm-trans-b are 1); of such a matrix that is not swizzled, the
// leading dimension is the one of the product's terms (8 samples further), the stride that of rows and columns (8 columns further), by the table
// of canonical layouts in the PTX ISA: ((T,1,m),(8,k)):((1,T,SBO),(1T,LBO)), where T is 8 of 16 bits.
template <class As, int samples, int tiles, int rest, int some> NDEC_D void ndec_group_sum_some(const char *a, const char *b, float (*sum)[4]) {
	constexpr int pieces = samples / 16;
	constexpr bool beside = rest > 0 && ndec_group_beside(rest);
	constexpr int all = beside ? As::parts * some : some, piece = beside ? As::parts * rest : rest;
	unsigned long long long_ = ndec_group_matrix(a, tiles * 128, 128), short_ = ndec_group_matrix(b, rest > 0 ? piece * 128 : 128, 128);
	float acc[all][4] = {};
	ndec_group_fence();
#pragma unroll 1
	for (int k = 0; k < pieces; k += 2) {
#pragma unroll
		for (int s = As::parts - 1; s >= 0; s--)
#pragma unroll
			for (int i = 0; i <= s; i++)
				if (rest > 0 && !beside || i == s) // with all parts, or the only one
					ndec_wgmma<all>::outer(acc, ndec_group_further(long_, i * pieces * tiles * 8), ndec_group_further(short_, (s - i) * pieces * rest * 8));
		long_ = ndec_group_further(long_, 2 * tiles * 8), short_ = ndec_group_further(short_, 2 * piece * 8);
	}
	ndec_group_wait();
#pragma unroll
	for (int q = all - 1; q >= 0; q--)
#pragma unroll
		for (int e = 0; e < 4; e++) {
			ndec_group_hold(acc[q][e]);
			if (q >= some) acc[q - some][e] += acc[q][e]; // of a later part
			else sum[q][e] += acc[q][e];
		}
}

// the rows of the thread's warpgroup, from 64 on for the second one
template <int samples> NDEC_D int ndec_group_first() { return ndec_shuffle(((int)threadIdx.x - samples) / 128 * 64, 0); }

// to a matrix of M rows and N columns, the longer of its sides along the rows of wgmma; a bias is one column more
template <class As, int samples, int M, int N, bool bias> NDEC_D void ndec_group_sum_outer(const char *desk, float (*sum)[4]) {
	constexpr int tiles = ndec_group_rows(M < N ? N : M), rest = ndec_group_tiles((M < N ? M : N) + (bias && !ndec_group_apart(N))), full = rest > 8 && rest % 8 == 1 ? rest / 8 - 1 : rest / 8;
	int first = ndec_group_first<samples>();
	if (first >= 8 * tiles) return;
	const char *a = desk + NDEC_SLOT + first / 8 * 128, *b = desk + NDEC_SLOT + As::parts * (samples / 16) * tiles * 128;
	if constexpr (full > 0) {
#pragma unroll
		for (int q = 0; q < full; q++) ndec_group_sum_some<As, samples, tiles, rest, 8>(a, b + q * 1024, sum + 8 * q);
	}
	if constexpr (rest > 8 * full) ndec_group_sum_some<As, samples, tiles, rest, rest - 8 * full>(a, b + full * 1024, sum + 8 * full); // 9 at most
	if constexpr (bias && ndec_group_apart(N)) ndec_group_sum_some<As, samples, tiles, 0, 1>(a, desk + NDEC_ONES, sum + rest);
}

// and to a vector of N: its products with 1, all in the first column
template <int samples, int N> NDEC_D void ndec_group_sum_vector(const char *desk, float (*sum)[4]) {
	constexpr int tiles = ndec_group_rows(N);
	int first = ndec_group_first<samples>();
	if (first < 8 * tiles) ndec_group_sum_some<ndec_bf16<3>, samples, tiles, 0, 1>(desk + NDEC_SLOT + first / 8 * 128, desk + NDEC_ONES, sum);
}

// What was summed, to the block's row.
template <int samples, int M, int N> NDEC_D void ndec_group_leave_outer(float *to, float (*sum)[4]) {
	constexpr int rows = M < N ? N : M, columns = M < N ? M : N;
	int lane = threadIdx.x & 31, first = ndec_group_first<samples>() + threadIdx.x / 32 % 4 * 16 + lane / 4;
#pragma unroll
	for (int q = 0; q < (columns + 7) / 8; q++)
#pragma unroll
		for (int e = 0; e < 4; e++) {
			int m = first + 8 * (e / 2), n = 8 * q + 2 * (lane & 3) + (e & 1);
			if (m < rows && n < columns) to[M < N ? n * N + m : m * N + n] = sum[q][e];
		}
}
// a vector is the first column, a bias that which follows those of its matrix
template <int samples, int N, int column> NDEC_D void ndec_group_leave_vector(float *to, float (*sum)[4]) {
	int lane = threadIdx.x & 31, first = ndec_group_first<samples>() + threadIdx.x / 32 % 4 * 16 + lane / 4;
#pragma unroll
	for (int r = 0; r < 2; r++)
		if ((lane & 3) == column % 8 / 2 && first + 8 * r < N) to[first + 8 * r] = sum[column / 8][2 * r + column % 2];
}
// of lanes, by the whole block after a barrier: a number a warp
template <int N, int samples, class T> NDEC_D void ndec_group_leave_lanes(T *to, const ndec_group_lane_sums<N, samples, T> &sums) {
	int thread = ndec_thread();
	for (int i = thread / 32; i < N; i += blockDim.x / 32) {
		T v = 0;
		for (int l = thread & 31; l < samples; l += 32) v += sums.of[i][l];
		v = ndec_warp_sum(v);
		if ((thread & 31) == 0) to[i] = v;
	}
}
#endif
