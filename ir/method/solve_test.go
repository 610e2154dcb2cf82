package method

import (
	"math"
	"slices"
	"testing"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/method/testode"
)

// call evaluates a function in f64.
func call(f *ir.Func, args ...[]float64) [][]float64 {
	at := make(map[*ir.Value][][]float64, len(f.Values))
	for _, v := range f.Values {
		switch v.Op {
		case ir.OpArg:
			at[v] = [][]float64{args[v.Attr.Index]}
		case ir.OpConst:
			x := slices.Repeat([]float64{v.Attr.Num}, v.Type.Len())
			if v.Attr.Data != nil {
				x = v.Attr.Data
			}
			at[v] = [][]float64{x}
		case ir.OpCall:
			var in [][]float64
			for _, a := range v.Args {
				in = append(in, at[a][0])
			}
			at[v] = call(v.Attr.Func, in...)
		case ir.OpScan: // without slices, as in the first step of methods of several steps
			sc := v.Attr.Scan
			var in [][]float64
			for _, a := range v.Args {
				in = append(in, at[a][0])
			}
			at[v] = make([][]float64, len(sc.Fn.Results))
			for range sc.N {
				out := call(sc.Fn, in...)
				copy(in, out[:sc.Carry])
				copy(at[v], out[:sc.Carry])
				for i := sc.Carry; i < len(out); i++ {
					at[v][i] = append(at[v][i], out[i]...)
				}
			}
		case ir.OpResult:
			at[v] = [][]float64{at[v.Args[0]][v.Attr.Index]}
		default:
			var in []ir.Datum
			for _, a := range v.Args {
				in = append(in, ir.Datum{Type: a.Type, Data: at[a][0]})
			}
			out := make([]float64, v.Type.Len())
			v.Op.Info().Eval(in, &v.Attr, out)
			at[v] = [][]float64{out}
		}
	}
	var out [][]float64
	for _, r := range f.Results {
		out = append(out, at[r][0])
	}
	return out
}

func num(x float64) []float64 { return []float64{x} }

// build makes the solve of a problem.
func build(t *testing.T, p *testode.Problem, name string, tol float64, c *ir.Choice) *ir.Solve {
	t.Helper()
	m := &ir.Module{Real: ir.F64}
	s := &ir.Solve{Name: p.Name + ".0", Field: m.AddFunc(p.Field()), RTol: tol, ATol: tol, MaxSteps: 1e6, Steps: 1,
		States: []ir.SolveState{{Name: "x", Type: ir.Tensor(ir.F64, len(p.Start)), InNorm: true}}}
	if err := Build(m, s, Lookup(name), Config{Control: ControlOf(c)}); err != nil {
		t.Fatal(err)
	}
	return s
}

// buildRow makes the fixed-step solve of a problem by a row.
func buildRow(t *testing.T, p *testode.Problem, r *Row) *ir.Solve {
	t.Helper()
	m := &ir.Module{Real: ir.F64}
	s := &ir.Solve{Name: p.Name + ".0", Field: m.AddFunc(p.Field()), Steps: 1,
		States: []ir.SolveState{{Name: "x", Type: ir.Tensor(ir.F64, len(p.Start)), InNorm: true}}}
	if err := Build(m, s, r, Config{}); err != nil {
		t.Fatal(err)
	}
	return s
}

// march takes n equal steps with Replay.
func march(s *ir.Solve, p *testode.Problem, n int) []float64 {
	y, h := p.Start, (p.T1-p.T0)/float64(n)
	for k := range n {
		y = call(s.Replay, num(p.T0+float64(k)*h), num(h), y)[0]
	}
	return y
}

type result struct {
	y                       []float64
	nfe, accepted, rejected int
}

// adapt is the adaptive loop of ir.Solve, without the failures.
func adapt(s *ir.Solve, y []float64, t0, t1 float64) result {
	dir := math.Copysign(1, t1-t0)
	k := call(s.Field, num(t0), y)[0]
	h := dir * call(s.First, num(t0), num(dir), num(s.RTol), num(s.ATol), y, k)[0][0]
	r := result{nfe: 1 + s.FirstEvals}
	prev, prev2, retry := 1.0, 1.0, false
	for t := t0; t != t1 && r.accepted+r.rejected < 20000; {
		last := (t+1.01*h-t1)*dir >= 0
		if last {
			h = t1 - t
		}
		in := [][]float64{num(t), num(h), y}
		if s.FSAL {
			in = append(in, k)
		}
		out := call(s.Step, in...)
		r.nfe += s.StepEvals
		err := call(s.Norm, num(s.RTol), num(s.ATol), y, out[0], out[1])[0][0]
		factor := call(s.Control, num(err), num(prev), num(prev2))[0][0]
		if err <= 1 {
			if retry {
				factor = min(factor, 1)
			}
			r.accepted++
			prev, prev2, retry = max(err, 1e-4), prev, false
			y, k = out[0], nil
			if s.FSAL {
				k = out[2]
			}
			t += h
			if last {
				t = t1
			}
		} else {
			r.rejected++
			retry = true
		}
		h *= factor
	}
	r.y = y
	return r
}

func distance(a, b []float64) float64 {
	d := 0.0
	for i := range a {
		d = max(d, math.Abs(a[i]-b[i]))
	}
	return d
}

// compiled lists the Runge-Kutta methods; those of other families have tests of their own.
func compiled() []*Row {
	var out []*Row
	for _, r := range Rows(Solver) {
		if !r.Later && r.Tableau != nil {
			out = append(out, r)
		}
	}
	return out
}

// near15 fails unless the measured order is the expected one to 0.15.
func near15(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 0.15 {
		t.Errorf("%s: order %.3f instead of %g", what, got, want)
	}
}

// What Build makes of the lower orders, in f64; slopes of all tableaux are in slope_test.go.
func TestOrderOfConvergence(t *testing.T) {
	steps := map[int]int{1: 10000, 2: 1600, 3: 800, 4: 400, 5: 800}
	p := testode.ByName("euler_rigid_body")
	for _, r := range compiled() {
		n := steps[r.Order()]
		if n == 0 {
			continue
		}
		s := build(t, p, r.Name, 1, nil)
		e1, e2 := distance(march(s, p, n), p.Want()), distance(march(s, p, 2*n), p.Want())
		near15(t, r.Name, math.Log2(e1/e2), float64(r.Order()))
	}
}

// Inside one step from an exact state the error is of order DenseOrder+1, wherever one looks.
func TestOrderOfDenseOutput(t *testing.T) {
	p := testode.ByName("blowup")
	const t0 = 0.7
	y := p.Exact(t0)
	for _, r := range compiled() {
		s := build(t, p, r.Name, 1, nil)
		rounding := 1e-15 // grows with the size of the weights
		for _, w := range r.Tableau.Dense {
			for _, x := range w {
				rounding = max(rounding, 4e-16*math.Abs(number(x)))
			}
		}
		worst := func(h float64) float64 {
			e := 0.0
			in := [][]float64{num(t0), num(h), y}
			if s.FSAL {
				in = append(in, call(s.Field, num(t0), y)[0])
			}
			out := call(s.DenseStep, in...)
			data := out[len(s.Step.Results):]
			for theta := 0.0; theta <= 1; theta += 0.0625 {
				at := call(s.Dense, append([][]float64{num(theta), num(h), y, out[0]}, data...)...)[0]
				again := call(s.ReplayAt, num(t0), num(h), num(theta), y)[0]
				if d := distance(at, again); d > 1e-15 {
					t.Errorf("%s: dense output and its replay differ by %g", r.Name, d)
				}
				if theta == 0 || theta == 1 {
					end := y
					if theta == 1 {
						end = out[0]
					}
					if d := distance(at, end); d > rounding {
						t.Errorf("%s: dense output at %g is off by %g", r.Name, theta, d)
					}
				}
				e = max(e, distance(at, p.Exact(t0+theta*h)))
			}
			return e
		}
		h := 0.02
		if r.Tableau.DenseOrder > 5 { // rounding is near: the slope is that of slope_test.go
			if e := worst(h); e > rounding {
				t.Errorf("%s: dense output is off by %g", r.Name, e)
			}
			continue
		}
		near15(t, r.Name, math.Log2(worst(h)/worst(h/2)), float64(r.Tableau.DenseOrder+1))
	}
}

// Step, Replay and FSAL agree: the end is the same, the stage handed on is the field there.
func TestStepAgainstReplay(t *testing.T) {
	p := testode.ByName("lotka_volterra")
	for _, r := range compiled() {
		s := build(t, p, r.Name, 1, nil)
		in := [][]float64{num(0.3), num(0.1), p.Start}
		if s.FSAL {
			in = append(in, call(s.Field, num(0.3), p.Start)[0])
		}
		out := call(s.Step, in...)
		if d := distance(out[0], call(s.Replay, in[:3]...)[0]); d != 0 {
			t.Errorf("%s: step and replay differ by %g", r.Name, d)
		}
		if s.FSAL {
			if d := distance(out[2], call(s.Field, num(0.4), out[0])[0]); d > 1e-14 {
				t.Errorf("%s: the stage handed on is off by %g", r.Name, d)
			}
		}
		if got, want := evaluations(s.Step, s.Field), r.Evals(); got != want {
			t.Errorf("%s: a step evaluates the field %d times, the row says %d", r.Name, got, want)
		}
		if got := evaluations(s.DenseStep, s.Field); got != r.Evals()+r.DenseEvals() {
			t.Errorf("%s: a dense step evaluates the field %d times", r.Name, got)
		}
	}
}

func evaluations(f, field *ir.Func) int {
	n := 0
	for _, v := range f.Values {
		if v.Op == ir.OpCall && v.Attr.Func == field {
			n++
		}
	}
	return n
}

// The error is a multiple of the tolerance that belongs to the problem, and goes down with it.
func TestAdaptive(t *testing.T) {
	gain := map[string]float64{"blowup": 20, "constant": 1, "sine": 6000, "exp": 1, "rotation": 20, "lotka_volterra": 40,
		"brusselator": 40, "euler_rigid_body": 100, "lorenz": 40, "arenstorf": 1e5}
	controls := []*ir.Choice{nil, {Row: "pi"}, {Row: "pid"}}
	const loose, tight = 1e-4, 1e-8
	// Older pairs estimate the error of their less accurate solution less sharply.
	blunt := map[string]float64{"fehlberg45": 3, "cashkarp": 2}
	for _, p := range testode.All() {
		for _, r := range compiled() {
			if !r.Adaptive() {
				continue
			}
			if r.Order() < 3 {
				continue // TestLowOrder
			}
			for _, c := range controls[:map[bool]int{true: 3, false: 1}[r.Name == "dopri5"]] {
				a := adapt(build(t, &p, r.Name, loose, c), p.Start, p.T0, p.T1)
				b := adapt(build(t, &p, r.Name, tight, c), p.Start, p.T0, p.T1)
				ea, eb := distance(a.y, p.Want()), distance(b.y, p.Want())
				if eb > max(blunt[r.Name], 1)*gain[p.Name]*tight || eb > max(0.01*ea, tight) {
					t.Errorf("%s, %s, %s: error %.2e (%d+%d steps), with tolerance 1e-4 %.2e", p.Name, r.Name, ControlOf(c).Row.Name, eb, b.accepted, b.rejected, ea)
				}
			}
		}
	}
}

// Pairs of order 2 are for loose tolerances; the error falls with them.
func TestLowOrder(t *testing.T) {
	for _, name := range []string{"heun_euler", "fehlberg2"} {
		for _, problem := range []string{"blowup", "rotation", "lotka_volterra"} {
			p := testode.ByName(problem)
			last := math.Inf(1)
			for _, tol := range []float64{1e-3, 1e-4, 1e-5} {
				a := adapt(build(t, p, name, tol, nil), p.Start, p.T0, p.T1)
				e := distance(a.y, p.Want())
				if !(e < 0.5*last) || a.accepted > 20000 {
					t.Errorf("%s, %s: error %.2e (%d+%d steps) at %g", problem, name, e, a.accepted, a.rejected, tol)
				}
				last = e
			}
		}
	}
}

func TestBackwards(t *testing.T) {
	p := testode.ByName("rotation")
	for _, r := range compiled() {
		if !r.Adaptive() {
			continue
		}
		if r.Order() < 3 {
			continue
		}
		got := adapt(build(t, p, r.Name, 1e-8, nil), p.Exact(p.T1), p.T1, p.T0)
		if d := distance(got.y, p.Start); d > 1e-6 {
			t.Errorf("%s: off by %g after going back", r.Name, d)
		}
	}
}

// Where the residual is the leading term of Euler's error, the hypersolver is of order 2, inside
// steps too.
func TestResidual(t *testing.T) {
	p := testode.ByName("rotation")
	y2 := ir.Tensor(ir.F64, 2)
	b := ir.NewFunc("g", p.Field().Span, ir.F64)
	b.Arg("t", ir.Scalar(ir.F64))
	b.Arg("h", ir.Scalar(ir.F64))
	x := b.Arg("x", y2)
	b.Arg("k", y2)
	g := b.Return(b.Mul(b.Num(-0.5), x)) // half the second derivative
	m := &ir.Module{Real: ir.F64}
	s := &ir.Solve{Name: "H", Field: m.AddFunc(p.Field()), Steps: 1, States: []ir.SolveState{{Name: "x", Type: y2, InNorm: true}}}
	if err := Build(m, s, Lookup("euler"), Config{Residual: g, Residuals: []int{0}}); err != nil {
		t.Fatal(err)
	}
	e1, e2 := distance(march(s, p, 800), p.Want()), distance(march(s, p, 1600), p.Want())
	near15(t, "hypersolver", math.Log2(e1/e2), 2)
	got := call(s.ReplayAt, num(0), num(0.2), num(0.5), p.Start)[0]
	if d := distance(got, []float64{1 - 0.1*0.1/2, 0.1}); d > 1e-15 {
		t.Errorf("inside a step of the hypersolver: off by %g", d)
	}
}
