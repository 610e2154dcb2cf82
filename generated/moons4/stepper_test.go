package moons4

import (
	"testing"
)

// Twenty steps by hand are what Batch does.
func TestStepsAreThoseOfBatch(t *testing.T) {
	p := NewParams(5)
	xs := []Real{0.3, -0.2, 1.5, 0.25, -1, 0.75}
	want := make([]Real, len(xs))
	if err := NewMoons(p).Batch(t.Context(), want, xs, nil); err != nil {
		t.Fatal(err)
	}
	s := NewFlowFwdStepper(p)
	for row := range 3 {
		x := [2]Real(xs[2*row:])
		h := 1.0 / 20
		for k := range 20 {
			var err error
			if x, err = s.Step(float64(float64(k)*h), h, x); err != nil {
				t.Fatal(err)
			}
		}
		for e, v := range x { // a batch may be computed by vector instructions, which round products and sums together
			if w := want[2*row+e]; v-w > 1e-6 || w-v > 1e-6 {
				t.Errorf("row %d: %v, want %v", row, x, want[2*row:2*row+2])
			}
		}
	}
	x := [2]Real{1, 2}
	if n := testing.AllocsPerRun(100, func() { x, _ = s.Step(0, 0.1, x) }); n > 0 {
		t.Errorf("%v allocations a step", n)
	}
}
