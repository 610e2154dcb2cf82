// Loads, stores and addresses.
#include "warp.h"
#include <algorithm>

namespace ptx {

static const char *name(Space s) {
	static const char *const names[] = {"generic", "global", "shared", "local", "constant", "parameter", "parameter"};
	return names[(int)s];
}

// find is where a lane's access goes on the host. Kernels may touch what is allocated, as far as it goes.
uint8_t *Warp::find(Space space, int lane, uint64_t address, uint32_t n, bool write) {
	if (space == Space::generic) {
		uint64_t window = address & ~0ull << 56;
		space = window == SHARED_WINDOW ? Space::shared : window == LOCAL_WINDOW ? Space::local : Space::global;
		if (space != Space::global) address -= window;
	}
	const char *what = write ? "write" : "read";
	if (address % n) wrong(MISALIGNED, lane, "a %s of %u bytes at %#llx in %s memory, which is no multiple", what, n, (unsigned long long)address, name(space));
	switch (space) {
	case Space::shared: {
		uint64_t at = address - SHARED_BEGIN;
		if (at >= block.shared.size() || at + n > block.shared.size()) wrong(ILLEGAL_ADDRESS, lane, "a %s of %u bytes at %lld in shared memory, of which the block has %zu", what, n, (long long)at, block.shared.size());
		if (write && !block.unfenced.empty())
			for (uint64_t g = at / 4; g <= (at + n - 1) / 4; g++) block.unfenced[g] = number * LANES + lane + 1;
		for (uint64_t g = at; g < at + n; g++) {
			Block::Write &x = block.writes[g];
			int other = x.thread - 1;
			if (x.thread && other / LANES == number && other % LANES != lane && x.time > seen[lane][other % LANES])
				wrong(LAUNCH_FAILED, lane, "a %s of %u bytes at %llu of shared memory, which lane %d has written since they last met at a barrier", what, n, (unsigned long long)at, other % LANES);
			if (write) x = {(uint16_t)(number * LANES + lane + 1), time[lane]};
		}
		return block.shared.data() + at;
	}
	case Space::local:
		if (address + n > launch.k.locals) wrong(ILLEGAL_ADDRESS, lane, "a %s of %u bytes at %llu in local memory, of which the thread has %u", what, n, (unsigned long long)address, launch.k.locals);
		return locals.data() + (size_t)lane * launch.k.locals + address;
	case Space::entry:
		if (write || address + n > launch.args.size()) wrong(ILLEGAL_ADDRESS, lane, "a %s outside of the parameters", what);
		return const_cast<uint8_t *>(launch.args.data()) + address;
	case Space::param: return paramBase + (size_t)lane * launch.k.params + address;
	default: break;
	}
	if (address < near.from || address + n > near.to) {
		auto r = std::upper_bound(launch.ranges.begin(), launch.ranges.end(), address, [](uint64_t a, const Range &r) { return a < r.from; });
		if (r == launch.ranges.begin()) wrong(ILLEGAL_ADDRESS, lane, "a %s of %u bytes at %#llx in %s memory, where nothing is allocated", what, n, (unsigned long long)address, name(space));
		if (address + n > (--r)->to) wrong(ILLEGAL_ADDRESS, lane, "a %s of %u bytes in %s memory, %llu bytes behind the end of an allocation of %llu bytes", what, n, name(space), (unsigned long long)(address - r->to), (unsigned long long)(r->to - r->from));
		near = *r;
	}
	if (near.constant && write) wrong(ILLEGAL_ADDRESS, lane, "a write to constant memory");
	if (!near.constant && space == Space::constant) wrong(ILLEGAL_ADDRESS, lane, "%#llx is no constant", (unsigned long long)address);
	return (uint8_t *)address;
}

namespace {

template <class T> void load(Warp &w, const Op &op, Mask m) {
	EACH_LANE(m, i) {
		const uint8_t *p = w.find(op.space, i, w.get(op.a, i) + op.offset, sizeof(T) * op.count, false);
		for (int k = 0; k < op.count; k++) {
			T x;
			memcpy(&x, p + k * sizeof(T), sizeof x);
			Ref r = op.count == 1 ? op.d : w.m.more[op.more + k];
			w.set(r, i, (uint64_t)(int64_t)x); // of signed types with their sign
		}
	}
}
template <class T> void store(Warp &w, const Op &op, Mask m) {
	EACH_LANE(m, i) {
		uint8_t *p = w.find(op.space, i, w.get(op.a, i) + op.offset, sizeof(T) * op.count, true);
		for (int k = 0; k < op.count; k++) {
			Ref r = op.count == 1 ? op.b : w.m.more[op.more + k];
			T x = (T)w.get(r, i);
			memcpy(p + k * sizeof(T), &x, sizeof x);
		}
	}
}

void decode(Decoder &d, const Statement &s, Op &op, const Row &row) {
	d.expect(s, 2);
	bool writes = s.opcode[0] == 's';
	const Operand &address = s.operands[writes ? 0 : 1], &data = s.operands[writes ? 1 : 0];
	d.address(address, op);
	Type t = row.types[0];
	if ((data.kind == Operand::VECTOR ? data.parts.size() : 1) != op.count) d.wrong(s, "a vector of another size");
	if (op.count == 1) (writes ? op.b : op.d) = d.ref(data, t, !writes, true);
	else {
		op.more = d.m.more.size(), op.mores = op.count, op.flag = writes;
		for (auto &p : data.parts) {
			Ref r = d.ref(p, t, !writes, true);
			d.m.more.push_back(r);
		}
	}
}

template <class T> void typed(Table &t, Type type, const char *name) {
	struct {
		const char *name;
		Space space;
		bool stores;
	} const spaces[] = {{"", Space::generic, true}, {".global", Space::global, true}, {".global.nc", Space::global, false}, {".shared", Space::shared, true}, {".local", Space::local, true}, {".const", Space::constant, false},
		{".param", Space::param, true}, {".volatile", Space::generic, true}, {".volatile.global", Space::global, true}, {".volatile.shared", Space::shared, true}};
	for (auto &s : spaces)
		for (int n : {1, 2, 4}) {
			if (n * sizeof(T) > 16) continue;
			std::string e = std::string(s.name) + (n == 1 ? "" : n == 2 ? ".v2" : ".v4") + "." + name;
			t["ld" + e] = {load<T>, Kind::PLAIN, {type}, decode, 0, s.space, (uint8_t)n};
			if (s.stores) t["st" + e] = {store<T>, Kind::PLAIN, {type}, decode, 0, s.space, (uint8_t)n};
		}
}

template <uint64_t window, bool to> void address(Warp &w, const Op &op, Mask m) {
	EACH_LANE(m, i) {
		uint64_t a = w.get(op.a, i);
		w.set(op.d, i, to ? a - window : a + window);
	}
}
} // namespace

void addMemory(Table &t) {
	typed<uint8_t>(t, Type::u8, "u8"), typed<int8_t>(t, Type::s8, "s8"), typed<uint8_t>(t, Type::b8, "b8");
	typed<uint16_t>(t, Type::u16, "u16"), typed<int16_t>(t, Type::s16, "s16"), typed<uint16_t>(t, Type::b16, "b16");
	typed<uint32_t>(t, Type::u32, "u32"), typed<int32_t>(t, Type::s32, "s32"), typed<uint32_t>(t, Type::b32, "b32"), typed<uint32_t>(t, Type::f32, "f32");
	typed<uint64_t>(t, Type::u64, "u64"), typed<int64_t>(t, Type::s64, "s64"), typed<uint64_t>(t, Type::b64, "b64"), typed<uint64_t>(t, Type::f64, "f64");
	const std::vector<Type> two = {Type::u64, Type::u64};
	t["cvta.global.u64"] = t["cvta.to.global.u64"] = t["cvta.const.u64"] = t["cvta.to.const.u64"] = {address<0, false>, Kind::PLAIN, two};
	t["cvta.shared.u64"] = {address<SHARED_WINDOW, false>, Kind::PLAIN, two};
	t["cvta.to.shared.u64"] = {address<SHARED_WINDOW, true>, Kind::PLAIN, two};
	t["cvta.local.u64"] = {address<LOCAL_WINDOW, false>, Kind::PLAIN, two};
	t["cvta.to.local.u64"] = {address<LOCAL_WINDOW, true>, Kind::PLAIN, two};
}
} // namespace ptx
