package rt

import "math"

// least64 is the smaller of a and b, and b where one of them is a NaN.
func least64(a, b float64) float64 {
	if a < b {
		return a
	}
	return b
}

// most64 is the larger of a and b, and b where one of them is a NaN.
func most64(a, b float64) float64 {
	if a > b {
		return a
	}
	return b
}

// mad64 is x*y+z with both roundings, on every machine.
func mad64(x, y, z float64) float64 { return float64(x*y) + z }

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
	if whole == 0 && r > 1e-300 && r < 1e300 { // what follows would not change a bit
		if y < 0 {
			return 1 / r
		}
		return r
	}
	// The mantissas are multiplied and the exponents added, so that nothing
	// overflows on the way to a finite result.
	m, exp := math.Frexp(r)
	b, bexp := math.Frexp(x)
	e, be := int64(exp), int64(bexp) // beyond 32 bits
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
	return sign * math.Ldexp(m, int(max(-1<<20, min(e, 1<<20))))
}

// Sqrt64 is √x, correctly rounded.
func Sqrt64(x float64) float64 { return math.Sqrt(x) }
