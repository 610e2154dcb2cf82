package rt

import (
	"math"
	"sync"
)

// Step control takes a root of the error after every step. Pow64 costs as much as half of a step of a small system, so
// roots of whole degree have a way of their own.

// rootPlaces is the number of places of a table of roots between 1 and 2.
const rootPlaces = 256

// rootTable holds m^(-1/n) in the middle of each place, and 2^(-r/n) for r below n.
type rootTable struct {
	of    [rootPlaces]float64
	power []float64
}

// rootTables are made when they are first needed.
var rootTables = func() (out [13]func() *rootTable) {
	for n := range out {
		out[n] = sync.OnceValue(func() *rootTable {
			t := &rootTable{}
			for i := range t.of {
				t.of[i] = math.Pow(1+(float64(i)+0.5)/rootPlaces, -1/float64(n))
			}
			for r := range n {
				t.power = append(t.power, math.Pow(2, -float64(r)/float64(n)))
			}
			return t
		})
	}
	return out
}()

// root gives x^(-1/n) for n from 1 to 12, to two units in the last place. With x = 2^(q n + r) m the table has
// m^(-1/n) to about 1/(500 n); what is missing is a power of 1 - d, of which six terms of the series are taken.
func root(n int) func(x float64) float64 {
	t := rootTables[n]()
	e := float64(n)
	// Coefficients of (1-d)^(-1/n) - 1.
	c1 := 1 / e
	c2 := c1 * (e + 1) / (2 * e)
	c3 := c2 * (2*e + 1) / (3 * e)
	c4 := c3 * (3*e + 1) / (4 * e)
	c5 := c4 * (4*e + 1) / (5 * e)
	below := math.Ldexp(1, 64*n) // lifts numbers below the normal range into it
	part := (1<<20 + n - 1) / n  // exponents up to 2^14 are divided by n exactly with it
	return func(x float64) float64 {
		lifted := 1.0
		if x > 0 && x < 0x1p-1022 {
			x, lifted = x*below, 0x1p64
		}
		bits := math.Float64bits(x)
		exponent := int(bits>>52) - 1023
		if exponent <= -1023 || exponent >= 1024 { // the sign counts as a large exponent
			return math.Pow(x, -1/e)
		}
		q := (exponent+n<<10)*part>>20 - 1<<10 // rounded down
		r := exponent - q*n
		m := math.Float64frombits(bits&(1<<52-1) | 1023<<52)
		y := t.of[bits>>44&(rootPlaces-1)]
		p := m // times y^n
		for k, power := n, y; ; power *= power {
			if k&1 != 0 {
				p *= power
			}
			if k >>= 1; k == 0 {
				break
			}
		}
		d := 1 - p
		d2 := d * d
		s := d * (c1 + float64(d*c2) + float64(d2*(c3+float64(d*c4)+float64(d2*c5))))
		y = float64(y+float64(y*s)) * t.power[r]
		return y * math.Float64frombits(uint64(1023-q)<<52) * lifted
	}
}
