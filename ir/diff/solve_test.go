package diff_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/diff"
	"ndec.dev/ndec/ir/method"
)

var f64 = ir.Scalar(ir.F64)

// problem builds a solve of y' = net(y) + c sin(t), z' = z sum(y) by a method.
func problem(t *testing.T, m *ir.Module, n *net, name string, times int) *ir.Solve {
	t.Helper()
	vec, scalar := ir.Tensor(m.Real, 2), ir.Scalar(m.Real)
	s := &ir.Solve{Name: "P.0", System: "P", Times: times, Steps: 3, RTol: 1e-6, ATol: 1e-6, MaxSteps: 100,
		States: []ir.SolveState{{Name: "y", Type: vec, InNorm: true}, {Name: "z", Type: scalar}}, Extras: []ir.Type{scalar}}
	b := ir.NewFunc("P.field", diag.Span{}, m.Real)
	at, y, z, c := b.Arg("t", f64), b.Arg("y", vec), b.Arg("z", scalar), b.Arg("c", scalar)
	dy := b.Add(n.apply(b, y), b.Mul(c, b.Cast(b.Unary(ir.OpSin, at), m.Real)))
	s.Field = m.AddFunc(b.Return(dy, b.Mul(z, b.Sum(y))))
	row := method.Lookup(name)
	if err := method.Build(m, s, row, method.Config{}); err != nil {
		t.Fatal(err)
	}
	m.Solves = append(m.Solves, s)
	return s
}

// solved is (x, c) -> loss, metric, nfe of a solve started from the net's value at x.
func solved(m *ir.Module, n *net, s *ir.Solve) *ir.Func {
	b := ir.NewFunc("Fit.objective", diag.Span{}, m.Real)
	x, c := b.Arg("x", ir.Tensor(m.Real, 2)), b.Arg("c", ir.Scalar(m.Real))
	end := b.Const(0.8, ir.F64)
	if s.Times > 0 {
		end = b.Data([]float64{0, 0.3, 0.5, 0.8}, ir.Tensor(ir.F64, 4))
	}
	outs := b.Results(b.Emit(ir.OpSolve, ir.Attr{Solve: s}, b.Const(0, ir.F64), end, n.apply(b, x), b.Sum(x), b.Unary(ir.OpSin, c)))
	loss := b.Add(b.Sum(b.Unary(ir.OpSquare, outs[0])), b.Sum(b.Unary(ir.OpTanh, outs[1])))
	f := m.AddFunc(b.Return(loss, b.Sum(outs[1]), outs[2]))
	f.ResultNames = []string{"loss"}
	return f
}

// TestBackprop differentiates a loss of a solve by start states, extras and parameters.
func TestBackprop(t *testing.T) {
	rows := []struct {
		method string
		times  int
		real   ir.Elem // of states; the evaluation is in float64 all the same
	}{{"euler", 0, ir.F64}, {"euler", 4, ir.F64}, {"rk4", 0, ir.F64}, {"rk4", 4, ir.F64}, {"rk4", 4, ir.F32},
		{"dopri5", 0, ir.F64}, {"dopri5", 4, ir.F64}, {"dopri5", 0, ir.F32}, {"tsit5", 4, ir.F64}}
	for _, row := range rows {
		t.Run(fmt.Sprint(row.method, row.times, row.real), func(t *testing.T) {
			m := &ir.Module{Real: row.real}
			n := newNet(m, newDrawer(4), "n", 2, 3, 2)
			s := problem(t, m, n, row.method, row.times)
			mesh := []float64{0, 0.15, 0.5, 0.8} // 0.5 is an output time
			mc := machine{params: n.params, mesh: mesh, replay: s.Replay, replayAt: s.ReplayAt, halves: new(int)}
			f := solved(m, n, s)
			params := n.params
			args := [][]float64{{0.3, -0.6}, {0.4}}
			m.Recipes = []*ir.Recipe{{Name: "Fit", Objective: f, Frozen: []*ir.Param{n.layers[0][1]}}}
			if ds := diff.Run(m); ds != nil {
				t.Fatal(ds)
			}
			rc := m.Recipes[0]
			if d := cmp.Diff([]string{"n.w0", "n.w1", "n.b1"}, names(rc.Trained)); d != "" {
				t.Error("trained", d)
			}
			plain := mc.eval(f, args)
			out := mc.eval(rc.Grad, args)
			for i := range plain {
				nearAll(t, "shared result", out[i], plain[i], 1e-14)
			}
			for k, q := range rc.Trained {
				if !rc.Grad.Accum[len(plain)+k] {
					t.Errorf("cotangent of %s is not a running sum", q.Name)
				}
				want := numericGrad(func(w []float64) float64 {
					ps := map[*ir.Param][]float64{}
					for p, x := range params {
						ps[p] = x
					}
					ps[q] = w
					mc := mc
					mc.params = ps
					return mc.eval(f, args)[0][0]
				}, params[q])
				nearAll(t, q.Name, out[len(plain)+k], want, 1e-8)
			}
			out = mc.eval(rc.GradInputs, args)
			for i := range args {
				want := numericGrad(func(x []float64) float64 {
					as := append([][]float64(nil), args...)
					as[i] = x
					return mc.eval(f, as)[0][0]
				}, args[i])
				nearAll(t, f.Args[i].Name, out[len(plain)+i], want, 1e-8)
			}
			if kept := *mc.halves > 0; kept != (row.times == 0) {
				t.Errorf("steps back from what was kept: %d", *mc.halves)
			}
			solves, recorded := 0, 0
			for _, v := range rc.Grad.Values {
				if v.Op == ir.OpSolve {
					solves++
				}
				if v.Op != ir.OpRev || v.Attr.Rev.Keep == nil {
					continue
				}
				evals := 0
				for _, u := range v.Attr.Rev.Keep.Values {
					if u.Op == ir.OpCall {
						evals++
					}
				}
				if want := v.Attr.Rev.Solve.StepEvals; evals != want {
					t.Errorf("a step that keeps evaluates the field %d times, want %d", evals, want)
				}
			}
			for _, s := range m.Solves {
				if s.Record {
					recorded++
				}
			}
			if solves != 1 || recorded != 1 {
				t.Errorf("%d solves in Grad, %d recorded in the module, want one each", solves, recorded)
			}
			callees := map[*ir.Func]bool{}
			for _, g := range m.Funcs {
				for _, v := range g.Values {
					if v.Op == ir.OpCall && !callees[v.Attr.Func] {
						t.Errorf("%s calls %s, which comes later", g.Name, v.Attr.Func.Name)
					}
				}
				callees[g] = true
			}
		})
	}
}

func names(ps []*ir.Param) []string {
	var out []string
	for _, p := range ps {
		out = append(out, p.Name)
	}
	return out
}

// TestSolveLimits: a sensitivity without a rule, which the checker refuses, is said and not made up.
func TestSolveLimits(t *testing.T) {
	rows := []struct {
		code diag.Code
		node func(b *ir.Builder, s *ir.Solve, x *ir.Value) *ir.Value
	}{
		{"NDE0899", func(b *ir.Builder, s *ir.Solve, x *ir.Value) *ir.Value {
			s.Sensitivity.Row = "none"
			end := b.Emit(ir.OpSolve, ir.Attr{Solve: s}, b.Num(0), b.Num(1), x, b.Num(1), b.Num(1))
			return b.Emit(ir.OpGrad, ir.Attr{}, b.Sum(b.Result(end, 0)), x)
		}},
	}
	for _, c := range rows {
		t.Run(string(c.code), func(t *testing.T) {
			m := &ir.Module{Real: ir.F64}
			n := newNet(m, newDrawer(4), "n", 2, 3, 2)
			s := problem(t, m, n, "rk4", 0)
			b := ir.NewFunc("f", diag.Span{}, ir.F64)
			m.AddFunc(b.Return(c.node(b, s, b.Arg("x", ir.Tensor(ir.F64, 2)))))
			ds := diff.Run(m)
			if len(ds) != 1 || ds[0].Code != c.code {
				t.Errorf("got %v, want %s once", ds, c.code)
			}
		})
	}
}

// TestGradNodeThroughSolve: a gradient in a model may go through a solve, which then records.
func TestGradNodeThroughSolve(t *testing.T) {
	m := &ir.Module{Real: ir.F64}
	n := newNet(m, newDrawer(4), "n", 2, 3, 2)
	s := problem(t, m, n, "rk4", 0)
	mc := machine{params: n.params, mesh: []float64{0, 0.4, 1}, replay: s.Replay, halves: new(int)}
	build := func(name string, node bool) *ir.Func {
		b := ir.NewFunc(name, diag.Span{}, ir.F64)
		x := b.Arg("x", ir.Tensor(ir.F64, 2))
		end := b.Emit(ir.OpSolve, ir.Attr{Solve: s}, b.Num(0), b.Num(1), x, b.Num(1), b.Num(1))
		e := b.Sum(b.Unary(ir.OpSquare, b.Result(end, 0)))
		if node {
			e = b.Emit(ir.OpGrad, ir.Attr{}, e, x)
		}
		return m.AddFunc(b.Return(e))
	}
	plain, f := build("plain", false), build("f", true)
	if ds := diff.Run(m); ds != nil {
		t.Fatal(ds)
	}
	x := []float64{0.2, -0.5}
	want := numericGrad(func(x []float64) float64 { return mc.eval(plain, [][]float64{x})[0][0] }, x)
	nearAll(t, "grad", mc.eval(f, [][]float64{x})[0], want, 1e-8)
}
