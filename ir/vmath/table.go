package vmath

import (
	"strings"
	"sync"
)

// Row describes a function. Its name is that of the Go functions that are printed for it (Tanh32, Tanh64)
// and that back ends call.
type Row struct {
	Name  string
	Args  []string // names of the arguments
	Doc   string   // the function, for its comment
	Ulp32 float64  // bound in units in the last place; tests sweep against it
	Ulp64 float64
	// Far32 and Far64, where not zero, are the largest |x| that the program is for. Beyond, and for what is
	// not finite, package rt has another way: Name + "Far".
	Far32, Far64 float64
	Bounded      bool   // no result is beyond 1 or below -1, by rounding either
	Note         string // method and source
	build        func(b *builder, args []*Value) *Value
}

// Far is the largest |x| that the program of a width is for; 0 where it is for all.
func (r *Row) Far(width int) float64 {
	if width == 32 {
		return r.Far32
	}
	return r.Far64
}

// Ulp is the bound for a width.
func (r *Row) Ulp(width int) float64 {
	if width == 32 {
		return r.Ulp32
	}
	return r.Ulp64
}

// Find is the row with a name, in any case of letters.
func Find(name string) (Row, bool) {
	e, ok := byName()[strings.ToLower(name)]
	return e.row, ok
}

// Of is the program of a function by its name, in any case of letters, for a width of 32 or 64 bits; nil if there is
// none. It is built once, and shared: nobody may change it.
func Of(name string, width int) *Program {
	e, ok := byName()[strings.ToLower(name)]
	switch {
	case !ok:
		return nil
	case width == 32:
		return e.build32()
	}
	return e.build64()
}

// OfSoon is Of for one who waits for the result (BuildSoon).
func OfSoon(name string, width int) *Program {
	e, ok := byName()[strings.ToLower(name)]
	switch {
	case !ok:
		return nil
	case width == 32:
		return e.soon32()
	}
	return e.soon64()
}

// entry is a row with its programs.
type entry struct {
	row              Row
	build32, build64 func() *Program
	soon32, soon64   func() *Program
}

var byName = sync.OnceValue(func() map[string]entry {
	m := map[string]entry{}
	for _, r := range Table() {
		m[strings.ToLower(r.Name)] = entry{r,
			sync.OnceValue(func() *Program { return r.Build(32) }),
			sync.OnceValue(func() *Program { return r.Build(64) }),
			sync.OnceValue(func() *Program { return r.BuildSoon(32) }),
			sync.OnceValue(func() *Program { return r.BuildSoon(64) })}
	}
	return m
})

var x = []string{"x"}

// of makes a function of one argument from a body.
func of(f func(b *builder, x *Value) *Value) func(*builder, []*Value) *Value {
	return func(b *builder, args []*Value) *Value { return f(b, args[0]) }
}

// Table lists the functions.
func Table() []Row {
	return []Row{
		{Name: "Tanh", Args: x, Doc: "the hyperbolic tangent", Ulp32: 6, Ulp64: 8, Bounded: true,
			Note: "x P(x²)/Q(x²), an odd rational of degree 9/8 (21/18 in float64), minimax and tuned after rounding; ±1 from 8.01\n(19.06) on, and never beyond", build: of(tanh)},
		{Name: "Exp", Args: x, Doc: "e^x", Ulp32: 1.5, Ulp64: 1.5,
			Note: "x = n ln 2 + r with ln 2 in two parts (Cody, Waite 1980), a polynomial in r, 2^n in two exact\nfactors, so that subnormal results are rounded once", build: of(exp)},
		{Name: "Expm1", Args: x, Doc: "e^x - 1", Ulp32: 2.5, Ulp64: 2.5,
			Note: "As Exp, 2^n (e^r - 1) + (2^n - 1)", build: of(expm1)},
		{Name: "Log", Args: x, Doc: "the natural logarithm", Ulp32: 1, Ulp64: 1,
			Note: "x = 2^k (1+f) with √½ ≤ 1+f < √2; log(1+f) by the polynomial of Cephes' logf, in float64\nby f - f²/2 + s(f²/2 + R(s²)), s = f/(2+f), of FreeBSD's msun", build: of(log)},
		{Name: "Log1p", Args: x, Doc: "log(1+x)", Ulp32: 3, Ulp64: 3,
			Note: "log(u) x/(u-1) with u = 1+x, which corrects the rounding of u (Kahan)", build: of(log1p)},
		{Name: "Sigmoid", Args: x, Doc: "1/(1+e^-x)", Ulp32: 3, Ulp64: 3, Bounded: true,
			Note: "With t = e^-|x|, which does not overflow: 1/(1+t) or t/(1+t)", build: of(sigmoid)},
		{Name: "Silu", Args: x, Doc: "x/(1+e^-x)", Ulp32: 4, Ulp64: 4,
			Note: "As Sigmoid, times x", build: of(silu)},
		{Name: "Softplus", Args: x, Doc: "log(1+e^x)", Ulp32: 5, Ulp64: 5,
			Note: "max(x,0) + 2 artanh(s) with s = t/(2+t), t = e^-|x|; minimax polynomial in s². Below -87 (-708 in\nfloat64) it stays where it is", build: of(softplus)},
		{Name: "Sin", Args: x, Doc: "the sine", Ulp32: 2, Ulp64: 1, Bounded: true, Far32: 3000, Far64: 1 << 19,
			Note: "x = k π/2 + r with π/2 in parts whose products with k are exact (Cody, Waite 1980); polynomials of\nCephes' sinf, in float64 of FreeBSD's msun with a tail of r", build: of(sin)},
		{Name: "Cos", Args: x, Doc: "the cosine", Ulp32: 2, Ulp64: 1, Bounded: true, Far32: 3000, Far64: 1 << 19,
			Note: "As Sin, a quarter turn further", build: of(cos)},
		{Name: "Tan", Args: x, Doc: "the tangent", Ulp32: 4, Ulp64: 3, Far32: 3000, Far64: 1 << 19,
			Note: "The quotient of the polynomials of Sin and Cos", build: of(tan)},
		{Name: "Asin", Args: x, Doc: "the inverse sine", Ulp32: 4, Ulp64: 4,
			Note: "Polynomial of Cephes' asinf on |x| ≤ ½, beyond π/2 - 2 asin √((1-|x|)/2); in float64 the angle of\n(√((1-x)(1+x)), x)", build: of(asin)},
		{Name: "Acos", Args: x, Doc: "the inverse cosine", Ulp32: 4, Ulp64: 4,
			Note: "As Asin; in float64 2 atan √((1-x)/(1+x))", build: of(acos)},
		{Name: "Atan", Args: x, Doc: "the inverse tangent", Ulp32: 3, Ulp64: 2,
			Note: "Reduced by π/4 or π/2; polynomial of Cephes' atanf, in float64 the rational of Cephes' atan", build: of(atan)},
		{Name: "Atan2", Args: []string{"y", "x"}, Doc: "the angle of the point (x, y) in [-π, π]", Ulp32: 4, Ulp64: 4,
			Note: "Atan of the smaller by the larger of |x| and |y|, turned into its octant", build: atan2},
		{Name: "Power", Args: []string{"x", "y"}, Doc: "x^y", Ulp32: 1.5, Ulp64: 1.5,
			Note: "2^(y log2 x), the logarithm and the product as sums of two numbers (Dekker 1971), the first with half of the\nbits; log2 by the series of artanh", build: power},
		{Name: "Sinh", Args: x, Doc: "the hyperbolic sine", Ulp32: 3, Ulp64: 4,
			Note: "(m + m/(m+1))/2 with m = e^|x| - 1 up to 1, beyond e^|x|/2 - e^-|x|/2", build: of(sinh)},
		{Name: "Cosh", Args: x, Doc: "the hyperbolic cosine", Ulp32: 3, Ulp64: 3,
			Note: "e^|x|/2 + e^-|x|/2, the half in the factor 2^n, so that nothing overflows early", build: of(cosh)},
		{Name: "Erf", Args: x, Doc: "the error function", Ulp32: 3, Ulp64: 2, Bounded: true,
			Note: "An odd polynomial on |x| ≤ 1, beyond 1 - e^-q(|x|), q a polynomial (fitted in fit_test.go); in float64 the\nrationals of FreeBSD's msun", build: of(erf)},
		{Name: "Bfloat", Args: x, Doc: "the nearest number with 8 significant bits, even ones for ties,", Ulp32: 0, Ulp64: 0,
			Note: "bfloat16 with the exponents of the type. Half of the last bit that stays, less one where that is 0, is added to\nthe bits, which carries over into the exponent as it should", build: of(bfloat)},
		{Name: "Half", Args: x, Doc: "the nearest float16, even ones for ties,", Ulp32: 0, Ulp64: 0,
			Note: "As Bfloat with 11 bits; below 2^-14 by adding and subtracting a number whose last bit is 2^-24", build: of(half)},
		{Name: "Binade", Args: x, Doc: "the largest power of two up to |x|,", Ulp32: 0, Ulp64: 0,
			Note: "The bits of the exponent, between 2^-126 and 2^126; 1 for smaller numbers and infinite ones", build: of(binade)},
	}
}
