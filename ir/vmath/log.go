package vmath

import "math"

var (
	// Cephes' logf: log(1+f) = f - f²/2 + f³ P(f).
	log32 = []float64{7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
		2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1}
	// FreeBSD's msun, e_log.c: R(s²)/s².
	log64 = []float64{1.479819860511658591e-01, 1.531383769920937332e-01, 1.818357216161805012e-01, 2.222219843214978396e-01,
		2.857142874366239149e-01, 3.999999999940941908e-01, 6.666666666666735130e-01}
)

func log(b *builder, x *Value) *Value {
	inf := b.num(math.Inf(1))
	bad := b.selectOf(b.op(Equal, x, b.num(0)), b.num(math.Inf(-1)), b.num(math.NaN()))
	y := b.selectOf(b.less(b.num(0), x), logPositive(b, x), bad)
	return b.selectOf(b.less(x, inf), y, x)
}

// split is x = 2^k m with √½ ≤ m < √2, for 0 < x < ∞.
func split(b *builder, x *Value) (k, m *Value) {
	// A subnormal number is scaled up first.
	smallest := by(b, 0x1p-126, 0x1p-1022)
	up := by[float64](b, 25, 54)
	low := b.less(x, b.num(smallest))
	y := let("y", b.selectOf(low, b.mul(x, b.num(math.Exp2(up))), x))
	shift := let("shift", b.selectOf(low, b.num(-up), b.num(0)))

	// The bits are moved so that the exponent changes at √½. It is made a number by putting it behind the
	// exponent of a number that is a power of two.
	one, root := b.num(1).Bits, b.num(math.Sqrt2/2).Bits
	e := let("e", b.shiftR(b.op(AddBits, y, b.bits(one-root)), b.mantissa()))
	whole := b.num(math.Exp2(float64(b.mantissa())))
	k = b.sub(b.op(Or, e, whole), b.num(math.Exp2(float64(b.mantissa()))+by[float64](b, 127, 1023)))
	k = let("k", b.add(k, shift))
	m = b.op(AddBits, b.op(SubBits, y, b.shiftL(e, b.mantissa())), b.bits(one))
	return k, m
}

// logPositive is log x for 0 < x < ∞.
func logPositive(b *builder, x *Value) *Value {
	k, m := split(b, x)
	f := let("f", b.sub(m, b.num(1)))

	if b.p.Width == 32 {
		z := let("z", b.mul(f, f))
		p := b.poly("p", f, log32)
		p = let("p", b.mul(b.mul(f, z), p))
		p = let("p", b.mulAdd(k, b.num(-2.12194440e-4), p))
		p = let("p", b.mulSub(b.num(0.5), z, p))
		return b.mulAdd(k, b.num(0.693359375), b.add(f, p))
	}
	s := let("s", b.div(f, b.add(f, b.num(2))))
	u := let("u", b.mul(s, s))
	r := let("r", b.mul(b.poly("r", u, log64), u))
	h := let("h", b.mul(b.mul(b.num(0.5), f), f))
	low2 := b.mulAdd(k, b.num(1.90821492927058770002e-10), b.mul(s, b.add(h, r)))
	return b.sub(b.mul(k, b.num(6.93147180369123816490e-01)), b.sub(b.sub(h, low2), f))
}

func log1p(b *builder, x *Value) *Value {
	u := let("u", b.add(x, b.num(1)))
	y := b.mul(log(b, u), b.div(x, b.sub(u, b.num(1))))
	y = b.selectOf(b.op(Equal, u, b.num(1)), x, y)
	return b.selectOf(b.less(u, b.num(math.Inf(1))), y, u)
}
