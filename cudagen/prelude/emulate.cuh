// CUDA on the CPU, for what emitted kernels use of it: one fiber is one thread, blocks run one after the other, barriers and
// warp collectives are states of a scheduler that can take the fibers in three orders. x86-64 Linux, g++ or clang++ with
// -O1 or more, -ffp-contract=off, -DNDEC_EMULATE.
//
// With -fsanitize=thread -DNDEC_TSAN races between CUDA threads are reported at their lines, with
// -fsanitize=address,undefined -DNDEC_ASAN accesses outside of arrays.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>
#include <sys/mman.h>
#include <unistd.h>
#ifdef NDEC_TSAN
#include <sanitizer/tsan_interface.h>
#define NDEC_TS(...) __VA_ARGS__
#define NDEC_RAW __attribute__((no_sanitize("thread"), noinline))
#else
#define NDEC_TS(...)
#define NDEC_RAW inline
#endif
#ifdef NDEC_ASAN
#include <sanitizer/common_interface_defs.h>
#define NDEC_AS(...) __VA_ARGS__
#else
#define NDEC_AS(...)
#endif

#define __host__
#define __device__
#define __global__
#define __constant__
#define __forceinline__ inline
#define __noinline__ inline
#define __launch_bounds__(...)
#define NDEC_KERNEL static
#if defined(NDEC_TSAN) || defined(NDEC_ASAN)
#define __shared__ static
#else // one section of the program, filled with NaN before every block
#define __shared__ static __attribute__((section("ndec_shared")))
extern char __start_ndec_shared[] __attribute__((weak)), __stop_ndec_shared[] __attribute__((weak));
#endif

struct uint3 {
	unsigned x, y, z;
};
struct dim3 {
	unsigned x, y, z;
	dim3(unsigned a = 1, unsigned b = 1, unsigned c = 1) : x(a), y(b), z(c) {}
};

namespace ndec_emu {

enum State { RUN, BARRIER, SOME, WARP, GROUP, DONE };

// What a warpgroup multiplies: it reads registers and shared memory at some time until it is waited for, here then.
struct Product {
	int tiles;
	float (*c)[4];
	const unsigned *a; // null where it lies in shared memory, too
	unsigned long long b, from; // and from there
	bool turned; // b is N-major, and a M-major
};

// A barrier of some threads, of which some only arrive.
struct Some {
	unsigned arrived, threads, votes, result[2], phase; // results of the last two
};

struct Fiber {
	void *sp;
	char *stack;
	NDEC_TS(void *ts = nullptr;)
	NDEC_AS(void *fake = nullptr;)
	State state;
	unsigned id, mask, warp_parity, barrier_parity;
	bool apart; // the lanes of a collective came from different numbers of them
	long line; // of the barrier that it waits at
	int some; // the barrier of some threads
	std::vector<unsigned> written; // words for tensor cores that it has not published
	std::vector<Product> products; // of its warpgroup, which it has not waited for
	std::vector<size_t> groups; // how many of them there were at each commit
	unsigned long long matrix; // of the last of them
	bool fenced;
};

struct Warp {
	unsigned char slot[2][32][64]; // what lanes deposit for a collective, two in turn
	float matrix[2][16][128]; // and what they have found in a matrix for warpgroups
};

inline std::vector<Fiber> fibers;
inline std::vector<Warp> warps;
inline Fiber *current;
inline uint3 block_index;
inline dim3 block_dim, grid_dim;
inline void (*entry)(void *);
inline void *argument;
inline int order = 0; // 0 ascending, 1 descending, 2 shuffled every round
inline unsigned seed = 12345;
inline const size_t stack_bytes = 1 << 20;
inline void *scheduler_sp;
inline bool broken; // a barrier that not all threads reach
inline unsigned votes[2], voted[2]; // of block_any, by the parity of its barrier
inline unsigned published; // threads whose writes to shared memory products of warpgroups may read
inline char *dynamic; // shared memory that the launch gives to a block
inline size_t dynamic_bytes;
inline Some some[16];
inline unsigned char *unpublished; // words of it that somebody has written for tensor cores
// Happens-before only through barriers: two slots each, so that arrival k+1 is not seen at release k.
NDEC_TS(inline void *scheduler_ts; inline char barrier_sync[2][8], begin_sync[8], end_sync[8], warp_sync[64][2][8], some_sync[16][2][8];)
NDEC_AS(inline void *scheduler_fake; inline const void *scheduler_stack; inline size_t scheduler_size;)

extern "C" void ndec_switch(void **from, void *to);
asm(".text\n.weak ndec_switch\n.type ndec_switch,@function\nndec_switch:\n push %rbp\n push %rbx\n push %r12\n push %r13\n"
	" push %r14\n push %r15\n mov %rsp,(%rdi)\n mov %rsi,%rsp\n pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbx\n pop %rbp\n ret\n");

NDEC_RAW void yield() {
	NDEC_TS(__tsan_switch_to_fiber(scheduler_ts, __tsan_switch_to_fiber_no_sync);)
	NDEC_AS(__sanitizer_start_switch_fiber(current->state == DONE ? nullptr : &current->fake, scheduler_stack, scheduler_size);)
	ndec_switch(&current->sp, scheduler_sp);
	NDEC_AS(__sanitizer_finish_switch_fiber(current->fake, nullptr, nullptr);)
}

NDEC_RAW void trampoline() {
	NDEC_AS(__sanitizer_finish_switch_fiber(nullptr, &scheduler_stack, &scheduler_size);)
	NDEC_TS(__tsan_acquire(begin_sync);)
	entry(argument);
	NDEC_TS(__tsan_release(end_sync);)
	current->state = DONE;
	yield();
	abort();
}

NDEC_RAW void resume(Fiber &f) {
	current = &f;
	NDEC_TS(__tsan_switch_to_fiber(f.ts, __tsan_switch_to_fiber_no_sync);)
	NDEC_AS(__sanitizer_start_switch_fiber(&scheduler_fake, f.stack, stack_bytes);)
	ndec_switch(&scheduler_sp, f.sp);
	NDEC_AS(__sanitizer_finish_switch_fiber(scheduler_fake, nullptr, nullptr);)
}

NDEC_RAW void ready(Fiber &f) {
	void **s = (void **)(((uintptr_t)f.stack + stack_bytes) & ~15ull);
	*--s = 0;
	*--s = (void *)trampoline;
	for (int i = 0; i < 6; i++) *--s = 0;
	f.sp = s, f.state = RUN, f.warp_parity = f.barrier_parity = 0, f.fenced = false, f.products.clear(), f.groups.clear(), f.written.clear();
	NDEC_TS(if (!f.ts) f.ts = __tsan_create_fiber(0);) // a new one for every block takes far longer than what the block does
}

// Lets the lanes of a mask go on from a collective. Groups of lanes that have been apart may have had a different number of them: what all
// have left then lies where the first lane has its own.
NDEC_RAW void meet(size_t w, unsigned first, unsigned mask) {
	unsigned parity = fibers[w * 32 + first].warp_parity;
	bool apart = false;
	for (unsigned l = first; l < 32; l++)
		if (mask >> l & 1) apart = apart || fibers[w * 32 + l].warp_parity != parity;
	for (unsigned l = first; l < 32; l++) {
		if (!(mask >> l & 1)) continue;
		Fiber &f = fibers[w * 32 + l];
		if (f.warp_parity != parity) memcpy(warps[w].slot[parity ^ 1][l], warps[w].slot[parity][l], sizeof warps[w].slot[0][l]);
		f.state = RUN, f.warp_parity = parity, f.apart = apart;
	}
}

NDEC_RAW void run_block() {
	size_t n = fibers.size(), live = n;
	NDEC_TS(scheduler_ts = __tsan_get_current_fiber();)
	for (auto &f : fibers) ready(f);
	published = votes[0] = votes[1] = voted[0] = voted[1] = 0;
	for (Some &b : some) b = {};
	if (dynamic_bytes) memset(unpublished, 0, dynamic_bytes / 4);
	if (dynamic_bytes) memset(dynamic, 0xff, dynamic_bytes);
	NDEC_TS(__tsan_release(begin_sync);) // blocks come one after the other
#if !defined(NDEC_TSAN) && !defined(NDEC_ASAN)
	if (__start_ndec_shared) memset(__start_ndec_shared, 0xff, __stop_ndec_shared - __start_ndec_shared);
#endif
	std::vector<unsigned> turn(n);
	for (size_t i = 0; i < n; i++) turn[i] = order == 1 ? n - 1 - i : i;
	while (live) {
		if (order == 2)
			for (size_t i = n; i > 1; i--) {
				seed = seed * 1664525u + 1013904223u;
				std::swap(turn[i - 1], turn[seed % i]);
			}
		for (unsigned i : turn) {
			if (fibers[i].state != RUN) continue;
			resume(fibers[i]);
			if (fibers[i].state == DONE) live--;
		}
		bool released = false; // warps whose lanes have all arrived
		for (size_t w = 0; w < warps.size(); w++) {
			unsigned present = n - w * 32 < 32 ? (1u << (n - w * 32)) - 1 : 0xffffffffu;
			for (unsigned l = 0; l < 32 && w * 32 + l < n; l++) {
				Fiber &first = fibers[w * 32 + l];
				unsigned wanted = first.mask & present;
				if (first.state != WARP || wanted >> l << l != wanted) continue; // the first of its mask
				bool all = true;
				for (unsigned m = l; m < 32; m++)
					if (wanted >> m & 1) all = all && fibers[w * 32 + m].state == WARP && fibers[w * 32 + m].mask == first.mask;
				if (!all) continue;
				meet(w, l, wanted);
				released = true;
			}
		}
		for (size_t at = 0; at + 128 <= n; at += 128) { // warpgroups, all of whose threads are to multiply by one matrix
			size_t here = 0;
			for (size_t i = at; i < at + 128; i++) here += fibers[i].state == GROUP && fibers[i].matrix == fibers[at].matrix;
			if (here < 128) continue;
			for (size_t i = at; i < at + 128; i++) fibers[i].state = RUN;
			released = true;
		}
		for (auto &f : fibers) released = released || f.state == RUN; // by the last thread at a barrier of some
		if (released || !live) continue;
		size_t waiting = 0;
		long line = -1;
		bool same = true;
		for (auto &f : fibers)
			if (f.state == BARRIER) {
				waiting++;
				if (line < 0) line = f.line;
				else same &= line == f.line;
			}
		if (waiting != live || !same || waiting != n) {
			fprintf(stderr, "emulation: block %u: %zu of %zu threads wait at a barrier, at one line: %d\n", block_index.x, waiting, n, (int)same);
			for (Some &b : some)
				if (b.arrived) fprintf(stderr, "emulation: at barrier %d are %u of %u\n", (int)(&b - some), b.arrived, b.threads);
			broken = true;
			return;
		}
		for (auto &f : fibers) f.state = RUN;
	}
	NDEC_TS(__tsan_acquire(end_sync);)
}

template <class F> void launch(dim3 grid, dim3 block, size_t shared, F f) {
	grid_dim = grid, block_dim = block;
	size_t n = block.x;
	if (fibers.size() != n) {
		for (auto &g : fibers) {
			munmap(g.stack, stack_bytes);
			NDEC_TS(if (g.ts) __tsan_destroy_fiber(g.ts);)
		}
		fibers.assign(n, Fiber());
		warps.assign((n + 31) / 32, Warp());
		for (auto &g : fibers) g.stack = (char *)mmap(0, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	}
	for (size_t i = 0; i < n; i++) fibers[i].id = i;
	argument = &f;
	entry = [](void *p) { (*(F *)p)(); };
	void *given = nullptr;
	if (shared && posix_memalign(&given, 128, shared)) abort();
	dynamic = (char *)given, dynamic_bytes = shared;
	unpublished = (unsigned char *)malloc(shared / 4 + 1);
	for (unsigned x = 0; x < grid.x && !broken; x++) {
		block_index = {x, 0, 0};
		run_block();
	}
	free(given);
	free(unpublished);
	dynamic = nullptr, dynamic_bytes = 0;
}

// launch_packed calls a kernel with arguments of eight bytes each, as the driver does.
template <class... A, size_t... I> void call_packed(void (*k)(A...), void **args, std::index_sequence<I...>) { k(*(A *)args[I]...); }
template <class... A> void launch_packed(void (*k)(A...), unsigned grid, unsigned block, unsigned shared, void **args) {
	launch(dim3(grid), dim3(block), shared, [=] { call_packed(k, args, std::index_sequence_for<A...>()); });
}

template <class... A> constexpr int arity(void (*)(A...)) { return sizeof...(A); }

// A warp collective: every lane deposits a value, then all lanes see all deposits.
template <class T> NDEC_RAW const unsigned char (*exchange(unsigned mask, T v))[64] {
	static_assert(sizeof(T) <= 64, "");
	unsigned w = current->id / 32, p = current->warp_parity;
	current->warp_parity ^= 1;
	memcpy(warps[w].slot[p][current->id % 32], &v, sizeof v);
	current->mask = mask, current->state = WARP;
	NDEC_TS(__tsan_release(warp_sync[w][p]);)
	yield();
	p = current->warp_parity ^ 1;
	NDEC_TS(__tsan_acquire(warp_sync[w][p]);)
	NDEC_TS(if (current->apart) __tsan_acquire(warp_sync[w][p ^ 1]);)
	return warps[w].slot[p];
}

NDEC_RAW void barrier(long line) {
	current->state = BARRIER, current->line = line;
	unsigned q = current->barrier_parity;
	current->barrier_parity ^= 1;
	NDEC_TS(__tsan_release(barrier_sync[q]);)
	yield();
	NDEC_TS(__tsan_acquire(barrier_sync[q]);)
}

NDEC_RAW uint3 thread_index() { return {current->id, 0, 0}; }
NDEC_RAW uint3 block_at() { return block_index; }
NDEC_RAW unsigned lane() { return current->id % 32; }
template <class T> NDEC_RAW T pick(const unsigned char (*s)[64], unsigned l) {
	T r;
	memcpy(&r, s[l], sizeof r);
	return r;
}

// Whether x is true in any thread of the block.
NDEC_RAW bool block_any(bool x, long line) {
	unsigned q = current->barrier_parity;
	if (voted[q] == fibers.size()) votes[q] = voted[q] = 0; // those of the barrier before the last
	votes[q] += x, voted[q]++;
	barrier(line);
	return votes[q] > 0;
}

// A thread comes to a barrier of so many threads, and waits for the others or not: whether x is true in any of them.
NDEC_RAW bool some_meet(int id, unsigned threads, bool waits, bool x) {
	Some &b = some[id];
	unsigned phase = b.phase;
	if (b.arrived == 0) b.threads = threads;
	if (b.threads != threads) {
		fprintf(stderr, "emulation: block %u, thread %u: barrier %d of %u threads is one of %u\n", block_index.x, current->id, id, b.threads, threads);
		_exit(71);
	}
	NDEC_TS(__tsan_release(some_sync[id][phase % 2]);)
	b.votes |= x;
	if (++b.arrived == threads) {
		for (Fiber &f : fibers)
			if (f.state == SOME && f.some == id) f.state = RUN;
		b.result[phase % 2] = b.votes, b.arrived = b.votes = 0, b.phase++;
	} else if (waits) {
		current->some = id, current->state = SOME;
		yield();
	}
	if (!waits) return false;
	NDEC_TS(__tsan_acquire(some_sync[id][phase % 2]);)
	return b.result[phase % 2];
}

} // namespace ndec_emu

#define threadIdx (ndec_emu::thread_index())
#define blockIdx (ndec_emu::block_at())
#define blockDim (ndec_emu::block_dim)
#define gridDim (ndec_emu::grid_dim)
static inline char *ndec_shared_memory() { return ndec_emu::dynamic; }
#define __syncthreads() ndec_emu::barrier(__LINE__)

template <class T> static inline T __shfl_xor_sync(unsigned mask, T v, int d) {
	auto s = ndec_emu::exchange(mask, v);
	return ndec_emu::pick<T>(s, ndec_emu::lane() ^ d);
}

template <class To, class From> static inline To ndec_bits(From x) {
	static_assert(sizeof(To) == sizeof(From), "");
	To r;
	memcpy(&r, &x, sizeof r);
	return r;
}
static inline float __int_as_float(int x) { return ndec_bits<float>(x); }
static inline int __float_as_int(float x) { return ndec_bits<int>(x); }
static inline double __longlong_as_double(long long x) { return ndec_bits<double>(x); }
static inline long long __double_as_longlong(double x) { return ndec_bits<long long>(x); }

template <class T> static inline T ndec_shuffle(T v, int from) {
	auto s = ndec_emu::exchange(0xffffffffu, v);
	return ndec_emu::pick<T>(s, from & 31);
}

static inline float ndec_ex2(float x) { return exp2f(x); }
static inline float ndec_rcp(float x) { return 1.0f / x; }
static inline float ndec_either(float x, float y, float a, float b) { return x < y ? a : b; }

static inline void ndec_warp_sync() { ndec_emu::exchange(0xffffffffu, 0); }

template <class T> static inline T ndec_lanes_shuffle(unsigned mask, T v, int from) {
	auto s = ndec_emu::exchange(mask, v);
	return ndec_emu::pick<T>(s, from & 31);
}
static inline void ndec_lanes_sync(unsigned mask) { ndec_emu::exchange(mask, 0); }

static inline unsigned ndec_ballot(bool x) {
	auto s = ndec_emu::exchange(0xffffffffu, (int)x);
	unsigned r = 0;
	for (int l = 0; l < 32; l++)
		if (ndec_emu::pick<int>(s, l)) r |= 1u << l;
	return r;
}

static inline int ndec_warp_most(int x) {
	auto s = ndec_emu::exchange(0xffffffffu, x);
	for (int l = 0; l < 32; l++) x = std::max(x, ndec_emu::pick<int>(s, l));
	return x;
}

static inline unsigned ndec_pack_bf16(float lo, float hi) {
	auto half = [](float f) {
		uint32_t u = ndec_bits<uint32_t>(f);
		return f != f ? 0x7fffu : (u + 0x7fffu + (u >> 16 & 1)) >> 16;
	};
	return half(lo) | half(hi) << 16;
}

// Lane l holds columns 2 (l % 4) and the next of row l / 4, as in the PTX ISA.
static inline unsigned ndec_transpose(unsigned x) {
	auto s = ndec_emu::exchange(0xffffffffu, x);
	unsigned row = ndec_emu::lane() / 4, column = ndec_emu::lane() % 4 * 2, r = 0;
	for (unsigned j = 0; j < 2; j++) r |= (ndec_emu::pick<unsigned>(s, (column + j) * 4 + row / 2) >> 16 * (row & 1) & 0xffffu) << 16 * j;
	return r;
}

// Fragments as in the PTX ISA: with g = l / 4 and t = l % 4, word i of A holds columns 2 t + 8 (i / 2) and the next of row
// g + 8 (i % 2), word i of B rows 2 t + 8 i and the next of column g, element i of C row g + 8 (i / 2), column 2 t + i % 2.
// Terms are added in their order; hardware may round sums of them otherwise.
template <class Half> static inline void ndec_emulated_mma(Half half, float *c, const unsigned *a, const unsigned *b) {
	struct operands {
		unsigned a[4], b[2];
	} own = {{a[0], a[1], a[2], a[3]}, {b[0], b[1]}};
	auto s = ndec_emu::exchange(0xffffffffu, own);
	unsigned g = ndec_emu::lane() / 4, t = ndec_emu::lane() % 4;
	for (unsigned r = 0; r < 2; r++)
		for (unsigned n = 0; n < 2; n++) {
			float v = c[2 * r + n];
			for (unsigned h = 0; h < 2; h++)
				for (unsigned l = 0; l < 4; l++) {
					unsigned x = ((const operands *)s[g * 4 + l])->a[2 * h + r], y = ((const operands *)s[(2 * t + n) * 4 + l])->b[h];
					v = fmaf(half(x, 0), half(y, 0), v);
					v = fmaf(half(x, 1), half(y, 1), v);
				}
			c[2 * r + n] = v;
		}
}
static inline void ndec_mma_bf16(float *c, const unsigned *a, const unsigned *b) {
	ndec_emulated_mma([](unsigned w, unsigned j) { return ndec_bits<float>(j ? w & 0xffff0000u : w << 16); }, c, a, b);
}

static inline float ndec_from_f16(unsigned h) {
	int e = h >> 10 & 31;
	float m = e == 31 ? (h & 1023 ? NAN : INFINITY) : ldexpf((float)(h & 1023 | (e ? 1024 : 0)), (e ? e : 1) - 25);
	return h & 0x8000 ? -m : m;
}

static inline void ndec_mma_f16(float *c, const unsigned *a, const unsigned *b) {
	ndec_emulated_mma([](unsigned w, unsigned j) { return ndec_from_f16(j ? w >> 16 : w & 0xffffu); }, c, a, b);
}

static inline unsigned ndec_pack_f16(float lo, float hi) {
	auto half = [](float f) -> unsigned {
		unsigned sign = std::signbit(f) ? 0x8000u : 0u;
		float y = fabsf(f);
		if (y != y) return 0x7fffu;
		if (y >= 65520.0f) return sign | 0x7c00u;
		if (y < 0x1p-14f) return sign | (unsigned)nearbyintf(y * 0x1p24f); // a multiple of 2^-24; the first normal number if all are set
		uint32_t u = ndec_bits<uint32_t>(y);
		return sign | ((u + 0xfffu + (u >> 13 & 1)) >> 13) - (112u << 10);
	};
	return half(lo) | half(hi) << 16;
}

// Warpgroups (group.cuh). A product is that of four warps that come to it together; matrices are found as their descriptors say, as core matrices
// that are not swizzled, within the shared memory that the launch gave.
static inline bool ndec_block_any(bool x) { return ndec_emu::block_any(x, __LINE__); }
template <int threads> static inline bool ndec_some_any(bool x) { return ndec_emu::some_meet(1, threads, true, x); }
template <int threads> static inline void ndec_some_sync(int barrier) { ndec_emu::some_meet(barrier, threads, true, false); }
template <int threads> static inline void ndec_some_arrive(int barrier) { ndec_emu::some_meet(barrier, threads, false, false); }
static inline unsigned ndec_shared_address(const void *p) { return (unsigned)((const char *)p - ndec_emu::dynamic); }
NDEC_RAW void ndec_group_publish() {
	ndec_emu::published++;
	for (unsigned word : ndec_emu::current->written) ndec_emu::unpublished[word] = 0;
	ndec_emu::current->written.clear();
}
NDEC_RAW void ndec_group_note(unsigned word) {
	if (word >= ndec_emu::dynamic_bytes / 4) abort();
	ndec_emu::unpublished[word] = 1;
	ndec_emu::current->written.push_back(word);
}
static inline void ndec_group_store(char *at, unsigned x) {
	*(unsigned *)at = x;
	ndec_group_note(ndec_shared_address(at) / 4);
}
static inline void ndec_group_store_four(char *row, unsigned x0, unsigned x1, unsigned x2, unsigned x3) {
	if ((size_t)row % 16 != (size_t)ndec_emu::dynamic % 16) abort();
	struct address {
		char *at;
	} own = {row};
	auto s = ndec_emu::exchange(0xffffffffu, own);
	unsigned x[4] = {x0, x1, x2, x3}, lane = ndec_emu::lane();
	for (unsigned i = 0; i < 4; i++) ndec_group_store(((const address *)s[8 * i + lane / 4])->at + lane % 4 * 4, x[i]);
}
static inline int ndec_thread() { return threadIdx.x; }
template <int n> static inline void ndec_group_fewer() {}
template <int n> static inline void ndec_group_more() {}
NDEC_RAW void ndec_group_fence() { ndec_emu::current->fenced = true; }
static inline void ndec_group_hold(float &) {}
static inline void ndec_group_hold(int &) {}

NDEC_RAW void ndec_group_broken(const char *why) {
	fprintf(stderr, "emulation: block %u, thread %u: %s\n", ndec_emu::block_index.x, ndec_emu::current->id, why);
	_exit(71);
}

NDEC_RAW void ndec_emulated_wgmma(ndec_emu::Product p) {
	ndec_emu::Fiber &f = *ndec_emu::current;
	if (!f.fenced) ndec_group_broken("a product of a warpgroup without wgmma.fence");
	if (ndec_emu::published < ndec_emu::fibers.size()) ndec_group_broken("a product of a warpgroup reads shared memory that was not published (fence.proxy.async)");
	f.products.push_back(p), f.matrix = p.b, f.state = ndec_emu::GROUP;
	ndec_emu::yield(); // orders nothing but the products
}

NDEC_RAW bool ndec_group_unpublished(unsigned word) { return ndec_emu::unpublished[word]; }

// An element of a matrix in shared memory, at a place along its rows or columns and one along the terms of the product: the canonical layouts of the PTX ISA
// without swizzling, in numbers of two bytes, where the descriptor has LBO in bits 16 to 29 and SBO in bits 32 to 45, in units of 16 bytes.
// K-major is ((8,m),(8,2k)):((8,SBO),(1,LBO)), MN-major ((8,1,m),(8,k)):((1,8,SBO),(8,LBO)).
static inline float ndec_group_number(unsigned long long d, bool turned, unsigned mn, unsigned k) {
	if (d & ~0x3fff3fff3fffull) ndec_group_broken("a matrix that is swizzled, or does not begin at its address");
	size_t begin = (d & 0x3fff) << 4, leading = (d >> 16 & 0x3fff) << 4, stride = (d >> 32 & 0x3fff) << 4;
	size_t at = begin + mn / 8 * stride + k / 8 * leading + (turned ? mn % 8 * 2 + k % 8 * 16 : mn % 8 * 16 + k % 8 * 2);
	if (at + 2 > ndec_emu::dynamic_bytes) ndec_group_broken("a matrix that ends behind the shared memory of the block");
	if (ndec_group_unpublished(at / 4)) ndec_group_broken("a product of a warpgroup reads what was written and not published (fence.proxy.async)");
	return ndec_bits<float>(*(const uint16_t *)(ndec_emu::dynamic + at) << 16);
}

static inline void ndec_group_commit() {
	ndec_emu::Fiber &f = *ndec_emu::current;
	f.groups.push_back(f.products.size()), f.fenced = false;
}

template <int n> static inline void ndec_group_await() {
	std::vector<ndec_emu::Product> &products = ndec_emu::current->products;
	std::vector<size_t> &groups = ndec_emu::current->groups;
	if (groups.size() <= n) return;
	size_t done = groups.size() - n, count = groups[done - 1];
	unsigned g = ndec_emu::lane() / 4, t = ndec_emu::lane() % 4, row = ndec_emu::current->id / 32 % 4 * 16 + g, turn = 0;
	for (size_t i = 0; i < count; i++) {
		ndec_emu::Product p = products[i];
		float x[2][16]; // the lane's two rows of A
		if (p.a) {
			struct operand {
				unsigned w[4];
			} own = {{p.a[0], p.a[1], p.a[2], p.a[3]}};
			auto s = ndec_emu::exchange(0xffffffffu, own);
			for (unsigned k = 0; k < 16; k++)
				for (unsigned r = 0; r < 2; r++) x[r][k] = ndec_bits<float>((((const operand *)s[g * 4 + k % 8 / 2])->w[r + k / 8 * 2] >> 16 * (k % 2) & 0xffffu) << 16);
		} else {
			for (unsigned k = 0; k < 16; k++)
				for (unsigned r = 0; r < 2; r++) x[r][k] = ndec_group_number(p.from, p.turned, row + 8 * r, k);
		}
		float (*b)[128] = ndec_emu::warps[ndec_emu::current->id / 32].matrix[turn];
		for (unsigned i = ndec_emu::lane(); i < 16 * 8 * p.tiles; i += 32) b[i % 16][i / 16] = ndec_group_number(p.b, p.turned, i / 16, i % 16);
		ndec_warp_sync();
		turn ^= 1;
		for (int q = 0; q < p.tiles; q++)
			for (unsigned e = 0; e < 4; e++) {
				float v = p.c[q][e];
				for (unsigned k = 0; k < 16; k++) v = fmaf(x[e / 2][k], b[k][8 * q + 2 * t + e % 2], v);
				p.c[q][e] = v;
			}
	}
	products.erase(products.begin(), products.begin() + count), groups.erase(groups.begin(), groups.begin() + done);
	for (size_t &end : groups) end -= count;
}

template <int tiles> struct ndec_wgmma {
	template <bool turned> static void add(float (*c)[4], const unsigned *a, unsigned long long b) { ndec_emulated_wgmma({tiles, c, a, b, 0, turned}); }
	static void outer(float (*c)[4], unsigned long long a, unsigned long long b) { ndec_emulated_wgmma({tiles, c, nullptr, b, a, true}); }
};
