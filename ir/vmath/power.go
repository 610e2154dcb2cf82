package vmath

import "math"

// power is x^y for any x and y, with the special cases of IEEE 754 (pow of section 9.2.1). An error of log₂ x counts y log₂ x
// times in the result, so that the logarithm, and its product with y, are sums of two numbers: one that has half of the bits,
// whose products with such numbers are exact, and what is left (Dekker 1971). No step needs a multiply-add to be rounded once
// or twice: exact products have nothing to round.
func power(b *builder, args []*Value) *Value {
	x, y := args[0], args[1]
	zero, one, inf := b.num(0), b.num(1), b.num(math.Inf(1))
	a := let("a", b.abs(x))

	// Beyond this bound a result is 0, 1 or infinite, whatever x is.
	most := by(b, 0x1p35, 0x1p66)
	yb := let("yb", b.clamp(y, -most, most))
	hi, lo := log2(b, a)
	yh := let("yh", b.upper(yb))
	ph := let("ph", b.mul(yh, hi))
	pl := let("pl", b.mulAdd(b.sub(yb, yh), hi, b.mul(yb, lo)))
	far := by[float64](b, 160, 1100) // from here on it is 0 or infinite
	ph = let("ph", b.clamp(ph, -far, far))
	pl = let("pl", b.clamp(pl, -1, 1)) // less than that, unless ph is far

	// 2^(ph+pl) is 2^n e^z.
	t := let("t", b.add(b.add(ph, pl), b.magic()))
	n := let("n", b.sub(t, b.magic()))
	z := let("z", b.mul(b.add(b.sub(ph, n), pl), b.num(math.Ln2)))
	r := let("r", scaled(b, b.poly("p", z, by(b, exp32, exp64)), t, n, 0))

	// The base 0 or infinity, the sign, and what has no value.
	negative := b.less(y, zero)
	r = b.selectOf(b.op(Equal, a, zero), b.selectOf(negative, inf, zero), r)
	r = let("r", b.selectOf(b.op(Equal, a, inf), b.selectOf(negative, zero, inf), r))
	whole, odd := wholeAndOdd(b, b.abs(y))
	isWhole := b.op(Equal, whole, b.abs(y))
	root := b.selectOf(b.less(b.num(math.Inf(-1)), x), b.num(math.NaN()), r) // of a negative number
	r = b.selectOf(isWhole, r, b.selectOf(b.less(x, zero), root, r))
	r = let("r", b.op(Or, r, b.selectOf(isWhole, b.op(And, b.signOf(x), odd), zero)))
	r = b.selectOf(b.op(Equal, x, x), r, x)
	r = b.selectOf(b.op(Equal, y, y), r, y)
	r = b.selectOf(b.op(Equal, x, one), one, r)
	return b.selectOf(b.op(Equal, y, zero), one, r)
}

// upper is x without the lower half of its bits: 24 = 12 + 12, 53 = 26 + 27.
func (b *builder) upper(x *Value) *Value {
	return b.op(And, x, b.bits(by[uint64](b, 0xfffff000, 0xfffffffff8000000)))
}

// wholeAndOdd is y ≥ 0 rounded to a whole number, and a sign bit where that is odd.
func wholeAndOdd(b *builder, y *Value) (whole, odd *Value) {
	unit := math.Exp2(float64(b.mantissa())) // from here on numbers are whole, and from twice that on even
	t := let("w", b.add(y, b.num(unit)))     // whole, in its low bits
	low := b.less(y, b.num(unit))
	whole = let("whole", b.selectOf(low, b.sub(t, b.num(unit)), y))
	bits := b.selectOf(low, t, b.selectOf(b.less(y, b.num(2*unit)), y, b.num(0)))
	return whole, let("odd", b.shiftL(bits, b.p.Width-1))
}

// log2 is the logarithm of a > 0 to base 2 as a sum of two numbers, the first of which has half of the bits. With a = 2^k m,
// √½ ≤ m < √2, and s = (m-1)/(m+1) it is k + (2/ln 2)(s + s³/3 + s⁵/5 + …).
func log2(b *builder, a *Value) (hi, lo *Value) {
	k, m := split(b, a)
	num := let("num", b.sub(m, b.num(1))) // exact
	den := let("den", b.add(m, b.num(1)))
	denh := let("denh", b.upper(den))
	denl := let("denl", b.sub(m, b.sub(denh, b.num(1)))) // exact, and with what the sum lost
	s := let("s", b.div(num, den))
	sh := let("sh", b.upper(s))
	sl := let("sl", b.div(b.mulSub(sh, denl, b.mulSub(sh, denh, num)), den))

	// s² = uh + ul, and 3 + s² + (3/5)s⁴ + … = ch + cl
	uh := let("uh", b.mul(sh, sh)) // exact
	ul := let("ul", b.mul(sl, b.add(sh, s)))
	u := let("u", b.add(uh, ul))
	rest := let("rest", b.mulAdd(b.mul(u, u), b.poly("p", u, atanhTail(by(b, 4, 11))), ul))
	c := b.add(b.add(b.num(3), uh), rest)
	ch := let("ch", b.upper(c))
	cl := let("cl", b.sub(rest, b.sub(b.sub(ch, b.num(3)), uh)))

	// times s, and times 2/(3 ln 2) = fh + fl
	vh := let("vh", b.mul(sh, ch)) // exact
	vl := let("vl", b.mulAdd(sl, ch, b.mul(s, cl)))
	qh := let("qh", b.upper(b.add(vh, vl)))
	ql := let("ql", b.sub(vl, b.sub(qh, vh)))
	gh := let("gh", b.mul(qh, b.num(by(b, factorHigh32, factorHigh64)))) // exact
	gl := let("gl", b.mulAdd(qh, b.num(by(b, factor-factorHigh32, factor-factorHigh64)), b.mul(ql, b.num(factor))))
	hi = let("hi", b.upper(b.add(k, b.add(gh, gl))))
	lo = let("lo", b.sub(gl, b.sub(b.sub(hi, k), gh)))
	return hi, lo
}

// factor is 2/(3 ln 2), which has more digits here than a number has; the others are its upper halves.
const (
	factor       = 2 / (3 * math.Ln2)
	factorHigh32 = 0x1.ec6p-1
	factorHigh64 = 0x1.ec709d8p-1
)

// atanhTail are 3/5, 3/7, …, 3/(2n+3), highest power first.
func atanhTail(n int) []float64 {
	c := make([]float64, n)
	for i := range c {
		c[n-1-i] = 3 / float64(2*i+5)
	}
	return c
}
