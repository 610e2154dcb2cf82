
// A group is the four warps of a warpgroup, each with a sample in each lane, on devices whose tensor cores multiply for all of them
// at a time (wgmma, in the image for sm_90a). Its accumulators give every warp 16 rows that lie as those of mma.m16n8k16 do, and so do its
// operands from registers: fragments and functions are those of tiles, and 16 samples of each warp are multiplied together. Weights come from
// shared memory, where a block puts them in parts when it starts. The warps of a block go through functions with such products together: loops
// over steps go on while any of its lanes does.
#if defined(__CUDA_ARCH_FEAT_SM90_ALL) || defined(NDEC_EMULATE)
#define NDEC_GROUPS

// All that is spelled in assembly, each with its body in emulate.cuh. It needs PTX 8.0.
#ifndef NDEC_EMULATE
NDEC_D bool ndec_block_any(bool x) { return __syncthreads_or(x) != 0; }
NDEC_D unsigned ndec_shared_address(const void *p) { return (unsigned)__cvta_generic_to_shared(p); }

// what the thread has written to shared memory is there for tensor cores, once all threads have said so
NDEC_D void ndec_group_publish() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

// registers of products are as the thread has left them
NDEC_D void ndec_group_fence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }

// waits for the products before it
NDEC_D void ndec_group_wait() { asm volatile("wgmma.commit_group.sync.aligned;\n\twgmma.wait_group.sync.aligned 0;" ::: "memory"); }
NDEC_D void ndec_group_hold(float &x) { asm volatile("" : "+f"(x) :: "memory"); } // nobody reads it before

// c[16,8 tiles] += a[16,16] b[16,8 tiles] in each warp, b in shared memory
template <class As, int tiles> struct ndec_wgmma;
#define NDEC_Q(q) "+f"(c[q][0]), "+f"(c[q][1]), "+f"(c[q][2]), "+f"(c[q][3])
#define NDEC_WGMMA(As, type, tiles, columns, results, a0, a1, a2, a3, matrix, ...) \
	template <> struct ndec_wgmma<As, tiles> { \
		static __device__ __forceinline__ void add(float (*c)[4], const unsigned *a, unsigned long long b) { \
			asm volatile("{\n\t.reg .pred all;\n\tsetp.eq.u32 all, 0, 0;\n\twgmma.mma_async.sync.aligned.m64n" #columns "k16.f32." type "." type \
				" {" results "}, {%" #a0 ", %" #a1 ", %" #a2 ", %" #a3 "}, %" #matrix ", all, 1, 1, 0;\n\t}" \
				: __VA_ARGS__ : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b) : "memory"); \
		} \
	};
#define NDEC_C8 "%0, %1, %2, %3, %4, %5, %6, %7"
#define NDEC_C16 NDEC_C8 ", %8, %9, %10, %11, %12, %13, %14, %15"
#define NDEC_C24 NDEC_C16 ", %16, %17, %18, %19, %20, %21, %22, %23"
#define NDEC_C32 NDEC_C24 ", %24, %25, %26, %27, %28, %29, %30, %31"
#define NDEC_WGMMAS(As, type) \
	NDEC_WGMMA(As, type, 2, 16, NDEC_C8, 8, 9, 10, 11, 12, NDEC_Q(0), NDEC_Q(1)) \
	NDEC_WGMMA(As, type, 4, 32, NDEC_C16, 16, 17, 18, 19, 20, NDEC_Q(0), NDEC_Q(1), NDEC_Q(2), NDEC_Q(3)) \
	NDEC_WGMMA(As, type, 6, 48, NDEC_C24, 24, 25, 26, 27, 28, NDEC_Q(0), NDEC_Q(1), NDEC_Q(2), NDEC_Q(3), NDEC_Q(4), NDEC_Q(5)) \
	NDEC_WGMMA(As, type, 8, 64, NDEC_C32, 32, 33, 34, 35, 36, NDEC_Q(0), NDEC_Q(1), NDEC_Q(2), NDEC_Q(3), NDEC_Q(4), NDEC_Q(5), NDEC_Q(6), NDEC_Q(7))
NDEC_WGMMAS(ndec_bf16<1>, "bf16")
NDEC_WGMMAS(ndec_f16, "f16")
#endif

struct ndec_group : ndec_tile {
	char *weights; // of products, in shared memory

	__device__ __forceinline__ bool any(bool x) const { return ndec_block_any(ndec_ballot(x) != 0); }
	__device__ __forceinline__ ndec_group only(bool x) const {
		ndec_group r = {ndec_tile::only(x), weights};
		return r;
	}
};

// A matrix of K rows and N columns in shared memory lies in parts as operands do, each in pieces of 8 rows and 8 columns that wgmma calls core
// matrices: 8 numbers of a column side by side, 128 bytes a piece, the pieces of 8 rows after each other.
template <class As, int N, int K> __host__ __device__ constexpr int ndec_group_bytes() { return As::parts * ndec_tiles(N) * ndec_tiles(K) * 128; }

// b(k, n) as such a matrix, by all threads of the block
template <class As, int N, int K, class B> NDEC_D void ndec_group_pack(char *to, B b) {
	constexpr int columns = 8 * ndec_tiles(N), pairs = 4 * ndec_tiles(K);
#pragma unroll 1
	for (int i = threadIdx.x; i < columns * pairs; i += blockDim.x) {
		int n = i % columns, k = i / columns * 2;
		float lo = n < N && k < K ? b(k, n) : 0.0f, hi = n < N && k + 1 < K ? b(k + 1, n) : 0.0f;
		unsigned parts[As::parts];
		As::split(lo, hi, parts);
#pragma unroll
		for (int p = 0; p < As::parts; p++) *(unsigned *)(to + ((p * ndec_tiles(K) + k / 8) * ndec_tiles(N) + n / 8) * 128 + n % 8 * 16 + k % 8 * 2) = parts[p];
	}
}

// from here on all warps may multiply with what was packed
NDEC_D void ndec_group_ready() {
	ndec_group_publish();
	__syncthreads();
}

// How wgmma is told of such a matrix: where it begins, and what is between pieces along rows and along columns, in units of 16 bytes. It
// is not swizzled.
NDEC_D unsigned long long ndec_group_matrix(const char *at, int rows, int columns) {
	return (unsigned long long)(ndec_shared_address(at) >> 4) | (unsigned long long)(rows >> 4) << 16 | (unsigned long long)(columns >> 4) << 32;
}

// the products of parts, smallest first, as As::add; of the next part b lies that much further on
template <int tiles, int P> NDEC_D void ndec_group_add(ndec_bf16<P>, float (*c)[4], unsigned (*a)[4], unsigned long long b, int next) {
#pragma unroll
	for (int s = P - 1; s >= 0; s--)
#pragma unroll
		for (int i = 0; i <= s; i++) ndec_wgmma<ndec_bf16<1>, tiles>::add(c, a[i], b + (s - i) * next);
}
template <int tiles> NDEC_D void ndec_group_add(ndec_f16, float (*c)[4], unsigned (*a)[4], unsigned long long b, int) { ndec_wgmma<ndec_f16, tiles>::add(c, a[0], b); }

// some columns of y = x B for 16 samples of each warp, B packed, from the tile first on
template <class As, int tiles, int N, int K, class Y, class X> NDEC_D void ndec_group_columns(ndec_group tile, Y y, X x, const float *by, const float *back, const char *b, int first) {
	float acc[tiles][4] = {};
	unsigned long long matrix = ndec_group_matrix(b + first * 128, ndec_tiles(N) * 128, 128);
#pragma unroll (ndec_unroll<X>(ndec_tiles(K) / 2))
	for (int c = 0; c < ndec_tiles(K) / 2; c++) {
		unsigned a[As::parts][4];
		ndec_tile_operand<As, K>(tile, x, c, by, a);
		ndec_group_fence();
		ndec_group_add<tiles>(As(), acc, a, matrix + 2 * c * ndec_tiles(N) * 8, ndec_tiles(N) * ndec_tiles(K) * 8);
		ndec_group_wait();
#pragma unroll
		for (int q = 0; q < tiles; q++)
#pragma unroll
			for (int e = 0; e < 4; e++) ndec_group_hold(acc[q][e]);
	}
#pragma unroll
	for (int q = 0; q < tiles; q++)
#pragma unroll
		for (int e = 0; e < 4; e++) y[first + q][e] = As::scaled ? acc[q][e] * back[e / 2] : acc[q][e];
}

// ndec_tile_product of a group, with B packed At bytes behind the first; where it is not packed, by each warp
template <class As, int N, int K, int At, class Y, class X, class B> NDEC_D void ndec_tile_product(ndec_group tile, Y y, X x, B b) {
	constexpr int group = ndec_tiles(N) < NDEC_HELD / 8 ? ndec_tiles(N) : NDEC_HELD / 8, rest = ndec_tiles(N) % group;
	if constexpr (At < 0) {
		ndec_tile_product<As, N, K, At>((ndec_tile)tile, y, x, b);
	} else {
		float by[2], back[2];
		ndec_tile_scales<As, K>(tile, x, by, back);
		ndec_warp_sync();
#pragma unroll 1
		for (int first = 0; first + group <= ndec_tiles(N); first += group) ndec_group_columns<As, group, N, K>(tile, y, x, by, back, tile.weights + At, first);
		if constexpr (rest > 0) ndec_group_columns<As, rest, N, K>(tile, y, x, by, back, tile.weights + At, ndec_tiles(N) - rest);
	}
}
#endif
