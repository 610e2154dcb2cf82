
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

// threadIdx.x, read anew: it need not be kept through everything that is called
NDEC_D int ndec_thread() {
	int r;
	asm volatile("mov.u32 %0, %%tid.x;" : "=r"(r));
	return r;
}

// what the thread has written to shared memory is there for tensor cores, once all threads have said so
NDEC_D void ndec_group_publish() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

// registers of products are as the thread has left them
NDEC_D void ndec_group_fence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }

// products are waited for as those before the same commit, all but the last n such groups
NDEC_D void ndec_group_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
template <int n> NDEC_D void ndec_group_await() { asm volatile("wgmma.wait_group.sync.aligned %0;" :: "n"(n) : "memory"); }
NDEC_D void ndec_group_hold(float &x) { asm volatile("" : "+f"(x) :: "memory"); } // nobody reads it before
NDEC_D void ndec_group_hold(int &x) { asm volatile("" : "+r"(x)); } // nor is what follows from it

NDEC_D void ndec_group_store(char *at, unsigned x) { *(unsigned *)at = x; } // what products read
// four matrices of 8 by 8 numbers, each as the lanes of a fragment have it: lanes 8 i to 8 i + 7 say where the rows of matrix i lie
NDEC_D void ndec_group_store_four(char *row, unsigned x0, unsigned x1, unsigned x2, unsigned x3) {
	asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};" :: "r"(ndec_shared_address(row)), "r"(x0), "r"(x1), "r"(x2), "r"(x3) : "memory");
}

// c[16,8 tiles] += a[16,16] b[16,8 tiles] of bfloat16 in each warp, sums in float, b in shared memory; turned: numbers of a row of b are side by side there.
// outer has a there as well, 64 rows for the four warps, and numbers of a column of a and of a row of b side by side.
template <int tiles> struct ndec_wgmma;
#define NDEC_Q(q) "+f"(c[q][0]), "+f"(c[q][1]), "+f"(c[q][2]), "+f"(c[q][3])
#define NDEC_WGMMA(tiles, columns, results, a0, a1, a2, a3, matrix, turn, ...) \
	template <> struct ndec_wgmma<tiles> { \
		template <bool turned> static __device__ __forceinline__ void add(float (*c)[4], const unsigned *a, unsigned long long b) { \
			asm volatile("{\n\t.reg .pred all;\n\tsetp.eq.u32 all, 0, 0;\n\twgmma.mma_async.sync.aligned.m64n" #columns "k16.f32.bf16.bf16" \
				" {" results "}, {%" #a0 ", %" #a1 ", %" #a2 ", %" #a3 "}, %" #matrix ", all, 1, 1, %" #turn ";\n\t}" \
				: __VA_ARGS__ : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "n"((int)turned) : "memory"); \
		} \
		static __device__ __forceinline__ void outer(float (*c)[4], unsigned long long a, unsigned long long b) { \
			asm volatile("{\n\t.reg .pred all;\n\tsetp.eq.u32 all, 0, 0;\n\twgmma.mma_async.sync.aligned.m64n" #columns "k16.f32.bf16.bf16" \
				" {" results "}, %" #a0 ", %" #a1 ", all, 1, 1, 1, 1;\n\t}" : __VA_ARGS__ : "l"(a), "l"(b) : "memory"); \
		} \
	};
#define NDEC_C1 "%0, %1, %2, %3"
#define NDEC_C2 NDEC_C1 ", %4, %5, %6, %7"
#define NDEC_C3 NDEC_C2 ", %8, %9, %10, %11"
#define NDEC_C4 NDEC_C3 ", %12, %13, %14, %15"
#define NDEC_C5 NDEC_C4 ", %16, %17, %18, %19"
#define NDEC_C6 NDEC_C5 ", %20, %21, %22, %23"
#define NDEC_C7 NDEC_C6 ", %24, %25, %26, %27"
#define NDEC_C8 NDEC_C7 ", %28, %29, %30, %31"
#define NDEC_C9 NDEC_C8 ", %32, %33, %34, %35"
#define NDEC_C10 NDEC_C9 ", %36, %37, %38, %39"
#define NDEC_C11 NDEC_C10 ", %40, %41, %42, %43"
#define NDEC_C12 NDEC_C11 ", %44, %45, %46, %47"
#define NDEC_C13 NDEC_C12 ", %48, %49, %50, %51"
#define NDEC_C14 NDEC_C13 ", %52, %53, %54, %55"
#define NDEC_C15 NDEC_C14 ", %56, %57, %58, %59"
#define NDEC_C16 NDEC_C15 ", %60, %61, %62, %63"
#define NDEC_Q2(q) NDEC_Q(q), NDEC_Q(q + 1)
NDEC_WGMMA(1, 8, NDEC_C1, 4, 5, 6, 7, 8, 9, NDEC_Q(0))
NDEC_WGMMA(2, 16, NDEC_C2, 8, 9, 10, 11, 12, 13, NDEC_Q2(0))
NDEC_WGMMA(3, 24, NDEC_C3, 12, 13, 14, 15, 16, 17, NDEC_Q2(0), NDEC_Q(2))
NDEC_WGMMA(4, 32, NDEC_C4, 16, 17, 18, 19, 20, 21, NDEC_Q2(0), NDEC_Q2(2))
NDEC_WGMMA(5, 40, NDEC_C5, 20, 21, 22, 23, 24, 25, NDEC_Q2(0), NDEC_Q2(2), NDEC_Q(4))
NDEC_WGMMA(6, 48, NDEC_C6, 24, 25, 26, 27, 28, 29, NDEC_Q2(0), NDEC_Q2(2), NDEC_Q2(4))
NDEC_WGMMA(7, 56, NDEC_C7, 28, 29, 30, 31, 32, 33, NDEC_Q2(0), NDEC_Q2(2), NDEC_Q2(4), NDEC_Q(6))
NDEC_WGMMA(8, 64, NDEC_C8, 32, 33, 34, 35, 36, 37, NDEC_Q2(0), NDEC_Q2(2), NDEC_Q2(4), NDEC_Q2(6))
NDEC_WGMMA(9, 72, NDEC_C9, 36, 37, 38, 39, 40, 41, NDEC_Q2(0), NDEC_Q2(2), NDEC_Q2(4), NDEC_Q2(6), NDEC_Q(8))
NDEC_WGMMA(10, 80, NDEC_C10, 40, 41, 42, 43, 44, 45, NDEC_Q2(0), NDEC_Q2(2), NDEC_Q2(4), NDEC_Q2(6), NDEC_Q2(8))
NDEC_WGMMA(12, 96, NDEC_C12, 48, 49, 50, 51, 52, 53, NDEC_Q2(0), NDEC_Q2(2), NDEC_Q2(4), NDEC_Q2(6), NDEC_Q2(8), NDEC_Q2(10))
NDEC_WGMMA(14, 112, NDEC_C14, 56, 57, 58, 59, 60, 61, NDEC_Q2(0), NDEC_Q2(2), NDEC_Q2(4), NDEC_Q2(6), NDEC_Q2(8), NDEC_Q2(10), NDEC_Q2(12))
NDEC_WGMMA(16, 128, NDEC_C16, 64, 65, 66, 67, 68, 69, NDEC_Q2(0), NDEC_Q2(2), NDEC_Q2(4), NDEC_Q2(6), NDEC_Q2(8), NDEC_Q2(10), NDEC_Q2(12), NDEC_Q2(14))
#endif

// waits for the products before it
NDEC_D void ndec_group_wait() {
	ndec_group_commit();
	ndec_group_await<0>();
}

struct ndec_group : ndec_tile {
	enum {
		held = 128, // its products take fewer registers: weights are none of them
		buffers = 2, // operands of products at a time
		together = 1, // small functions stand where they are used, so that products need not wait for each other
	};
	__device__ __forceinline__ char *weights() const { return ndec_shared_memory(); } // of products: a constant, as what wgmma is told of them then is

	__device__ __forceinline__ bool any(bool x) const { return ndec_block_any(ndec_ballot(x) != 0); }
	__device__ __forceinline__ ndec_group only(bool x) const {
		ndec_group r = {ndec_tile::only(x)};
		return r;
	}
};

// A matrix of K rows and N columns in shared memory lies in parts as operands do, each in pieces of 8 rows and 8 columns that wgmma calls core
// matrices: 8 numbers of a column side by side, 128 bytes a piece, the pieces of 8 rows after each other.

// b(k, n) as such a matrix of so many tiles of 8 rows and columns, by all threads of the block. A warp has every so many columns of pieces, and reads four
// pieces before it waits for the first: what lies between them, here and there, is known.
template <class As, int rows, int columns, class B> NDEC_D void ndec_group_put(char *to, B b) {
	constexpr int some = rows < 4 ? rows : 4;
	int n = threadIdx.x % 32 / 4, k = threadIdx.x % 4 * 2;
#pragma unroll 1
	for (int q = threadIdx.x / 32; q < columns; q += blockDim.x / 32)
#pragma unroll 1
		for (int first = 0; first < rows; first += some) {
			char *at = to + (first * columns + q) * 128 + n * 16 + k * 2;
			float lo[some], hi[some];
#pragma unroll
			for (int j = 0; j < some; j++)
				if (rows % some == 0 || first + j < rows) lo[j] = b(8 * (first + j) + k, 8 * q + n), hi[j] = b(8 * (first + j) + k + 1, 8 * q + n);
#pragma unroll
			for (int j = 0; j < some; j++) {
				if (rows % some != 0 && first + j >= rows) continue;
				unsigned parts[As::parts];
				As::split(lo[j], hi[j], parts);
#pragma unroll
				for (int p = 0; p < As::parts; p++) ndec_group_store(at + (p * rows + j) * columns * 128, parts[p]);
			}
		}
}
template <class As, int N, int K, class B> NDEC_D void ndec_group_pack(char *to, B b) {
	ndec_group_put<As, ndec_tiles(K), ndec_tiles(N)>(to, [=](int k, int n) { return (N % 16 == 0 || n < N) && (K % 16 == 0 || k < K) ? b(k, n) : 0.0f; });
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

// the same so many units of 16 bytes further on: an addition of 32 bits, of what all lanes know, where one of 64 would go through registers of each
NDEC_D unsigned long long ndec_group_further(unsigned long long matrix, int units) { return (matrix & ~0xffffffffull) | (unsigned)((unsigned)matrix + units); }

// the products of parts, smallest first, as As::add; of the next part b lies that much further on
template <int tiles, bool turned, int P> NDEC_D void ndec_group_add(ndec_bf16<P>, float (*c)[4], unsigned (*a)[4], unsigned long long b, int next) {
#pragma unroll
	for (int s = P - 1; s >= 0; s--)
#pragma unroll
		for (int i = 0; i <= s; i++) ndec_wgmma<tiles>::template add<turned>(c, a[i], ndec_group_further(b, (s - i) * next));
}

// acc += columns 16 c to 16 c + 15 of x for 16 samples of each warp, times rows of a matrix that lie at b, with so many pieces in a part. Tensor cores read the parts of x
// from a until they are waited for: where steps have two of them in turn, one's are made while those of the step before are multiplied.
template <class As, int tiles, int K, int buffers, bool turned = false, class X> NDEC_D void ndec_group_step(ndec_group tile, float (*acc)[4], unsigned (*a)[4], X x, int c, const float *by, unsigned long long b, int part) {
	ndec_group_await<buffers - 1>();
	ndec_tile_operand<As, K>(tile, x, c, by, a);
	ndec_group_fence();
	ndec_group_add<tiles, turned>(As(), acc, a, b, part * 8);
	ndec_group_commit();
}

// some columns of y = x B for 16 samples of each warp, from the tile first on: B lies at weights, or, where it is streamed, goes through there in pieces of
// NDEC_ROWS rows, which the block makes anew for each product. Turned, what lies there is the matrix with rows and columns changed: the same pieces, read
// the other way by wgmma (N-major, imm-trans-b is 1), of which the leading dimension is still that of K, the stride that of N (see group_sum.cuh).
enum { NDEC_ROWS = 32 };
template <class As, int tiles, int N, int K, int buffers, bool streamed, bool turned, class Y, class X, class B> NDEC_D void ndec_group_columns(ndec_group tile, Y y, X x, const float *by, const float *back, char *weights, B b, int first) {
	float acc[tiles][4] = {};
	unsigned a[buffers][As::parts][4];
	constexpr int steps = ndec_tiles(K) / 2, some = steps < NDEC_ROWS / 16 ? steps : NDEC_ROWS / 16;
	if constexpr (streamed) {
		unsigned long long matrix = ndec_group_matrix(weights, tiles * 128, 128);
#pragma unroll (ndec_unroll<X>((steps + some - 1) / some))
		for (int begin = 0; begin < steps; begin += some) {
			ndec_group_await<0>();
			__syncthreads(); // nobody multiplies with what lies there
			ndec_group_put<As, 2 * some, tiles>(weights, [&](int k, int n) {
				k += 16 * begin, n += 8 * first;
				return (N % (8 * tiles) == 0 || n < N) && (K % (16 * some) == 0 || k < K) ? b(k, n) : 0.0f;
			});
			ndec_group_ready();
#pragma unroll
			for (int c = 0; c < some; c++)
				if (begin + c < steps) ndec_group_step<As, tiles, K, buffers>(tile, acc, a[c % buffers], x, begin + c, by, ndec_group_further(matrix, 2 * c * tiles * 8), 2 * some * tiles);
		}
	} else {
		constexpr int alongK = turned ? 1 : ndec_tiles(N), alongN = turned ? ndec_tiles(K) : 1; // pieces
		unsigned long long matrix = ndec_group_matrix(weights + first * alongN * 128, alongK * 128, alongN * 128);
		constexpr int part = ndec_tiles(N) * ndec_tiles(K);
		if constexpr (ndec_unroll<X>(2) == 1) { // in memory: what the next step takes is read while tensor cores work
			static_assert(!As::scaled, "a step knows no place of its columns");
			float now[2][4];
#pragma unroll
			for (int i = 0; i < 8; i++) now[i / 4][i % 4] = x[i / 4][i % 4];
#pragma unroll 1
			for (int c = 0; c < steps; c += 2)
#pragma unroll
				for (int j = 0; j < 2; j++) {
					if (steps % 2 > 0 && c + j >= steps) continue;
					ndec_group_step<As, tiles, K, buffers, turned>(tile, acc, a[j % buffers], now, 0, by, ndec_group_further(matrix, 2 * (c + j) * alongK * 8), part);
					int next = ndec_min(c + j + 1, steps - 1);
#pragma unroll
					for (int i = 0; i < 8; i++) now[i / 4][i % 4] = x[2 * next + i / 4][i % 4];
				}
		} else {
#pragma unroll
			for (int c = 0; c < steps; c++) ndec_group_step<As, tiles, K, buffers, turned>(tile, acc, a[c % buffers], x, c, by, ndec_group_further(matrix, 2 * c * alongK * 8), part);
		}
	}
	ndec_group_await<0>();
#pragma unroll
	for (int q = 0; q < tiles; q++)
#pragma unroll
		for (int e = 0; e < 4; e++) {
			ndec_group_hold(acc[q][e]);
			y[first + q][e] = As::scaled ? acc[q][e] * back[e / 2] : acc[q][e];
		}
}

// ndec_tile_product of a group, of so many tiles of columns at a time at most, with B packed At bytes behind the first, turned or not, or streamed through
// there; where At is less than 0, by each warp
template <int most, int buffers, class As, int N, int K, int At, bool streamed, bool turned, class Y, class X, class B> NDEC_D void ndec_group_product(ndec_group tile, Y y, X x, B b) {
	constexpr int group = ndec_tiles(N) < most ? ndec_tiles(N) : most, rest = ndec_tiles(N) % group;
	if constexpr (At < 0) {
		ndec_tile_product<As, N, K, At>((ndec_tile)tile, y, x, b);
	} else {
		float by[2], back[2];
		ndec_tile_scales<As, K>(tile, x, by, back);
		ndec_warp_sync();
#pragma unroll (ndec_unroll<Y>(ndec_tiles(N) / group))
		for (int first = 0; first + group <= ndec_tiles(N); first += group) ndec_group_columns<As, group, N, K, buffers, streamed, turned>(tile, y, x, by, back, tile.weights() + At, b, first);
		if constexpr (rest > 0) ndec_group_columns<As, rest, N, K, buffers, streamed, turned>(tile, y, x, by, back, tile.weights() + At, b, ndec_tiles(N) - rest);
	}
}
template <class As, int N, int K, int At, bool streamed = false, bool turned = false, class Y, class X, class B> NDEC_D void ndec_tile_product(ndec_group tile, Y y, X x, B b) {
	ndec_group_product<16, ndec_group::buffers, As, N, K, At, streamed, turned>(tile, y, x, b);
}
#endif
