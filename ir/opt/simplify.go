package opt

import (
	"math"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/parallel"
)

// rewrite is one identity: for values of the operators it gives a replacement, or nil. args are
// the operands after rewriting; v has the type, the attributes and the old operands.
type rewrite struct {
	doc string
	ops []ir.Op
	fn  func(b *ir.Builder, v *ir.Value, args []*ir.Value) *ir.Value
}

// maxRounds bounds the repetition of simplify. Every identity makes the function smaller or moves
// an operator one way, so that few rounds suffice; the bound is for safety alone.
const maxRounds = 50

// simplify applies constant folding and the identities until nothing changes.
func simplify(m *ir.Module) {
	rules := map[ir.Op][]rewrite{}
	for _, table := range [][]rewrite{arithmetic(), choices(), shapes(), reductions(), products()} {
		for _, r := range table {
			for _, op := range r.ops {
				rules[op] = append(rules[op], r)
			}
		}
	}
	parallel.Each(len(m.Funcs), func(i int) {
		f := m.Funcs[i]
		for round := 0; round < maxRounds; round++ {
			if !simplifyOnce(f, m.Real, rules) {
				break
			}
			f.DropDead()
		}
	})
}

func simplifyOnce(f *ir.Func, real ir.Elem, rules map[ir.Op][]rewrite) bool {
	changed := false
	ir.Rebuild(f, real, func(b *ir.Builder, v *ir.Value, args []*ir.Value) *ir.Value {
		r := fold(b, v, args)
		if r == nil {
			r = scalarOfExpand(b, v, args)
		}
		if r == nil {
			r = scalarOperands(b, v, args)
		}
		for _, rule := range rules[v.Op] {
			if r != nil {
				break
			}
			r = rule.fn(b, v, args)
		}
		if r == nil {
			return nil
		}
		changed = true
		return widen(b, r, v.Type)
	})
	return changed
}

// widen gives r the type t: an identity such as x+0 gives a scalar where 0 was a tensor.
func widen(b *ir.Builder, r *ir.Value, t ir.Type) *ir.Value {
	if r.Type.IsScalar() && !t.IsScalar() && t.Elem != ir.Tuple {
		return b.Expand(r, t.Shape...)
	}
	return r
}

// maxFold is the largest constant that folding makes, in elements.
const maxFold = 4096

// fold computes operators of constants in float64. In f32 and bf16 it folds only what is exact:
// moves of elements, and element-wise results that f32 holds exactly; everything else would
// round once where the program rounds twice. A narrowing cast is exact, since a constant of
// type f32 is its number rounded.
func fold(b *ir.Builder, v *ir.Value, args []*ir.Value) *ir.Value {
	info := v.Op.Info()
	if info.Eval == nil || len(args) == 0 || v.Type.Len() > maxFold || info.Class == ir.ClassDefined {
		return nil
	}
	for _, a := range args {
		if a.Op != ir.OpConst || a.Type.Len() > maxFold {
			return nil
		}
	}
	data := make([]ir.Datum, len(args))
	for i, a := range args {
		data[i] = ir.Datum{Type: a.Type, Data: elements(a)}
	}
	at := v.Attr
	out := make([]float64, v.Type.Len())
	info.Eval(data, &at, out)
	narrowing := v.Op == ir.OpCast && args[0].Type.Elem == ir.F64
	if info.Class != ir.ClassShape && !narrowing && !exact(info, v.Type.Elem, data, out) {
		return nil
	}
	return constant(b, out, v.Type)
}

func exact(info *ir.Info, e ir.Elem, data []ir.Datum, out []float64) bool {
	low := e == ir.F32 || e == ir.BF16
	for _, d := range data {
		if d.Type.Elem == ir.F32 || d.Type.Elem == ir.BF16 {
			low = true
			if !allF32(d.Data) {
				return false
			}
		}
	}
	return !low || info.Class == ir.ClassElem && allF32(out)
}

func allF32(xs []float64) bool {
	for _, x := range xs {
		if float64(float32(x)) != x {
			return false
		}
	}
	return true
}

func elements(v *ir.Value) []float64 {
	if v.Attr.Data != nil {
		return v.Attr.Data
	}
	out := make([]float64, v.Type.Len())
	for i := range out {
		out[i] = v.Attr.Num
	}
	return out
}

// constant makes a constant, a splat where all elements have the same bits.
func constant(b *ir.Builder, data []float64, t ir.Type) *ir.Value {
	for _, x := range data {
		if math.Float64bits(x) != math.Float64bits(data[0]) {
			return b.Data(data, t)
		}
	}
	if len(data) == 0 {
		return b.Data(data, t)
	}
	return b.Fill(data[0], t)
}

// scalarOfExpand computes an element-wise operator on scalars when every operand is a scalar, a
// splat or an expanded scalar.
func scalarOfExpand(b *ir.Builder, v *ir.Value, args []*ir.Value) *ir.Value {
	if v.Op.Info().Class != ir.ClassElem || v.Type.IsScalar() {
		return nil
	}
	expanded := false
	for _, a := range args {
		s := scalarOf(a)
		if s == nil && !splat(a) {
			return nil
		}
		expanded = expanded || s != nil
	}
	if !expanded {
		return nil
	}
	small := make([]*ir.Value, len(args))
	for i, a := range args {
		if small[i] = scalarOf(a); small[i] == nil {
			small[i] = b.Const(a.Attr.Num, a.Type.Elem)
		}
	}
	return b.Expand(b.Apply(v.Op, v.Attr, small...), v.Type.Shape...)
}

// scalarOperands passes scalars to an element-wise operator in place of expanded scalars and splats,
// as long as another operand has the result's shape.
func scalarOperands(b *ir.Builder, v *ir.Value, args []*ir.Value) *ir.Value {
	if v.Op.Info().Class != ir.ClassElem || v.Type.IsScalar() {
		return nil
	}
	full, changed := false, false
	for _, a := range args {
		repeats := !a.Type.IsScalar() && (scalarOf(a) != nil || splat(a))
		full, changed = full || !a.Type.IsScalar() && !repeats, changed || repeats
	}
	if !full || !changed {
		return nil
	}
	small := make([]*ir.Value, len(args))
	for i, a := range args {
		s := scalarOf(a)
		switch {
		case a.Type.IsScalar():
			small[i] = a
		case s != nil:
			small[i] = s
		case splat(a):
			small[i] = b.Const(a.Attr.Num, a.Type.Elem)
		default:
			small[i] = a
		}
	}
	return b.Apply(v.Op, v.Attr, small...)
}

// scalarOf is the scalar that a repeats: a itself or the operand of an expand; nil if it has
// different elements.
func scalarOf(a *ir.Value) *ir.Value {
	switch {
	case a.Type.IsScalar():
		return a
	case a.Op == ir.OpExpand && a.Args[0].Type.IsScalar():
		return a.Args[0]
	}
	return nil
}

// splat reports whether a is a constant with one number for all elements.
func splat(a *ir.Value) bool { return a.Op == ir.OpConst && a.Attr.Data == nil }
