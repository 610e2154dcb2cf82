package vmath

import "math"

var (
	// π/2 in parts whose products with a quotient below 2^11 (2^20) are exact, and a rest.
	halfPi32 = []float64{0x1.921p+0, 0x1.f6ap-13, 0x1.11p-26, 0x1.68c234p-39}
	halfPi64 = []float64{1.57079632673412561417e+00, 6.07710050630396597660e-11, 2.02226624871116645580e-21, 8.47842766036889956997e-32}

	// Cephes' sinf and cosf.
	sin32 = []float64{-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1}
	cos32 = []float64{2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2}
	// FreeBSD's msun, k_sin.c and k_cos.c.
	sin64 = []float64{1.58969099521155010221e-10, -2.50507602534068634195e-08, 2.75573137070700676789e-06, -1.98412698298579493134e-04, 8.33333333332248946124e-03}
	cos64 = []float64{-1.13596475577881948265e-11, 2.08757232129817482790e-09, -2.75573143513906633035e-07, 2.48015872894767294178e-05, -1.38888888888741095749e-03, 4.16666666666666019037e-02}

	// Cephes' atanf; its atan is a quotient of two polynomials.
	atan32  = []float64{8.05374449538e-2, -1.38776856032e-1, 1.99777106478e-1, -3.33329491539e-1}
	atanP64 = []float64{-8.750608600031904122785e-01, -1.615753718733365076637e+01, -7.500855792314704667340e+01, -1.228866684490136173410e+02, -6.485021904942025371773e+01}
	atanQ64 = []float64{1, 2.485846490142306297962e+01, 1.650270098316988542046e+02, 4.328810604912902668951e+02, 4.853903996359136964868e+02, 1.945506571482613964425e+02}

	asin32 = []float64{4.2163199048e-2, 2.4181311049e-2, 4.5470025998e-2, 7.4953002686e-2, 1.6666752422e-1} // Cephes' asinf
)

// turn writes x as k π/2 + r + tail, |r| ≤ π/4. k is in the low bits of t.
func turn(b *builder, x *Value) (t, r, tail *Value) {
	t = let("t", b.mulAdd(x, b.num(2/math.Pi), b.magic()))
	k := let("k", b.sub(t, b.magic()))
	if b.p.Width == 32 {
		r = x
		for _, part := range halfPi32 {
			r = let("r", b.mulSub(k, b.num(part), r))
		}
		return t, r, nil
	}
	part := func(i int) *Value { return b.num(halfPi64[i]) }
	a := let("a", b.sub(x, b.mul(k, part(0))))
	p := let("p", b.mul(k, part(1)))
	c := let("c", b.mulAdd(k, part(3), b.mul(k, part(2))))
	// Two steps of exact difference keep the bits that cancellation eats.
	first := let("first", b.sub(a, p))
	lost := b.sub(b.sub(a, first), p)
	c = let("c", b.sub(c, lost))
	r = let("r", b.sub(first, c))
	return t, r, let("tail", b.sub(b.sub(first, r), c))
}

// sinCos are sine and cosine of r + tail.
func sinCos(b *builder, r, tail *Value) (s, c *Value) {
	z := let("z", b.mul(r, r))
	if b.p.Width == 32 {
		s = b.poly("s", z, sin32)
		s = let("s", b.mulAdd(b.mul(z, r), s, r))
		c = b.poly("c", z, cos32)
		c = let("c", b.mulAdd(b.mul(z, z), c, b.mulSub(b.num(0.5), z, b.num(1))))
		return s, c
	}
	v := let("v", b.mul(z, r))
	s = b.poly("s", z, sin64)
	s = b.mul(z, b.mulSub(v, s, b.mul(b.num(0.5), tail)))
	s = let("s", b.sub(r, b.mulSub(v, b.num(-1.66666666666666324348e-01), b.sub(s, tail))))
	c = b.poly("c", z, cos64)
	c = b.mul(c, z)
	h := let("h", b.mul(b.num(0.5), z))
	w := let("w", b.sub(b.num(1), h))
	c = b.sub(b.mul(z, c), b.mul(r, tail))
	c = let("c", b.add(w, b.add(b.sub(b.sub(b.num(1), w), h), c)))
	return s, c
}

// odd says whether the lowest bit of t is set.
func odd(b *builder, t *Value) *Value {
	return b.op(Negative, b.shiftL(t, b.p.Width-1))
}

// quarter is the sine of r + tail + t π/2.
func quarter(b *builder, t, r, tail *Value) *Value {
	s, c := sinCos(b, r, tail)
	sign := b.shiftL(b.op(And, t, b.bits(2)), b.p.Width-2)
	return b.op(Xor, b.selectOf(odd(b, t), c, s), sign)
}

// sin is that of |x| with the sign of x, so that a zero keeps its own.
func sin(b *builder, x *Value) *Value {
	t, r, tail := turn(b, let("a", b.abs(x)))
	return b.op(Xor, quarter(b, t, r, tail), b.signOf(x))
}

func cos(b *builder, x *Value) *Value {
	t, r, tail := turn(b, x)
	return quarter(b, let("t", b.op(AddBits, t, b.bits(1))), r, tail)
}

func tan(b *builder, x *Value) *Value {
	t, r, tail := turn(b, let("a", b.abs(x)))
	s, c := sinCos(b, r, tail)
	swap := let("swap", odd(b, t))
	y := let("y", b.div(b.selectOf(swap, c, s), b.selectOf(swap, s, c)))
	return b.op(Xor, b.op(Xor, y, b.shiftL(t, b.p.Width-1)), b.signOf(x))
}

const piRest = 6.123233995736765886130e-17 // π/2 minus its float64

// halfPi is π/2 in two numbers.
func halfPi(b *builder) (hi, lo float64) {
	if b.p.Width == 64 {
		return math.Pi / 2, piRest
	}
	hi = float64(float32(math.Pi / 2))
	return hi, math.Pi/2 - hi
}

// arcUnit is atan(q) for 0 ≤ q ≤ tan(3π/8), q = p/d.
func arcUnit(b *builder, p, d *Value) *Value {
	hi, lo := halfPi(b)
	// (p/d - 1)/(p/d + 1) = (p - d)/(p + d)
	cut := by(b, 0.4142135623730950, 0.66)
	upper := let("upper", b.less(b.mul(d, b.num(cut)), p))
	num := b.selectOf(upper, b.sub(p, d), p)
	den := b.selectOf(upper, b.add(p, d), d)
	base := b.selectOf(upper, b.num(hi/2), b.num(0))
	rest := b.selectOf(upper, b.num(lo/2), b.num(0))
	return arc(b, let("q", b.div(num, den)), base, rest)
}

// arc is atan(q) + base + rest for small q.
func arc(b *builder, q, base, rest *Value) *Value {
	z := let("z", b.mul(q, q))
	var p *Value
	if b.p.Width == 32 {
		p = b.mul(b.poly("p", z, atan32), z)
	} else {
		p = b.mul(z, b.div(b.poly("p", z, atanP64), b.poly("d", z, atanQ64)))
	}
	return b.add(base, b.add(b.mulAdd(q, p, q), rest))
}

func atan(b *builder, x *Value) *Value {
	hi, lo := halfPi(b)
	a := let("a", b.abs(x))
	far := let("far", b.less(b.num(2.41421356237309504880), a))
	mid := let("mid", b.less(b.num(by(b, 0.4142135623730950, 0.66)), a))
	num := b.selectOf(far, b.num(-1), b.selectOf(mid, b.sub(a, b.num(1)), a))
	den := b.selectOf(far, a, b.selectOf(mid, b.add(a, b.num(1)), b.num(1)))
	base := b.selectOf(far, b.num(hi), b.selectOf(mid, b.num(hi/2), b.num(0)))
	rest := b.selectOf(far, b.num(lo), b.selectOf(mid, b.num(lo/2), b.num(0)))
	y := arc(b, let("q", b.div(num, den)), base, rest)
	return b.withSign(b.abs(y), b.signOf(x))
}

func atan2(b *builder, args []*Value) *Value {
	y, x := args[0], args[1]
	hi, lo := halfPi(b)
	zero, inf := b.num(0), b.num(math.Inf(1))
	ax, ay := let("ax", b.abs(x)), let("ay", b.abs(y))
	steep := let("steep", b.less(ax, ay))
	p := let("p", b.selectOf(steep, ax, ay))
	d := let("d", b.selectOf(steep, ay, ax))
	// 0/0 counts as 0 and ∞/∞ as 1.
	both := b.op(Equal, p, inf)
	d = let("d", b.selectOf(b.op(Equal, d, zero), b.num(1), b.selectOf(both, b.num(1), d)))
	p = let("p", b.selectOf(both, b.num(1), p))
	// Numbers near the ends of the range are brought nearer, so that their sum is one.
	big := let("big", b.less(b.num(by(b, 0x1p100, 0x1p1000)), d))
	shrink := b.selectOf(big, b.num(by(b, 0x1p-30, 0x1p-60)), b.num(1))
	r := let("r", arcUnit(b, b.mul(p, shrink), b.mul(d, shrink)))
	r = let("r", b.selectOf(steep, b.add(b.sub(b.num(hi), r), b.num(lo)), r))
	r = let("r", b.selectOf(b.op(Negative, x), b.add(b.sub(b.num(2*hi), r), b.num(2*lo)), r))
	r = let("r", b.selectOf(b.op(Equal, x, x), r, x)) // a NaN in y has come through p or d
	r = let("r", b.selectOf(b.op(Equal, y, y), r, y))
	return b.withSign(b.abs(r), b.signOf(y))
}

// asinCore is asin(a) for 0 ≤ a ≤ ½, of a and its square z.
func asinCore(b *builder, a, z *Value) *Value {
	return b.mulAdd(b.mul(z, b.poly("p", z, asin32)), a, a)
}

func asin(b *builder, x *Value) *Value {
	if b.p.Width == 64 {
		root := b.op(Sqrt, b.mul(b.sub(b.num(1), x), b.add(x, b.num(1))))
		return atan2(b, []*Value{x, let("root", root)})
	}
	hi, lo := halfPi(b)
	a := let("a", b.abs(x))
	far := let("far", b.less(b.num(0.5), a))
	half := b.mul(b.num(0.5), b.sub(b.num(1), a))
	z := let("z", b.selectOf(far, half, b.mul(a, a)))
	s := let("s", b.selectOf(far, b.op(Sqrt, half), a))
	y := let("y", asinCore(b, s, z))
	y = b.selectOf(far, b.add(b.sub(b.num(hi), b.add(y, y)), b.num(lo)), y)
	return b.withSign(b.abs(y), b.signOf(x))
}

func acos(b *builder, x *Value) *Value {
	if b.p.Width == 64 {
		y := let("up", b.op(Sqrt, b.sub(b.num(1), x)))
		d := let("down", b.op(Sqrt, b.add(x, b.num(1))))
		r := atan2(b, []*Value{y, d})
		return b.add(r, r)
	}
	hi, lo := halfPi(b)
	a := let("a", b.abs(x))
	far := let("far", b.less(b.num(0.5), a))
	half := b.mul(b.num(0.5), b.sub(b.num(1), a))
	z := let("z", b.selectOf(far, half, b.mul(a, a)))
	s := let("s", b.selectOf(far, b.op(Sqrt, half), x))
	y := let("y", asinCore(b, s, z))
	twice := let("twice", b.add(y, y))
	end := b.selectOf(b.op(Negative, x), b.add(b.sub(b.num(2*hi), twice), b.num(2*lo)), twice)
	return b.selectOf(far, end, b.add(b.sub(b.num(hi), y), b.num(lo)))
}
