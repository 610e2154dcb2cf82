package rt

import "math"

// mad64 is x*y+z with both roundings, on every machine.
func mad64(x, y, z float64) float64 { return float64(x*y) + z }

// horner64 is the polynomial with coefficients c, highest power first.
func horner64(x float64, c []float64) float64 {
	p := c[0]
	for _, a := range c[1:] {
		p = mad64(p, x, a)
	}
	return p
}

// Tanh64 is the hyperbolic tangent within 8 ulp; NaN stays NaN.
//
// The form is x P(x²)/Q(x²), an odd rational of degree 21/18 on |x| ≤ 19.0625.
func Tanh64(x float64) float64 {
	if x > 19.0625 {
		x = 19.0625
	}
	if x < -19.0625 {
		x = -19.0625
	}
	u := x * x
	p := mad64(u, -2.8049541308887198e-27, 1.0452596229047293e-22)
	p = mad64(u, p, 1.665929474411886e-18)
	p = mad64(u, p, 4.995791782646041e-15)
	p = mad64(u, p, 5.6067828958182172e-12)
	p = mad64(u, p, 2.9041326068536178e-09)
	p = mad64(u, p, 7.5226943140019813e-07)
	p = mad64(u, p, 9.8244178090660522e-05)
	p = mad64(u, p, 0.0060956250332741034)
	p = mad64(u, p, 0.15260890342262193)
	p = mad64(u, p, 1)
	q := mad64(u, 1.7950393851114536e-20, 1.0547762990941685e-16)
	q = mad64(u, q, 1.8596714214081151e-13)
	q = mad64(u, q, 1.3957273867915021e-10)
	q = mad64(u, q, 5.0868910417472299e-08)
	q = mad64(u, q, 9.383589267427852e-06)
	q = mad64(u, q, 0.00085521234063699045)
	q = mad64(u, q, 0.034743037285259189)
	q = mad64(u, q, 0.48594223675595527)
	q = mad64(u, q, 1)
	return float64(x*p) / q
}

const (
	ln2Hi = 6.93147180369123816490e-01
	ln2Lo = 1.90821492927058770002e-10
)

// Exp64 is e^x within 1 ulp (2 where the result is subnormal).
func Exp64(x float64) float64 {
	switch {
	case x != x:
		return x
	case x > 709.782712893384:
		return math.Inf(1)
	case x < -745.1332191019412:
		return 0
	case x > 709:
		return exp64(x-ln2Hi-ln2Lo) * 2
	case x < -708:
		return exp64(x+64*ln2Hi+64*ln2Lo) * (1.0 / (1 << 64))
	}
	return exp64(x)
}

// exp64 is Exp64 for |x| ≤ 709: see exp32; the polynomial has degree 11.
func exp64(x float64) float64 {
	const magic = 3 << 51
	t := mad64(x, math.Log2E, magic)
	n := t - magic
	r := mad64(n, -ln2Hi, x)
	r = mad64(n, -ln2Lo, r)
	p := mad64(r, 2.4994197220065829e-08, 2.7632443064185748e-07)
	p = mad64(r, p, 2.7557623715709738e-06)
	p = mad64(r, p, 2.4801486118697805e-05)
	p = mad64(r, p, 0.00019841269430265169)
	p = mad64(r, p, 0.0013888888951597734)
	p = mad64(r, p, 0.0083333333335610556)
	p = mad64(r, p, 0.041666666666491374)
	p = mad64(r, p, 0.16666666666666163)
	p = mad64(r, p, 0.50000000000000178)
	p = mad64(r, p, 1)
	p = mad64(r, p, 1)
	return math.Float64frombits(math.Float64bits(p) + math.Float64bits(t)<<52)
}

// Expm164 is e^x - 1 within 12 ulp; near zero it is 2t/(1-t), t = tanh(x/2).
func Expm164(x float64) float64 {
	if x > -1 && x < 1 {
		t := Tanh64(x / 2)
		return 2 * t / (1 - t)
	}
	return Exp64(x) - 1
}

// Sigmoid64 is 1/(1+e^-x) within 4 ulp.
func Sigmoid64(x float64) float64 { return 1 / (1 + Exp64(-x)) }

// Silu64 is x/(1+e^-x) within 4 ulp; for x < -709 it is x e^x.
func Silu64(x float64) float64 {
	if x < -709 {
		if e := Exp64(x); e != 0 {
			return x * e
		}
		if math.IsInf(x, -1) {
			return 0
		}
	}
	return x / (1 + Exp64(-x))
}

var softplusC = [...]float64{0.17060064369333502, 0.08315683606642707, 0.12112249048673213, 0.13300102516595597, 0.1538663545241282,
	0.18181739787908027, 0.22222224111763539, 0.28571428544925404, 0.40000000000190322, 0.6666666666666613, 2}

// Softplus64 is log(1+e^x) within 5 ulp for x ≥ -708; see Softplus32.
func Softplus64(x float64) float64 {
	if x != x {
		return x
	}
	a, m := x, x
	if x < 0 {
		m = 0
	} else {
		a = -x
	}
	t := Exp64(a)
	s := t / (2 + t)
	return mad64(s, horner64(s*s, softplusC[:]), m)
}

// Log64 is the natural logarithm within 1 ulp.
//
// x = 2^k (1+f) with √½ ≤ 1+f < √2, s = f/(2+f), and
// log(1+f) = f - f²/2 + s(f²/2 + R(s²)), the reduction of FreeBSD's msun.
func Log64(x float64) float64 {
	switch {
	case x != x || x > math.MaxFloat64:
		return x
	case x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	}
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m *= 2
		e--
	}
	f := m - 1
	k := float64(e)
	s := f / (2 + f)
	u := s * s
	r := mad64(u, 1.479819860511658591e-01, 1.531383769920937332e-01)
	r = mad64(u, r, 1.818357216161805012e-01)
	r = mad64(u, r, 2.222219843214978396e-01)
	r = mad64(u, r, 2.857142874366239149e-01)
	r = mad64(u, r, 3.999999999940941908e-01)
	r = mad64(u, r, 6.666666666666735130e-01)
	r *= u
	h := 0.5 * f * f
	return float64(k*ln2Hi) - ((h - (float64(s*(h+r)) + float64(k*ln2Lo))) - f)
}

// Log1p64 is log(1+x) within 3 ulp: log(u) x/(u-1) with u = 1+x corrects the
// rounding of u (Kahan).
func Log1p64(x float64) float64 {
	u := 1 + x
	if u == 1 {
		return x
	}
	if u > math.MaxFloat64 {
		return u
	}
	return Log64(u) * (x / (u - 1))
}

// Sinh64 is the hyperbolic sine within 14 ulp.
func Sinh64(x float64) float64 {
	a := math.Abs(x)
	switch {
	case a < 1:
		e := Expm164(x)
		return 0.5 * (e + e/(e+1))
	case a > 700:
		h := Exp64(a / 2)
		return math.Copysign(0.5*h*h, x)
	}
	return 0.5 * (Exp64(x) - Exp64(-x))
}

// Cosh64 is the hyperbolic cosine within 4 ulp.
func Cosh64(x float64) float64 {
	a := math.Abs(x)
	if a > 700 {
		h := Exp64(a / 2)
		return 0.5 * h * h
	}
	return 0.5 * (Exp64(a) + Exp64(-a))
}

// Pow64 is x^y with the special cases of IEEE 754. An integer y is a product
// by repeated squaring, a fraction goes through exp and log: within 4 ulp for
// |y| ≤ 4 and about |y| ulp beyond.
func Pow64(x, y float64) float64 {
	switch {
	case y == 0 || x == 1:
		return 1
	case x != x || y != y:
		return math.NaN()
	case math.IsInf(y, 0):
		switch a := math.Abs(x); {
		case a == 1:
			return 1
		case (a > 1) == (y > 0):
			return math.Inf(1)
		}
		return 0
	}
	whole, frac := math.Modf(math.Abs(y))
	odd := frac == 0 && whole < 1<<53 && int64(whole)&1 == 1
	if x == 0 || math.IsInf(x, 0) {
		r := 0.0
		if (x == 0) == (y < 0) {
			r = math.Inf(1)
		}
		if odd && math.Signbit(x) {
			r = -r
		}
		return r
	}
	if x < 0 && frac != 0 {
		return math.NaN()
	}
	sign := 1.0
	if x < 0 && odd {
		sign = -1
	}
	x = math.Abs(x)
	if whole > 1<<20 {
		return sign * Exp64(y*Log64(x))
	}
	r := 1.0
	if frac == 0.5 {
		r = math.Sqrt(x)
	} else if frac != 0 {
		r = Exp64(frac * Log64(x))
	}
	// The mantissas are multiplied and the exponents added, so that nothing
	// overflows on the way to a finite result.
	m, e := math.Frexp(r)
	b, be := math.Frexp(x)
	for i := int64(whole); i > 0; i >>= 1 {
		if i&1 == 1 {
			m *= b
			e += be
			if m < 0.5 {
				m *= 2
				e--
			}
		}
		b *= b
		be *= 2
		if b < 0.5 {
			b *= 2
			be--
		}
		if be > 1<<40 || be < -1<<40 {
			break
		}
	}
	if y < 0 {
		m, e = 1/m, -e
	}
	return sign * math.Ldexp(m, e)
}
