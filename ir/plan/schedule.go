package plan

import (
	"fmt"

	"ndec.dev/ndec/ir"
)

// demandOrder sorts values so that each stands just before the first one that needs it, nodes and
// results keeping their order. Sums of many terms then close up into one expression, and the
// text reads in the order of the computation.
func demandOrder(f *ir.Func) {
	done := make(map[*ir.Value]bool, len(f.Values))
	order := f.Values[:0:0]
	var need func(v *ir.Value)
	need = func(v *ir.Value) {
		if done[v] {
			return
		}
		done[v] = true
		for _, a := range v.Args {
			need(a)
		}
		order = append(order, v)
	}
	for _, v := range f.Values {
		if v.Op == ir.OpArg {
			need(v)
		}
	}
	for _, v := range f.Values {
		if v.Op.Info().Class == ir.ClassNode && v.Op != ir.OpResult {
			need(v)
		}
	}
	for _, r := range f.Results {
		need(r)
	}
	f.Values = order
	f.Renumber()
}

// schedule puts v into a nest after its operands are ready, so that chains over the same extent
// share a loop.
func (pl *planner) schedule(v *ir.Value) error {
	if v.Op == ir.OpResult {
		pl.nest[v] = pl.nest[v.Args[0]]
		if len(pl.sums[v]) > 0 {
			pl.addSums(v, pl.nest[v], v.Type.Len())
		}
		return nil
	}
	if (pl.inSum[v] && v.Op != ir.OpCall) || (pl.fn.Places[v] != nil && pl.fn.Places[v].Kind != TupleOf) {
		if len(pl.sums[v]) > 0 { // a leaf or view that is itself a term: added from memory
			pl.addSums(v, 0, v.Type.Len())
		}
		return nil
	}
	form, extent, aligned, err := pl.chooseForm(v)
	if err != nil {
		return err
	}
	pl.form[v] = form
	first := 0
	for i, a := range v.Args {
		q, ready := pl.at(a, extent)
		if q < 0 {
			continue
		}
		if !(aligned&(1<<i) != 0 && ready) {
			q++
		}
		first = max(first, q)
	}
	pl.place(v, form, extent, first)
	if (form != OuterRow && form != OuterCol) || pl.sumOf(v) == nil {
		if len(pl.sums[v]) > 0 {
			pl.addSums(v, pl.nest[v], v.Type.Len())
		}
	}
	return nil
}

// at gives the nest that computes a (or what it is a view of), -1 for leaves, and whether element
// i of a is ready at index i of that nest when the nest has the extent.
func (pl *planner) at(a *ir.Value, extent int) (nest int, ready bool) {
	base, off := a, 0
	if p := pl.fn.Places[a]; p != nil && p.Kind == View {
		base, off = p.Base, p.Offset
	}
	q := pl.nest[base]
	if q < 0 {
		return q, false
	}
	if pl.fn.Nests[q].Extent != extent || off != 0 || base.Type.Len() != a.Type.Len() || a.Type.Len() != extent {
		return q, false
	}
	if base.Op == ir.OpResult {
		return q, false
	}
	switch pl.form[base] {
	case Elem, RowDot, Gather, Copy:
		return q, true
	}
	return q, false
}

// place appends a step for v to a nest of the extent, at or after nest first.
func (pl *planner) place(v *ir.Value, form Form, extent, first int) {
	step := Step{Form: form, V: v, Sum: pl.sumOf(v)}
	if form != OuterRow && form != OuterCol {
		step.Sum = nil
	}
	pl.nest[v] = pl.join(step, extent, first, form == Whole)
}

func (pl *planner) join(step Step, extent, first int, alone bool) int {
	if step.Sum != nil {
		// What only adds to a running sum goes where its operand is computed, so that this needs no array.
		for q := first; q < len(pl.fn.Nests); q++ {
			if n := pl.fn.Nests[q]; n.Extent == extent && n.Steps[0].Form != Whole {
				n.Steps = append(n.Steps, step)
				return q
			}
		}
	}
	if !alone {
		// The last one that fits, after the last statement over whole arrays: values come in the order of
		// demand, so a sum of many terms closes up in the loop that needs it instead of being carried
		// through memory from call to call.
		for q := len(pl.fn.Nests) - 1; q >= first; q-- {
			n := pl.fn.Nests[q]
			if n.Steps[0].Form == Whole {
				break
			}
			if n.Extent == extent {
				n.Steps = append(n.Steps, step)
				return q
			}
		}
	}
	pl.fn.Nests = append(pl.fn.Nests, &Nest{Extent: extent, Tile: 1, Steps: []Step{step}})
	return len(pl.fn.Nests) - 1
}

// sumOf is the running sum that v is a term of, if it is only that.
func (pl *planner) sumOf(v *ir.Value) *ir.Param {
	if len(pl.sums[v]) == 1 && len(pl.uses[v]) <= 1 && pl.plainUses(v) == 0 {
		return pl.sums[v][0]
	}
	return nil
}

// plainUses counts uses of v other than as a term of a running sum.
func (pl *planner) plainUses(v *ir.Value) int {
	n := 0
	for _, u := range pl.uses[v] {
		if !pl.inSum[u] {
			n++
		}
	}
	for i, r := range pl.fn.IR.Results {
		if r == v && pl.fn.Sums[i] == nil {
			n++
		}
	}
	return n
}

// addSums adds v to its running sums, in the nest that computes it where that is possible.
func (pl *planner) addSums(v *ir.Value, from, extent int) {
	q, ready := pl.at(v, extent)
	first := max(from, 0)
	if q >= 0 && !ready {
		first = q + 1
	} else if q >= 0 {
		first = q
	}
	for _, p := range pl.sums[v] {
		pl.join(Step{Form: AddTo, V: v, Sum: p}, extent, first, false)
	}
}

// chooseForm decides how v is computed: the form, the extent of its nest, and a bit mask of the
// operands that are read at the nest's own index.
func (pl *planner) chooseForm(v *ir.Value) (form Form, extent int, aligned uint, err error) {
	n := v.Type.Len()
	switch info := v.Op.Info(); {
	case v.Op == ir.OpMatVec:
		m, k := v.Args[0].Type.Shape[0], v.Args[0].Type.Shape[1]
		if m <= accumulators && k > SmallLen {
			return ColSum, k, 1 << 1, nil
		}
		return RowDot, m, 0, nil
	case v.Op == ir.OpVecMat:
		k := v.Args[1].Type.Shape[0]
		if k <= accumulators {
			return Gather, n, 0, nil
		}
		return Scatter, k, 1 << 0, nil
	case v.Op == ir.OpOuter:
		m := v.Type.Shape[0]
		if m <= accumulators && v.Type.Shape[1] > m {
			return OuterCol, v.Type.Shape[1], 1 << 1, nil
		}
		return OuterRow, m, 1 << 0, nil
	case v.Op == ir.OpSum && v.Type.IsScalar():
		return SumAll, v.Args[0].Type.Len(), 1, nil
	case v.Op == ir.OpExpand && v.Args[0].Type.Len() == 1, v.Op == ir.OpOneHot:
		return Elem, n, 0, nil
	case info.Class == ir.ClassElem:
		for i, a := range v.Args {
			if !a.Type.IsScalar() || n == 1 {
				aligned |= 1 << i
			}
		}
		return Elem, n, aligned, nil
	case info.Class == ir.ClassShape && n <= SmallLen:
		return Copy, n, 0, nil
	case info.Class == ir.ClassShape, info.Class == ir.ClassReduce, info.Class == ir.ClassLinalg, info.Class == ir.ClassRandom, info.Class == ir.ClassNode:
		return Whole, 1, 0, nil
	}
	return 0, 0, 0, fmt.Errorf("plan: function %s: operator %s cannot be planned", pl.fn.IR.Name, v.Op)
}
