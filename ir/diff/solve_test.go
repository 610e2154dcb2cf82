package diff_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/diff"
)

var f64 = ir.Scalar(ir.F64)

// problem builds a solve of y' = net(y) + c*sin(t), z' = y.z with the classical Runge-Kutta
// method; its dense output is a straight line, which is enough to differentiate.
func problem(m *ir.Module, n *net, steps, times int) *ir.Solve {
	vec := ir.Tensor(ir.F64, 2)
	s := &ir.Solve{Name: "P.0", System: "P", Method: "rk4", Steps: steps, Times: times, StepEvals: 4,
		States: []ir.SolveState{{Name: "y", Type: vec}, {Name: "z", Type: f64}}, Extras: []ir.Type{f64}}
	b := ir.NewFunc("P.field", diag.Span{}, ir.F64)
	t, y, z, c := b.Arg("t", f64), b.Arg("y", vec), b.Arg("z", f64), b.Arg("c", f64)
	dy := b.Add(n.apply(b, y), b.Mul(c, b.Unary(ir.OpSin, t)))
	s.Field = m.AddFunc(b.Return(dy, b.Mul(z, b.Sum(y))))

	rk4 := func(b *ir.Builder, t, h *ir.Value, y []*ir.Value, c *ir.Value) []*ir.Value {
		var ks [][]*ir.Value
		for i, a := range []float64{0, 0.5, 0.5, 1} {
			yi := append([]*ir.Value(nil), y...)
			if i > 0 {
				for j := range yi {
					yi[j] = b.Add(y[j], b.Mul(b.Mul(h, b.Num(a)), ks[i-1][j]))
				}
			}
			ks = append(ks, b.CallAll(s.Field, b.Add(t, b.Mul(h, b.Num(a))), yi[0], yi[1], c))
		}
		out := append([]*ir.Value(nil), y...)
		for i, w := range []float64{1. / 6, 1. / 3, 1. / 3, 1. / 6} {
			for j := range out {
				out[j] = b.Add(out[j], b.Mul(b.Mul(h, b.Num(w)), ks[i][j]))
			}
		}
		return out
	}
	line := func(b *ir.Builder, theta *ir.Value, y, y1 []*ir.Value) []*ir.Value {
		out := make([]*ir.Value, len(y))
		for i := range y {
			out[i] = b.Add(y[i], b.Mul(theta, b.Sub(y1[i], y[i])))
		}
		return out
	}
	step := func(name string, at bool) *ir.Func {
		b := ir.NewFunc(name, diag.Span{}, ir.F64)
		t, h := b.Arg("t", f64), b.Arg("h", f64)
		var theta *ir.Value
		if at {
			theta = b.Arg("theta", f64)
		}
		y := []*ir.Value{b.Arg("y", vec), b.Arg("z", f64)}
		y1 := rk4(b, t, h, y, b.Arg("c", f64))
		if at {
			y1 = line(b, theta, y, y1)
		}
		return m.AddFunc(b.Return(y1...))
	}
	s.Step = step("P.step", false)
	s.DenseStep = s.Step
	s.Replay = step("P.replay", false)
	s.ReplayAt = step("P.replayat", true)
	b = ir.NewFunc("P.dense", diag.Span{}, ir.F64)
	theta := b.Arg("theta", f64)
	b.Arg("h", f64)
	y0 := []*ir.Value{b.Arg("y", vec), b.Arg("z", f64)}
	y1 := []*ir.Value{b.Arg("y1", vec), b.Arg("z1", f64)}
	s.Dense = m.AddFunc(b.Return(line(b, theta, y0, y1)...))
	m.Solves = append(m.Solves, s)
	return s
}

// solved is (x, c) -> loss, metric, nfe of a solve started from the net's value at x.
func solved(m *ir.Module, n *net, s *ir.Solve) *ir.Func {
	b := ir.NewFunc("Fit.objective", diag.Span{}, ir.F64)
	x, c := b.Arg("x", ir.Tensor(ir.F64, 2)), b.Arg("c", f64)
	end := b.Num(0.8)
	if s.Times > 0 {
		end = b.Data([]float64{0, 0.3, 0.5, 0.8}, ir.Tensor(ir.F64, 4))
	}
	outs := b.Results(b.Emit(ir.OpSolve, ir.Attr{Solve: s}, b.Num(0), end, n.apply(b, x), b.Sum(x), b.Unary(ir.OpSin, c)))
	loss := b.Add(b.Sum(b.Unary(ir.OpSquare, outs[0])), b.Sum(b.Unary(ir.OpTanh, outs[1])))
	f := m.AddFunc(b.Return(loss, b.Sum(outs[1]), outs[2]))
	f.ResultNames = []string{"loss"}
	return f
}

// TestBackprop differentiates a loss of a solve by start states, extras and parameters.
func TestBackprop(t *testing.T) {
	for name, times := range map[string]int{"end": 0, "times": 4} {
		t.Run(name, func(t *testing.T) {
			m := &ir.Module{Real: ir.F64}
			n := newNet(m, newDrawer(4), "n", 2, 3, 2)
			s := problem(m, n, 3, times)
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
			plain := eval(f, args, params)
			out := eval(rc.Grad, args, params)
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
					return eval(f, args, ps)[0][0]
				}, params[q])
				nearAll(t, q.Name, out[len(plain)+k], want, 1e-8)
			}
			out = eval(rc.GradInputs, args, params)
			for i := range args {
				want := numericGrad(func(x []float64) float64 {
					as := append([][]float64(nil), args...)
					as[i] = x
					return eval(f, as, params)[0][0]
				}, args[i])
				nearAll(t, f.Args[i].Name, out[len(plain)+i], want, 1e-8)
			}
			solves, recorded := 0, 0
			for _, v := range rc.Grad.Values {
				if v.Op == ir.OpSolve {
					solves++
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

// TestSolveLimits: derivatives of solves that cannot be made yet are said, not made up.
func TestSolveLimits(t *testing.T) {
	rows := []struct {
		code diag.Code
		node func(b *ir.Builder, s *ir.Solve, x *ir.Value) *ir.Value
	}{
		{"NDE0830", func(b *ir.Builder, s *ir.Solve, x *ir.Value) *ir.Value {
			end := b.Emit(ir.OpSolve, ir.Attr{Solve: s}, b.Num(0), b.Num(1), x, b.Num(1), b.Num(1))
			g := b.Emit(ir.OpGrad, ir.Attr{}, b.Sum(b.Result(end, 0)), x)
			return b.Emit(ir.OpGrad, ir.Attr{}, b.Sum(g), x)
		}},
		{"NDE0831", func(b *ir.Builder, s *ir.Solve, x *ir.Value) *ir.Value {
			end := b.Emit(ir.OpSolve, ir.Attr{Solve: s}, b.Num(0), b.Num(1), x, b.Num(1), b.Num(1))
			return b.Emit(ir.OpDivg, ir.Attr{}, b.Result(end, 0), x)
		}},
		{"NDE0832", func(b *ir.Builder, s *ir.Solve, x *ir.Value) *ir.Value {
			end := b.Emit(ir.OpSolve, ir.Attr{Solve: s}, b.Num(0), b.Sum(x), x, b.Num(1), b.Num(1))
			return b.Emit(ir.OpGrad, ir.Attr{}, b.Sum(b.Result(end, 0)), x)
		}},
		{"NDE0833", func(b *ir.Builder, s *ir.Solve, x *ir.Value) *ir.Value {
			s.Sensitivity.Row = "adjoint"
			end := b.Emit(ir.OpSolve, ir.Attr{Solve: s}, b.Num(0), b.Num(1), x, b.Num(1), b.Num(1))
			return b.Emit(ir.OpGrad, ir.Attr{}, b.Sum(b.Result(end, 0)), x)
		}},
	}
	for _, c := range rows {
		t.Run(string(c.code), func(t *testing.T) {
			m := &ir.Module{Real: ir.F64}
			n := newNet(m, newDrawer(4), "n", 2, 3, 2)
			s := problem(m, n, 3, 0)
			b := ir.NewFunc("f", diag.Span{}, ir.F64)
			m.AddFunc(b.Return(c.node(b, s, b.Arg("x", ir.Tensor(ir.F64, 2)))))
			ds := diff.Run(m)
			if len(ds) != 1 || ds[0].Code != c.code {
				t.Errorf("got %v, want %s once", ds, c.code)
			}
		})
	}
}
