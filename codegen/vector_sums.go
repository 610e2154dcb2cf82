package codegen

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/codegen/lanes"
	"ndec.dev/ndec/ir/plan"
)

// sumsAt spells a place among the sums of a gradient.
func sumsAt(at lanes.SumPlace) string {
	switch {
	case at.Nums == 0:
		return fmt.Sprintf("%d*kernel.width", at.Vecs)
	case at.Vecs == 0:
		return fmt.Sprint(at.Nums)
	}
	return fmt.Sprintf("%d+%d*kernel.width", at.Nums, at.Vecs)
}

// addSums prints that what a function adds to the gradient goes from the sums of a shard to the gradient: over the lanes from the first
// one on, and number by number where matrices are summed in tiles.
func (v *vectors) addSums(f *plan.Func) {
	type stretch struct { // of the gradient, and where its sums are
		from, to int
		at       lanes.SumPlace
	}
	var inLanes []stretch
	flat := 0
	for _, q := range v.e.m.Params {
		from := flat
		if flat += q.Type.Len(); !slices.Contains(f.Sums, q) {
			continue
		}
		l, t := v.set.Sums(q)
		if l != nil {
			if n := len(inLanes); n > 0 && inLanes[n-1].to == from && after(inLanes[n-1].at) == after(lanes.SumPlace{Nums: l.Nums, Vecs: l.Vecs}) {
				inLanes[n-1].to = flat
				inLanes[n-1].at.Len += l.Len
			} else {
				inLanes = append(inLanes, stretch{from, flat, *l})
			}
		}
		if t != nil {
			v.p.line("rt.AddRows(gradient[%d:%d], l.sums[%s:], %d)", from, flat, sumsAt(*t), t.Columns)
		}
	}
	for _, s := range inLanes {
		v.p.line("rt.AddLanes(gradient[%d:%d], l.sums[%s:%s], kernel.width)", s.from, s.to, sumsAt(s.at), sumsAt(after(s.at)))
	}
	for _, q := range v.e.through() {
		if !slices.Contains(f.Sums, q) {
			continue
		}
		l, t := v.set.Sums(q)
		if l != nil {
			v.p.line("rt.AddLanes(g.%s[:], l.sums[%s:%s], kernel.width)", v.e.field(q), sumsAt(*l), sumsAt(after(*l)))
		}
		if t != nil {
			v.p.line("rt.AddRows(g.%s[:], l.sums[%s:], %d)", v.e.field(q), sumsAt(*t), t.Columns)
		}
	}
}

// after is the place behind sums in lanes.
func after(at lanes.SumPlace) lanes.SumPlace {
	return lanes.SumPlace{Nums: at.Nums, Vecs: at.Vecs + at.Len}
}
