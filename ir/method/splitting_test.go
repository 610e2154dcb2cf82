package method

import (
	"errors"
	"math"
	"testing"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// splitField is a pendulum pushed in time, with positions x, momenta y, and the integral of x y.
func splitField(wrong bool) *ir.Func {
	b := ir.NewFunc("pendulum", diag.Span{}, ir.F64)
	t := b.Arg("t", ir.Scalar(ir.F64))
	x, y := b.Arg("x", ir.Scalar(ir.F64)), b.Arg("y", ir.Scalar(ir.F64))
	b.Arg("q", ir.Scalar(ir.F64))
	dx := y
	if wrong {
		dx = b.Mul(x, y)
	}
	push := b.Mul(b.Num(0.3), b.Unary(ir.OpSin, t))
	return b.Return(b.Add(dx, b.Mul(b.Num(0.1), b.Unary(ir.OpCos, t))), b.Sub(push, b.Unary(ir.OpSin, x)), b.Mul(x, y))
}

func splitSolve(t *testing.T, name string, field *ir.Func) (*ir.Solve, error) {
	t.Helper()
	m := &ir.Module{Real: ir.F64}
	one := ir.Scalar(ir.F64)
	s := &ir.Solve{Name: "P.0", Field: m.AddFunc(field), Steps: 1,
		States: []ir.SolveState{{Name: "x", Type: one, InNorm: true}, {Name: "y", Type: one, InNorm: true}, {Name: "q", Type: one}}}
	return s, Build(m, s, Lookup(name), Config{})
}

// Splittings have their order, integrals and dense output included, carry the force from step to step, and
// go back where they came from.
func TestSplittings(t *testing.T) {
	for _, r := range Rows(Solver) {
		if r.Split == nil {
			continue
		}
		s, err := splitSolve(t, r.Name, splitField(false))
		if err != nil {
			t.Fatal(err)
		}
		march := func(t0, t1 float64, n int, y [][]float64) [][]float64 {
			h := (t1 - t0) / float64(n)
			k := call(s.Field, append([][]float64{num(t0)}, y...)...)
			for i := range n {
				out := call(s.Step, append(append([][]float64{num(t0 + float64(i)*h), num(h)}, y...), k...)...)
				y, k = out[:3], out[3:]
			}
			return y
		}
		off := func(a, b [][]float64) float64 {
			return max(distance(a[0], b[0]), distance(a[1], b[1]), distance(a[2], b[2]))
		}
		start := [][]float64{num(1), num(0.5), num(0)}
		n := 40
		a, b, c := march(0, 4, n, start), march(0, 4, 2*n, start), march(0, 4, 4*n, start)
		near15(t, r.Name, math.Log2(off(a, b)/off(b, c)), float64(r.Order()))
		if d := off(march(4, 0, n, a), start); d > 1e-12 {
			t.Errorf("%s: off by %g after going back", r.Name, d)
		}
		worst := func(h float64) float64 {
			e := 0.0
			for _, theta := range []float64{0.2, 0.5, 0.9} {
				at := call(s.ReplayAt, append([][]float64{num(0.3), num(h), num(theta)}, start...)...)
				e = max(e, off(at, march(0.3, 0.3+theta*h, 64, start)))
			}
			return e
		}
		if e1, e2 := worst(0.1), worst(0.05); math.Log2(e1/e2) < float64(r.DenseOrder())+0.85 {
			t.Errorf("%s: dense errors %g and %g", r.Name, e1, e2)
		}
		if got := evaluations(s.Step, s.Field); got != s.StepEvals {
			t.Errorf("%s: %d evaluations, %d counted", r.Name, got, s.StepEvals)
		}
		if got := evaluations(s.DenseStep, s.Field); got != s.StepEvals+s.DenseEvals {
			t.Errorf("%s: %d evaluations with dense output, %d counted", r.Name, got, s.StepEvals+s.DenseEvals)
		}
		replay := call(s.Replay, append([][]float64{num(0), num(0.1)}, start...)...)
		if d := off(replay, march(0, 0.1, 1, start)); d != 0 {
			t.Errorf("%s: step and replay differ by %g", r.Name, d)
		}
	}
}

func TestNotSeparable(t *testing.T) {
	_, err := splitSolve(t, "leapfrog", splitField(true))
	var no *NotSeparable
	if !errors.As(err, &no) || *no != (NotSeparable{"x", "x"}) {
		t.Errorf("%v", err)
	}
}
