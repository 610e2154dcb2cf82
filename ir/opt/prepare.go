package opt

import "ndec.dev/ndec/ir"

// Prepare makes every function flat before differentiation: equal calls and solves are merged,
// calls are inlined except calls of a solve's functions (a step calls its field several times),
// and defined operators become their bodies. Values keep their spans and names. Functions that
// no model, recipe or solve needs any more are removed, and so are unread states of solves. What a field computes from
// what is constant during a solve is moved out of it.
func Prepare(m *ir.Module) {
	p := preparer{m: m, held: solveFuncs(m), done: map[*ir.Func]bool{}}
	for _, f := range m.Funcs {
		p.flatten(f)
	}
	dead(m)
	hoistSolves(m)
	dead(m)
}

type preparer struct {
	m    *ir.Module
	held map[*ir.Func]bool
	done map[*ir.Func]bool
}

// flatten works on callees first, so that a body that is inlined is flat.
func (p *preparer) flatten(f *ir.Func) {
	if p.done[f] {
		return
	}
	p.done[f] = true
	for _, v := range f.Values {
		for _, g := range callees(v) {
			p.flatten(g)
		}
	}
	mergeEqual(f)
	f.DropDead()
	ir.RebuildMulti(f, p.m.Real, func(b *ir.Builder, v *ir.Value, args []*ir.Value) []*ir.Value {
		if v.Op != ir.OpCall || p.held[v.Attr.Func] {
			return nil
		}
		return inline(b, v.Attr.Func, args)
	})
	expandDefined(f, p.m.Real)
	mergeEqual(f)
	f.DropDead()
}

// inline copies the body of f. An argument by which f differentiates is passed through a reshape
// to its own shape: within f it is an independent variable, in the caller other operands may
// depend on it. Simplify removes the reshape when the derivatives are gone.
func inline(b *ir.Builder, f *ir.Func, args []*ir.Value) []*ir.Value {
	leaf := independent(f)
	args = append([]*ir.Value(nil), args...)
	for i, a := range f.Args {
		if leaf[a] {
			args[i] = b.Emit(ir.OpReshape, ir.Attr{Ints: append([]int{}, a.Type.Shape...)}, args[i]).Named(a.Name)
		}
	}
	return b.Inline(f, args)
}

// expandDefined replaces defined operators by their bodies until none is left: a body may use
// other defined operators.
func expandDefined(f *ir.Func, real ir.Elem) {
	for {
		found := false
		for _, v := range f.Values {
			found = found || v.Op.Info().Define != nil
		}
		if !found {
			return
		}
		ir.Rebuild(f, real, func(b *ir.Builder, v *ir.Value, args []*ir.Value) *ir.Value {
			define := v.Op.Info().Define
			if define == nil {
				return nil
			}
			at := v.Attr
			return define(b, args, &at)
		})
	}
}
