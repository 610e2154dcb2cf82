// What runs: a warp, its block and the launch.
#pragma once
#include "ptx.h"
#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace ptx {

struct Range {
	uint64_t from, to;
	bool constant;
};

// Launch is a kernel with its arguments, and memory that it may touch.
struct Launch {
	const Module &m;
	const Kernel &k;
	unsigned grid[3], block[3];
	uint32_t dynamic; // bytes of shared memory that the launch gives
	std::vector<uint8_t> args;
	std::vector<Range> ranges; // ascending
	bool backwards; // the last warp first, and the last block
};

struct Block;

struct Warp {
	Block &block;
	const Launch &launch;
	const Module &m;
	int number;
	uint8_t *base[3] = {}; // Ref::From
	std::vector<uint8_t> frames, params, locals; // of all functions; params and locals lane after lane
	alignas(64) uint32_t special[14][LANES];
	uint8_t *paramBase = nullptr; // of the function that runs, in the first lane
	uint32_t localAt = 0;
	Range near = {1, 0, false}; // of the last access to global memory

	// lanes
	uint32_t pc[LANES] = {};
	Mask alive = 0, parked = 0; // parked: at a collective
	uint64_t steps = 0; // instructions
	const Op *at = nullptr; // what runs, for errors

	// the block's view
	enum State { READY, WAITS, DONE } state = READY;
	int barrier = -1; // that it waits at; GROUPED: for its warpgroup
	enum { GROUPED = -2 };
	const Op *waits = nullptr; // for which
	int registers = 0; // that setmaxnreg has left a thread

	// tensor cores that work: operations in the order of their groups (group.cc)
	struct Async {
		const Op *op;
		uint64_t a, b; // descriptors
		int group; // 0: not committed
		bool add; // to what accumulators hold
	};
	std::vector<Async> pending;
	int groups = 0; // committed so far
	// Which of the others' writes a lane may read: those before the last barrier of the warp, or of the block, that both came to. A lane's time counts barriers.
	uint32_t time[LANES], seen[LANES][LANES];
	void meet(Mask); // lanes at a barrier
	bool fenced = false; // registers are as tensor cores may find them
	void busy(const Op &); // fails where a register is touched that they work with

	Warp(Block &b, const Launch &l, int number);

	template <class T> T *row(Ref r) { return (T *)(base[r.from] + r.at); }
	Mask &mask(Ref r) { return *(Mask *)(base[r.from] + r.at); }
	// lanes of an operation that its predicate lets run
	Mask let(const Op &op, Mask m) {
		if (!op.guarded) return m;
		Mask p = mask(op.guard);
		return m & (op.unless ? ~p : p);
	}
	// a number of a lane in a register of any width; set extends the sign of negative ones
	uint64_t get(Ref r, int lane) {
		uint64_t x = 0;
		memcpy(&x, base[r.from] + r.at + lane * r.width, r.width);
		return x;
	}
	void set(Ref r, int lane, uint64_t x) { memcpy(base[r.from] + r.at + lane * r.width, &x, r.width); }

	void run(uint64_t most); // until it waits, ends, or has done so many instructions
	void enter(uint32_t pc); // the function at a place
	[[noreturn]] void wrong(Code, int lane, const char *format, ...) __attribute__((format(printf, 4, 5)));

	// memory of a lane, checked
	uint8_t *find(Space, int lane, uint64_t address, uint32_t bytes, bool write);

private:
	int running = -1; // the function
	Mask together(const Op &op, Mask active); // those that may go on
	bool settle();
	[[noreturn]] void stuck();
};

struct Block {
	const Launch &launch;
	unsigned at[3];
	std::vector<uint8_t> shared; // without what is reserved
	std::vector<uint16_t> unfenced; // by 4 bytes: the thread that has written there without a fence for tensor cores, plus one
	struct Write { // the last one of a byte
		uint16_t thread; // plus one
		uint32_t time;
	};
	std::vector<Write> writes;
	std::vector<std::unique_ptr<Warp>> warps;
	int registers; // of a lane of each warp, together

	struct Barrier {
		int expected = 0; // warps; 0: nobody is there
		bool counted = false; // the instruction says how many
		int arrived = 0, sum = 0; // warps, and threads whose predicate holds
		bool any = false, all = true;
	} barriers[16];

	Block(const Launch &, unsigned number);
	void run();
	void arrive(Warp &, const Op &, int id, int threads, bool waits, bool any, bool all, int sum);
	void complete(int id); // where all have arrived
	[[noreturn]] void deadlock();
	bool regroup(); // lets warpgroups go on whose warps are all there
};

// Lanes of an operation, all of them at once where all take part.
#define EACH_LANE(m, lane) for (Mask each_ = (m); each_; each_ &= each_ - 1) if (int lane = __builtin_ctz(each_); true)

// a Mask of what is true
inline Mask bits(const uint32_t *truth) { // 0 or all ones
#ifdef __AVX2__
	Mask m = 0;
	for (int i = 0; i < 4; i++) m |= (Mask)_mm256_movemask_ps(_mm256_loadu_ps((const float *)truth + 8 * i)) << 8 * i;
	return m;
#else
	Mask m = 0;
	for (int i = 0; i < LANES; i++) m |= (truth[i] & 1) << i;
	return m;
#endif
}

// Handlers of operations that concern each lane by itself, from a function object.
template <class F, class D, class A> void unary(Warp &w, const Op &op, Mask m) {
	D *d = w.row<D>(op.d);
	const A *a = w.row<A>(op.a);
	if (m == ALL) {
#pragma GCC ivdep
		for (int i = 0; i < LANES; i++) d[i] = F()(a[i]);
	} else EACH_LANE(m, i) d[i] = F()(a[i]);
}
template <class F, class D, class A, class B> void binary(Warp &w, const Op &op, Mask m) {
	D *d = w.row<D>(op.d);
	const A *a = w.row<A>(op.a);
	const B *b = w.row<B>(op.b);
	if (m == ALL) {
#pragma GCC ivdep
		for (int i = 0; i < LANES; i++) d[i] = F()(a[i], b[i]);
	} else EACH_LANE(m, i) d[i] = F()(a[i], b[i]);
}
template <class F, class D, class A, class B, class C> void ternary(Warp &w, const Op &op, Mask m) {
	D *d = w.row<D>(op.d);
	const A *a = w.row<A>(op.a);
	const B *b = w.row<B>(op.b);
	const C *c = w.row<C>(op.c);
	if (m == ALL) {
#pragma GCC ivdep
		for (int i = 0; i < LANES; i++) d[i] = F()(a[i], b[i], c[i]);
	} else EACH_LANE(m, i) d[i] = F()(a[i], b[i], c[i]);
}
template <class F, class A> void compare(Warp &w, const Op &op, Mask m) {
	const A *a = w.row<A>(op.a), *b = w.row<A>(op.b);
	uint32_t truth[LANES];
	for (int i = 0; i < LANES; i++) truth[i] = -(uint32_t)F()(a[i], b[i]);
	Mask &d = w.mask(op.d);
	d = (d & ~m) | (bits(truth) & m);
}

// Opcodes that differ in a type alone: opcodes("add", {"u32", "s32"}, …).
inline void opcodes(Table &t, const std::string &before, std::initializer_list<const char *> endings, Row row) {
	for (const char *e : endings) t[before + e] = row;
}
} // namespace ptx
