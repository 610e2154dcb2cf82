package command

import (
	"math"
	"slices"
	"testing"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/rt"
)

// TestProbesOfAllComponents: one wrong component among many is found, though it is none of those that are compared by
// themselves, and a right gradient passes.
func TestProbesOfAllComponents(t *testing.T) {
	const n = 300
	ps := []*ir.Param{{Name: "f.0.weight"}}
	layout := []rt.Tensor{{Name: "f.0.weight", Shape: []int{n}}}
	w := make([]float64, n)
	for k := range w {
		w[k] = math.Sin(float64(7 * k))
	}
	loss := func(w []float64) float64 {
		sum := 0.0
		for k, x := range w {
			sum += math.Tanh(x*float64(k%5) + 0.3)
		}
		return sum
	}
	right := make([]float64, n)
	for k, x := range w {
		y := math.Tanh(x*float64(k%5) + 0.3)
		right[k] = float64(k%5) * (1 - y*y)
	}
	worst := func(g []float64) (one, all float64) {
		for _, p := range probesOf(ps, layout, g, checkComponents) {
			moved := slices.Clone(w)
			if err := p.take(w, moved, func() (float64, error) { return loss(moved), nil }); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(moved, w) {
				t.Fatal("a probe does not put the weights back")
			}
			if p.whole {
				all = max(all, p.off)
			} else {
				one = max(one, p.off)
			}
		}
		return one, all
	}
	if one, all := worst(right); one > 1e-9 || all > 1e-9 {
		t.Errorf("a right gradient is off by %g, in a direction by %g", one, all)
	}
	wrong := slices.Clone(right)
	wrong[n-2] = -wrong[n-2]
	one, all := worst(wrong)
	if one > 1e-9 {
		t.Errorf("component %d is one of those that are compared by themselves", n-2)
	}
	if all < 1e-3 {
		t.Errorf("a component with the wrong sign changes directions by %g only", all)
	}
}
