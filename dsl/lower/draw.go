package lower

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/ir"
)

// keyed adds the argument that says for whom random numbers are drawn. dropKey takes it away again
// from a function that draws none.
func (s *scope) keyed() { s.key = s.b.Arg(ir.KeyName, ir.KeyType) }

func (s *scope) keyRead() bool {
	for _, v := range s.b.Func.Values {
		if slices.Contains(v.Args, s.key) {
			return true
		}
	}
	return false
}

func (s *scope) dropKey() {
	f := s.b.Func
	is := func(v *ir.Value) bool { return v == s.key }
	f.Args = slices.DeleteFunc(f.Args, is)
	f.Values = slices.DeleteFunc(f.Values, is)
	f.Renumber()
}

// draw is a tensor of standard random numbers in the module's precision.
func (s *scope) draw(x *sema.Draw) *ir.Value {
	if s.key == nil {
		refuse(compilerBug, x.Span(), "compiler bug: a draw outside models and recipes")
	}
	b, t := s.b, x.Type().IR(s.m.Real)
	site, first := ir.Site(x.Place), b.Const(0, ir.F64)
	var v *ir.Value
	if x.Uniform {
		v = b.Uniform(s.key, site, first, t.Len())
	} else {
		v = b.Gauss(s.key, site, first, t.Len())
	}
	return b.Cast(b.Emit(ir.OpReshape, ir.Attr{Ints: append([]int{}, t.Shape...)}, v), t.Elem)
}

// callKey is the key for one more call of m in this function: calls with other arguments draw other
// numbers.
func (s *scope) callKey(m *ir.Model) *ir.Value {
	n := 0
	for _, c := range s.calls {
		if c.model == m {
			n++
		}
	}
	if n == 0 {
		return s.key
	}
	return s.b.ScopedKey(s.key, fmt.Sprintf("%s.%s.%d", s.name, m.Name, n))
}

// anneal is a weight that moves linearly with the training step.
func (s *scope) anneal(x *sema.Anneal) *ir.Value {
	from, to := s.expr(x.From), s.expr(x.To)
	b := s.b
	b.Span = x.Span()
	share := b.Binary(ir.OpMin, b.Div(b.At(s.key, ir.KeyStep), b.Const(x.Steps, ir.F64)), b.Const(1, ir.F64))
	return b.Add(from, b.Mul(b.Sub(to, from), b.Cast(share, from.Type.Elem)))
}

// mapOver applies a function to slices. The node wants the operands that are cut first; where the
// function has them elsewhere, one with the arguments in that order stands between.
func (s *scope) mapOver(x *sema.Map) *ir.Value {
	f := s.function(x.Func)
	if f == nil {
		panic(refusal{})
	}
	args := s.exprs(x.Args)
	var order []int
	for _, mapped := range []bool{true, false} {
		for i, m := range x.Mapped {
			if m == mapped {
				order = append(order, i)
			}
		}
	}
	if !slices.IsSorted(order) {
		f = s.reordered(f, order)
	}
	operands := make([]*ir.Value, len(args))
	n := 0
	for k, i := range order {
		operands[k] = args[i]
		if x.Mapped[i] {
			n++
		}
	}
	s.b.Span = x.Span()
	v := s.b.Emit(ir.OpMap, ir.Attr{Map: &ir.Map{Fn: f, N: x.N, Mapped: n}}, operands...)
	return s.b.Result(v, 0)
}

// reordered is f with argument k being its argument order[k].
func (l *lowerer) reordered(f *ir.Func, order []int) *ir.Func {
	b := ir.NewFunc(f.Name+".slice", f.Span, l.m.Real)
	b.Func.Doc = f.Doc
	args := make([]*ir.Value, len(order))
	for _, i := range order {
		args[i] = b.Arg(f.Args[i].Name, f.Args[i].Type)
	}
	b.Func.ResultNames = f.ResultNames
	return l.add(b.Return(b.CallAll(f, args...)...))
}
