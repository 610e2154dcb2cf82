
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
template <int threads> NDEC_D void ndec_some_arrive(int barrier) { asm volatile("bar.arrive %0, %1;" :: "r"(barrier), "n"(threads) : "memory"); }
#endif

// what they tell each other
struct ndec_group_desk {
	int order; // the number of a sum, less than 0 at the end
	int most[16];
};

// A group of a block of threads, of which the first have samples; the desk lies so far behind the weights, then 256 bytes of ones, then the slot.
template <int samples, int threads, int desk> struct ndec_group_back : ndec_group {
	enum { held = NDEC_HELD, together = 0 }; // 384 threads have 168 registers each
	__device__ __forceinline__ bool any(bool x) const { return ndec_some_any<samples>(ndec_ballot(x) != 0); }
	__device__ __forceinline__ ndec_group_back only(bool x) const {
		ndec_group_back r = {ndec_group::only(x)};
		return r;
	}
	__device__ __forceinline__ ndec_group_desk *table() const { return (ndec_group_desk *)(weights() + desk); }
	// the largest of all samples of the block
	__device__ __forceinline__ int most(int x) const {
		x = ndec_warp_most(x);
		any(false); // nobody reads the last one
		if (lane == 0) table()->most[threadIdx.x / 32] = x;
		any(false);
		for (int w = 0; w < samples / 32; w++) x = ndec_max(x, table()->most[w]);
		return x;
	}
	__device__ __forceinline__ char *slot() const { return weights() + desk + NDEC_SLOT; }
	__device__ __forceinline__ void take() const { ndec_some_sync<threads>(NDEC_FREE); }
	__device__ __forceinline__ void give(int order) const {
		if (threadIdx.x == 0) table()->order = order;
		ndec_group_publish();
		ndec_warp_sync();
		ndec_some_arrive<threads>(NDEC_FULL);
	}
};

template <class As, int N, int K, int At, bool streamed = false, bool turned = false, int samples, int threads, int desk, class Y, class X, class B>
NDEC_D void ndec_tile_product(ndec_group_back<samples, threads, desk> tile, Y y, X x, B b) {
	ndec_group_product<NDEC_HELD / 8, As, N, K, At, streamed, turned>(tile, y, x, b);
}

// The sums of a gradient by their kind: of a matrix, of a vector, and of some numbers that are in every lane, each with its own.
template <int number, int rows, int columns> struct ndec_group_matrix_sum {};
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
	ndec_group_losses<samples> r = {&sums.of[0][threadIdx.x]};
	return r;
}

// A factor of an outer product in the slot: a matrix of samples by columns in parts, each in core matrices of 8 samples and 8 columns whose numbers of a
// sample are side by side, those of 8 samples and all columns after each other. A warp writes one at a time, a number of columns to 16 bytes:
// no two lanes come to the same bank. Samples that do not count are 0, whatever they hold.
template <class As, int samples, int tiles, int N, class F> NDEC_D void ndec_group_lay(ndec_group tile, int half, char *to, F f) {
	constexpr int pieces = samples / 16;
#pragma unroll
	for (int r = 0; r < 2; r++) {
		bool on = tile.counts(half, r);
		char *at = to + (threadIdx.x / 32 * 2 + r) * tiles * 128 + tile.lane * 4;
#pragma unroll (ndec_unroll<F>(ndec_tiles(N)))
		for (int q = 0; q < ndec_tiles(N); q++) {
			unsigned parts[As::parts];
			As::split(on ? f[q][2 * r] : 0.0f, on ? f[q][2 * r + 1] : 0.0f, parts);
#pragma unroll
			for (int p = 0; p < As::parts; p++) ndec_group_store(at + (p * pieces * tiles + q) * 128, parts[p]);
		}
	}
}

// tiles of the longer factor: all rows of a warpgroup are read, and those beyond the last not added to anything
__host__ __device__ constexpr int ndec_group_rows(int n) { return (n + 63) / 64 * 8; }

template <class As, int M, int N, int samples, int threads, int desk, int number, class A, class B>
NDEC_D void ndec_tile_outer(ndec_group_back<samples, threads, desk> tile, int half, ndec_group_matrix_sum<number, M, N> &, A a, B b) {
	constexpr int tiles = ndec_group_rows(M < N ? N : M), rest = ndec_tiles(M < N ? M : N);
	char *second = tile.slot() + As::parts * (samples / 16) * tiles * 128;
	tile.take();
	if constexpr (M < N) {
		ndec_group_lay<As, samples, tiles, N>(tile, half, tile.slot(), b);
		ndec_group_lay<As, samples, rest, M>(tile, half, second, a);
	} else {
		ndec_group_lay<As, samples, tiles, M>(tile, half, tile.slot(), a);
		ndec_group_lay<As, samples, rest, N>(tile, half, second, b);
	}
	tile.give(number);
}
template <int N, int samples, int threads, int desk, int number, class F>
NDEC_D void ndec_tile_add(ndec_group_back<samples, threads, desk> tile, int half, ndec_group_vector_sum<number, N> &, F f) {
	tile.take();
	ndec_group_lay<ndec_bf16<3>, samples, ndec_group_rows(N), N>(tile, half, tile.slot(), f);
	tile.give(number);
}
NDEC_D void ndec_tile_add_own(ndec_group tile, ndec_group_lane_sum to, float x) { *to.at += tile.mine() ? x : 0.0f; }

// What is there before the first sample: ones, and sums of lanes that are 0.
NDEC_D void ndec_group_ones(char *desk) {
	for (int i = threadIdx.x; i < 64; i += blockDim.x) ndec_group_store(desk + NDEC_ONES + 4 * i, 0x3f803f80u);
}
template <int N, int samples, class T> NDEC_D void ndec_group_clear(ndec_group_lane_sums<N, samples, T> &sums) {
	for (int i = threadIdx.x; i < N * samples; i += blockDim.x) (&sums.of[0][0])[i] = 0;
}

// The other side. The number of the next sum is that of what lies in the slot.
template <int threads> NDEC_D int ndec_group_next(const char *desk) {
	ndec_some_arrive<threads>(NDEC_FREE);
	ndec_some_sync<threads>(NDEC_FULL);
	return ((const ndec_group_desk *)desk)->order;
}

// sum[8 tiles] += the product of the factors that lie at a and b, for 64 rows of a from the tile on that is its first, and columns of b from the tile from on. How
// wgmma is told of both: numbers of a column are not side by side (MN-major, imm-trans-a and imm-trans-b are 1); of such a matrix that is not swizzled, the
// leading dimension is the one of the product's terms (8 samples further), the stride that of rows and columns (8 columns further), by the table
// of canonical layouts in the PTX ISA: ((T,1,m),(8,k)):((1,T,SBO),(1T,LBO)), where T is 8 of 16 bits.
template <class As, int samples, int tiles, int rest, int some> NDEC_D void ndec_group_sum_some(unsigned long long a, unsigned long long b, float (*sum)[4]) {
	constexpr int pieces = samples / 16;
	float acc[some][4] = {};
	ndec_group_fence();
#pragma unroll 1
	for (int k = 0; k < pieces; k += 2) {
#pragma unroll
		for (int s = As::parts - 1; s >= 0; s--)
#pragma unroll
			for (int i = 0; i <= s; i++) ndec_wgmma<some>::outer(acc, a + i * pieces * tiles * 8, b + (rest > 0 ? (s - i) * pieces * rest * 8 : 0));
		a += 2 * tiles * 8, b += 2 * rest * 8;
	}
	ndec_group_wait();
#pragma unroll
	for (int q = 0; q < some; q++)
#pragma unroll
		for (int e = 0; e < 4; e++) {
			ndec_group_hold(acc[q][e]);
			sum[q][e] += acc[q][e];
		}
}

// the rows of the thread's warpgroup, from 64 on for the second one
template <int samples> NDEC_D int ndec_group_first() { return (threadIdx.x - samples) / 128 * 64; }

// to a matrix of M rows and N columns, the longer of its sides along the rows of wgmma
template <class As, int samples, int M, int N> NDEC_D void ndec_group_sum_outer(const char *desk, float (*sum)[4]) {
	constexpr int tiles = ndec_group_rows(M < N ? N : M), rest = ndec_tiles(M < N ? M : N), columns = ((M < N ? M : N) + 7) / 8;
	int first = ndec_group_first<samples>();
	if (first >= 8 * tiles) return;
	const char *slot = desk + NDEC_SLOT;
	unsigned long long a = ndec_group_matrix(slot + first / 8 * 128, tiles * 128, 128), b = ndec_group_matrix(slot + As::parts * (samples / 16) * tiles * 128, rest * 128, 128);
#pragma unroll
	for (int q = 0; q + 8 <= columns; q += 8) ndec_group_sum_some<As, samples, tiles, rest, 8>(a, b + q * 8, sum + q);
	if constexpr (columns % 8 > 0) ndec_group_sum_some<As, samples, tiles, rest, columns % 8>(a, b + columns / 8 * 64, sum + columns / 8 * 8);
}

// and to a vector of N: its products with 1, all in the first column
template <int samples, int N> NDEC_D void ndec_group_sum_vector(const char *desk, float (*sum)[4]) {
	constexpr int tiles = ndec_group_rows(N), pieces = samples / 16;
	int first = ndec_group_first<samples>();
	if (first >= 8 * tiles) return;
	unsigned long long a = ndec_group_matrix(desk + NDEC_SLOT + first / 8 * 128, tiles * 128, 128), ones = ndec_group_matrix(desk + NDEC_ONES, 128, 128);
	float acc[1][4] = {};
	ndec_group_fence();
#pragma unroll 1
	for (int k = 0; k < pieces; k += 2, a += 2 * tiles * 8) {
#pragma unroll
		for (int p = 2; p >= 0; p--) ndec_wgmma<1>::outer(acc, a + p * pieces * tiles * 8, ones);
	}
	ndec_group_wait();
#pragma unroll
	for (int e = 0; e < 4; e++) {
		ndec_group_hold(acc[0][e]);
		sum[0][e] += acc[0][e];
	}
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
template <int samples, int N> NDEC_D void ndec_group_leave_vector(float *to, float (*sum)[4]) {
	int lane = threadIdx.x & 31, first = ndec_group_first<samples>() + threadIdx.x / 32 % 4 * 16 + lane / 4;
#pragma unroll
	for (int r = 0; r < 2; r++)
		if ((lane & 3) == 0 && first + 8 * r < N) to[first + 8 * r] = sum[0][2 * r];
}
// of lanes, by the whole block after a barrier: a number a warp
template <int N, int samples, class T> NDEC_D void ndec_group_leave_lanes(T *to, const ndec_group_lane_sums<N, samples, T> &sums) {
	for (int i = threadIdx.x / 32; i < N; i += blockDim.x / 32) {
		T v = 0;
		for (int l = threadIdx.x & 31; l < samples; l += 32) v += sums.of[i][l];
		v = ndec_warp_sum(v);
		if ((threadIdx.x & 31) == 0) to[i] = v;
	}
}
#endif
