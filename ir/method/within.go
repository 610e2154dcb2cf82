package method

import (
	"slices"

	"ndec.dev/ndec/ir"
)

// No step crosses a knot of an input, so that all evaluations of the field in a step see the piece of the input that
// the middle of the step lies in: a stage on a knot belongs to the side of its step.

// Within is a field inside a step: f with the middle of the step as last argument, where it looks its time
// up among knots, and else f itself.
func Within(f *ir.Func) *ir.Func {
	if !slices.ContainsFunc(f.Values, func(v *ir.Value) bool { return locates(f, v) }) {
		return f
	}
	b := ir.NewFunc(f.Name+".within", f.Span, ir.F64)
	b.Func.Doc, b.Func.Region, b.Func.ResultNames = f.Doc, f.Region, f.ResultNames
	args := make([]*ir.Value, len(f.Args))
	for i, a := range f.Args {
		b.Span = a.Span
		args[i] = b.Arg(a.Name, a.Type)
	}
	middle := b.Arg("middle", ir.Scalar(ir.F64))
	return b.Return(b.InlineBy(f, args, func(b *ir.Builder, v *ir.Value, in []*ir.Value) *ir.Value {
		if !locates(f, v) {
			return nil
		}
		return b.Emit(v.Op, v.Attr, in[0], middle)
	})...)
}

// locates reports whether v looks the time of a field up among knots.
func locates(f *ir.Func, v *ir.Value) bool { return v.Op == ir.OpLocate && v.Args[1] == f.Args[0] }

// Middle is that of a step of length h from t.
func Middle(b *ir.Builder, t, h *ir.Value) *ir.Value {
	return b.Add(t, b.Mul(h, b.Const(0.5, ir.F64))).Named("middle")
}

// Evaluate is the field f of a step of length h from t, at the time and states in front of in.
func Evaluate(b *ir.Builder, f *ir.Func, in []*ir.Value, t, h *ir.Value) []*ir.Value {
	if g := Within(f); g != f {
		return b.Inline(g, append(in, Middle(b, t, h)))
	}
	return b.CallAll(f, in...)
}
