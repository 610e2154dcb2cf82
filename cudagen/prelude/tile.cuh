
// A tile is a warp with a sample in each lane. Scalars and arrays of up to NDEC_SMALL elements are registers of their
// lane. A longer array is a fragment: it is there for 16 samples at a time, half the warp, and lies as the accumulators of
// mma.m16n8k16 do, so that the result of one product is the operand of the next. Element [q][e] of a lane is column
// 8 q + 2 (lane % 4) + e % 2 of sample lane / 4 + 8 (e / 2). Columns beyond the last hold what they like, but numbers.
// Fragments of up to NDEC_HELD columns are registers (of a group, group.cuh, up to twice as many); longer ones, and those of functions that keep some for both halves, lie in
// memory of the warp, where each lane has its own elements, 32 apart.
enum { NDEC_SMALL = 16, NDEC_HELD = 64 };

__host__ __device__ constexpr int ndec_tiles(int n) { return (n + 15) / 16 * 2; } // of 8 columns

// a fragment in memory, its rows of four elements, and one for each half of the warp
template <class T> struct ndec_row {
	T *p;
	__device__ __forceinline__ T &operator[](int e) const { return p[32 * e]; }
};
template <class T> struct ndec_fragment {
	T *p;
	__device__ __forceinline__ ndec_row<T> operator[](int q) const {
		ndec_row<T> r = {p + 128 * q};
		return r;
	}
};
template <class T, int N> struct ndec_kept {
	T *p;
	__device__ __forceinline__ ndec_fragment<T> operator[](int half) const {
		ndec_fragment<T> f = {p + 128 * ndec_tiles(N) * half};
		return f;
	}
};

// how far a loop over n columns is spelled out: where they are registers
template <class F> __host__ __device__ constexpr int ndec_unroll(int n) { return n; }
template <> __host__ __device__ constexpr int ndec_unroll<ndec_fragment<float>>(int) { return 1; }

// a small array in memory
template <class T> struct ndec_own {
	T *p;
	__device__ __forceinline__ T &operator[](int i) const { return p[32 * i]; }
	__device__ __forceinline__ ndec_own operator+(int i) const {
		ndec_own o = {p + 32 * i};
		return o;
	}
};

struct ndec_tile {
	enum { held = NDEC_HELD, together = 0, again = 0, few = 0 };
	int lane;
	unsigned live; // lanes whose samples count in sums over samples
	char *at; // free memory of the warp

	__device__ __forceinline__ bool any(bool x) const { return ndec_ballot(x) != 0; }
	__device__ __forceinline__ ndec_tile only(bool x) const {
		ndec_tile r = {lane, live & ndec_ballot(x), at};
		return r;
	}
	__device__ __forceinline__ bool mine() const { return live >> lane & 1; }
	// whether the samples of the lane's two rows count
	__device__ __forceinline__ bool counts(int half, int row) const { return live >> (half * 16 + lane / 4 + 8 * row) & 1; }
	__device__ __forceinline__ int most(int x) const { return ndec_warp_most(x); }
};

// memory, until the copy of the tile that gave it ends
template <class T, int N> NDEC_D ndec_fragment<T> ndec_tile_take(ndec_tile &tile) {
	ndec_fragment<T> f = {(T *)tile.at + tile.lane};
	tile.at += ndec_tiles(N) * 128 * sizeof(T);
	return f;
}
template <class T, int N> NDEC_D ndec_kept<T, N> ndec_tile_keep(ndec_tile &tile) {
	ndec_kept<T, N> k = {(T *)tile.at + tile.lane};
	tile.at += 2 * ndec_tiles(N) * 128 * sizeof(T);
	return k;
}
// a fragment where a tile of that kind has those of N columns
template <class Tile, class T, int N, bool registers = N <= Tile::held> struct ndec_place {
	T x[ndec_tiles(N)][4];
	__device__ __forceinline__ ndec_place(Tile &) {}
	__device__ __forceinline__ T (*get())[4] { return x; }
};
template <class Tile, class T, int N> struct ndec_place<Tile, T, N, false> {
	ndec_fragment<T> f;
	__device__ __forceinline__ ndec_place(Tile &tile) : f(ndec_tile_take<T, N>(tile)) {}
	__device__ __forceinline__ ndec_fragment<T> get() { return f; }
};
template <class T, int N> NDEC_D ndec_own<T> ndec_tile_own(ndec_tile &tile) {
	ndec_own<T> o = {(T *)tile.at + tile.lane};
	tile.at += N * 32 * sizeof(T);
	return o;
}
// a small array where a tile of that kind has those of a step
template <class Tile, class T, int N, bool registers = !Tile::few> struct ndec_numbers {
	T x[N];
	__device__ __forceinline__ ndec_numbers(Tile &) {}
	__device__ __forceinline__ T *get() { return x; }
};
template <class Tile, class T, int N> struct ndec_numbers<Tile, T, N, false> {
	ndec_own<T> x;
	__device__ __forceinline__ ndec_numbers(Tile &tile) : x(ndec_tile_own<T, N>(tile)) {}
	__device__ __forceinline__ ndec_own<T> get() { return x; }
};

// the column of element [q][e], the last one beyond it
template <int N> NDEC_D int ndec_tile_column(ndec_tile tile, int q, int e) {
	int i = 8 * q + 2 * (tile.lane & 3) + (e & 1);
	return N % 16 == 0 || i < N ? i : N - 1;
}

// the numbers of the samples of the lane's two rows
template <class T> NDEC_D void ndec_tile_rows(ndec_tile tile, int half, T x, T *rows) {
	rows[0] = ndec_shuffle(x, half * 16 + tile.lane / 4);
	rows[1] = ndec_shuffle(x, half * 16 + tile.lane / 4 + 8);
}

// small arrays of all lanes to the fragment of a half
template <int N> NDEC_D void ndec_tile_spread(ndec_tile tile, int half, const float *x, float (*f)[4]) {
#pragma unroll
	for (int q = 0; q < ndec_tiles(N); q++)
#pragma unroll
		for (int e = 0; e < 4; e++) f[q][e] = 0;
#pragma unroll
	for (int c = 0; c < N; c++) {
		float rows[2];
		ndec_tile_rows(tile, half, x[c], rows);
		if ((c & 7) / 2 == (tile.lane & 3)) f[c / 8][c & 1] = rows[0], f[c / 8][2 + (c & 1)] = rows[1];
	}
}

// and back, to the lanes of the half
template <int N> NDEC_D void ndec_tile_collect(ndec_tile tile, int half, float (*f)[4], float *x) {
#pragma unroll
	for (int c = 0; c < N; c++) {
		int from = (tile.lane & 7) * 4 + (c & 7) / 2;
		float low = ndec_shuffle(f[c / 8][c & 1], from), high = ndec_shuffle(f[c / 8][2 + (c & 1)], from);
		if (tile.lane / 16 == half) x[c] = tile.lane & 8 ? high : low;
	}
}

// Operands in P parts of 8 significant bits; products of parts whose numbers add up to less than P are summed, smallest first. One
// part is a number that has been rounded, or is rounded here; three are all bits of a float. With two, steps of solves are decided
// otherwise than in float.
template <int P> struct ndec_bf16 {
	enum { parts = P, scaled = 0 };
	// two numbers as parts, each a pair
	static __device__ __forceinline__ void split(float lo, float hi, unsigned *to) {
#pragma unroll
		for (int p = 0; p < P; p++) {
			to[p] = ndec_pack_bf16(lo, hi);
			if (p == P - 1) break;
			lo -= __int_as_float((int)(to[p] << 16));
			hi -= __int_as_float((int)(to[p] & 0xffff0000u));
		}
	}
	// c += A B
	static __device__ __forceinline__ void add(float *c, unsigned (*a)[4], unsigned (*b)[2]) {
#pragma unroll
		for (int s = P - 1; s >= 0; s--)
#pragma unroll
			for (int i = 0; i <= s; i++) ndec_mma_bf16(c, a[i], b[s - i]);
	}
};

// Operands as float16. Its range is short: vectors, other than weights, are taken times a power of two that brings their largest element
// into [1, 2), which the result is multiplied by.
struct ndec_f16 {
	enum { parts = 1, scaled = 1 };
	static __device__ __forceinline__ void split(float lo, float hi, unsigned *to) { to[0] = ndec_pack_f16(lo, hi); }
	static __device__ __forceinline__ void add(float *c, unsigned (*a)[4], unsigned (*b)[2]) { ndec_mma_f16(c, a[0], b[0]); }
};

NDEC_D float ndec_power(int e) { return e < -126 ? 0.0f : __int_as_float((e + 127) << 23); } // 2^e, or 0 where that is small

// the exponents of the largest elements in the lane's two rows, of N columns
template <int N, class F> NDEC_D void ndec_tile_exponents(ndec_tile tile, F f, int *exponents) {
	float most[2] = {0, 0};
#pragma unroll (ndec_unroll<F>(ndec_tiles(N)))
	for (int q = 0; q < (N + 7) / 8; q++)
#pragma unroll
		for (int e = 0; e < 4; e++) {
			float x = ndec_abs(f[q][e]);
			if ((N % 8 == 0 || 8 * q + 2 * (tile.lane & 3) + (e & 1) < N) && x > most[e / 2]) most[e / 2] = x;
		}
#pragma unroll
	for (int r = 0; r < 2; r++) {
#pragma unroll
		for (int d = 1; d < 4; d <<= 1) {
			float x = ndec_shuffle(most[r], tile.lane ^ d);
			if (x > most[r]) most[r] = x;
		}
		exponents[r] = (__float_as_int(ndec_binade(most[r])) >> 23) - 127;
	}
}

// what the lane's two rows of x, of K columns, are multiplied by as operands, and their products
template <class As, int K, class X> NDEC_D void ndec_tile_scales(ndec_tile tile, X x, float *by, float *back) {
	int exponents[2] = {0, 0};
	if (As::scaled) ndec_tile_exponents<K>(tile, x, exponents);
#pragma unroll
	for (int r = 0; r < 2; r++) by[r] = As::scaled ? ndec_power(-exponents[r]) : 1.0f, back[r] = As::scaled ? ndec_power(exponents[r]) : 1.0f;
}

// columns 16 c to 16 c + 15 of x as parts
template <class As, int K, class X> NDEC_D void ndec_tile_operand(ndec_tile tile, X x, int c, const float *by, unsigned (*a)[4]) {
#pragma unroll
	for (int r = 0; r < 4; r++) {
		unsigned parts[As::parts];
		float lo = x[2 * c + r / 2][2 * (r & 1)], hi = x[2 * c + r / 2][2 * (r & 1) + 1];
		if (As::scaled) { // what stands beyond the last column could become infinite
			int k = 16 * c + 8 * (r / 2) + 2 * (tile.lane & 3);
			lo = K % 16 == 0 || k < K ? lo * by[r & 1] : 0.0f, hi = K % 16 == 0 || k + 1 < K ? hi * by[r & 1] : 0.0f;
		}
		As::split(lo, hi, parts);
#pragma unroll
		for (int p = 0; p < As::parts; p++) a[p][r] = parts[p];
	}
}

// y = x B for 16 samples with operands as As, x of K columns and y of N, b(k, n) an element of B; in groups of NDEC_HELD columns of y.
// At is where a group of warps has B (group.cuh).
template <class As, int N, int K, int At = -1, bool streamed = false, bool turned = false, class Y, class X, class B> NDEC_D void ndec_tile_product(ndec_tile tile, Y y, X x, B b) {
	constexpr int group = ndec_tiles(N) < NDEC_HELD / 8 ? ndec_tiles(N) : NDEC_HELD / 8;
	float by[2], back[2];
	ndec_tile_scales<As, K>(tile, x, by, back);
#pragma unroll 1
	for (int first = 0; first < ndec_tiles(N); first += group) {
		float acc[group][4] = {};
#pragma unroll (ndec_unroll<X>(ndec_tiles(K) / 2))
		for (int c = 0; c < ndec_tiles(K) / 2; c++) {
			unsigned a[As::parts][4];
			ndec_tile_operand<As, K>(tile, x, c, by, a);
#pragma unroll
			for (int q = 0; q < group; q++) {
				if (8 * (first + q) >= N) continue;
				int n = 8 * (first + q) + tile.lane / 4;
				bool in = N % 8 == 0 || n < N;
				unsigned w[As::parts][2];
#pragma unroll
				for (int r = 0; r < 2; r++) {
					int k = 16 * c + 8 * r + 2 * (tile.lane & 3);
					float lo = in && (K % 16 == 0 || k < K) ? b(k, n) : 0.0f, hi = in && (K % 16 == 0 || k + 1 < K) ? b(k + 1, n) : 0.0f;
					unsigned parts[As::parts];
					As::split(lo, hi, parts);
#pragma unroll
					for (int p = 0; p < As::parts; p++) w[p][r] = parts[p];
				}
				As::add(acc[q], a, w);
				if (As::parts == 1 && q % 4 == 3) ndec_warp_sync(); // no more weights at a time than registers hold
			}
		}
#pragma unroll
		for (int q = 0; q < group; q++)
			if (first + q < ndec_tiles(N))
#pragma unroll
				for (int e = 0; e < 4; e++) y[first + q][e] = As::scaled ? acc[q][e] * back[e / 2] : acc[q][e];
	}
}

// the parts of a fragment's tile of 8 columns with rows and columns changed, r the upper or lower 8 samples, times a power of two for
// each; those that do not count are 0
template <class As, class F> NDEC_D void ndec_tile_turned(ndec_tile tile, int half, F f, int r, const float *by, unsigned *parts) {
	bool on = tile.counts(half, r);
	float lo = on ? f[2 * r] : 0.0f, hi = on ? f[2 * r + 1] : 0.0f;
	if (As::scaled) lo *= by[r], hi *= by[r];
	As::split(lo, hi, parts);
#pragma unroll
	for (int p = 0; p < As::parts; p++) parts[p] = ndec_transpose(parts[p]);
}

// to[m][n] += the sum over 16 samples of a[m] b[n]
template <class As, int M, int N, class A, class B> NDEC_D void ndec_tile_outer(ndec_tile tile, int half, float *to, A a, B b) {
	float byA[2] = {1, 1}, byB[2] = {1, 1}, back[2] = {1, 1};
	if (As::scaled) { // samples together: those with the largest products have elements in [1, 2) on either side
		int ea[2], eb[2], most = -1000;
		ndec_tile_exponents<M>(tile, a, ea);
		ndec_tile_exponents<N>(tile, b, eb);
#pragma unroll
		for (int r = 0; r < 2; r++)
			if (tile.counts(half, r)) most = ndec_max(most, ea[r] + eb[r]);
#pragma unroll
		for (int d = 4; d < 32; d <<= 1) most = ndec_max(most, ndec_shuffle(most, tile.lane ^ d));
		most = ndec_max(most, -252);
#pragma unroll
		for (int r = 0; r < 2; r++) byA[r] = ndec_power(ndec_min(ea[r] + eb[r] - most, 0) - ea[r]), byB[r] = ndec_power(-eb[r]);
		back[0] = ndec_power(most / 2), back[1] = ndec_power(most - most / 2);
	}
	constexpr int rows = ndec_tiles(M) / 2, some = rows < 4 ? rows : 4; // in tiles of 16: those of a whose parts are kept while b is gone through
#pragma unroll (ndec_unroll<A>((rows + some - 1) / some))
	for (int first = 0; first < rows; first += some) {
		unsigned as[some][As::parts][4];
#pragma unroll
		for (int j = 0; j < some; j++)
#pragma unroll
			for (int r = 0; r < 4; r++) {
				if (first + j >= rows) continue;
				unsigned parts[As::parts];
				ndec_tile_turned<As>(tile, half, a[2 * (first + j) + (r & 1)], r / 2, byA, parts);
#pragma unroll
				for (int p = 0; p < As::parts; p++) as[j][p][r] = parts[p];
			}
#pragma unroll (ndec_unroll<B>(ndec_tiles(N)))
		for (int q = 0; q < ndec_tiles(N); q++) {
			if (8 * q >= N) continue;
			unsigned bs[As::parts][2];
#pragma unroll
			for (int r = 0; r < 2; r++) {
				unsigned parts[As::parts];
				ndec_tile_turned<As>(tile, half, b[q], r, byB, parts);
#pragma unroll
				for (int p = 0; p < As::parts; p++) bs[p][r] = parts[p];
			}
#pragma unroll
			for (int j = 0; j < some; j++) {
				if (first + j >= rows) continue;
				float acc[4] = {0, 0, 0, 0};
				As::add(acc, as[j], bs);
#pragma unroll
				for (int e = 0; e < 4; e++) {
					int m = 16 * (first + j) + tile.lane / 4 + 8 * (e / 2), n = 8 * q + 2 * (tile.lane & 3) + (e & 1);
					if ((M % 16 == 0 || m < M) && (N % 8 == 0 || n < N)) to[m * N + n] += As::scaled ? acc[e] * back[0] * back[1] : acc[e];
				}
			}
		}
	}
	ndec_warp_sync();
}

// Products and outer products of what lies in memory, as functions: element (k, n) of a matrix lies at k * byK + n * byN.
template <class As, int N, int K, int byK, int byN> NDEC_CALL void ndec_tile_product_far(ndec_tile tile, ndec_fragment<float> y, ndec_fragment<float> x, const float *w) {
	ndec_tile_product<As, N, K>(tile, y, x, [=](int k, int n) { return w[k * byK + n * byN]; });
}
template <class As, int M, int N> NDEC_CALL void ndec_tile_outer_far(ndec_tile tile, int half, float *to, ndec_fragment<float> a, ndec_fragment<float> b) {
	ndec_tile_outer<As, M, N>(tile, half, to, a, b);
}

// The same where one of both is short, and comes and goes by value.
struct ndec_short {
	float x[2][4];
};
NDEC_D ndec_short ndec_short_of(const float (&x)[2][4]) {
	ndec_short s;
#pragma unroll
	for (int e = 0; e < 8; e++) s.x[e / 4][e % 4] = x[e / 4][e % 4];
	return s;
}
template <class As, int N, int K, int byK, int byN> NDEC_CALL void ndec_tile_product_from(ndec_tile tile, ndec_fragment<float> y, ndec_short x, const float *w) {
	ndec_tile_product<As, N, K>(tile, y, x.x, [=](int k, int n) { return w[k * byK + n * byN]; });
}
template <class As, int N, int K, int byK, int byN> NDEC_D void ndec_tile_product_far(ndec_tile tile, ndec_fragment<float> y, const float (&x)[2][4], const float *w) {
	ndec_tile_product_from<As, N, K, byK, byN>(tile, y, ndec_short_of(x), w);
}
template <class As, int N, int K, int byK, int byN> NDEC_CALL ndec_short ndec_tile_product_to(ndec_tile tile, ndec_fragment<float> x, const float *w) {
	ndec_short y;
	ndec_tile_product<As, N, K>(tile, y.x, x, [=](int k, int n) { return w[k * byK + n * byN]; });
	return y;
}
template <class As, int N, int K, int byK, int byN> NDEC_D void ndec_tile_product_far(ndec_tile tile, float (&y)[2][4], ndec_fragment<float> x, const float *w) {
	ndec_short s = ndec_tile_product_to<As, N, K, byK, byN>(tile, x, w);
#pragma unroll
	for (int e = 0; e < 8; e++) y[e / 4][e % 4] = s.x[e / 4][e % 4];
}
template <class As, int M, int N> NDEC_CALL void ndec_tile_outer_from(ndec_tile tile, int half, float *to, ndec_fragment<float> a, ndec_short b) {
	ndec_tile_outer<As, M, N>(tile, half, to, a, b.x);
}
template <class As, int M, int N> NDEC_D void ndec_tile_outer_far(ndec_tile tile, int half, float *to, ndec_fragment<float> a, const float (&b)[2][4]) {
	ndec_tile_outer_from<As, M, N>(tile, half, to, a, ndec_short_of(b));
}
template <class As, int M, int N> NDEC_CALL void ndec_tile_outer_by(ndec_tile tile, int half, float *to, ndec_short a, ndec_fragment<float> b) {
	ndec_tile_outer<As, M, N>(tile, half, to, a.x, b);
}
template <class As, int M, int N> NDEC_D void ndec_tile_outer_far(ndec_tile tile, int half, float *to, const float (&a)[2][4], ndec_fragment<float> b) {
	ndec_tile_outer_by<As, M, N>(tile, half, to, ndec_short_of(a), b);
}

// to[i] += the sum over 16 samples of f[i]
template <int N, class F> NDEC_D void ndec_tile_add(ndec_tile tile, int half, float *to, F f) {
	bool low = tile.counts(half, 0), high = tile.counts(half, 1);
#pragma unroll (ndec_unroll<F>(ndec_tiles(N)))
	for (int q = 0; q < (N + 7) / 8; q++)
#pragma unroll
		for (int e = 0; e < 2; e++) {
			float v = (low ? f[q][e] : 0.0f) + (high ? f[q][2 + e] : 0.0f);
#pragma unroll
			for (int d = 16; d >= 4; d >>= 1) v += ndec_shuffle(v, tile.lane ^ d);
			int i = 8 * q + 2 * tile.lane + e;
			if (tile.lane < 4 && (N % 8 == 0 || i < N)) to[i] += v;
		}
	ndec_warp_sync();
}

// to += the sum over all samples of a number of each
NDEC_D void ndec_tile_add_own(ndec_tile tile, float &to, float x) {
	float v = ndec_warp_sum(tile.mine() ? x : 0.0f);
	if (tile.lane == 0) to += v;
	ndec_warp_sync();
}

// the sum over the columns of a fragment, to the lanes of the half
template <int N, class F> NDEC_D void ndec_tile_total(ndec_tile tile, int half, F f, float &x) {
	float rows[2] = {0, 0};
#pragma unroll (ndec_unroll<F>(ndec_tiles(N)))
	for (int q = 0; q < (N + 7) / 8; q++)
#pragma unroll
		for (int e = 0; e < 4; e++)
			if (N % 8 == 0 || 8 * q + 2 * (tile.lane & 3) + (e & 1) < N) rows[e / 2] += f[q][e];
#pragma unroll
	for (int r = 0; r < 2; r++) {
		rows[r] += ndec_shuffle(rows[r], tile.lane ^ 1);
		rows[r] += ndec_shuffle(rows[r], tile.lane ^ 2);
	}
	float low = ndec_shuffle(rows[0], (tile.lane & 7) * 4), high = ndec_shuffle(rows[1], (tile.lane & 7) * 4);
	if (tile.lane / 16 == half) x = tile.lane & 8 ? high : low;
}

// The bytes of the tapes of a tile, or of the samples of a block of groups.
NDEC_D long long ndec_tile_tape_bytes(long long room, int step, int fixed, int tapes, int samples = 32) { return (room * step + fixed) * samples + 8 * tapes; }
