package cudagen

import (
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Registers for weights that a thread holds: ptxas reads constants once that three or more places of spelled-out functions read, and before a
// loop over steps what is read in it (for sm_90, whose instructions take no operands from constant memory; what does not fit the
// registers that launch bounds leave is stored). Some are in the registers that the lanes of a warp have together. So many words take
// no register beyond those that a thread is expected to need without weights, measured with nets of one and two hidden layers.
const (
	freeSingles = 72 // words of f32
	freeDoubles = 32 // of f64
)

// heldWeights are the registers of a thread that hold weights, with the arrays that a field works on beside them.
func (e *emitter) heldWeights(k *kernel) int {
	words, free := e.m.Real.Bytes()/4, freeSingles
	if words > 1 {
		free = freeDoubles
	}
	most := 0
	called := map[*ir.Func]bool{}
	var text func(f *ir.Func, loops bool) // that stands in one piece
	text = func(f *ir.Func, loops bool) {
		r := weightReads{of: map[any]*ir.Value{}, times: map[any]int{}}
		e.readsOf(f, loops, &r, func(g *ir.Func) {
			if !called[g] {
				called[g] = true
				text(g, false)
			}
		})
		n := 0
		for at, times := range r.times {
			if times >= heldReads {
				n += r.of[at].Type.Len() * words
			}
		}
		most = max(most, n)
	}
	text(k.fn.IR, k.kind != forward) // a thread of a recipe goes over several samples
	if most <= free {
		return 0
	}
	return most - free + e.fieldArrays(k)
}

// fieldArrays are the registers of the longest array of a field that stands in a step.
func (e *emitter) fieldArrays(k *kernel) int {
	most := 0
	visitSolves(k.fn.IR, map[*ir.Func]bool{}, func(s *ir.Solve) {
		pf, n := e.plan.Of(s.Stage()), 0
		if e.calledByThreads(pf) {
			return
		}
		for _, v := range pf.IR.Values {
			p := pf.Places[v]
			if p != nil && !v.Type.IsScalar() && (p.Kind == plan.Local || p.Kind == plan.Work || p.Kind == plan.Scalars) {
				n = max(n, v.Type.Len()*max(v.Type.Elem.Bytes(), 4)/4)
			}
		}
		most = max(most, n)
	})
	return most
}

// heldReads are the places from which on it pays ptxas to hold what it can read again.
const heldReads = 3

// weightReads are what a text reads of parameters and tables, and at how many places; one in a loop is as many as there need be.
type weightReads struct {
	of    map[any]*ir.Value
	times map[any]int
}

// readsOf adds what f reads, and what stands in it; call is told of functions that f calls.
func (e *emitter) readsOf(f *ir.Func, loops bool, r *weightReads, call func(*ir.Func)) {
	pf := e.plan.Of(f)
	fn := &function{e: e, f: pf}
	for _, n := range pf.Nests {
		fn.reads(n, loops, r)
	}
	for _, v := range f.Values {
		inner := loops || v.Op == ir.OpSolve || v.Op == ir.OpRev
		for _, g := range callees(v) {
			switch {
			case g == nil:
			case !e.roots[g] && e.calledByThreads(e.plan.Of(g)):
				call(g)
			default:
				e.readsOf(g, inner, r, call)
			}
		}
	}
}

// reads adds what a nest reads if it is spelled out.
func (fn *function) reads(n *plan.Nest, loops bool, r *weightReads) {
	work := 0
	for _, s := range n.Steps {
		work += n.Extent * width(s)
	}
	if !n.Unroll && n.Extent > 1 && (fn.rolls(n) || unroll(n.Extent, work) != unrollAll) {
		return
	}
	note := func(at any, v *ir.Value) {
		r.of[at] = v
		r.times[at]++
		if loops {
			r.times[at] += heldReads
		}
	}
	var add func(v *ir.Value)
	add = func(v *ir.Value) {
		switch p := fn.f.Places[v]; p.Kind {
		case plan.Memory:
			note(v.Attr.Param, v)
		case plan.Table:
			note(v, v)
		case plan.View:
			add(p.Base)
		case plan.Folded:
			for _, a := range v.Args {
				add(a)
			}
		}
	}
	for _, s := range n.Steps {
		for _, a := range s.V.Args {
			add(a)
		}
	}
}
