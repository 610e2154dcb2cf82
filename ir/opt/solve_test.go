package opt

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

var (
	f64 = ir.Scalar(ir.F64)
	vec = ir.Tensor(ir.F64, 2)
)

// contextModel is a model M(x, c) with one solve S of y' = net(y, t, tanh c), z' = |net|², and an
// extra u that nobody reads: everything that dead, split and hoist can do to a solve.
func contextModel(adaptive bool) (*ir.Module, *ir.Solve) {
	m := &ir.Module{Package: "context", Real: ir.F64}
	w := m.AddParam(&ir.Param{Name: "net.0.weight", Type: ir.Tensor(ir.F64, 4, 5)})
	bias := m.AddParam(&ir.Param{Name: "net.0.bias", Type: ir.Tensor(ir.F64, 4)})
	w2 := m.AddParam(&ir.Param{Name: "net.2.weight", Type: ir.Tensor(ir.F64, 2, 4)})

	b := ir.NewFunc("net", diag.Span{}, ir.F64)
	in := b.Arg("in", ir.Tensor(ir.F64, 5))
	hidden := b.Add(b.MatVec(b.Param(w), in), b.Param(bias))
	net := m.AddFunc(b.Return(b.MatVec(b.Param(w2), b.Unary(ir.OpTanh, hidden))))

	b = ir.NewFunc("field", diag.Span{}, ir.F64)
	t, y, _, c, _ := b.Arg("t", f64), b.Arg("y", vec), b.Arg("z", f64), b.Arg("c", vec), b.Arg("u", vec)
	dy := b.Call(net, b.Concat(0, y, b.Reshape(t, 1), b.Unary(ir.OpTanh, c)))
	field := m.AddFunc(b.Return(dy, b.Sum(b.Unary(ir.OpSquare, dy))))

	b = ir.NewFunc("step", diag.Span{}, ir.F64)
	t, h := b.Arg("t", f64), b.Arg("h", f64)
	y, z, c, u := b.Arg("y", vec), b.Arg("z", f64), b.Arg("c", vec), b.Arg("u", vec)
	k1 := b.CallAll(field, t, y, z, c, u)
	k2 := b.CallAll(field, b.Add(t, h), b.Add(y, b.Mul(h, k1[0])), b.Add(z, b.Mul(h, k1[1])), c, u)
	half := b.Mul(h, b.Num(0.5))
	results := []*ir.Value{
		b.Add(y, b.Mul(half, b.Add(k1[0], k2[0]))), b.Add(z, b.Mul(half, b.Add(k1[1], k2[1])))}
	s := &ir.Solve{Name: "M.0", States: []ir.SolveState{{Name: "y", Type: vec, InNorm: true}, {Name: "z", Type: f64}},
		Extras: []ir.Type{vec, vec}, Order: 2, StepEvals: 2, Field: field}
	if adaptive {
		results = append(results, b.Mul(half, b.Sub(k2[0], k1[0])), b.Mul(half, b.Sub(k2[1], k1[1])))
		s.Adaptive, s.RTol, s.ATol, s.FirstStep, s.MinFactor, s.MaxSteps = true, 1e-3, 1e-3, 0.1, 0.2, 1000
	} else {
		s.Steps = 4
	}
	s.Step = m.AddFunc(b.Return(results...))
	if adaptive {
		b = ir.NewFunc("norm", diag.Span{}, ir.F64)
		_, atol := b.Arg("rtol", f64), b.Arg("atol", f64)
		for _, name := range []string{"y", "y1", "e"} {
			y, _ = b.Arg(name, vec), b.Arg("z"+name, f64)
		}
		s.Norm = m.AddFunc(b.Return(b.Div(b.Unary(ir.OpSqrt, b.Sum(b.Unary(ir.OpSquare, y))), atol)))
		b = ir.NewFunc("control", diag.Span{}, ir.F64)
		err, _, _ := b.Arg("err", f64), b.Arg("err1", f64), b.Arg("err2", f64)
		s.Control = m.AddFunc(b.Return(b.Div(b.Num(0.9), b.Unary(ir.OpSqrt, err))))
	}
	m.Solves = append(m.Solves, s)
	f := m.AddFunc(runSolve("M", s))
	b = ir.NewFunc("M.path", diag.Span{}, ir.F64)
	x, c := b.Arg("x", vec), b.Arg("c", vec)
	path := m.AddFunc(b.Return(b.Num(0), b.Num(1), x, b.Num(0), c, x))
	m.Models = append(m.Models, &ir.Model{Name: "M", Func: f, Solves: []*ir.Solve{s}, Paths: []*ir.Func{path},
		Inputs: []ir.Port{{Name: "x", Type: vec}, {Name: "c", Type: vec}}, Outputs: []ir.Port{{Name: "y", Type: vec}}})
	return m, s
}

// runSolve gives y at the end and the statistics.
func runSolve(name string, s *ir.Solve) *ir.Func {
	b := ir.NewFunc(name, diag.Span{}, ir.F64)
	x, c := b.Arg("x", vec), b.Arg("c", vec)
	rs := b.Results(b.Emit(ir.OpSolve, ir.Attr{Solve: s}, b.Num(0), b.Num(1), x, b.Num(0), c, x))
	return b.Return(append(rs[:1:1], rs[2:]...)...)
}

// operators lists "op @rate" of the values of f that do some work.
func operators(f *ir.Func) []string {
	var list []string
	for _, v := range f.Values {
		switch v.Op.Info().Class {
		case ir.ClassLeaf, ir.ClassNode:
		default:
			list = append(list, fmt.Sprintf("%s @%s", v.Op, v.Rate))
		}
	}
	return list
}

func types(vs []*ir.Value) []string {
	var list []string
	for _, v := range vs {
		list = append(list, v.Type.String())
	}
	return list
}

// TestSolve follows a solve through Prepare and Run: the integral z and the extra u fall; the
// weights are cut once per parameter update; the product with the context and the bias move out
// of the solve, and the product with time is shared by samples.
func TestSolve(t *testing.T) {
	m, s := contextModel(false)
	Prepare(m)
	if len(s.States) != 1 || len(s.Extras) != 1 || len(s.Field.Results) != 1 || len(m.Models[0].Paths[0].Results) != 4 {
		t.Fatalf("after Prepare: %d states, %d extras, %d results of the field", len(s.States), len(s.Extras), len(s.Field.Results))
	}
	if err := Run(m, Options{Check: true}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what      string
		got, want []string
	}{
		{"field", operators(s.Field), []string{"mul @stage", "matvec @stage*", "add @stage*", "add @stage*", "tanh @stage*", "matvec @stage*"}},
		{"arguments of the field", types(s.Field.Args), []string{"f64", "[2]f64", "[4]f64"}},
		{"arguments of the step", types(s.Step.Args), []string{"f64", "f64", "[2]f64", "[4]f64"}},
		{"model", operators(m.Models[0].Func), []string{"tanh @sample*", "matvec @sample*", "add @sample*"}},
		{"path", types(m.Models[0].Paths[0].Results), []string{"f64", "f64", "[2]f64", "[4]f64"}},
		{"prepare", types(m.Prepare.Results), []string{"[4]f64", "[4,2]f64", "[4,2]f64"}},
	} {
		if d := cmp.Diff(c.want, c.got); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.what, d)
		}
	}
	if m.FuncByName("net") != nil {
		t.Error("the inlined net is still there")
	}
}

// With steps of its own, each sample has its own time: only the context is split off.
func TestSolveAdaptive(t *testing.T) {
	m, s := contextModel(true)
	Prepare(m)
	if len(s.States) != 1 || len(s.Norm.Args) != 5 || len(s.Step.Results) != 2 {
		t.Fatalf("after Prepare: %d states, %d arguments of the norm, %d results of the step", len(s.States), len(s.Norm.Args), len(s.Step.Results))
	}
	if err := Run(m, Options{Check: true}); err != nil {
		t.Fatal(err)
	}
	want := []string{"reshape @stage*", "concat @stage*", "matvec @stage*", "add @stage*", "tanh @stage*", "matvec @stage*"}
	if d := cmp.Diff(want, operators(s.Field)); d != "" {
		t.Errorf("field (-want +got):\n%s", d)
	}
}

// A state in the norm decides about steps and stays, read or not.
func TestStateInNormStays(t *testing.T) {
	m, s := contextModel(true)
	b := ir.NewFunc("norm2", diag.Span{}, ir.F64)
	for i, a := range s.Norm.Args {
		b.Arg(fmt.Sprint(a.Name, i), a.Type)
	}
	s.Norm = m.AddFunc(b.Return(b.Add(b.Sum(b.Func.Args[6]), b.Func.Args[7])))
	Prepare(m)
	if len(s.States) != 2 {
		t.Errorf("%d states, want 2", len(s.States))
	}
}

// A field shared with a recorded solve is copied before it gets further extras.
func TestSharedField(t *testing.T) {
	m, s := contextModel(false)
	rec := *s
	rec.Name, rec.Record = "M.0.rec", true
	m.Solves = append(m.Solves, &rec)
	f := runSolve("fit", &rec)
	f.Results[0] = ir.Extend(f, ir.F64).Sum(f.Results[0])
	m.AddFunc(f)
	m.Recipes = append(m.Recipes, &ir.Recipe{Name: "Fit", Objective: f, Solves: []*ir.Solve{&rec}, Columns: m.Models[0].Inputs})
	Prepare(m)
	if err := Run(m, Options{Check: true}); err != nil {
		t.Fatal(err)
	}
	if s.Field == rec.Field || s.Step == rec.Step {
		t.Error("the forward solve still shares functions with the recorded one")
	}
	if len(rec.Extras) != 1 || rec.Extras[0].String() != "[2]f64" || len(s.Extras) != 1 || s.Extras[0].String() != "[4]f64" {
		t.Errorf("extras of the recorded solve %v, of the forward one %v", rec.Extras, s.Extras)
	}
	for _, v := range s.Step.Values {
		if v.Op == ir.OpCall && v.Attr.Func != s.Field {
			t.Errorf("the copied step calls %s", v.Attr.Func.Name)
		}
	}
}

// Every function of a solve loses its share of a dead state: error, first step and dense output
// with its data.
func TestDeadStateEverywhere(t *testing.T) {
	m, s := contextModel(true)
	b := ir.NewFunc("dense", diag.Span{}, ir.F64)
	theta, h := b.Arg("theta", f64), b.Arg("h", f64)
	y, z, y1, z1 := b.Arg("y", vec), b.Arg("z", f64), b.Arg("y1", vec), b.Arg("z1", f64)
	dy, dz, spare := b.Arg("dy", vec), b.Arg("dz", f64), b.Arg("spare", vec)
	_ = spare
	at := func(a, a1, d *ir.Value) *ir.Value {
		return b.Add(a, b.Mul(theta, b.Add(b.Sub(a1, a), b.Mul(h, d))))
	}
	s.Dense = m.AddFunc(b.Return(at(y, y1, dy), at(z, z1, dz)))

	s.DenseStep = s.Step.Clone("densestep")
	b = ir.Extend(s.DenseStep, ir.F64)
	ks := b.CallAll(s.Field, b.Func.Args[0], b.Func.Args[2], b.Func.Args[3], b.Func.Args[4], b.Func.Args[5])
	m.AddFunc(b.Return(append(b.Func.Results, ks[0], ks[1], ks[0])...))

	b = ir.NewFunc("first", diag.Span{}, ir.F64)
	t0 := b.Arg("t0", f64)
	for _, name := range []string{"dir", "rtol", "atol"} {
		b.Arg(name, f64)
	}
	y, z, dy, _ = b.Arg("y", vec), b.Arg("z", f64), b.Arg("ky", vec), b.Arg("kz", f64)
	c, u := b.Arg("c", vec), b.Arg("u", vec)
	ks = b.CallAll(s.Field, t0, b.Add(y, dy), z, c, u)
	s.First = m.AddFunc(b.Return(b.Sum(b.Unary(ir.OpSquare, ks[0]))))

	run := m.Models[0].Func // callees before callers
	m.Funcs = append(slices.DeleteFunc(m.Funcs, func(f *ir.Func) bool { return f == run }), run)
	Prepare(m)
	if err := ir.Verify(m); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what string
		vs   []*ir.Value
		want []string
	}{
		{what: "dense arguments", vs: s.Dense.Args, want: []string{"f64", "f64", "[2]f64", "[2]f64", "[2]f64"}},
		{what: "dense results", vs: s.Dense.Results, want: []string{"[2]f64"}},
		{what: "dense step results", vs: s.DenseStep.Results, want: []string{"[2]f64", "[2]f64", "[2]f64"}},
		{what: "dense step arguments", vs: s.DenseStep.Args, want: []string{"f64", "f64", "[2]f64", "[2]f64"}},
		{what: "first arguments", vs: s.First.Args, want: []string{"f64", "f64", "f64", "f64", "[2]f64", "[2]f64", "[2]f64"}},
	} {
		if d := cmp.Diff(c.want, types(c.vs)); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.what, d)
		}
	}
	if err := Run(m, Options{Check: true}); err != nil {
		t.Fatal(err)
	}
}
