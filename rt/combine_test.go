package rt

import (
	"math"
	"testing"
)

// Sums of stages have the bits of the loop that they stand for, for any number of components.
func TestCombine(t *testing.T) {
	random := Key{Seed: 12}.Stream()
	place := uint64(0)
	number := func() float64 {
		place++
		return math.Exp(20*random.Uniform(2*place)-10) * (random.Uniform(2*place+1) - 0.5)
	}
	for n := 1; n <= 22; n++ {
		if n == 22 {
			n = 30_003 // more than a kernel goes over in one call
		}
		y0 := make([]float64, n)
		for i := range y0 {
			y0[i] = number()
		}
		s, err := Start(func(_ float64, _, dy []float64) { clear(dy) }, y0, 0, 1, SolveOptions{Method: "tsit5"})
		if err != nil {
			t.Fatal(err)
		}
		r := s.by.(*rungeKutta)
		for _, k := range r.k {
			for i := range k {
				k[i] = number()
			}
		}
		h := number()
		for stage, ws := range append(append([][]float64{}, r.m.a...), r.m.b, r.m.e) {
			sum := r.sum(ws)
			if n <= 3 {
				combine3((*[4]float64)(s.at[:4]), (*[4]float64)(s.y[:4]), h, sum.terms)
			} else {
				r.combine(s.at, s.y, h, sum.weights)
			}
			for i := range n {
				want := y0[i]
				for j, x := range ws {
					c := h * x
					want += float64(c * r.k[j][i])
				}
				if s.at[i] != want {
					t.Fatalf("%d components, sum %d, component %d: %v instead of %v", n, stage, i, s.at[i], want)
				}
			}
		}
	}
}
