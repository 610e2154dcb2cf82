package cudagen

import (
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Loops of a thread are spelled out so that arrays which they index are registers. One that indexes none, since what it makes at an
// index is used up there, need not be: a hidden layer whose results go straight into the sums of the next. Where it is long it
// stays a loop, of rolledRuns at a time so that some of its sums run beside each other; it fits the instruction cache then, and
// a compiler reads it once.
const (
	rolledCode = 1024 // instructions
	rolledRuns = 4
)

// rolls reports whether n stays a loop though it could be spelled out.
func (fn *function) rolls(n *plan.Nest) bool {
	code := 0
	made := map[*ir.Value]bool{}
	for _, s := range n.Steps {
		if !fn.indexless(s, made) {
			return false
		}
		made[s.V] = true
		code += width(s) + transCode*fn.transcendentals(s.V)
	}
	return code*n.Extent >= rolledCode
}

// indexless reports whether step s at a variable index reads and writes no array in registers there; made are the values of earlier steps.
func (fn *function) indexless(s plan.Step, made map[*ir.Value]bool) bool {
	v := s.V
	kept := fn.f.Places[v].Kind == plan.Register
	switch s.Form {
	case plan.Elem:
		return kept && fn.indexlessAll(v.Args, made)
	case plan.RowDot:
		return kept && uniform(fn.f, v.Args[0])
	case plan.Gather:
		return kept && uniform(fn.f, v.Args[1])
	case plan.ColSum:
		return uniform(fn.f, v.Args[0]) && fn.indexlessAll(v.Args[1:], made)
	case plan.SumAll:
		return fn.indexlessAll(v.Args, made)
	}
	return false
}

func (fn *function) indexlessAll(args []*ir.Value, made map[*ir.Value]bool) bool {
	for _, a := range args {
		switch p := fn.f.Places[a]; {
		case a.Type.IsScalar() && p.Kind != plan.Folded, uniform(fn.f, a), made[a] && p.Kind == plan.Register:
		case p.Kind == plan.Folded && fn.indexlessAll(a.Args, made):
		default:
			return false
		}
	}
	return true
}

// transcendentals is the number of such functions at an index of v, with what is folded into it.
func (fn *function) transcendentals(v *ir.Value) int {
	n := 0
	if plan.Transcendental(v) {
		n++
	}
	for _, a := range v.Args {
		if fn.f.Places[a].Kind == plan.Folded {
			n += fn.transcendentals(a)
		}
	}
	return n
}
