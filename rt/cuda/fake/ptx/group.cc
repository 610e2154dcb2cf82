// What a warpgroup has: products by tensor cores that read shared memory while the warps go on, and registers that warpgroups hand to each other.
//
// wgmma.mma_async only notes what is to be done. It is done when wgmma.wait_group waits for it, with what registers and shared memory then hold: who changes
// them too early changes the result. Who touches registers meanwhile, or leaves out a fence, is told.
#include "tensor.h"
#include <algorithm>

namespace ptx {
namespace {

// How operands of wgmma are told: Op::offset.
struct Form {
	int16_t n;
	bool registers; // A is in registers
	bool turnA, turnB; // numbers of a column of A, or of a row of B, are side by side
	int8_t signA, signB;
};
static_assert(sizeof(Form) <= sizeof(int64_t));
Form form(const Op &op) {
	Form f;
	memcpy(&f, &op.offset, sizeof f);
	return f;
}

uint64_t alike(Warp &w, Ref r) {
	uint64_t x = w.get(r, 0);
	EACH_LANE(w.alive, i) if (w.get(r, i) != x) w.wrong(LAUNCH_FAILED, i, "a descriptor of a matrix differs between the lanes of a warp");
	return x;
}

// A part of a matrix, from first to last across and of 16 numbers along k, as a descriptor says, not swizzled. It lies in pieces of 8 rows of 16 bytes; along the shared dimension
// the next is the leading offset further, across the stride. Turned, a row of a piece goes across.
template <class Put> void matrix(Warp &w, uint64_t descriptor, int first, int last, bool turned, Put put) {
	if (descriptor & ~(0x3fffull | 0x3fffull << 16 | 0x3fffull << 32)) w.wrong(LAUNCH_FAILED, 0, "descriptor %#llx has bits that are not known here: a swizzle, or an offset beyond its field", (unsigned long long)descriptor);
	uint32_t begin = (descriptor & 0x3fff) << 4, leading = (descriptor >> 16 & 0x3fff) << 4, stride = (descriptor >> 32 & 0x3fff) << 4;
	for (int k = 0; k < 16; k += 8)
		for (int x = first; x < last; x += 8)
			for (int row = 0; row < 8; row++) {
				uint32_t at = begin + k / 8 * leading + x / 8 * stride + row * 16;
				const uint8_t *p = w.find(Space::shared, 0, at, 16, false);
				for (int i = 0; i < 4; i++)
					if (uint32_t by = w.block.unfenced[(at - SHARED_BEGIN) / 4 + i]) w.wrong(LAUNCH_FAILED, 0, "tensor cores read at %u of shared memory what thread %u has written without fence.proxy.async", at - SHARED_BEGIN, by - 1);
				for (int i = 0; i < 8; i++) {
					uint16_t h;
					memcpy(&h, p + 2 * i, 2);
					if (turned) put(k + row, x + i, bf16Value(h));
					else put(k + i, x + row, bf16Value(h));
				}
			}
}

void multiply(Warp &w, const Warp::Async &x) {
	const Op &op = *x.op;
	Form f = form(op);
	const Ref *d = &w.m.more[op.more];
	float A[16][16];
	std::vector<float> B(16 * f.n), C(16 * f.n);
	int first = w.number % 4 * 16; // the warp's rows of 64
	if (f.registers) fragmentA(w, d + f.n / 2, bf16Value, A);
	else matrix(w, x.a, first, first + 16, f.turnA, [&](int k, int m, float v) { A[m - first][k] = v; });
	matrix(w, x.b, 0, f.n, f.turnB, [&](int k, int n, float v) { B[k * f.n + n] = v; });
	// d[4 q + e]: of the piece of 8 columns q, as of mma.m16n8k16
	auto place = [&](int r, int lane) -> float & { return C[(lane / 4 + 8 * (r >> 1 & 1)) * f.n + r / 4 * 8 + lane % 4 * 2 + (r & 1)]; };
	for (int r = 0; r < f.n / 2; r++)
		for (int lane = 0; lane < LANES; lane++) place(r, lane) = x.add ? w.row<float>(d[r])[lane] : 0;
	products(A, B.data(), f.n, C.data(), f.signA * f.signB);
	for (int r = 0; r < f.n / 2; r++)
		for (int lane = 0; lane < LANES; lane++) w.row<float>(d[r])[lane] = place(r, lane);
}

void issue(Warp &w, const Op &op, Mask) {
	Form f = form(op);
	const Ref *d = &w.m.more[op.more];
	if (!w.fenced) w.wrong(LAUNCH_FAILED, 0, "wgmma.mma_async without a wgmma.fence before it");
	for (auto &p : w.pending) {
		const Ref *e = &w.m.more[p.op->more];
		int n = form(*p.op).n;
		for (int i = 0; i < f.n / 2 + (f.registers ? 4 : 0); i++)
			for (int k = 0; k < n / 2; k++)
				if (d[i].at == e[k].at && (i >= f.n / 2 || n != f.n || i != k)) w.wrong(LAUNCH_FAILED, 0, "a register of a product that is not waited for is an operand of another one");
	}
	w.pending.push_back({&op, f.registers ? 0 : alike(w, op.a), alike(w, op.b), 0, (w.mask(op.c) & 1) != 0});
}
void decode(Decoder &d, const Statement &s, Op &op, const Row &row) {
	Form f{};
	f.n = row.count * 8;
	f.registers = s.operands.size() > 1 && s.operands[1].kind == Operand::VECTOR;
	d.expect(s, f.registers ? 7 : 8);
	auto immediate = [&](size_t i, int a, int b) {
		if (s.operands[i].kind != Operand::INTEGER || (int64_t)s.operands[i].bits != a && (int64_t)s.operands[i].bits != b) d.wrong(s, "an immediate that is none of the two that it may be");
		return (int)(int64_t)s.operands[i].bits;
	};
	auto list = [&](const Operand &o, size_t n, Type t) {
		if (o.kind != Operand::VECTOR || o.parts.size() != n) d.wrong(s, "a fragment of another size");
		for (auto &p : o.parts) {
			Ref r = d.ref(p, t, true);
			d.m.more.push_back(r);
		}
	};
	op.more = d.m.more.size();
	list(s.operands[0], f.n / 2, Type::f32);
	if (f.registers) list(s.operands[1], 4, Type::b32);
	else op.a = d.ref(s.operands[1], Type::b64);
	op.b = d.ref(s.operands[2], Type::b64), op.c = d.ref(s.operands[3], Type::pred);
	f.signA = immediate(4, 1, -1), f.signB = immediate(5, 1, -1);
	if (!f.registers) f.turnA = immediate(6, 0, 1);
	f.turnB = immediate(f.registers ? 6 : 7, 0, 1);
	op.mores = d.m.more.size() - op.more, op.count = 1;
	memcpy(&op.offset, &f, sizeof f);
	d.m.async = true;
}

void fence(Warp &w, const Op &, Mask) { w.fenced = true; }
void commit(Warp &w, const Op &, Mask) {
	w.groups++;
	for (auto &p : w.pending)
		if (!p.group) p.group = w.groups;
}
void wait(Warp &w, const Op &op, Mask) { // until so many groups at most are left
	size_t done = 0;
	while (done < w.pending.size() && w.pending[done].group && w.pending[done].group <= w.groups - op.offset) multiply(w, w.pending[done++]);
	w.pending.erase(w.pending.begin(), w.pending.begin() + done);
	w.fenced = false;
}
void decodeImmediate(Decoder &d, const Statement &s, Op &op, const Row &row) {
	d.expect(s, 1);
	if (s.operands[0].kind != Operand::INTEGER) d.wrong(s, "an immediate is expected");
	op.offset = (int64_t)s.operands[0].bits, op.count = 1;
	op.flag = row.count == 2; // setmaxnreg.inc
	if (row.count && (op.offset < 24 || op.offset > 256 || op.offset % 8)) d.wrong(s, "registers are a multiple of 8 from 24 to 256");
}
void registers(Warp &w, const Op &op, Mask) {
	if (op.flag ? op.offset < w.registers : op.offset > w.registers) w.wrong(LAUNCH_FAILED, 0, "setmaxnreg: the warp has %d registers for each thread", w.registers);
	w.registers = (int)op.offset;
}
} // namespace

// busy fails where an instruction touches accumulators that tensor cores work with, or writes to other registers that they read.
void Warp::busy(const Op &op) {
	auto touches = [&](Ref r, bool writes) {
		if (r.from != Ref::FRAME || r.width != 4) return;
		for (auto &p : pending) {
			Form f = form(*p.op);
			const Ref *d = &m.more[p.op->more];
			for (int i = 0; i < f.n / 2 + (f.registers ? 4 : 0); i++)
				if (d[i].at == r.at && (writes || i < f.n / 2)) wrong(LAUNCH_FAILED, 0, "a register is %s while wgmma.mma_async of line %d works with it", writes ? "written" : "read", p.op->line);
		}
	};
	touches(op.d, true), touches(op.a, false), touches(op.b, false), touches(op.c, false);
	if (op.kind == Kind::CALL || op.kind == Kind::TABLE) return; // what they have more are no registers
	for (uint32_t i = 0; i < op.mores; i++) touches(m.more[op.more + i], !op.flag);
}

void addGroup(Table &t) {
	for (int n = 8; n <= 256; n += 8) t["wgmma.mma_async.sync.aligned.m64n" + std::to_string(n) + "k16.f32.bf16.bf16"] = {issue, Kind::GROUP, {}, decode, 80, Space::generic, (uint8_t)(n / 8)};
	t["wgmma.fence.sync.aligned"] = {fence, Kind::ALIGNED, {}, nullptr, 80};
	t["wgmma.commit_group.sync.aligned"] = {commit, Kind::ALIGNED, {}, nullptr, 80};
	t["wgmma.wait_group.sync.aligned"] = {wait, Kind::ALIGNED, {}, decodeImmediate, 80, Space::generic, 0};
	t["setmaxnreg.dec.sync.aligned.u32"] = {registers, Kind::GROUP, {}, decodeImmediate, 80, Space::generic, 1};
	t["setmaxnreg.inc.sync.aligned.u32"] = {registers, Kind::GROUP, {}, decodeImmediate, 80, Space::generic, 2};
}
} // namespace ptx
