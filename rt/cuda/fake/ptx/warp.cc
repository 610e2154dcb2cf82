// What the lanes of a warp do together, barriers of the block, and fences.
#include "warp.h"
#include <algorithm>

namespace ptx {
namespace {

enum Mode { UP, DOWN, BUTTERFLY, INDEX };
template <Mode mode> void shuffle(Warp &w, const Op &op, Mask m) {
	const uint32_t *a = w.row<uint32_t>(op.a), *b = w.row<uint32_t>(op.b), *c = w.row<uint32_t>(op.c);
	uint32_t r[LANES];
	Mask in = 0;
	EACH_LANE(m, lane) {
		int by = b[lane] & 31, clamp = c[lane] & 31, segment = c[lane] >> 8 & 31;
		int last = (lane & segment) | (clamp & ~segment & 31), first = lane & segment;
		int from = mode == UP ? lane - by : mode == DOWN ? lane + by : mode == BUTTERFLY ? lane ^ by : first | (by & ~segment & 31);
		bool ok = mode == UP ? from >= last : from <= last;
		if (!ok) from = lane;
		in |= (Mask)ok << lane;
		if (!(m >> from & 1)) w.wrong(LAUNCH_FAILED, lane, "a shuffle that reads lane %d, which takes no part (mask %#x)", from, m);
		r[lane] = a[from];
	}
	uint32_t *d = w.row<uint32_t>(op.d);
	EACH_LANE(m, lane) d[lane] = r[lane];
	if (op.flag) {
		Mask &p = w.mask(w.m.more[op.more + 1]);
		p = (p & ~m) | in;
	}
}
// shfl.sync d|p, a, b, c, members
void decodeShuffle(Decoder &d, const Statement &s, Op &op, const Row &) {
	d.expect(s, 5);
	const Operand &to = s.operands[0];
	op.flag = to.kind == Operand::PAIR;
	op.d = d.ref(op.flag ? to.parts[0] : to, Type::b32, true);
	op.a = d.ref(s.operands[1], Type::b32), op.b = d.ref(s.operands[2], Type::b32), op.c = d.ref(s.operands[3], Type::b32);
	Ref who = d.ref(s.operands[4], Type::b32), p = op.flag ? d.ref(to.parts[1], Type::pred, true) : Ref();
	op.more = d.m.more.size(), op.mores = 1 + op.flag;
	d.m.more.push_back(who);
	if (op.flag) d.m.more.push_back(p);
}

Mask truth(Warp &w, const Op &op, Mask m) { return (op.flag ? ~w.mask(op.a) : w.mask(op.a)) & m; }
void ballot(Warp &w, const Op &op, Mask m) {
	Mask x = truth(w, op, m);
	EACH_LANE(m, i) w.row<uint32_t>(op.d)[i] = x;
}
template <bool (*f)(Mask, Mask)> void vote(Warp &w, const Op &op, Mask m) {
	Mask &d = w.mask(op.d), x = truth(w, op, m);
	d = f(x, m) ? d | m : d & ~m;
}
bool voteAll(Mask x, Mask m) { return x == m; }
bool voteAny(Mask x, Mask) { return x != 0; }
bool voteAlike(Mask x, Mask m) { return x == m || x == 0; }
template <class F, class T> void reduce(Warp &w, const Op &op, Mask m) {
	T r = w.row<T>(op.a)[__builtin_ctz(m)];
	EACH_LANE(m & (m - 1), i) r = F()(r, w.row<T>(op.a)[i]);
	EACH_LANE(m, i) w.row<T>(op.d)[i] = r;
}
struct Add { template <class T> T operator()(T a, T b) const { return a + b; } };
struct Min { template <class T> T operator()(T a, T b) const { return std::min(a, b); } };
struct Max { template <class T> T operator()(T a, T b) const { return std::max(a, b); } };
struct And { template <class T> T operator()(T a, T b) const { return a & b; } };
struct Or { template <class T> T operator()(T a, T b) const { return a | b; } };
struct Xor { template <class T> T operator()(T a, T b) const { return a ^ b; } };

// d, a, members
void decodeMembers(Decoder &d, const Statement &s, Op &op, const Row &row) {
	d.expect(s, 3);
	op.flag = s.operands[1].negated;
	op.d = d.ref(s.operands[0], row.types[0], true), op.a = d.ref(s.operands[1], row.types[1]);
	Ref who = d.ref(s.operands[2], Type::b32);
	op.more = d.m.more.size(), op.mores = 1;
	d.m.more.push_back(who);
}
void nothing(Warp &, const Op &, Mask) {}
void meet(Warp &w, const Op &, Mask m) { w.meet(m); }
void decodeSync(Decoder &d, const Statement &s, Op &op, const Row &) {
	d.expect(s, 1);
	Ref who = d.ref(s.operands[0], Type::b32);
	op.more = d.m.more.size(), op.mores = 1;
	d.m.more.push_back(who);
}

// Barriers: a is the barrier, b how many threads; more[0] is the predicate of a reduction.
int alike(Warp &w, Ref r, const char *what) {
	Mask m = w.alive;
	uint32_t x = w.row<uint32_t>(r)[__builtin_ctz(m)];
	EACH_LANE(m, i) if (w.row<uint32_t>(r)[i] != x) w.wrong(LAUNCH_FAILED, i, "%s of a barrier differs between the lanes of a warp", what);
	return (int)x;
}
using Reduction = Op::Reduction;
constexpr Reduction NONE = Op::NONE, ANY = Op::ANY, EVERY = Op::EVERY, COUNT = Op::COUNT;
template <bool waits, Reduction kind> void barrier(Warp &w, const Op &op, Mask m) {
	int id = alike(w, op.a, "the number"), threads = op.count ? alike(w, op.b, "the count of threads") : 0;
	Mask p = 0;
	if (kind != NONE) p = (op.flag ? ~w.mask(op.c) : w.mask(op.c)) & m;
	w.block.arrive(w, op, id, threads, waits, p != 0, p == m, __builtin_popcount(p));
}
// a, or a, b; of reductions d, a, c, or d, a, b, c
template <Reduction kind> void decodeBarrier(Decoder &d, const Statement &s, Op &op, const Row &row) {
	size_t n = s.operands.size(), first = kind == NONE ? 0 : 1, last = n - first;
	if (n != 1 + 2 * first && n != 2 + 2 * first) d.wrong(s, "another number of operands");
	op.a = d.ref(s.operands[first], Type::u32);
	op.reduces = kind, op.count = last == first + 2;
	if (op.count) op.b = d.ref(s.operands[first + 1], Type::u32);
	if (kind == NONE) return;
	op.d = d.ref(s.operands[0], row.types[0], true);
	op.c = d.ref(s.operands[last], Type::pred), op.flag = s.operands[last].negated;
}

// What the thread has written to shared memory is there for tensor cores.
void fenceProxy(Warp &w, const Op &, Mask m) {
	for (auto &g : w.block.unfenced)
		if (g && (g - 1) / LANES == w.number && m >> (g - 1) % LANES & 1) g = 0;
}
} // namespace

void addWarp(Table &t) {
	const Type b32 = Type::b32, pred = Type::pred;
	t["shfl.sync.up.b32"] = {shuffle<UP>, Kind::SYNC, {}, decodeShuffle}, t["shfl.sync.down.b32"] = {shuffle<DOWN>, Kind::SYNC, {}, decodeShuffle};
	t["shfl.sync.bfly.b32"] = {shuffle<BUTTERFLY>, Kind::SYNC, {}, decodeShuffle}, t["shfl.sync.idx.b32"] = {shuffle<INDEX>, Kind::SYNC, {}, decodeShuffle};
	t["vote.sync.ballot.b32"] = {ballot, Kind::SYNC, {b32, pred}, decodeMembers};
	t["vote.sync.all.pred"] = {vote<voteAll>, Kind::SYNC, {pred, pred}, decodeMembers}, t["vote.sync.any.pred"] = {vote<voteAny>, Kind::SYNC, {pred, pred}, decodeMembers};
	t["vote.sync.uni.pred"] = {vote<voteAlike>, Kind::SYNC, {pred, pred}, decodeMembers};
	for (const char *e : {"u32", "s32"}) {
		std::string s = std::string(".") + e;
		bool u = e[0] == 'u';
		t["redux.sync.add" + s] = {reduce<Add, uint32_t>, Kind::SYNC, {b32, b32}, decodeMembers, 70};
		t["redux.sync.min" + s] = {u ? reduce<Min, uint32_t> : reduce<Min, int32_t>, Kind::SYNC, {b32, b32}, decodeMembers, 70};
		t["redux.sync.max" + s] = {u ? reduce<Max, uint32_t> : reduce<Max, int32_t>, Kind::SYNC, {b32, b32}, decodeMembers, 70};
	}
	t["redux.sync.and.b32"] = {reduce<And, uint32_t>, Kind::SYNC, {b32, b32}, decodeMembers, 70}, t["redux.sync.or.b32"] = {reduce<Or, uint32_t>, Kind::SYNC, {b32, b32}, decodeMembers, 70};
	t["redux.sync.xor.b32"] = {reduce<Xor, uint32_t>, Kind::SYNC, {b32, b32}, decodeMembers, 70};
	t["bar.warp.sync"] = {meet, Kind::SYNC, {}, decodeSync, 60};
	for (const char *b : {"bar", "bar.cta"}) {
		std::string s = b;
		t[s + ".sync"] = {barrier<true, NONE>, Kind::BARRIER, {}, decodeBarrier<NONE>}, t[s + ".arrive"] = {barrier<false, NONE>, Kind::BARRIER, {}, decodeBarrier<NONE>};
		t[s + ".red.or.pred"] = {barrier<true, ANY>, Kind::BARRIER, {pred}, decodeBarrier<ANY>}, t[s + ".red.and.pred"] = {barrier<true, EVERY>, Kind::BARRIER, {pred}, decodeBarrier<EVERY>};
		t[s + ".red.popc.u32"] = {barrier<true, COUNT>, Kind::BARRIER, {b32}, decodeBarrier<COUNT>};
	}
	opcodes(t, "", {"membar.cta", "membar.gl", "membar.sys", "fence.acq_rel.cta", "fence.acq_rel.gpu", "fence.sc.cta", "fence.sc.gpu"}, {nothing, Kind::PLAIN, {}});
	opcodes(t, "", {"fence.proxy.async", "fence.proxy.async.shared::cta"}, {fenceProxy, Kind::PLAIN, {}, nullptr, 80});
}
} // namespace ptx
