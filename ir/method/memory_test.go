package method

import (
	"math"
	"testing"

	"ndec.dev/ndec/ir"
)

// Methods with memory have their order, with dense output, both ways in time; their error is that against
// Euler's step; and every step can be undone exactly, by the same step backwards.
func TestMemory(t *testing.T) {
	damped := Lookup("alf").With([]ir.Setting{{Key: "eta", Num: 0.8}})
	for _, r := range append(Rows(Solver), damped) {
		if r.Memory == nil || r.Memory.Start != nil { // see TestMultistep
			continue
		}
		if r.Name == "shooting" { // with numbers whose order is that of the fine solution
			r = r.With([]ir.Setting{{Key: "iterations", Num: 2}, {Key: "coarse", Choice: &ir.Choice{Row: "midpoint", Options: []ir.Setting{{Key: "steps", Num: 1}}}},
				{Key: "fine", Choice: &ir.Choice{Row: "heun3", Options: []ir.Setting{{Key: "steps", Num: 2}}}}})
		}
		s, n := memorySolve(t, r)
		begin := func(at float64, y [][]float64) [][]float64 {
			return call(s.Begin, append([][]float64{num(at)}, y...)...)
		}
		y0 := [][]float64{num(1), num(0.5), num(0)}
		for len(y0) < n {
			y0 = append(y0, num(0))
		}
		start := begin(0, y0)
		march := func(t0, t1 float64, steps int, y [][]float64) [][]float64 {
			h := (t1 - t0) / float64(steps)
			for i := range steps {
				y = call(s.Replay, append([][]float64{num(t0 + float64(i)*h), num(h)}, y...)...)
			}
			return y
		}
		off := func(a, b [][]float64) float64 {
			return max(distance(a[0], b[0]), distance(a[1], b[1]), distance(a[2], b[2]))
		}
		for _, span := range []float64{2, -2} {
			a, b, c := march(0, span, 200, start), march(0, span, 400, start), march(0, span, 800, start)
			near15(t, r.Name, math.Log2(off(a, b)/off(b, c)), float64(r.Order()))
		}
		worst := func(h float64) float64 {
			e := 0.0
			for _, theta := range []float64{0.2, 0.5, 0.9} {
				at := call(s.ReplayAt, append([][]float64{num(0), num(h), num(theta)}, start...)...)
				e = max(e, off(at, march(0, theta*h, 256, start)))
			}
			return e
		}
		if e1, e2 := worst(0.02), worst(0.01); math.Log2(e1/e2) < float64(r.DenseOrder())+0.85 {
			t.Errorf("%s: dense errors %g and %g", r.Name, e1, e2)
		}
		if got := evaluations(s.Step, s.Field); got != s.StepEvals {
			t.Errorf("%s: %d evaluations, %d counted", r.Name, got, s.StepEvals)
		}
		if !s.Adaptive {
			continue
		}
		out := call(s.Step, append([][]float64{num(0), num(0.1)}, start...)...)
		k := call(s.Field, append([][]float64{num(0)}, start[:3]...)...)
		for i := range 3 {
			if euler := start[i][0] + 0.1*k[i][0]; math.Abs(out[i][0]-euler-out[n+i][0]) > 1e-15 {
				t.Errorf("%s: error %g of state %d is not the distance %g from Euler's step", r.Name, out[n+i][0], i, out[i][0]-euler)
			}
		}
		if r.Order() < 2 {
			continue // damped: the inverse is no step of the method
		}
		there := march(0, 4, 100, start)
		if d := off(march(4, 0, 100, there), start); d > 1e-12 {
			t.Errorf("%s: off by %g after going back", r.Name, d)
		}
	}
}

// memorySolve is the pushed pendulum of splitField by a method with memory, and its number of states.
func memorySolve(t *testing.T, r *Row) (*ir.Solve, int) {
	t.Helper()
	m := &ir.Module{Real: ir.F64}
	one := ir.Scalar(ir.F64)
	s := &ir.Solve{Name: "P.0", Field: m.AddFunc(splitField(false)), RTol: 1e-3, ATol: 1e-3, MaxSteps: 100,
		States: []ir.SolveState{{Name: "x", Type: one, InNorm: true}, {Name: "y", Type: one, InNorm: true}, {Name: "q", Type: one}}}
	if !r.Adaptive() {
		s.Steps = 1
	}
	if err := Build(m, s, r, Config{}); err != nil {
		t.Fatal(err)
	}
	m.Solves = append(m.Solves, s)
	if err := ir.Verify(m); err != nil {
		t.Fatal(err)
	}
	return s, len(s.States)
}
