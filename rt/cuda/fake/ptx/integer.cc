// Integers, bits and predicates.
#include "warp.h"

namespace ptx {
namespace {

template <class T> struct Wide;
template <> struct Wide<uint16_t> { using type = uint32_t; };
template <> struct Wide<int16_t> { using type = int32_t; };
template <> struct Wide<uint32_t> { using type = uint64_t; };
template <> struct Wide<int32_t> { using type = int64_t; };
template <> struct Wide<uint64_t> { using type = unsigned __int128; };
template <> struct Wide<int64_t> { using type = __int128; };

// unsigned arithmetic wraps around
struct Add { template <class T> T operator()(T a, T b) const { return a + b; } };
struct Sub { template <class T> T operator()(T a, T b) const { return a - b; } };
struct Mul { template <class T> T operator()(T a, T b) const { return (T)((uint64_t)a * b); } };
struct MulHi { template <class T> T operator()(T a, T b) const { return (T)((typename Wide<T>::type)a * b >> 8 * sizeof(T)); } };
struct MulWide { template <class T> auto operator()(T a, T b) const { return (typename Wide<T>::type)a * b; } };
struct Mad { template <class T> T operator()(T a, T b, T c) const { return (T)((uint64_t)a * b + c); } };
struct MadWide { template <class T, class D> D operator()(T a, T b, D c) const { return (D)((D)a * (D)b + (D)c); } };
// by zero it is whatever the machine gives: here all ones
struct Div { template <class T> T operator()(T a, T b) const { return b == 0 ? (T)-1 : (T)-1 < 0 && b == (T)-1 ? (T)(0 - (uint64_t)a) : a / b; } };
struct Rem { template <class T> T operator()(T a, T b) const { return b == 0 ? (T)-1 : (T)-1 < 0 && b == (T)-1 ? 0 : a % b; } };
struct Min { template <class T> T operator()(T a, T b) const { return a < b ? a : b; } };
struct Max { template <class T> T operator()(T a, T b) const { return a > b ? a : b; } };
struct Neg { template <class T> T operator()(T a) const { return 0 - a; } };
struct Abs { template <class T> T operator()(T a) const { return a < 0 ? (T)(0 - (uint64_t)a) : a; } };
struct And { template <class T> T operator()(T a, T b) const { return a & b; } };
struct Or { template <class T> T operator()(T a, T b) const { return a | b; } };
struct Xor { template <class T> T operator()(T a, T b) const { return a ^ b; } };
struct Not { template <class T> T operator()(T a) const { return ~a; } };
struct Same { template <class T> T operator()(T a) const { return a; } };
// amounts beyond the width are the width
struct Shl { template <class T> T operator()(T a, uint32_t n) const { return n >= 8 * sizeof(T) ? 0 : (T)(a << (n & (8 * sizeof(T) - 1))); } };
struct Shr { template <class T> T operator()(T a, uint32_t n) const { return n >= 8 * sizeof(T) ? (a < 0 ? (T)-1 : 0) : (T)(a >> (n & (8 * sizeof(T) - 1))); } };
struct Funnel { // shf.l.wrap: the high half of b:a moved up
	uint32_t operator()(uint32_t a, uint32_t b, uint32_t c) const { return (uint32_t)(((uint64_t)b << 32 | a) << (c & 31) >> 32); }
};
struct FunnelRight {
	uint32_t operator()(uint32_t a, uint32_t b, uint32_t c) const { return (uint32_t)(((uint64_t)b << 32 | a) >> (c & 31)); }
};
struct Popc { template <class T> uint32_t operator()(T a) const { return __builtin_popcountll(a); } };
struct Clz { template <class T> uint32_t operator()(T a) const { return a ? __builtin_clzll(a) - (64 - 8 * sizeof(T)) : 8 * sizeof(T); } };
struct Brev {
	uint32_t operator()(uint32_t a) const {
		uint32_t r = 0;
		for (int i = 0; i < 32; i++) r |= (a >> i & 1) << (31 - i);
		return r;
	}
};
struct Bfe { // a field of c bits from b on, with the sign of its highest bit, or of the highest of the word
	template <class T> T operator()(T a, uint32_t b, uint32_t c) const {
		b &= 255, c &= 255;
		constexpr uint32_t n = 8 * sizeof(T);
		if (c == 0) return 0;
		bool sign = (T)-1 < 0 && (a >> std::min(b + c - 1, n - 1) & 1);
		T r = 0;
		for (uint32_t i = 0; i < n; i++) r |= (T)(i < c && b + i < n ? a >> (b + i) & 1 : sign) << i;
		return r;
	}
};
struct Prmt {
	uint32_t operator()(uint32_t a, uint32_t b, uint32_t c) const {
		uint64_t from = (uint64_t)b << 32 | a;
		uint32_t r = 0;
		for (int i = 0; i < 4; i++) {
			uint32_t s = c >> 4 * i & 15, x = from >> 8 * (s & 7) & 255;
			if (s & 8) x = x & 128 ? 255 : 0;
			r |= x << 8 * i;
		}
		return r;
	}
};

struct Eq { template <class T> bool operator()(T a, T b) const { return a == b; } };
struct Ne { template <class T> bool operator()(T a, T b) const { return a != b; } };
struct Lt { template <class T> bool operator()(T a, T b) const { return a < b; } };
struct Le { template <class T> bool operator()(T a, T b) const { return a <= b; } };
struct Gt { template <class T> bool operator()(T a, T b) const { return a > b; } };
struct Ge { template <class T> bool operator()(T a, T b) const { return a >= b; } };

template <class T> void select(Warp &w, const Op &op, Mask m) { // d = c ? a : b
	T *d = w.row<T>(op.d);
	const T *a = w.row<T>(op.a), *b = w.row<T>(op.b);
	Mask p = w.mask(op.c);
	if (m == ALL) {
#pragma GCC ivdep
		for (int i = 0; i < LANES; i++) d[i] = p >> i & 1 ? a[i] : b[i];
	} else EACH_LANE(m, i) d[i] = p >> i & 1 ? a[i] : b[i];
}
template <class F> void logic(Warp &w, const Op &op, Mask m) {
	Mask &d = w.mask(op.d), r = F()(w.mask(op.a), w.mask(op.b));
	d = (d & ~m) | (r & m);
}
template <class F> void logic1(Warp &w, const Op &op, Mask m) {
	Mask &d = w.mask(op.d), r = F()(w.mask(op.a));
	d = (d & ~m) | (r & m);
}
void bfi(Warp &w, const Op &op, Mask m) { // d = b with c bits from more[0] on replaced by those of a: bfi d, a, b, c, n
	uint32_t *d = w.row<uint32_t>(op.d);
	const uint32_t *a = w.row<uint32_t>(op.a), *b = w.row<uint32_t>(op.b), *c = w.row<uint32_t>(op.c), *n = w.row<uint32_t>(w.m.more[op.more]);
	EACH_LANE(m, i) {
		uint32_t at = c[i] & 255, bits = n[i] & 255, r = b[i];
		for (uint32_t k = 0; k < bits && at + k < 32; k++) r = (r & ~(1u << (at + k))) | (a[i] >> k & 1) << (at + k);
		d[i] = r;
	}
}

template <class T> void typed(Table &t, Type type, const std::string &s, bool isSigned) {
	std::string e = "." + s;
	constexpr int wide = sizeof(T) == 2 ? 2 : sizeof(T) == 4 ? 4 : 0;
	t["add" + e] = {binary<Add, T, T, T>, Kind::PLAIN, {type, type, type}};
	t["sub" + e] = {binary<Sub, T, T, T>, Kind::PLAIN, {type, type, type}};
	t["mul.lo" + e] = {binary<Mul, T, T, T>, Kind::PLAIN, {type, type, type}};
	t["mul.hi" + e] = {binary<MulHi, T, T, T>, Kind::PLAIN, {type, type, type}};
	t["mad.lo" + e] = {ternary<Mad, T, T, T, T>, Kind::PLAIN, {type, type, type, type}};
	t["div" + e] = {binary<Div, T, T, T>, Kind::PLAIN, {type, type, type}};
	t["rem" + e] = {binary<Rem, T, T, T>, Kind::PLAIN, {type, type, type}};
	t["min" + e] = {binary<Min, T, T, T>, Kind::PLAIN, {type, type, type}};
	t["max" + e] = {binary<Max, T, T, T>, Kind::PLAIN, {type, type, type}};
	t["shr" + e] = {binary<Shr, T, T, uint32_t>, Kind::PLAIN, {type, type, Type::u32}};
	t["setp.eq" + e] = {compare<Eq, T>, Kind::PLAIN, {Type::pred, type, type}};
	t["setp.ne" + e] = {compare<Ne, T>, Kind::PLAIN, {Type::pred, type, type}};
	t["setp.lt" + e] = {compare<Lt, T>, Kind::PLAIN, {Type::pred, type, type}};
	t["setp.le" + e] = {compare<Le, T>, Kind::PLAIN, {Type::pred, type, type}};
	t["setp.gt" + e] = {compare<Gt, T>, Kind::PLAIN, {Type::pred, type, type}};
	t["setp.ge" + e] = {compare<Ge, T>, Kind::PLAIN, {Type::pred, type, type}};
	if (isSigned) {
		t["neg" + e] = {unary<Neg, T, T>, Kind::PLAIN, {type, type}};
		t["abs" + e] = {unary<Abs, T, T>, Kind::PLAIN, {type, type}};
	} else { // other names of comparisons
		t["setp.lo" + e] = t["setp.lt" + e], t["setp.ls" + e] = t["setp.le" + e], t["setp.hi" + e] = t["setp.gt" + e], t["setp.hs" + e] = t["setp.ge" + e];
	}
	if constexpr (wide > 0) {
		using D = typename Wide<T>::type;
		Type d = sizeof(T) == 2 ? (isSigned ? Type::s32 : Type::u32) : isSigned ? Type::s64 : Type::u64;
		t["mul.wide" + e] = {binary<MulWide, D, T, T>, Kind::PLAIN, {d, type, type}};
		t["mad.wide" + e] = {ternary<MadWide, D, T, T, D>, Kind::PLAIN, {d, type, type, d}};
	}
}

template <class T> void untyped(Table &t, Type type, int bits, std::initializer_list<const char *> selects) {
	std::string e = ".b" + std::to_string(bits);
	t["and" + e] = {binary<And, T, T, T>, Kind::PLAIN, {type, type, type}};
	t["or" + e] = {binary<Or, T, T, T>, Kind::PLAIN, {type, type, type}};
	t["xor" + e] = {binary<Xor, T, T, T>, Kind::PLAIN, {type, type, type}};
	t["not" + e] = {unary<Not, T, T>, Kind::PLAIN, {type, type}};
	t["shl" + e] = {binary<Shl, T, T, uint32_t>, Kind::PLAIN, {type, type, Type::u32}};
	t["shr" + e] = {binary<Shr, T, T, uint32_t>, Kind::PLAIN, {type, type, Type::u32}};
	t["setp.eq" + e] = {compare<Eq, T>, Kind::PLAIN, {Type::pred, type, type}};
	t["setp.ne" + e] = {compare<Ne, T>, Kind::PLAIN, {Type::pred, type, type}};
	opcodes(t, "selp.", selects, {select<T>, Kind::PLAIN, {type, type, type, Type::pred}});
}
} // namespace

void addIntegers(Table &t) {
	typed<uint16_t>(t, Type::u16, "u16", false), typed<int16_t>(t, Type::s16, "s16", true);
	typed<uint32_t>(t, Type::u32, "u32", false), typed<int32_t>(t, Type::s32, "s32", true);
	typed<uint64_t>(t, Type::u64, "u64", false), typed<int64_t>(t, Type::s64, "s64", true);
	untyped<uint16_t>(t, Type::b16, 16, {"b16", "u16", "s16"});
	untyped<uint32_t>(t, Type::b32, 32, {"b32", "u32", "s32", "f32"});
	untyped<uint64_t>(t, Type::b64, 64, {"b64", "u64", "s64", "f64"});
	const std::vector<Type> p2 = {Type::pred, Type::pred}, p3 = {Type::pred, Type::pred, Type::pred}, u4(4, Type::b32);
	t["and.pred"] = {logic<And>, Kind::PLAIN, p3}, t["or.pred"] = {logic<Or>, Kind::PLAIN, p3}, t["xor.pred"] = {logic<Xor>, Kind::PLAIN, p3};
	t["not.pred"] = {logic1<Not>, Kind::PLAIN, p2}, t["mov.pred"] = {logic1<Same>, Kind::PLAIN, p2};
	t["bfi.b32"] = {bfi, Kind::PLAIN, std::vector<Type>(5, Type::b32)};
	t["bfe.u32"] = {ternary<Bfe, uint32_t, uint32_t, uint32_t, uint32_t>, Kind::PLAIN, u4};
	t["bfe.s32"] = {ternary<Bfe, int32_t, int32_t, uint32_t, uint32_t>, Kind::PLAIN, u4};
	t["prmt.b32"] = {ternary<Prmt, uint32_t, uint32_t, uint32_t, uint32_t>, Kind::PLAIN, u4};
	t["shf.l.wrap.b32"] = {ternary<Funnel, uint32_t, uint32_t, uint32_t, uint32_t>, Kind::PLAIN, u4};
	t["shf.r.wrap.b32"] = {ternary<FunnelRight, uint32_t, uint32_t, uint32_t, uint32_t>, Kind::PLAIN, u4};
	t["popc.b32"] = {unary<Popc, uint32_t, uint32_t>, Kind::PLAIN, {Type::u32, Type::b32}}, t["popc.b64"] = {unary<Popc, uint32_t, uint64_t>, Kind::PLAIN, {Type::u32, Type::b64}};
	t["clz.b32"] = {unary<Clz, uint32_t, uint32_t>, Kind::PLAIN, {Type::u32, Type::b32}}, t["clz.b64"] = {unary<Clz, uint32_t, uint64_t>, Kind::PLAIN, {Type::u32, Type::b64}};
	t["brev.b32"] = {unary<Brev, uint32_t, uint32_t>, Kind::PLAIN, {Type::b32, Type::b32}};
}
} // namespace ptx
