package rt

import (
	"math"
	"sync"
)

// Step control takes a root of the error after every step, and the next step waits for it. Pow64 costs as much as half of a step of a small system, so
// roots of whole degree have a way of their own.

// rootPlaces is the number of places of a table of roots between 1 and 2.
const rootPlaces = 256

// rootDegrees is one more than the largest degree: twice the largest order of a method.
const rootDegrees = 25

// rootTable holds, for each place, y = m^(-1/n) of the m in its middle and y^n, and 2^(-r/n) for r below n.
type rootTable struct {
	of    [rootPlaces]struct{ y, yn float64 }
	power [rootDegrees]float64
}

// rootTables are made when they are first needed.
var rootTables = func() (out [rootDegrees]func() *rootTable) {
	for n := range out {
		out[n] = sync.OnceValue(func() *rootTable {
			t := &rootTable{}
			for i := range t.of {
				y := math.Pow(1+(float64(i)+0.5)/rootPlaces, -1/float64(n))
				t.of[i].y, t.of[i].yn = y, math.Pow(y, float64(n))
			}
			for r := range n {
				t.power[r] = math.Pow(2, -float64(r)/float64(n))
			}
			return t
		})
	}
	return out
}()

// root is x^(-1/n) for n from 1 to 24, to two units in the last place. With x = 2^(q n + r) m the table has
// y = m^(-1/n) to about 1/(500 n); what is missing is a power of 1 - d, d = 1 - m y^n, of which six terms of the series are taken.
type root struct {
	table              *rootTable
	n, part            int
	c1, c2, c3, c4, c5 float64 // of (1-d)^(-1/n) - 1
	below, lift        float64 // lifts numbers below the normal range into it, and what it makes of the root
}

func rootOf(n int) root {
	e := float64(n)
	r := root{table: rootTables[n](), n: n, part: (1<<20 + n - 1) / n} // exponents up to 2^14.6 are divided by n exactly with it
	r.c1 = 1 / e
	r.c2 = r.c1 * (e + 1) / (2 * e)
	r.c3 = r.c2 * (2*e + 1) / (3 * e)
	r.c4 = r.c3 * (3*e + 1) / (4 * e)
	r.c5 = r.c4 * (4*e + 1) / (5 * e)
	lift := (52 + n - 1) / n
	r.below, r.lift = math.Ldexp(1, lift*n), math.Ldexp(1, lift)
	return r
}

// at is the root of x.
func (r *root) at(x float64) float64 {
	bits := math.Float64bits(x)
	exponent := int(bits>>52) - 1023
	if exponent <= -1023 || exponent >= 1023 { // the sign counts as a large exponent
		if x > 0 && exponent <= -1023 {
			return r.at(x*r.below) * r.lift
		}
		return math.Pow(x, -1/float64(r.n))
	}
	q := (exponent+r.n<<10)*r.part>>20 - 1<<10 // rounded down
	near := &r.table.of[bits>>44&(rootPlaces-1)]
	// This does not wait for the series.
	y := near.y * r.table.power[uint(exponent-q*r.n)%rootDegrees] * math.Float64frombits(uint64(1023-q)<<52)
	d := 1 - float64(math.Float64frombits(bits&(1<<52-1)|1023<<52)*near.yn)
	d2 := d * d
	s := float64(d*r.c1) + float64(d2*(r.c2+float64(d*r.c3))) + float64(float64(d2*d2)*(r.c4+float64(d*r.c5)))
	return y + float64(y*s)
}
