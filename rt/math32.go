package rt

import "math"

// The float32 functions that networks call most have their own polynomials.
// Every product is rounded before it is added (mad32), because a compiler may
// otherwise fuse the two on some machines only, and bits would differ.

// mad32 is x*y+z with both roundings.
func mad32(x, y, z float32) float32 { return float32(x*y) + z }

// Tanh32 is the hyperbolic tangent within 6 ulp; NaN stays NaN.
//
// The form is x P(x²)/Q(x²), an odd rational of degree 9/8 on |x| ≤ 9.
func Tanh32(x float32) float32 {
	if x > 9 {
		x = 9
	}
	if x < -9 {
		x = -9
	}
	u := x * x
	p := mad32(u, 1.33185161e-08, 2.06031345e-05)
	q := mad32(u, 7.76742411e-07, 0.000328597322)
	p = mad32(u, p, 0.00349624897)
	q = mad32(u, q, 0.0258806143)
	p = mad32(u, p, 0.133819401)
	q = mad32(u, q, 0.467152625)
	p = mad32(u, p, 1)
	q = mad32(u, q, 1)
	return float32(x*p) / q
}

const (
	exp32Max = 88.72283 // just below ln(MaxFloat32)
	exp32Min = -103.97208
)

// Exp32 is e^x within 2 ulp, also where the result is subnormal.
func Exp32(x float32) float32 {
	switch {
	case x != x:
		return x
	case x > exp32Max:
		return float32(math.Inf(1))
	case x < exp32Min:
		return 0
	case x < -87.3 || x > 88.3:
		// The exponent field would overflow: scale in two exact steps.
		return float32(Exp64(float64(x)))
	}
	return exp32(x)
}

// exp32 is Exp32 for -87.3 ≤ x ≤ 88.3: reduction by multiples of ln 2 (the
// high part is exact), a polynomial of degree 6, exponent added to the bits.
func exp32(x float32) float32 {
	const magic = 3 << 22
	t := mad32(x, math.Log2E, magic)
	n := t - magic
	r := mad32(n, -0.693359375, x)
	r = mad32(n, 2.12194440e-4, r)
	p := mad32(r, 0.0013836755432430862, 0.0083748986859061934)
	p = mad32(r, p, 0.041668231510374611)
	p = mad32(r, p, 0.16666419185647563)
	p = mad32(r, p, 0.49999992034079843)
	p = mad32(r, p, 1)
	p = mad32(r, p, 1)
	return math.Float32frombits(math.Float32bits(p) + math.Float32bits(t)<<23)
}

// Sigmoid32 is 1/(1+e^-x) within 4 ulp.
func Sigmoid32(x float32) float32 {
	return 1 / (1 + Exp32(-x))
}

// Silu32 is x/(1+e^-x) within 5 ulp.
func Silu32(x float32) float32 {
	if x < -88 { // the exponential overflows where the result is still finite
		return float32(Silu64(float64(x)))
	}
	return x / (1 + Exp32(-x))
}

// Softplus32 is log(1+e^x) within 5 ulp for x ≥ -87, written as
// max(x,0) + 2 atanh(t/(2+t)) with t = e^-|x|.
func Softplus32(x float32) float32 {
	if x != x {
		return x
	}
	a, m := x, x
	if x < 0 {
		m = 0
	} else {
		a = -x
	}
	t := Exp32(a)
	s := t / (2 + t)
	u := s * s
	p := mad32(u, 0.28178334101736302, 0.27960603037943638)
	p = mad32(u, p, 0.40024910254198071)
	p = mad32(u, p, 0.66666314682754735)
	p = mad32(u, p, 2)
	return mad32(s, p, m)
}

// The remaining float32 functions round the float64 ones: within 1 ulp.

// Sqrt32 is the correctly rounded square root.
func Sqrt32(x float32) float32 { return float32(math.Sqrt(float64(x))) }

// Expm132 is e^x - 1.
func Expm132(x float32) float32 { return float32(Expm164(float64(x))) }

// Log32 is the natural logarithm.
func Log32(x float32) float32 { return float32(Log64(float64(x))) }

// Log1p32 is log(1+x).
func Log1p32(x float32) float32 { return float32(Log1p64(float64(x))) }

// Erf32 is the error function.
func Erf32(x float32) float32 { return float32(Erf64(float64(x))) }

// Sin32 is the sine.
func Sin32(x float32) float32 { return float32(Sin64(float64(x))) }

// Cos32 is the cosine.
func Cos32(x float32) float32 { return float32(Cos64(float64(x))) }

// Tan32 is the tangent.
func Tan32(x float32) float32 { return float32(Tan64(float64(x))) }

// Asin32 is the inverse sine.
func Asin32(x float32) float32 { return float32(Asin64(float64(x))) }

// Acos32 is the inverse cosine.
func Acos32(x float32) float32 { return float32(Acos64(float64(x))) }

// Atan32 is the inverse tangent.
func Atan32(x float32) float32 { return float32(Atan64(float64(x))) }

// Atan232 is the angle of (x, y).
func Atan232(y, x float32) float32 { return float32(Atan264(float64(y), float64(x))) }

// Sinh32 is the hyperbolic sine.
func Sinh32(x float32) float32 { return float32(Sinh64(float64(x))) }

// Cosh32 is the hyperbolic cosine.
func Cosh32(x float32) float32 { return float32(Cosh64(float64(x))) }

// Pow32 is x^y.
func Pow32(x, y float32) float32 { return float32(Pow64(float64(x), float64(y))) }
