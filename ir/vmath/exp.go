package vmath

import "math"

// Minimax coefficients, highest power first. Those of tanh, exp and softplus were tuned after rounding.
var (
	tanhP32 = []float64{1.33185161e-08, 2.06031345e-05, 0.00349624897, 0.133819401, 1}
	tanhQ32 = []float64{7.76742411e-07, 0.000328597322, 0.0258806143, 0.467152625, 1}
	tanhP64 = []float64{-2.8049541308887198e-27, 1.0452596229047293e-22, 1.665929474411886e-18, 4.995791782646041e-15,
		5.6067828958182172e-12, 2.9041326068536178e-09, 7.5226943140019813e-07, 9.8244178090660522e-05, 0.0060956250332741034,
		0.15260890342262193, 1}
	tanhQ64 = []float64{1.7950393851114536e-20, 1.0547762990941685e-16, 1.8596714214081151e-13, 1.3957273867915021e-10,
		5.0868910417472299e-08, 9.383589267427852e-06, 0.00085521234063699045, 0.034743037285259189, 0.48594223675595527, 1}

	exp32 = []float64{0.0013836755432430862, 0.0083748986859061934, 0.041668231510374611, 0.16666419185647563, 0.49999992034079843, 1, 1}
	exp64 = []float64{2.4994197220065829e-08, 2.7632443064185748e-07, 2.7557623715709738e-06, 2.4801486118697805e-05,
		0.00019841269430265169, 0.0013888888951597734, 0.0083333333335610556, 0.041666666666491374, 0.16666666666666163,
		0.50000000000000178, 1, 1}

	softplus32 = []float64{0.28178334101736302, 0.27960603037943638, 0.40024910254198071, 0.66666314682754735, 2}
	softplus64 = []float64{0.17060064369333502, 0.08315683606642707, 0.12112249048673213, 0.13300102516595597, 0.1538663545241282,
		0.18181739787908027, 0.22222224111763539, 0.28571428544925404, 0.40000000000190322, 0.6666666666666613, 2}
)

// tanh is never beyond 1, so that log(1-tanh²) and artanh have a value. Rounding alone would let it: from 8.09 on in float32.
func tanh(b *builder, x *Value) *Value {
	quotient := func(x, u *Value) *Value {
		p := b.poly("p", u, by(b, tanhP32, tanhP64))
		p = let("p", b.mul(x, p))
		return b.div(p, b.poly("q", u, by(b, tanhQ32, tanhQ64)))
	}
	if b.p.Width == 64 {
		u := let("u", b.op(Min, b.num(19.0625*19.0625), b.mul(x, x)))
		return b.clamp(quotient(x, u), -1, 1)
	}
	// Of all float32 numbers it is the one up to which no quotient is more than 1 and at which it is 1 exactly, with products
	// rounded or not, term by term or by pairs.
	const limit = 0x1.005be2p+3
	far := x
	x = let("x", b.clamp(far, -limit, limit))
	u := let("u", b.mul(x, x))
	if b.soon { // the same number beside x
		u = let("u", b.op(Min, b.num(float64(float32(limit*limit))), b.mul(far, far)))
	}
	return quotient(x, u)
}

// magic is 1.5 times the number above which floating point numbers are whole: adding and subtracting it
// rounds to an integer, which the sum has in its low bits.
func (b *builder) magic() *Value { return b.num(by[float64](b, 3<<22, 3<<51)) }

// reduceExp writes x as n ln 2 + r. n is also in the low bits of t.
func reduceExp(b *builder, x *Value) (t, n, r *Value) {
	t = let("t", b.mulAdd(x, b.num(math.Log2E), b.magic()))
	n = let("n", b.sub(t, b.magic()))
	r = let("r", b.mulSub(n, b.num(by(b, 0.693359375, 6.93147180369123816490e-01)), x))
	r = let("r", b.mulSub(n, b.num(by(b, -2.12194440e-4, 1.90821492927058770002e-10)), r))
	return t, n, r
}

// scaled is p 2^(n+extra), |n| up to twice the largest exponent. n is also in the low bits of t.
func scaled(b *builder, p, t, n *Value, extra int) *Value {
	one := b.num(1).Bits
	half := let("half", b.mulAdd(n, b.num(0.5), b.magic())) // n/2, rounded, in its low bits
	first := b.op(AddBits, b.shiftL(half, b.mantissa()), b.bits(one))
	second := b.op(AddBits, b.shiftL(b.op(SubBits, t, half), b.mantissa()), b.bits(one+uint64(int64(extra)<<b.mantissa())))
	y := b.mul(b.mul(p, let("first", first)), let("second", second))
	y.Scale = &Scale{p, n, extra}
	return y
}

func exp(b *builder, x *Value) *Value { return expTimes(b, x, 0) }

// expTimes is e^x 2^extra.
func expTimes(b *builder, x *Value, extra int) *Value {
	lo := by[float64](b, -104, -746) - float64(max(extra, 0))*math.Ln2 // where the result is 0
	x = let("x", b.clamp(x, lo, by[float64](b, 90, 711)))
	t, n, r := reduceExp(b, x)
	return scaled(b, b.poly("p", r, by(b, exp32, exp64)), t, n, extra)
}

// expBelow is e^x for x ≤ 0, where a result below the smallest normal number does not matter.
func expBelow(b *builder, x *Value) *Value {
	x = let("a", b.op(Max, b.num(by(b, -87.3, -708)), x))
	t, _, r := reduceExp(b, x)
	p := b.poly("p", r, by(b, exp32, exp64))
	return b.op(AddBits, p, b.shiftL(t, b.mantissa()))
}

// expm1 has 2^n as twice 2^(n-1), which is finite wherever the result is. Just above ln(2)/2 the result, 2 (e^r - 1) + 1, has
// half the unit of e^r - 1: roundings of r and of that, half a unit each, are one unit each, and the polynomial adds a little.
func expm1(b *builder, x *Value) *Value {
	y := let("y", b.clamp(x, by[float64](b, -25, -50), by(b, 88.8, 709.79)))
	t, _, r := reduceExp(b, y)
	c := by(b, exp32, exp64)
	// e^r - 1 is r + r² Q(r), Q the polynomial without its last two terms.
	q := b.poly("q", r, c[:len(c)-2])
	q = let("q", b.mulAdd(b.mul(r, r), q, r))
	s := let("s", b.op(AddBits, b.shiftL(t, b.mantissa()), b.bits(b.num(0.5).Bits)))
	z := let("z", b.mulAdd(s, q, b.sub(s, b.num(0.5))))
	// A number so small that it is its own result keeps its sign and its bits.
	return b.selectOf(b.less(b.abs(x), b.num(by(b, 1e-8, 1e-17))), x, b.add(z, z))
}

func sigmoid(b *builder, x *Value) *Value {
	t := let("t", exp(b, b.op(Or, x, b.signMask())))
	return b.div(b.selectOf(b.less(x, b.num(0)), t, b.num(1)), b.add(t, b.num(1)))
}

// silu takes e^-|x| times 2^32: where it is too small for all of its bits, x e^-|x| may not be.
func silu(b *builder, x *Value) *Value {
	const up = 32
	y := let("y", b.op(Max, b.num(-1000), x)) // where the result is 0, so that no infinity meets it
	t := let("t", expTimes(b, b.op(Or, y, b.signMask()), up))
	down := b.num(1.0 / (1 << up))
	top := b.selectOf(b.less(y, b.num(0)), b.mul(b.mul(y, t), down), y)
	return b.div(top, b.mulAdd(t, down, b.num(1)))
}

func softplus(b *builder, x *Value) *Value {
	t := let("t", expBelow(b, b.op(Or, x, b.signMask())))
	s := let("s", b.div(t, b.add(t, b.num(2))))
	p := b.poly("p", let("u", b.mul(s, s)), by(b, softplus32, softplus64))
	return b.mulAdd(s, p, b.op(Max, b.num(0), x))
}

var sinh32 = []float64{2.03721912945e-4, 8.33028376239e-3, 1.66667160211e-1} // Cephes' sinhf

func sinh(b *builder, x *Value) *Value {
	a := let("a", b.abs(x))
	var near *Value
	if b.p.Width == 32 {
		u := let("u", b.mul(a, a))
		near = b.mulAdd(b.mul(u, b.poly("p", u, sinh32)), a, a)
	} else {
		m := let("m", expm1(b, b.op(Min, b.num(1), a)))
		near = b.mul(b.num(0.5), b.add(m, b.div(m, b.add(m, b.num(1)))))
	}
	h := let("h", expTimes(b, a, -1))
	far := b.sub(h, b.div(b.num(0.25), h))
	y := let("z", b.selectOf(b.less(b.num(1), a), far, near))
	return b.withSign(y, b.signOf(x))
}

func cosh(b *builder, x *Value) *Value {
	h := let("h", expTimes(b, b.abs(x), -1))
	return b.add(h, b.div(b.num(0.25), h))
}
