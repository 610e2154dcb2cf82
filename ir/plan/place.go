package plan

import (
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/vmath"
)

// results decides which results are computed in place.
func (pl *planner) results() {
	taken := map[*ir.Value]bool{}
	for i, r := range pl.fn.IR.Results {
		if pl.fn.Sums[i] != nil || r.Type.IsScalar() {
			continue
		}
		if pl.fn.Places[r] == nil && !taken[r] {
			taken[r] = true
			pl.fn.Places[r] = &Place{Kind: Result, Index: i}
			continue
		}
		pl.fn.Copies = append(pl.fn.Copies, i)
	}
}

// places gives every computed value its storage.
func (pl *planner) places() {
	addressed := map[*ir.Value]bool{}
	mark := func(v *ir.Value) {
		if p := pl.fn.Places[v]; p != nil && p.Kind == View {
			v = p.Base
		}
		addressed[v] = true
	}
	for _, n := range pl.fn.Nests {
		for _, s := range n.Steps {
			if s.Form != Whole {
				continue
			}
			for _, a := range s.V.Args {
				if a.Type.Elem != ir.Tuple && !a.Type.IsScalar() {
					mark(a)
				}
			}
			if !s.V.Type.IsScalar() && s.V.Type.Elem != ir.Tuple {
				mark(s.V)
			}
		}
	}
	for _, v := range pl.fn.IR.Values {
		p := pl.fn.Places[v]
		switch {
		case p != nil && p.Kind == Literal && addressed[v] && !v.Type.IsScalar():
			p.Kind = Table // a pointer to it is needed
		case p != nil:
		case pl.inSum[v]:
			pl.set(v, Sum)
		case (pl.form[v] == OuterRow || pl.form[v] == OuterCol) && pl.sumOf(v) != nil:
			pl.set(v, Sum)
		case v.Type.IsScalar():
			pl.set(v, Scalars)
		case v.Op == ir.OpResult, addressed[v]:
			pl.array(v)
		case v.Type.Len() <= SmallLen:
			pl.set(v, Scalars)
		case pl.withinNest(v):
			pl.set(v, Register)
		case v.Type.Len() <= accumulators && (pl.form[v] == ColSum || pl.form[v] == Scatter):
			pl.array(v)
		default:
			pl.array(v)
		}
	}
}

func (pl *planner) array(v *ir.Value) {
	pl.set(v, Local)
	if !OnStack(v.Type) {
		pl.set(v, Work)
		pl.fn.Needs.Work = true
	}
}

// OnStack reports whether an array of type t lies on the stack; others lie in the workspace.
func OnStack(t ir.Type) bool {
	size := 8
	if t.Elem == ir.F32 {
		size = 4
	}
	return t.Len()*size <= stackBytes
}

// withinNest reports whether v is needed only at the index at which it is computed.
func (pl *planner) withinNest(v *ir.Value) bool {
	q := pl.nest[v]
	switch pl.form[v] {
	case Elem, RowDot, Gather, Copy:
	default:
		return false
	}
	if pl.isResult(v) {
		return false
	}
	for _, u := range pl.uses[v] {
		if pl.inSum[u] {
			continue
		}
		if p := pl.fn.Places[u]; p != nil && p.Kind == View {
			if p.Offset != 0 || u.Type.Len() != v.Type.Len() || !pl.withinNestView(u, q) {
				return false
			}
			continue
		}
		if pl.nest[u] != q || !pl.readsAligned(u, v) {
			return false
		}
	}
	// a sum may have been moved to a later nest
	for qi, n := range pl.fn.Nests {
		for _, s := range n.Steps {
			if s.Form == AddTo && s.V == v && qi != q {
				return false
			}
		}
	}
	return true
}

// withinNestView is withinNest for the uses of a reshape of v.
func (pl *planner) withinNestView(view *ir.Value, q int) bool {
	if pl.isResult(view) {
		return false
	}
	for _, u := range pl.uses[view] {
		if p := pl.fn.Places[u]; p != nil && p.Kind == View {
			return false
		}
		if pl.inSum[u] || pl.nest[u] != q || !pl.readsAligned(u, view) {
			return false
		}
	}
	return len(pl.sums[view]) == 0
}

// readsAligned reports whether u reads all its operands that are v at the nest's index.
func (pl *planner) readsAligned(u, v *ir.Value) bool {
	for i, a := range u.Args {
		if a != v {
			continue
		}
		ok := false
		switch pl.form[u] {
		case Elem:
			ok = true
		case SumAll:
			ok = true
		case ColSum, OuterCol:
			ok = i == 1
		case Scatter, OuterRow:
			ok = i == 0
		}
		if !ok {
			return false
		}
	}
	return true
}

// foldLimit bounds the operators spelled in one expression, so that lines stay readable.
const foldLimit = 16

// fold marks element-wise values that are spelled inside their only use.
func (pl *planner) fold() {
	weight := map[*ir.Value]int{}
	for _, v := range pl.fn.IR.Values {
		if pl.form[v] != Elem || v.Op.Info().Class != ir.ClassElem || pl.fn.Places[v] == nil {
			continue
		}
		w := 1
		for _, a := range v.Args {
			if p := pl.fn.Places[a]; p.Kind == Folded {
				w += weight[a]
			}
		}
		weight[v] = w
		k := pl.fn.Places[v].Kind
		if (k != Register && k != Scalars) || len(pl.uses[v]) != 1 || len(pl.sums[v]) > 0 || v.Op == ir.OpSelect || fourAtOnce(v) || pl.isResult(v) {
			continue
		}
		u := pl.uses[v][0]
		if pl.form[u] != Elem || u.Op.Info().Class != ir.ClassElem || u.Op == ir.OpSelect || u.Op == ir.OpSquare || pl.fn.Places[u] == nil || pl.nest[u] != pl.nest[v] || w+1 > foldLimit {
			continue
		}
		if v.Type.Len() != u.Type.Len() {
			continue // a scalar is computed once, not per element
		}
		pl.fn.Places[v].Kind = Folded
	}
	for _, n := range pl.fn.Nests {
		kept := n.Steps[:0]
		for _, s := range n.Steps {
			if pl.fn.Places[s.V].Kind != Folded {
				kept = append(kept, s)
			}
		}
		n.Steps = kept
	}
}

// isResult reports whether v is an ordinary result; running sums are not.
func (pl *planner) isResult(v *ir.Value) bool {
	for i, r := range pl.fn.IR.Results {
		if r == v && pl.fn.Sums[i] == nil {
			return true
		}
	}
	return false
}

// fourAtOnce reports whether v is computed four elements at a time.
func fourAtOnce(v *ir.Value) bool {
	n := v.Type.Len()
	return FourAtOnce[v.Op] && n > SmallLen && n%4 == 0
}

// shapeNests decides unrolling and tiles.
func (pl *planner) shapeNests() {
	for _, n := range pl.fn.Nests {
		n.Unroll = n.Extent > 1 && n.Extent <= SmallLen
		for _, s := range n.Steps {
			if (s.RowLength() > SmallLen || fourAtOnce(s.V)) && !n.Unroll && n.Extent%4 == 0 {
				n.Tile = 4
			}
		}
	}
}

// needs collects what the function uses, itself and through what it calls.
func (pl *planner) needs() {
	n := &pl.fn.Needs
	for _, v := range pl.fn.IR.Values {
		switch v.Op {
		case ir.OpParam:
			n.Params = n.Params || !v.Attr.Param.Derived
			n.Prepared = n.Prepared || v.Attr.Param.Derived
		case ir.OpScan:
			for _, t := range v.Type.Parts[:v.Attr.Scan.Carry] {
				n.Work = n.Work || !OnStack(t)
			}
		case ir.OpSolve:
			n.Work = n.Work || v.Attr.Solve.Record // the tape
		case ir.OpRev:
			n.Work = true
		}
	}
	n.join(pl.plan.calleeNeeds(pl.fn.IR))
	for _, p := range pl.fn.Sums {
		n.Accum = n.Accum || p != nil
	}
}

// calleeNeeds is what the functions, solves and sweeps in f use.
func (p *Plan) calleeNeeds(f *ir.Func) (n Needs) {
	for _, v := range f.Values {
		switch v.Op {
		case ir.OpCall:
			n.join(p.byIR[v.Attr.Func].Needs)
		case ir.OpMap:
			n.join(p.byIR[v.Attr.Map.Fn].Needs)
		case ir.OpScan:
			n.join(p.byIR[v.Attr.Scan.Fn].Needs)
		case ir.OpSolve:
			n.join(p.byS[v.Attr.Solve].Needs)
		case ir.OpRev:
			n.join(p.RevNeeds(v.Attr.Rev))
		}
	}
	return n
}

func (p *Plan) cost(fn *Func) Cost {
	var c Cost
	for _, v := range fn.IR.Values {
		switch v.Op {
		case ir.OpCall:
			c.Add(p.byIR[v.Attr.Func].Cost, 1)
		case ir.OpMap:
			c.Add(p.byIR[v.Attr.Map.Fn].Cost, v.Attr.Map.N)
		case ir.OpScan:
			c.Add(p.byIR[v.Attr.Scan.Fn].Cost, v.Attr.Scan.N)
		default:
			c.Add(p.CostOf(v), 1)
		}
	}
	return c
}

// CostOf is the work of one operator, without functions that it runs.
func (p *Plan) CostOf(v *ir.Value) Cost {
	n, products := v.Type.Len(), 0
	switch v.Op {
	case ir.OpMatVec, ir.OpVecMat:
		w := v.Args[0]
		if v.Op == ir.OpVecMat {
			w = v.Args[1]
		}
		products = w.Type.Len()
	case ir.OpOuter:
		products = n
	case ir.OpConv: // every output has the products of one output channel's weights
		products = n * (v.Args[0].Type.Len() / v.Type.Shape[0])
	case ir.OpConvInput:
		products = v.Args[1].Type.Len() * (v.Args[0].Type.Len() / v.Args[1].Type.Shape[0])
	case ir.OpConvWeight:
		products = v.Args[1].Type.Len() * (n / v.Type.Shape[0])
	case ir.OpMatMul:
		products = n * v.Args[0].Type.Shape[1]
	default:
		if v.Op.Info().Class != ir.ClassElem {
			return Cost{}
		}
		function, slots := elemCost(v)
		if wide(v) && p.Module.Real != ir.F64 {
			slots *= 2 // two vectors for the samples of one
		}
		c := Cost{Elem: n, Slots: n * slots}
		if function {
			c.Trans, c.FunctionSlots = n, n*slots
		}
		return c
	}
	return Cost{MulAdds: products, Slots: products}
}

// wide reports whether an operator works on float64 numbers.
func wide(v *ir.Value) bool {
	return v.Type.Elem == ir.F64 || len(v.Args) > 0 && v.Args[0].Type.Elem == ir.F64
}

// Transcendental reports whether v is a transcendental function of its elements.
func Transcendental(v *ir.Value) bool {
	if v.Op.Info().Class != ir.ClassElem {
		return false
	}
	function, _ := elemCost(v)
	return function
}

// elemCost says whether an element-wise operator is a transcendental function, and its time in slots.
func elemCost(v *ir.Value) (function bool, slots int) {
	width := 32
	if wide(v) {
		width = 64
	}
	switch v.Op {
	case ir.OpDiv, ir.OpRecip, ir.OpSqrt:
		return false, vmath.DivSlots(width)
	case ir.OpPow:
		if _, ok := v.FixedFraction(); ok {
			return true, functionSlots("log", width) + functionSlots("exp", width) + 1 // e^(y log x)
		}
		return true, functionSlots("power", width)
	}
	if n := functionSlots(v.Op.String(), width); n > 0 {
		return true, n
	}
	return false, 1
}

func functionSlots(name string, width int) int {
	if p := vmath.Of(name, width); p != nil {
		return p.Slots()
	}
	return 0
}

// Add adds what is done so many times.
func (c *Cost) Add(o Cost, times int) {
	c.MulAdds += times * o.MulAdds
	c.Elem += times * o.Elem
	c.Trans += times * o.Trans
	c.Slots += times * o.Slots
	c.FunctionSlots += times * o.FunctionSlots
}
