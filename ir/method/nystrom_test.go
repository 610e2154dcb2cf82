package method

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"testing"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

func nystromRows() []*Row {
	var out []*Row
	for _, r := range Rows(Solver) {
		if r.Nystrom != nil {
			out = append(out, r)
		}
	}
	return out
}

// Every coefficient counts.
func TestNystromConditions(t *testing.T) {
	for _, r := range nystromRows() {
		m := r.Nystrom
		if err := CheckNystrom(m); err != nil {
			t.Errorf("%s: %v", r.Name, err)
		}
		rows := append(append([][]*big.Rat(nil), m.A...), m.B, m.BV, m.BHat, m.BVHat, m.C[1:])
		for i, row := range rows {
			for j, old := range row {
				row[j] = new(big.Rat).Add(old, big.NewRat(1, 1e12))
				if CheckNystrom(m) == nil {
					t.Errorf("%s: wrong coefficient %d of row %d passes", r.Name, j, i)
				}
				row[j] = old
			}
		}
	}
	got := ""
	for _, ts := range nystromTrees(7)[1:] {
		got += fmt.Sprint(len(ts), " ")
	}
	if want := "1 1 2 3 6 10 20 "; got != want { // HNW I, II.14: conditions of q'' = f(q)
		t.Errorf("%s trees instead of %s", got, want)
	}
}

// orbit is two masses, one pulled to the other and pushed in time, and the integral of the power.
func orbit(friction bool) *ir.Func {
	b := ir.NewFunc("orbit", diag.Span{}, ir.F64)
	t := b.Arg("t", ir.Scalar(ir.F64))
	q, v := b.Arg("q", ir.Tensor(ir.F64, 2)), b.Arg("v", ir.Tensor(ir.F64, 2))
	b.Arg("w", ir.Scalar(ir.F64))
	r2 := b.Add(b.Sum(b.Unary(ir.OpSquare, q)), b.Num(0.1))
	pull := b.Div(q, b.Binary(ir.OpPow, r2, b.Num(1.5)))
	push := b.Mul(b.Num(0.3), b.Unary(ir.OpSin, t))
	a := b.Sub(b.Mul(push, b.Unary(ir.OpCos, q)), pull)
	if friction {
		a = b.Sub(a, v)
	}
	return b.Return(v, a, b.Add(b.Sum(b.Mul(a, v)), b.Unary(ir.OpCos, t)))
}

func orbitSolve(name string, field *ir.Func, integral bool) (*ir.Solve, error) {
	m := &ir.Module{Real: ir.F64}
	s := &ir.Solve{Name: "P.0", Field: m.AddFunc(field), Steps: 1, RTol: 1e-6, ATol: 1e-6, MaxSteps: 1000}
	for _, a := range field.Args[1:] {
		s.States = append(s.States, ir.SolveState{Name: a.Name, Type: a.Type, InNorm: !integral || a.Name != "w"})
	}
	return s, Build(m, s, Lookup(name), Config{})
}

// Orders of what is built: states, integrals, dense output, forwards and backwards; the stage handed on is the field there.
func TestNystrom(t *testing.T) {
	for _, r := range nystromRows() {
		s, err := orbitSolve(r.Name, orbit(false), true)
		if err != nil {
			t.Fatal(err)
		}
		march := func(t0, t1 float64, n int, y [][]float64) [][]float64 {
			h := (t1 - t0) / float64(n)
			for i := range n {
				y = call(s.Replay, append([][]float64{num(t0 + float64(i)*h), num(h)}, y...)...)
			}
			return y
		}
		off := func(a, b [][]float64) float64 {
			return max(distance(a[0], b[0]), distance(a[1], b[1]), distance(a[2], b[2]))
		}
		start := [][]float64{{1, 0.2}, {-0.1, 0.8}, num(0.5)}
		n := map[int]int{4: 60, 5: 40, 6: 30}[r.Order()]
		for _, end := range []float64{2, -2} {
			a, b, c := march(0, end, n, start), march(0, end, 2*n, start), march(0, end, 4*n, start)
			near15(t, r.Name, math.Log2(off(a, b)/off(b, c)), float64(r.Order()))
		}
		exact := map[float64][][]float64{}
		worst := func(h float64) float64 {
			e := 0.0
			in := append([][]float64{num(0.3), num(h)}, start...)
			if s.FSAL {
				in = append(in, call(s.Field, append([][]float64{num(0.3)}, start...)...)...)
			}
			out := call(s.DenseStep, in...)
			for _, theta := range []float64{0.2, 0.5, 0.9, 1} {
				at := call(s.ReplayAt, append([][]float64{num(0.3), num(h), num(theta)}, start...)...)
				same := call(s.Dense, append(append(append([][]float64{num(theta), num(h)}, start...), out[:3]...), out[len(s.Step.Results):]...)...)
				if d := off(at, same); d > 1e-15 {
					t.Errorf("%s: dense output and its replay differ by %g", r.Name, d)
				}
				if d := off(at, out[:3]); theta == 1 && d > 1e-14 {
					t.Errorf("%s: dense output ends %g beside the step", r.Name, d)
				}
				if theta < 1 {
					if exact[theta*h] == nil {
						exact[theta*h] = march(0.3, 0.3+theta*h, 64, start)
					}
					e = max(e, off(at, exact[theta*h]))
				}
			}
			return e
		}
		if e1, e2 := worst(0.2), worst(0.1); math.Abs(math.Log2(e1/e2)-float64(r.DenseOrder()+1)) > 0.3 {
			t.Errorf("%s: dense errors %g and %g: order %.2f", r.Name, e1, e2, math.Log2(e1/e2))
		}
		for _, integral := range []bool{true, false} {
			what := s
			if !integral {
				if what, err = orbitSolve(r.Name, secondOrder(), true); err != nil {
					t.Fatal(err)
				}
			}
			if got := evaluations(what.Step, what.Field); got != what.StepEvals || !integral && got != r.Evals() {
				t.Errorf("%s: %d evaluations, %d counted, the row says %d", r.Name, got, what.StepEvals, r.Evals())
			}
			if got := evaluations(what.DenseStep, what.Field) - what.StepEvals; got != what.DenseEvals || !integral && got != r.DenseEvals() {
				t.Errorf("%s: %d further evaluations, %d counted, the row says %d", r.Name, got, what.DenseEvals, r.DenseEvals())
			}
		}
		in := append([][]float64{num(0.3), num(0.1)}, start...)
		replay := call(s.Replay, in...)
		if s.FSAL {
			in = append(in, call(s.Field, append([][]float64{num(0.3)}, start...)...)...)
		}
		out := call(s.Step, in...)
		if d := off(replay, out); d != 0 {
			t.Errorf("%s: step and replay differ by %g", r.Name, d)
		}
		if s.FSAL {
			k := out[len(out)-3:]
			if d := off(k, call(s.Field, append([][]float64{num(0.4)}, out[:3]...)...)); d > 1e-14 {
				t.Errorf("%s: the stage handed on is off by %g", r.Name, d)
			}
		}
	}
}

// secondOrder has no integral.
func secondOrder() *ir.Func {
	f := orbit(false)
	b := ir.NewFunc("free", diag.Span{}, ir.F64)
	args := []*ir.Value{b.Arg("t", ir.Scalar(ir.F64)), b.Arg("q", f.Args[1].Type), b.Arg("v", f.Args[2].Type)}
	return b.Return(b.Inline(f, append(args, b.Num(0)))[:2]...)
}

func TestNotSecondOrder(t *testing.T) {
	for _, c := range []struct {
		field    *ir.Func
		integral bool
		want     NotSecondOrder
	}{
		{orbit(true), true, NotSecondOrder{"v", "v"}},
		{orbit(false), false, NotSecondOrder{State: "w"}},
	} {
		_, err := orbitSolve("rkn43", c.field, c.integral)
		var no *NotSecondOrder
		if !errors.As(err, &no) || *no != c.want {
			t.Errorf("%v instead of %v", err, &c.want)
		}
	}
}
