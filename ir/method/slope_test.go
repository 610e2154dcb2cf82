package method

import (
	"math"
	"math/big"
	"testing"
)

// Slopes are measured on Euler's rigid body in floats of 266 bits, where methods of order 9 are far from
// rounding.

type vec []*big.Float

func product(xs ...*big.Float) *big.Float {
	out := float().SetInt64(1)
	for _, x := range xs {
		out.Mul(out, x)
	}
	return out
}

func rigidBody(y vec) vec {
	c := func(x float64) *big.Float { return float().SetFloat64(x) }
	return vec{product(c(-2), y[1], y[2]), product(c(1.25), y[0], y[2]), product(c(-0.5), y[0], y[1])}
}

func rigidStart() vec {
	return vec{float().SetInt64(1), float().SetFloat64(0.25), float().SetRat(big.NewRat(9, 10))}
}

// bigStep is a step of a tableau: the new state, and all stages.
func bigStep(m *Tableau, y vec, h *big.Float) (vec, []vec) {
	var ks []vec
	combine := func(w []*big.Rat) vec {
		out := make(vec, len(y))
		for i := range y {
			out[i] = float().Set(y[i])
			for j, x := range w {
				if x.Sign() != 0 {
					out[i].Add(out[i], product(h, float().SetRat(x), ks[j][i]))
				}
			}
		}
		return out
	}
	for _, row := range m.A {
		ks = append(ks, rigidBody(combine(row)))
	}
	return combine(m.B), ks
}

func bigMarch(m *Tableau, span float64, n int) vec {
	y, h := rigidStart(), float().Quo(float().SetFloat64(span), float().SetInt64(int64(n)))
	short := *m
	short.A = m.A[:len(m.B)]
	for range n {
		y, _ = bigStep(&short, y, h)
	}
	return y
}

func bigDistance(a, b vec) float64 {
	d := 0.0
	for i := range a {
		x, _ := float().Sub(a[i], b[i]).Float64()
		d = max(d, math.Abs(x))
	}
	return d
}

// The error of a method falls with its order, forwards and backwards.
func TestSlopes(t *testing.T) {
	for _, r := range compiled() {
		n, span := 200, 1.0
		if r.Order() > 7 {
			n, span = 100, 4 // above the digits of the coefficients
		}
		if r.Order() < 3 {
			n = 300
		}
		for _, span := range []float64{span, -span} {
			coarse, middle, fine := bigMarch(r.Tableau, span, n), bigMarch(r.Tableau, span, 2*n), bigMarch(r.Tableau, span, 4*n)
			near15(t, r.Name, math.Log2(bigDistance(coarse, middle)/bigDistance(middle, fine)), float64(r.Order()))
		}
	}
}

// The worst error inside a step falls with the dense order and one more.
func TestDenseSlopes(t *testing.T) {
	exact := vern9()
	known := map[[2]float64]vec{}
	solution := func(h float64, i int) vec {
		key := [2]float64{h, float64(i)}
		if known[key] == nil {
			known[key] = bigMarch(exact, h*float64(i)/16, 16)
		}
		return known[key]
	}
	for _, r := range compiled() {
		m := r.Tableau
		worst := func(h float64) float64 {
			y, step := rigidStart(), float().SetFloat64(h)
			_, ks := bigStep(m, y, step)
			e := 0.0
			for i := 1; i < 16; i++ {
				theta := float().SetRat(big.NewRat(int64(i), 16))
				at := make(vec, len(y))
				for x := range y {
					at[x] = float().Set(y[x])
					power := float().Set(step)
					for _, w := range m.DenseRows() {
						power.Mul(power, theta)
						for j := range w {
							at[x].Add(at[x], product(power, float().SetRat(w[j]), ks[j][x]))
						}
					}
				}
				e = max(e, bigDistance(at, solution(h, i)))
			}
			return e
		}
		h := 0.015625
		if m.DenseDigits > 0 && m.Order > 5 {
			h = 0.0625
		}
		if m.Digits > 0 && m.Digits < 20 && m.Order > 5 {
			h = 0.25 // above the digits of the coefficients
		}
		near15(t, r.Name, math.Log2(worst(h)/worst(h/2)), float64(m.DenseOrder+1))
	}
}
