package opt

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// energyGrad is E(q, p) = sum(q*p) and G(q, p) = grad(E(q, p), q).
func energyGrad(m *ir.Module) *ir.Func {
	b := ir.NewFunc("E", diag.Span{}, ir.F64)
	q, p := b.Arg("q", vec), b.Arg("p", vec)
	e := m.AddFunc(b.Return(b.Sum(b.Mul(q, p))))
	b = ir.NewFunc("G", diag.Span{}, ir.F64)
	q, p = b.Arg("q", vec), b.Arg("p", vec)
	return m.AddFunc(b.Return(b.Emit(ir.OpGrad, ir.Attr{}, b.Call(e, q, p), q)))
}

// A derivative within an inlined function holds the other arguments, even where the caller passes
// the same value twice or a value that depends on the first one.
func TestPrepareKeepsIndependentVariables(t *testing.T) {
	for _, c := range []struct {
		name, want string
		second     func(b *ir.Builder, x *ir.Value) *ir.Value
	}{
		{"same", "grad(sum(mul(reshape[2](x), x)), reshape[2](x))", func(b *ir.Builder, x *ir.Value) *ir.Value { return x }},
		{"dependent", "grad(sum(mul(reshape[2](x), tanh(x))), reshape[2](x))", func(b *ir.Builder, x *ir.Value) *ir.Value {
			return b.Unary(ir.OpTanh, x)
		}},
	} {
		m := &ir.Module{Real: ir.F64}
		g := energyGrad(m)
		b := ir.NewFunc("f", diag.Span{}, ir.F64)
		x := b.Arg("x", vec)
		f := m.AddFunc(b.Return(b.Call(g, x, c.second(b, x))))
		Prepare(m)
		if got := expr(f.Results[0]); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

// A value by which something is differentiated is not merged with an equal one.
func TestIndependentValuesDoNotMerge(t *testing.T) {
	b := ir.NewFunc("f", diag.Span{}, ir.F64)
	q := b.Arg("q", vec)
	v, w := b.Unary(ir.OpTanh, q), b.Unary(ir.OpTanh, q)
	f := b.Return(b.Emit(ir.OpGrad, ir.Attr{}, b.Sum(b.Mul(v, w)), v))
	mergeEqual(f)
	e := f.Results[0].Args[0].Args[0]
	if e.Args[0] == e.Args[1] {
		t.Errorf("merged: %s", expr(f.Results[0]))
	}
}

// Prepare merges equal calls, inlines through several levels, and expands defined operators.
func TestPrepare(t *testing.T) {
	m := &ir.Module{Real: ir.F64}
	b := ir.NewFunc("g", diag.Span{}, ir.F64)
	g := m.AddFunc(b.Return(b.Emit(ir.OpSilu, ir.Attr{}, b.Arg("x", vec))))
	b = ir.NewFunc("h", diag.Span{}, ir.F64)
	x := b.Arg("x", vec)
	h := m.AddFunc(b.Return(b.Add(b.Call(g, x), b.Call(g, x)), b.Sum(x)))
	b = ir.NewFunc("f", diag.Span{}, ir.F64)
	x = b.Arg("x", vec)
	one, two := b.CallAll(h, x), b.CallAll(h, x)
	f := m.AddFunc(b.Return(b.Mul(one[0], two[0]), two[1]))
	Prepare(m)
	if p := f.Results[0]; p.Args[0] != p.Args[1] || p.Args[0].Args[0] != p.Args[0].Args[1] {
		t.Errorf("equal calls are not merged: %s", expr(p))
	}
	for _, v := range f.Values {
		if v.Op == ir.OpCall || v.Op.Info().Define != nil {
			t.Errorf("%s is left", v.Op)
		}
	}
	if d := cmp.Diff("sum(x)", expr(f.Results[1])); d != "" {
		t.Error(d)
	}
}
