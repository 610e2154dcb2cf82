// Conversions and moves.
#include "warp.h"
#include <cfenv>
#include <cmath>
#include <limits>

namespace ptx {
namespace {

bool isSigned(Type t) { return t == Type::s8 || t == Type::s16 || t == Type::s32 || t == Type::s64; }
bool isFloat(Type t) { return t == Type::f32 || t == Type::f64; }

// the lowest bits as a number of a type
uint64_t extended(Type t, uint64_t bits) {
	int above = 64 - 8 * bytes(t);
	return isSigned(t) ? (uint64_t)((int64_t)(bits << above) >> above) : bits << above >> above;
}

// Every number of a type is one of 64 bits of mantissa.
using Any = long double;
static_assert(std::numeric_limits<Any>::digits >= 64, "an integer of 64 bits is a long double");

Any value(Type t, uint64_t bits) {
	switch (t) {
	case Type::u8: return (uint8_t)bits;
	case Type::s8: return (int8_t)bits;
	case Type::u16: return (uint16_t)bits;
	case Type::s16: return (int16_t)bits;
	case Type::u32: return (uint32_t)bits;
	case Type::s32: return (int32_t)bits;
	case Type::u64: return bits;
	case Type::s64: return (int64_t)bits;
	case Type::f32: {
		float x;
		memcpy(&x, &bits, 4);
		return x;
	}
	default: {
		double x;
		memcpy(&x, &bits, 8);
		return x;
	}
	}
}
// with the direction of rounding that is set
uint64_t pattern(Type t, Any x) {
	uint64_t bits = 0;
	if (t == Type::f32) {
		volatile float y = (float)x;
		float z = y;
		memcpy(&bits, &z, 4);
	} else if (t == Type::f64) {
		volatile double y = (double)x;
		double z = y;
		memcpy(&bits, &z, 8);
	} else { // the nearest that there is; of NaN it is 0
		int n = 8 * bytes(t);
		Any low = isSigned(t) ? -std::ldexp((Any)1, n - 1) : 0, high = std::ldexp((Any)1, isSigned(t) ? n - 1 : n) - 1;
		x = x != x ? 0 : std::trunc(std::min(std::max(x, low), high));
		bits = isSigned(t) ? (uint64_t)(int64_t)x : (uint64_t)x;
	}
	return bits;
}

// Op::offset of a conversion
struct How {
	Type to, from;
	int8_t round; // FE_… as an index of modes
	bool integral, saturate;
};
const int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};

void convert(Warp &w, const Op &op, Mask m) {
	How h;
	memcpy(&h, &op.offset, sizeof h);
	static_assert(sizeof h <= sizeof op.offset);
	if (h.round) fesetround(modes[h.round]);
	EACH_LANE(m, i) {
		Any x = value(h.from, w.get(op.a, i));
		if (h.integral && isFloat(h.from)) x = std::nearbyint(x);
		if (h.saturate && isFloat(h.to)) x = x > 0 ? std::min(x, (Any)1) : 0; // of NaN it is 0
		// integers of integers lose their upper bits; a register that is wider gets the sign, or zeros
		w.set(op.d, i, extended(h.to, isFloat(h.to) || isFloat(h.from) ? pattern(h.to, x) : extended(h.from, w.get(op.a, i))));
	}
	if (h.round) fesetround(FE_TONEAREST);
}

template <class D> struct To {
	template <class S> D operator()(S x) const { return (D)x; }
};
// what is met at every step, where registers are as wide as their types
const struct {
	Type to, from;
	Run run;
} quick[] = {{Type::f64, Type::f32, unary<To<double>, double, float>}, {Type::f32, Type::f64, unary<To<float>, float, double>}, {Type::u64, Type::u32, unary<To<uint64_t>, uint64_t, uint32_t>},
	{Type::s64, Type::s32, unary<To<int64_t>, int64_t, int32_t>}, {Type::u32, Type::u64, unary<To<uint32_t>, uint32_t, uint64_t>}, {Type::f64, Type::s32, unary<To<double>, double, int32_t>},
	{Type::f32, Type::s32, unary<To<float>, float, int32_t>}};

void decode(Decoder &d, const Statement &s, Op &op, const Row &row) {
	d.expect(s, 2);
	How h{};
	std::vector<std::string> parts;
	for (size_t b = 0; b <= s.opcode.size();) {
		size_t e = std::min(s.opcode.find('.', b), s.opcode.size());
		parts.push_back(s.opcode.substr(b, e - b));
		b = e + 1;
	}
	h.to = row.types[0], h.from = row.types[1];
	for (size_t i = 1; i + 2 < parts.size(); i++) {
		const std::string &p = parts[i];
		if (p == "sat") h.saturate = true;
		else {
			h.integral = p.size() == 3;
			h.round = p[1] == 'n' ? 0 : p[1] == 'z' ? 1 : p[1] == 'm' ? 2 : 3;
		}
	}
	memcpy(&op.offset, &h, sizeof h);
	op.d = d.ref(s.operands[0], h.to, true, true), op.a = d.ref(s.operands[1], h.from, false, true);
	if (!h.round && !h.integral && !h.saturate && op.d.width == bytes(h.to) && op.a.width == bytes(h.from))
		for (auto &q : quick)
			if (q.to == h.to && q.from == h.from) op.run = q.run;
}

// Two numbers of 16 bits in a register, a in the upper half. Not a number has one pattern.
uint32_t bf16(float x) {
	uint32_t b;
	memcpy(&b, &x, 4);
	if (x != x) return 0x7fff;
	return (b + 0x7fff + (b >> 16 & 1)) >> 16;
}
uint32_t f16(float x) {
	if (x != x) return 0x7fff;
	uint32_t sign = std::signbit(x) ? 0x8000 : 0;
	double a = std::fabs((double)x);
	if (a >= 65520) return sign | 0x7c00;
	int e;
	std::frexp(a, &e); // a < 2^e
	int last = std::max(e - 11, -24); // the power of the last place
	double n = std::nearbyint(std::ldexp(a, -last));
	if (n == 0) return sign;
	return sign + (last == -24 ? (uint32_t)n : (uint32_t)n + ((last + 24) << 10)); // a carry goes on into the exponent
}
template <uint32_t (*half)(float)> struct Pack {
	uint32_t operator()(float a, float b) const { return half(a) << 16 | half(b); }
};

template <class T> struct Same { T operator()(T a) const { return a; } };

template <class T> void move(Warp &w, const Op &op, Mask m) { unary<Same<T>, T, T>(w, op, m); }
void pack(Warp &w, const Op &op, Mask m) { // d = {parts}, the first lowest
	EACH_LANE(m, i) {
		uint64_t x = 0;
		int at = 0;
		for (uint32_t k = 0; k < op.mores; k++) {
			Ref r = w.m.more[op.more + k];
			x |= w.get(r, i) << at, at += 8 * r.width;
		}
		w.set(op.d, i, x);
	}
}
void unpack(Warp &w, const Op &op, Mask m) {
	EACH_LANE(m, i) {
		uint64_t x = w.get(op.a, i);
		for (uint32_t k = 0; k < op.mores; k++) {
			Ref r = w.m.more[op.more + k];
			w.set(r, i, x), x = r.width == 8 ? 0 : x >> 8 * r.width;
		}
	}
}
void localAddress(Warp &w, const Op &op, Mask m) { EACH_LANE(m, i) w.set(op.d, i, w.localAt + op.offset); }

void decodeMove(Decoder &d, const Statement &s, Op &op, const Row &row) {
	d.expect(s, 2);
	Type t = row.types[0];
	const Operand &to = s.operands[0], &from = s.operands[1];
	const Operand *parts = from.kind == Operand::VECTOR ? &from : to.kind == Operand::VECTOR ? &to : nullptr;
	if (parts) {
		Type part = Type::none;
		int n = parts->parts.size(), width = n == 0 ? 0 : bytes(t) / n;
		for (Type p : {Type::b16, Type::b32})
			if (bytes(p) == width) part = p;
		if (part == Type::none) d.wrong(s, "a vector of another size");
		op.more = d.m.more.size(), op.mores = n, op.flag = parts == &from;
		for (auto &p : parts->parts) {
			Ref r = d.ref(p, part, parts == &to);
			d.m.more.push_back(r);
		}
		if (parts == &to) op.run = unpack, op.a = d.ref(from, t);
		else op.run = pack, op.d = d.ref(to, t, true);
		return;
	}
	op.d = d.ref(to, t, true);
	if (from.symbol && from.symbol->kind == Symbol::VARIABLE && from.symbol->space == Space::local) {
		op.run = localAddress, op.offset = from.symbol->at + from.offset;
		return;
	}
	op.a = d.ref(from, t);
}
} // namespace

void addConversions(Table &t) {
	const Type all[] = {Type::u8, Type::s8, Type::u16, Type::s16, Type::u32, Type::s32, Type::u64, Type::s64, Type::f32, Type::f64};
	const char *names[] = {"u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64", "f32", "f64"};
	for (int to = 0; to < 10; to++)
		for (int from = 0; from < 10; from++) {
			std::string e = std::string(".") + names[to] + "." + names[from];
			bool ff = isFloat(all[to]) && isFloat(all[from]), narrow = all[to] == Type::f32 && all[from] == Type::f64;
			Row row{convert, Kind::PLAIN, {all[to], all[from]}, decode};
			// where a direction has to be stated, and which
			if (!isFloat(all[to]) && isFloat(all[from]) || ff && !narrow && to == from)
				for (const char *r : {".rni", ".rzi", ".rmi", ".rpi"}) t[std::string("cvt") + r + e] = row;
			if (isFloat(all[to]) && !isFloat(all[from]) || narrow)
				for (const char *r : {".rn", ".rz", ".rm", ".rp"}) t[std::string("cvt") + r + e] = row;
			if (isFloat(all[to]) == isFloat(all[from]) && !narrow) t["cvt" + e] = row;
			if (ff && to == from) t["cvt.sat" + e] = row;
		}
	t["cvt.rn.bf16x2.f32"] = {binary<Pack<bf16>, uint32_t, float, float>, Kind::PLAIN, {Type::b32, Type::f32, Type::f32}, nullptr, 70};
	t["cvt.rn.f16x2.f32"] = {binary<Pack<f16>, uint32_t, float, float>, Kind::PLAIN, {Type::b32, Type::f32, Type::f32}, nullptr, 70};
	opcodes(t, "mov.", {"b16", "u16", "s16"}, {move<uint16_t>, Kind::PLAIN, {Type::b16}, decodeMove});
	opcodes(t, "mov.", {"b32", "u32", "s32", "f32"}, {move<uint32_t>, Kind::PLAIN, {Type::b32}, decodeMove});
	opcodes(t, "mov.", {"b64", "u64", "s64", "f64"}, {move<uint64_t>, Kind::PLAIN, {Type::b64}, decodeMove});
}
} // namespace ptx
