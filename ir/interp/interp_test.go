package interp_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/diff"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/ir/method"
	"ndec.dev/ndec/ir/method/testode"
)

var f64 = ir.Scalar(ir.F64)

// program is a module with one solve and the function P(y) of its results.
type program struct {
	m *ir.Module
	s *ir.Solve
	f *ir.Func
}

// build solves a problem by a method, to the end or at times.
func build(t *testing.T, p *testode.Problem, name string, times []float64, set func(s *ir.Solve)) program {
	t.Helper()
	m := &ir.Module{Real: ir.F64}
	vec := ir.Tensor(ir.F64, len(p.Start))
	s := &ir.Solve{Name: "P.0", States: []ir.SolveState{{Name: "x", Type: vec, InNorm: true}}, Times: len(times), MaxSteps: 10000, Field: m.AddFunc(p.Field())}
	set(s)
	if err := method.Build(m, s, method.Lookup(name), method.Config{}); err != nil {
		t.Fatal(err)
	}
	m.Solves = append(m.Solves, s)
	b := ir.NewFunc("P", diag.Span{}, ir.F64)
	y := b.Arg("y", vec)
	end := b.Num(p.T1)
	if times != nil {
		end = b.Data(times, ir.Tensor(ir.F64, len(times)))
	}
	f := m.AddFunc(b.Return(b.Results(b.Emit(ir.OpSolve, ir.Attr{Solve: s}, b.Num(p.T0), end, y))...))
	return program{m, s, f}
}

// machine makes a machine without parameters.
func machine(t *testing.T, m *ir.Module) *interp.Machine {
	t.Helper()
	mc, err := interp.New(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	return mc
}

func call(t *testing.T, mc *interp.Machine, f *ir.Func, args ...[]float64) [][]float64 {
	t.Helper()
	var in []interp.Tensor
	for i, a := range args {
		in = append(in, interp.Of(a, f.Args[i].Type.Shape...))
	}
	out, err := mc.Call(f, in...)
	if err != nil {
		t.Fatal(err)
	}
	var data [][]float64
	for _, o := range out {
		data = append(data, o.Data)
	}
	return data
}

// distance is the largest difference.
func distance(a, b []float64) float64 {
	d := 0.0
	for i := range a {
		d = math.Max(d, math.Abs(a[i]-b[i]))
	}
	return d
}

// decay is x' = -x.
var decay = &testode.Problem{Name: "decay", T1: 1, Start: []float64{2}, Exact: func(t float64) []float64 { return []float64{2 * math.Exp(-t)} },
	Rate: func(b *ir.Builder, _ *ir.Value, x []*ir.Value) []*ir.Value { return []*ir.Value{b.Neg(x[0])} }}

// TestDecay: n steps of length h multiply by the stability polynomial of the method, which is the
// exponential series up to the order.
func TestDecay(t *testing.T) {
	for _, row := range method.Rows(method.Solver) {
		if row.Tableau == nil || row.Later || row.Adaptive() {
			continue
		}
		h, factor, term := -0.125, 1.0, 1.0
		for k := 1; k <= row.Order(); k++ {
			term *= h / float64(k)
			factor += term
		}
		p := build(t, decay, row.Name, nil, func(s *ir.Solve) { s.Steps = 8 })
		out := call(t, machine(t, p.m), p.f, decay.Start)
		if want := 2 * math.Pow(factor, 8); math.Abs(out[0][0]-want) > 1e-14 {
			t.Errorf("%s: %.17g, want %.17g", row.Name, out[0][0], want)
		}
		stats := []float64{float64(8 * row.Evals()), 8, 0, ir.StatusOK, 1}
		var got []float64
		for _, x := range out[1:] {
			got = append(got, x[0])
		}
		if d := cmp.Diff(stats, got); d != "" {
			t.Errorf("%s: statistics (-want +got):\n%s", row.Name, d)
		}
	}
}

// TestStepSize: steps of a length, the last one shortened, forward and backward.
func TestStepSize(t *testing.T) {
	for _, back := range []bool{false, true} {
		pr := *decay
		if back {
			pr.T0, pr.T1 = 1, 0
		}
		p := build(t, &pr, "rk4", nil, func(s *ir.Solve) { s.StepSize = 0.3 })
		mc := machine(t, p.m)
		out := call(t, mc, p.f, pr.Start)
		var hs []float64
		for _, st := range mc.Taken[p.s][0] {
			hs = append(hs, math.Round(st.H*1e12)/1e12)
		}
		dir := pr.T1 - pr.T0
		if d := cmp.Diff([]float64{0.3 * dir, 0.3 * dir, 0.3 * dir, 0.1 * dir}, hs); d != "" {
			t.Errorf("steps:\n%s", d)
		}
		if out[5][0] != pr.T1 {
			t.Errorf("ends at %g", out[5][0])
		}
	}
}

// TestTolerance: over problems with known solutions an adaptive method's error follows the tolerance.
func TestTolerance(t *testing.T) {
	for _, name := range []string{"bosh3", "dopri5", "tsit5"} {
		for _, pr := range []string{"blowup", "constant", "rotation", "lotka_volterra", "euler_rigid_body"} {
			p := testode.ByName(pr)
			last := math.Inf(1)
			for _, tol := range []float64{1e-4, 1e-6, 1e-8} {
				pg := build(t, p, name, nil, func(s *ir.Solve) { s.RTol, s.ATol = tol, tol })
				out := call(t, machine(t, pg.m), pg.f, p.Start)
				err := distance(out[0], p.Want())
				if out[4][0] != ir.StatusOK || err > 300*tol || err > math.Max(last, 1e-13) {
					t.Errorf("%s, %s at %g: error %g after %g, status %g", name, pr, tol, err, last, out[4][0])
				}
				last = err
			}
		}
	}
}

// TestTimes: output times lie on the solution, change no step, and at the ends are the states themselves.
func TestTimes(t *testing.T) {
	p := testode.ByName("rotation")
	times := []float64{0, 0.1, 2, 2.5, 6.9, 7}
	tight := func(s *ir.Solve) { s.RTol, s.ATol = 1e-7, 1e-7 }
	for _, name := range []string{"bosh3", "dopri5", "tsit5"} {
		end := build(t, p, name, nil, tight)
		want := call(t, machine(t, end.m), end.f, p.Start)
		path := build(t, p, name, times, tight)
		got := call(t, machine(t, path.m), path.f, p.Start)
		if d := cmp.Diff(want[1:], got[1:]); d != "" {
			t.Errorf("%s: output times change the statistics:\n%s", name, d)
		}
		for i, at := range times {
			if d := distance(got[0][2*i:2*i+2], p.Exact(at)); d > 2e-5 {
				t.Errorf("%s: error %g at %g", name, d, at)
			}
		}
		if d := cmp.Diff(append(append([]float64(nil), p.Start...), want[0]...), append(append([]float64(nil), got[0][:2]...), got[0][10:]...)); d != "" {
			t.Errorf("%s: ends differ from start and end state:\n%s", name, d)
		}
	}
}

// TestForce: the steps of one run, forced on another, give the same values, and hold while the start
// changes.
func TestForce(t *testing.T) {
	for _, compat := range []string{"", "torchdiffeq"} { // whose last step passes the end
		t.Run(compat, func(t *testing.T) { testForce(t, compat) })
	}
}

func testForce(t *testing.T, compat string) {
	p := testode.ByName("lotka_volterra")
	pg := build(t, p, "dopri5", nil, func(s *ir.Solve) { s.RTol, s.ATol, s.Compat = 1e-5, 1e-5, compat })
	mc := machine(t, pg.m)
	want := call(t, mc, pg.f, p.Start)
	steps := mc.Taken[pg.s][0]
	mc.Force = map[*ir.Solve][][]interp.Step{pg.s: {steps}}
	if d := cmp.Diff(want[0], call(t, mc, pg.f, p.Start)[0]); d != "" {
		t.Errorf("forced steps give other values:\n%s", d)
	}
	call(t, mc, pg.f, []float64{1.1, 0.9})
	if len(mc.Taken[pg.s][0]) != len(steps) {
		t.Errorf("%d steps, forced %d", len(mc.Taken[pg.s][0]), len(steps))
	}
	for i, st := range mc.Taken[pg.s][0] {
		if st.T != steps[i].T || st.H != steps[i].H {
			t.Errorf("step %d is (%g, %g), forced (%g, %g)", i, st.T, st.H, steps[i].T, steps[i].H)
		}
	}
}

// TestStatus: a solve that cannot go on says why and where.
func TestStatus(t *testing.T) {
	explode := &testode.Problem{Name: "explode", T1: 2, Start: []float64{1}, // x = 1/(1-t)
		Rate: func(b *ir.Builder, _ *ir.Value, x []*ir.Value) []*ir.Value { return []*ir.Value{b.Mul(x[0], x[0])} }}
	invalid := &testode.Problem{Name: "invalid", T1: 1, Start: []float64{1},
		Rate: func(b *ir.Builder, _ *ir.Value, x []*ir.Value) []*ir.Value {
			return []*ir.Value{b.Unary(ir.OpLog, b.Sub(x[0], b.Num(2)))}
		}}
	tolerance := func(s *ir.Solve) { s.RTol, s.ATol = 1e-6, 1e-6 }
	for _, c := range []struct {
		p      *testode.Problem
		method string
		set    func(s *ir.Solve)
		want   float64
	}{
		{explode, "dopri5", func(s *ir.Solve) { tolerance(s); s.MaxSteps = 5 }, ir.StatusMaxSteps},
		{explode, "dopri5", tolerance, ir.StatusStepTooSmall},
		{invalid, "dopri5", tolerance, ir.StatusNonFinite},
		{invalid, "tsit5", func(s *ir.Solve) { tolerance(s); s.FirstStep = 0.1 }, ir.StatusNonFinite},
		{invalid, "rk4", func(s *ir.Solve) { s.Steps = 4 }, ir.StatusNonFinite},
		{explode, "rk4", func(s *ir.Solve) { s.StepSize = 1e-12 }, ir.StatusMaxSteps},
	} {
		pg := build(t, c.p, c.method, nil, c.set)
		out := call(t, machine(t, pg.m), pg.f, c.p.Start)
		if out[4][0] != c.want || !(out[5][0] < c.p.T1) || math.IsNaN(out[0][0]) {
			t.Errorf("%s by %s: status %g at %g, state %g; want status %g", c.p.Name, c.method, out[4][0], out[5][0], out[0][0], c.want)
		}
	}
}

// TestReverse compares the reverse sweep over recorded steps with central differences on the same steps.
func TestReverse(t *testing.T) {
	p := testode.ByName("lotka_volterra")
	for _, name := range []string{"rk4", "heun3", "bosh3", "dopri5", "tsit5"} {
		for _, times := range [][]float64{nil, {0, 0.4, 1, 2}} {
			t.Run(fmt.Sprint(name, len(times)), func(t *testing.T) {
				short := *p
				short.T1 = 2
				pg := build(t, &short, name, times, func(s *ir.Solve) { s.Steps, s.RTol, s.ATol = 6, 1e-4, 1e-4 })
				m := pg.m
				b := ir.NewFunc("loss", diag.Span{}, ir.F64)
				y := b.Arg("y", ir.Tensor(ir.F64, 2))
				x := b.Call(pg.f, y)
				loss := b.Sum(b.Unary(ir.OpSin, b.Result(x, 0)))
				f := m.AddFunc(b.Return(loss))
				m.Recipes = []*ir.Recipe{{Name: "Fit", Objective: f, Trained: []*ir.Param{}}}
				if ds := diff.Run(m); ds.HasErrors() {
					t.Fatal(ds)
				}
				mc := machine(t, m)
				start := []float64{1, 1.2}
				got := call(t, mc, m.Recipes[0].GradInputs, start)[1]
				var steps []interp.Step
				for s, taken := range mc.Taken {
					if s.Record {
						steps = taken[0]
					}
				}
				mc.Force = map[*ir.Solve][][]interp.Step{pg.s: {steps}}
				const h = 1e-5
				want := make([]float64, 2)
				for i := range start {
					for _, sign := range []float64{1, -1} {
						at := append([]float64(nil), start...)
						at[i] += sign * h
						want[i] += sign * call(t, mc, f, at)[0][0] / (2 * h)
					}
				}
				if d := distance(got, want); d > 1e-7 {
					t.Errorf("gradient %v, central differences %v", got, want)
				}
			})
		}
	}
}

// TestBadCalls: a call that does not fit is an error, not a crash.
func TestBadCalls(t *testing.T) {
	p := build(t, decay, "rk4", nil, func(s *ir.Solve) { s.Steps = 1 })
	mc := machine(t, p.m)
	if _, err := mc.Call(p.f); err == nil {
		t.Error("a call without arguments gives no error")
	}
	if _, err := mc.Call(p.f, interp.Of([]float64{1, 2}, 2)); err == nil {
		t.Error("an argument of another size gives no error")
	}
	p.m.AddParam(&ir.Param{Name: "w", Type: ir.Tensor(ir.F64, 3)})
	if _, err := interp.New(p.m, map[string][]float64{"w": {1}}); err == nil {
		t.Error("a parameter of another size gives no error")
	}
	b := ir.NewFunc("g", diag.Span{}, ir.F64)
	x := b.Arg("x", f64)
	g := b.Return(b.Emit(ir.OpGrad, ir.Attr{}, b.Mul(x, x), x))
	if _, err := mc.Call(g, interp.Scalar(1)); err == nil {
		t.Error("a derivative that is not expanded gives no error")
	}
}
