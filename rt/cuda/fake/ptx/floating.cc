// Numbers with a point. Functions that PTX calls approx give the exact value, rounded, or what NDEC_FAKE_APPROX says beside it: as many
// units in the last place, of either sign by turns, as the ISA lets them differ.
#include "warp.h"
#include <cfenv>
#include <cmath>
#include <limits>

namespace ptx {
namespace {

struct Add { template <class T> T operator()(T a, T b) const { return a + b; } };
struct Sub { template <class T> T operator()(T a, T b) const { return a - b; } };
struct Mul { template <class T> T operator()(T a, T b) const { return a * b; } };
struct Div { template <class T> T operator()(T a, T b) const { return a / b; } };
struct Fma { template <class T> T operator()(T a, T b, T c) const { return std::fma(a, b, c); } };
struct Sqrt { template <class T> T operator()(T a) const { return std::sqrt(a); } };
struct Rcp { template <class T> T operator()(T a) const { return 1 / a; } };
// bits of a number
struct Bits {
	static uint32_t of(float x) { uint32_t b; memcpy(&b, &x, 4); return b; }
	static uint64_t of(double x) { uint64_t b; memcpy(&b, &x, 8); return b; }
	static float back(uint32_t b) { float x; memcpy(&x, &b, 4); return x; }
	static double back(uint64_t b) { double x; memcpy(&x, &b, 8); return x; }
	static constexpr uint32_t sign(float) { return 1u << 31; }
	static constexpr uint64_t sign(double) { return 1ull << 63; }
};
struct Neg { template <class T> T operator()(T a) const { return Bits::back(Bits::of(a) ^ Bits::sign(T())); } };
struct Abs { template <class T> T operator()(T a) const { return Bits::back(Bits::of(a) & ~Bits::sign(T())); } };
struct CopySign { template <class T> T operator()(T a, T b) const { return Bits::back((Bits::of(a) & Bits::sign(T())) | (Bits::of(b) & ~Bits::sign(T()))); } }; // the sign of a
// of NaN and a number it is the number, and -0 is less than 0
struct Min { template <class T> T operator()(T a, T b) const { return a != a ? b : b != b ? a : a < b || (a == b && std::signbit(a)) ? a : b; } };
struct Max { template <class T> T operator()(T a, T b) const { return a != a ? b : b != b ? a : a > b || (a == b && !std::signbit(a)) ? a : b; } };

// What the ISA lets approximations differ, in units of the last place; 0: not at all.
int error() {
	static const int ulps = [] {
		const char *s = getenv("NDEC_FAKE_APPROX");
		return s ? atoi(s) : 0;
	}();
	return ulps;
}
template <class T> T beside(T x) {
	if (error() == 0 || !std::isfinite(x) || x == 0) return x;
	auto b = Bits::of(x);
	bool up = (b * 2654435761u >> 7) & 1;
	for (int i = 0; i < error(); i++) {
		T y = std::nextafter(x, up ? std::numeric_limits<T>::infinity() : -std::numeric_limits<T>::infinity());
		if (!std::isfinite(y)) break;
		x = y;
	}
	return x;
}
constexpr uint64_t UPPER = 0xffffffff00000000;
float flush(float x) { return std::fabs(x) < std::numeric_limits<float>::min() ? std::copysign(0.0f, x) : x; }
struct Exp2 { double operator()(double a) const { return std::exp2(a); } };
struct Rcp32 { double operator()(double a) const { return 1 / a; } };
struct Rsqrt { double operator()(double a) const { return 1 / std::sqrt(a); } };
struct Root { double operator()(double a) const { return std::sqrt(a); } };
struct Log2 { double operator()(double a) const { return std::log2(a); } };
struct Sine { double operator()(double a) const { return std::sin(a); } };
struct Cosine { double operator()(double a) const { return std::cos(a); } };
// An approximation in float; ftz has numbers below the normal ones be 0, of its argument and of its result.
template <class F, bool ftz> struct Near {
	float operator()(float a) const {
		float r = beside((float)F()(ftz ? flush(a) : a));
		return ftz ? flush(r) : r;
	}
};
template <bool ftz> struct NearDiv {
	float operator()(float a, float b) const {
		float r = beside((float)((double)(ftz ? flush(a) : a) / (ftz ? flush(b) : b)));
		return ftz ? flush(r) : r;
	}
};
template <class F> void approx(Table &t, const std::string &op) {
	t[op + ".approx.f32"] = {unary<Near<F, false>, float, float>, Kind::PLAIN, {Type::f32, Type::f32}};
	t[op + ".approx.ftz.f32"] = {unary<Near<F, true>, float, float>, Kind::PLAIN, {Type::f32, Type::f32}};
}
// rcp.approx.ftz.f64 reads the upper half of the bits and gives such a number
struct RcpHalf {
	double operator()(double a) const {
		double x = Bits::back(Bits::of(a) & UPPER);
		if (std::fabs(x) < std::numeric_limits<double>::min()) return std::copysign(std::numeric_limits<double>::infinity(), x);
		double r = 1 / x;
		if (std::fabs(r) < std::numeric_limits<double>::min()) return std::copysign(0.0, x);
		return Bits::back(Bits::of(r) & UPPER);
	}
};
struct RsqrtHalf {
	double operator()(double a) const {
		double x = Bits::back(Bits::of(a) & UPPER);
		return Bits::back(Bits::of(1 / std::sqrt(x)) & UPPER);
	}
};

struct Eq { template <class T> bool operator()(T a, T b) const { return a == b; } };
struct Ne { template <class T> bool operator()(T a, T b) const { return a < b || a > b; } }; // not of NaN
struct Lt { template <class T> bool operator()(T a, T b) const { return a < b; } };
struct Le { template <class T> bool operator()(T a, T b) const { return a <= b; } };
struct Gt { template <class T> bool operator()(T a, T b) const { return a > b; } };
struct Ge { template <class T> bool operator()(T a, T b) const { return a >= b; } };
struct Equ { template <class T> bool operator()(T a, T b) const { return !(a < b || a > b); } };
struct Neu { template <class T> bool operator()(T a, T b) const { return a != b; } };
struct Ltu { template <class T> bool operator()(T a, T b) const { return !(a >= b); } };
struct Leu { template <class T> bool operator()(T a, T b) const { return !(a > b); } };
struct Gtu { template <class T> bool operator()(T a, T b) const { return !(a <= b); } };
struct Geu { template <class T> bool operator()(T a, T b) const { return !(a < b); } };
struct Num { template <class T> bool operator()(T a, T b) const { return a == a && b == b; } };
struct Nan { template <class T> bool operator()(T a, T b) const { return a != a || b != b; } };

// run with another direction of rounding
template <Run run, int mode> void rounded(Warp &w, const Op &op, Mask m) {
	fesetround(mode);
	Run volatile f = run; // not moved out
	f(w, op, m);
	fesetround(FE_TONEAREST);
}
template <Run run> void directed(Table &t, const std::string &op, const std::string &e, const std::vector<Type> &types) {
	t[op + ".rn" + e] = {run, Kind::PLAIN, types};
	t[op + ".rz" + e] = {rounded<run, FE_TOWARDZERO>, Kind::PLAIN, types};
	t[op + ".rm" + e] = {rounded<run, FE_DOWNWARD>, Kind::PLAIN, types};
	t[op + ".rp" + e] = {rounded<run, FE_UPWARD>, Kind::PLAIN, types};
}

template <class T> void typed(Table &t, Type type, const std::string &s) {
	std::string e = "." + s;
	const std::vector<Type> two = {type, type}, three = {type, type, type}, four = {type, type, type, type}, test = {Type::pred, type, type};
	directed<binary<Add, T, T, T>>(t, "add", e, three);
	directed<binary<Sub, T, T, T>>(t, "sub", e, three);
	directed<binary<Mul, T, T, T>>(t, "mul", e, three);
	directed<binary<Div, T, T, T>>(t, "div", e, three);
	directed<ternary<Fma, T, T, T, T>>(t, "fma", e, four);
	directed<unary<Sqrt, T, T>>(t, "sqrt", e, two);
	directed<unary<Rcp, T, T>>(t, "rcp", e, two);
	for (const char *op : {"add", "sub", "mul"}) t[op + e] = t[op + (".rn" + e)];
	t["neg" + e] = {unary<Neg, T, T>, Kind::PLAIN, two};
	t["abs" + e] = {unary<Abs, T, T>, Kind::PLAIN, two};
	t["copysign" + e] = {binary<CopySign, T, T, T>, Kind::PLAIN, three};
	t["min" + e] = {binary<Min, T, T, T>, Kind::PLAIN, three};
	t["max" + e] = {binary<Max, T, T, T>, Kind::PLAIN, three};
	const std::pair<const char *, Run> tests[] = {{"eq", compare<Eq, T>}, {"ne", compare<Ne, T>}, {"lt", compare<Lt, T>}, {"le", compare<Le, T>}, {"gt", compare<Gt, T>}, {"ge", compare<Ge, T>},
		{"equ", compare<Equ, T>}, {"neu", compare<Neu, T>}, {"ltu", compare<Ltu, T>}, {"leu", compare<Leu, T>}, {"gtu", compare<Gtu, T>}, {"geu", compare<Geu, T>}, {"num", compare<Num, T>}, {"nan", compare<Nan, T>}};
	for (auto &[name, run] : tests) t[std::string("setp.") + name + e] = {run, Kind::PLAIN, test};
}
} // namespace

void addFloats(Table &t) {
	typed<float>(t, Type::f32, "f32"), typed<double>(t, Type::f64, "f64");
	const std::vector<Type> d2 = {Type::f64, Type::f64};
	approx<Exp2>(t, "ex2"), approx<Rcp32>(t, "rcp"), approx<Rsqrt>(t, "rsqrt"), approx<Root>(t, "sqrt"), approx<Log2>(t, "lg2"), approx<Sine>(t, "sin"), approx<Cosine>(t, "cos");
	const std::vector<Type> f3 = {Type::f32, Type::f32, Type::f32};
	t["div.approx.f32"] = t["div.full.f32"] = {binary<NearDiv<false>, float, float, float>, Kind::PLAIN, f3};
	t["div.approx.ftz.f32"] = t["div.full.ftz.f32"] = {binary<NearDiv<true>, float, float, float>, Kind::PLAIN, f3};
	t["rcp.approx.ftz.f64"] = {unary<RcpHalf, double, double>, Kind::PLAIN, d2}, t["rsqrt.approx.ftz.f64"] = {unary<RsqrtHalf, double, double>, Kind::PLAIN, d2};
}
} // namespace ptx
