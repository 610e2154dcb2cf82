package rt

import (
	"math"
	"math/bits"
)

// twoOverPi holds 2/π as a binary fraction, most significant word first.
var twoOverPi = [...]uint64{
	0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561,
	0xb7246e3a424dd2e0, 0x06492eea09d1921c, 0xfe1deb1cb129a73e, 0xe88235f52ebb4484,
	0xe99c7026b45f7e41, 0x3991d639835339f4, 0x9c845f8bbdf9283b, 0x1ff897ffde05980f,
	0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d, 0x7527bac7ebe5f17b,
	0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b6bab, 0xf0cfbc209af4361d,
}

// π/2 in three parts of 33 bits (products with n < 2^20 are exact) and a rest.
const (
	halfPi1 = 1.57079632673412561417e+00
	halfPi2 = 6.07710050630396597660e-11
	halfPi3 = 2.02226624871116645580e-21
	halfPi4 = 8.47842766036889956997e-32
)

// reducePi writes |x| as n π/2 + r + tail with |r| ≤ π/4 (roughly), n mod 4.
func reducePi(x float64) (n uint64, r, tail float64) {
	if x <= math.Pi/4 {
		return 0, x, 0
	}
	if x < 1<<19 {
		k := math.Floor(mad64(x, 2/math.Pi, 0.5))
		a := x - float64(k*halfPi1)
		b := float64(k * halfPi2)
		c := mad64(k, halfPi4, float64(k*halfPi3))
		// Two steps of exact difference keep the bits that cancellation eats.
		r1 := a - b
		e1 := (a - r1) - b
		r = r1 - (c - e1)
		return uint64(k) & 3, r, (r1 - r) - (c - e1)
	}
	return payneHanek(x)
}

// payneHanek multiplies the mantissa of x with the window of 2/π whose bits
// still matter modulo 4 (Payne and Hanek, 1983).
func payneHanek(x float64) (n uint64, r, tail float64) {
	b := math.Float64bits(x)
	e := int(b>>52) - 1075 // x = m 2^e
	m := b&(1<<52-1) | 1<<52
	// Bit i of 2/π has weight 2^-(i+1); those with e-(i+1) ≥ 2 add multiples
	// of 4. Start at bit e-2, and below zero shift in zeros.
	first := e - 2
	var w [3]uint64
	for i := range w {
		w[i] = fractionBits(first + 64*i)
	}
	// product = m * w, modulo 2^192; w has weight 2^(-first-192), m 2^e, so
	// the product's top two bits count quarter turns.
	h2, l2 := bits.Mul64(m, w[2])
	h1, l1 := bits.Mul64(m, w[1])
	p0 := m * w[0]
	mid, carry := bits.Add64(l1, h2, 0)
	top, _ := bits.Add64(p0, h1, carry)
	_ = l2
	n = top >> 62
	frac := top<<2 | mid>>62
	low := mid << 2
	neg := frac>>63 == 1
	if neg {
		n++
		low, carry = bits.Sub64(0, low, 0)
		frac, _ = bits.Sub64(0, frac, carry)
	}
	z := bits.LeadingZeros64(frac)
	if z == 64 {
		return n & 3, 0, 0 // no double is that close to a multiple of π/2
	}
	frac = frac<<z | low>>(64-z)
	hi := math.Ldexp(float64(frac>>11), -53-z)
	lo := math.Ldexp(float64(frac&(1<<11-1)), -64-z)
	if neg {
		hi, lo = -hi, -lo
	}
	// (hi+lo) π/2 in double-double: only the leading terms matter.
	const piHi, piLo = 1.5707963267948966, 6.123233995736766e-17
	h := float64(hi * piHi)
	t := productError(hi, piHi, h) + float64(hi*piLo) + float64(lo*piHi)
	r = h + t
	return n & 3, r, (h - r) + t
}

// productError is a*b - p for p = fl(a*b), by Dekker's splitting.
func productError(a, b, p float64) float64 {
	const split = 1<<27 + 1
	as := float64(a * split)
	bs := float64(b * split)
	ah := as - (as - a)
	bh := bs - (bs - b)
	al, bl := a-ah, b-bh
	return ((float64(ah*bh) - p) + float64(ah*bl) + float64(al*bh)) + float64(al*bl)
}

// fractionBits is the 64 bits of 2/π from bit i on (bits before 0 are zero).
func fractionBits(i int) uint64 {
	word := func(k int) uint64 {
		if k < 0 || k >= len(twoOverPi) {
			return 0
		}
		return twoOverPi[k]
	}
	k, s := i>>6, uint(i&63)
	if s == 0 {
		return word(k)
	}
	return word(k)<<s | word(k+1)>>(64-s)
}

// sinKernel is sin(x+y) for |x| ≤ π/4 and a small tail y (FreeBSD's msun).
func sinKernel(x, y float64) float64 {
	z := x * x
	v := z * x
	r := mad64(z, 1.58969099521155010221e-10, -2.50507602534068634195e-08)
	r = mad64(z, r, 2.75573137070700676789e-06)
	r = mad64(z, r, -1.98412698298579493134e-04)
	r = mad64(z, r, 8.33333333332248946124e-03)
	const s1 = -1.66666666666666324348e-01
	return x - ((float64(z*(0.5*y-float64(v*r))) - y) - float64(v*s1))
}

// cosKernel is cos(x+y) for |x| ≤ π/4 and a small tail y.
func cosKernel(x, y float64) float64 {
	z := x * x
	r := mad64(z, -1.13596475577881948265e-11, 2.08757232129817482790e-09)
	r = mad64(z, r, -2.75573143513906633035e-07)
	r = mad64(z, r, 2.48015872894767294178e-05)
	r = mad64(z, r, -1.38888888888741095749e-03)
	r = mad64(z, r, 4.16666666666666019037e-02)
	r *= z
	h := 0.5 * z
	w := 1 - h
	return w + (((1 - w) - h) + (float64(z*r) - float64(x*y)))
}

// SinCos64 is sine and cosine within 1 ulp, for arguments of any size.
func SinCos64(x float64) (sin, cos float64) {
	if x != x || math.IsInf(x, 0) {
		return math.NaN(), math.NaN()
	}
	n, r, t := reducePi(math.Abs(x))
	sin, cos = sinKernel(r, t), cosKernel(r, t)
	switch n {
	case 1:
		sin, cos = cos, -sin
	case 2:
		sin, cos = -sin, -cos
	case 3:
		sin, cos = -cos, sin
	}
	if math.Signbit(x) {
		sin = -sin
	}
	return sin, cos
}

// Sin64 is the sine within 1 ulp.
func Sin64(x float64) float64 { s, _ := SinCos64(x); return s }

// Cos64 is the cosine within 1 ulp.
func Cos64(x float64) float64 { _, c := SinCos64(x); return c }

// Tan64 is the tangent within 3 ulp.
func Tan64(x float64) float64 { s, c := SinCos64(x); return s / c }

var (
	atanP = [...]float64{-8.750608600031904122785e-01, -1.615753718733365076637e+01, -7.500855792314704667340e+01, -1.228866684490136173410e+02, -6.485021904942025371773e+01}
	atanQ = [...]float64{1, 2.485846490142306297962e+01, 1.650270098316988542046e+02, 4.328810604912902668951e+02, 4.853903996359136964868e+02, 1.945506571482613964425e+02}
)

// Atan64 is the inverse tangent within 2 ulp (rational of the Cephes library
// on |x| ≤ 0.66, after reduction by π/4 or π/2).
func Atan64(x float64) float64 {
	const rest = 6.123233995736765886130e-17 // π/2 minus its float64
	a := math.Abs(x)
	base, add := 0.0, 0.0
	switch {
	case a != a:
		return x
	case a > 2.41421356237309504880:
		base, add, a = math.Pi/2, rest, -1/a
	case a > 0.66:
		base, add, a = math.Pi/4, rest/2, (a-1)/(a+1)
	}
	z := a * a
	p := z * (horner64(z, atanP[:]) / horner64(z, atanQ[:]))
	return math.Copysign(base+(mad64(a, p, a)+add), x)
}

// Atan264 is the angle of the point (x, y) in (-π, π], within 3 ulp.
func Atan264(y, x float64) float64 {
	switch {
	case x != x || y != y:
		return math.NaN()
	case y == 0:
		if math.Signbit(x) {
			return math.Copysign(math.Pi, y)
		}
		return y
	case x == 0:
		return math.Copysign(math.Pi/2, y)
	case math.IsInf(x, 0) && math.IsInf(y, 0):
		if x > 0 {
			return math.Copysign(math.Pi/4, y)
		}
		return math.Copysign(3*math.Pi/4, y)
	}
	q := Atan64(y / x)
	if x < 0 {
		if math.Signbit(y) {
			return q - math.Pi
		}
		return q + math.Pi
	}
	return q
}

// Asin64 is the inverse sine within 4 ulp.
func Asin64(x float64) float64 {
	if x == 0 {
		return x
	}
	return Atan264(x, math.Sqrt((1-x)*(1+x)))
}

// Acos64 is the inverse cosine within 4 ulp.
func Acos64(x float64) float64 {
	return 2 * Atan264(math.Sqrt(1-x), math.Sqrt(1+x))
}

var (
	erfSmallP = [...]float64{-2.37630166566501626084e-05, -5.77027029648944159157e-03, -2.84817495755985104766e-02, -3.25042107247001499370e-01, 1.28379167095512558561e-01}
	erfSmallQ = [...]float64{-3.96022827877536812320e-06, 1.32494738004321644526e-04, 5.08130628187576562776e-03, 6.50222499887672944485e-02, 3.97917223959155352819e-01, 1}
	erfOneP   = [...]float64{-2.16637559486879084300e-03, 3.54783043256182359371e-02, -1.10894694282396677476e-01, 3.18346619901161753674e-01, -3.72207876035701323847e-01, 4.14856118683748331666e-01, -2.36211856075265944077e-03}
	erfOneQ   = [...]float64{1.19844998467991074170e-02, 1.36370839120290507362e-02, 1.26171219808761642112e-01, 7.18286544141962662868e-02, 5.40397917702171048937e-01, 1.06420880400844228286e-01, 1}
	erfMidP   = [...]float64{-9.81432934416914548592e+00, -8.12874355063065934246e+01, -1.84605092906711035994e+02, -1.62396669462573470355e+02, -6.23753324503260060396e+01, -1.05586262253232909814e+01, -6.93858572707181764372e-01, -9.86494403484714822705e-03}
	erfMidQ   = [...]float64{-6.04244152148580987438e-02, 6.57024977031928170135e+00, 1.08635005541779435134e+02, 4.29008140027567833386e+02, 6.45387271733267880336e+02, 4.34565877475229228821e+02, 1.37657754143519042600e+02, 1.96512716674392571292e+01, 1}
	erfTailP  = [...]float64{-4.83519191608651397019e+02, -1.02509513161107724954e+03, -6.37566443368389627722e+02, -1.60636384855821916062e+02, -1.77579549177547519889e+01, -7.99283237680523006574e-01, -9.86494292470009928597e-03}
	erfTailQ  = [...]float64{-2.24409524465858183362e+01, 4.74528541206955367215e+02, 2.55305040643316442583e+03, 3.19985821950859553908e+03, 1.53672958608443695994e+03, 3.25792512996573918826e+02, 3.03380607434824582924e+01, 1}
)

// Erf64 is the error function within 1 ulp (rationals of FreeBSD's msun).
func Erf64(x float64) float64 {
	a := math.Abs(x)
	var y float64
	switch {
	case a != a:
		return x
	case a < 1.0/(1<<28):
		return mad64(x, 1.28379167095512586316e-01, x)
	case a < 0.84375:
		z := x * x
		return mad64(x, horner64(z, erfSmallP[:])/horner64(z, erfSmallQ[:]), x)
	case a < 1.25:
		s := a - 1
		y = 8.45062911510467529297e-01 + horner64(s, erfOneP[:])/horner64(s, erfOneQ[:])
	case a >= 6:
		y = 1
	default:
		s := 1 / (a * a)
		var q float64
		if a < 1/0.35 {
			q = horner64(s, erfMidP[:]) / horner64(s, erfMidQ[:])
		} else {
			q = horner64(s, erfTailP[:]) / horner64(s, erfTailQ[:])
		}
		// The square of a's leading half is exact, which keeps e^-a² accurate.
		h := math.Float64frombits(math.Float64bits(a) &^ (1<<32 - 1))
		y = 1 - Exp64(-float64(h*h)-0.5625)*Exp64(mad64(h-a, h+a, q))/a
	}
	return math.Copysign(y, x)
}
