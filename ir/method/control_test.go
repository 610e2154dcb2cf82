package method

import (
	"testing"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/method/testode"
)

// After a step whose error is too large, every controller shortens the next one, whatever the errors and steps before.
func TestRejectedStepIsShortened(t *testing.T) {
	p := testode.ByName("euler_rigid_body")
	for _, r := range Rows(Controller) {
		s := build(t, p, "dopri5", 1e-6, &ir.Choice{Row: r.Name})
		for _, err := range []float64{1.001, 1.5, 100} {
			for _, prev := range []float64{1e-4, 0.1, 1} {
				for _, prev2 := range []float64{1e-4, 0.1, 1} {
					for _, ratio := range []float64{1e-3, 0.2, 1, 10} {
						in := [][]float64{num(err), num(prev), num(prev2)}
						if s.Ratios() {
							in = append(in, num(ratio), num(1/ratio))
						}
						if f := call(s.Control, in...)[0][0]; !(f >= 0.2 && f <= 0.95) {
							t.Errorf("%s: factor %g after an error of %g, with %g, %g and ratio %g before", r.Name, f, err, prev, prev2, ratio)
						}
					}
				}
			}
		}
	}
}
