package lower

import (
	"cmp"
	"slices"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// inOrder gives output times in the order in which a solve from t0 comes by them, and for each of them its place there, nil where they are
// in that order already. Times that are not known when compiling are left to the loop of the solve, which fails where they are not in order.
func (s *scope) inOrder(t0, times *ir.Value, at diag.Span) (sorted *ir.Value, places []int) {
	ts, known := constant(times)
	start, also := constant(t0)
	if !known || !also {
		return times, nil
	}
	dir := 0
	for _, t := range ts {
		side := cmp.Compare(t, start[0])
		if side*dir < 0 {
			refuse(timesBothWays, at, "output times lie on both sides of from: %v, and a solve goes one way; solve twice", start[0])
		}
		if side != 0 {
			dir = side
		}
	}
	order := make([]int, len(ts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return dir * cmp.Compare(ts[i], ts[j]) })
	if slices.IsSorted(order) {
		return times, nil
	}
	places, data := make([]int, len(ts)), make([]float64, len(ts))
	for k, i := range order {
		places[i], data[k] = k, ts[i]
	}
	return s.b.Data(data, times.Type).Named("times"), places
}

// constant gives the numbers of v where it is computed from constants alone.
func constant(v *ir.Value) ([]float64, bool) {
	info := v.Op.Info()
	switch {
	case v.Op == ir.OpConst && v.Attr.Data != nil:
		return v.Attr.Data, true
	case v.Op == ir.OpConst:
		return slices.Repeat([]float64{v.Attr.Num}, v.Type.Len()), true
	case len(v.Args) == 0 || info.Eval == nil || info.Class == ir.ClassNode:
		return nil, false
	}
	var in []ir.Datum
	for _, a := range v.Args {
		x, ok := constant(a)
		if !ok {
			return nil, false
		}
		in = append(in, ir.Datum{Type: a.Type, Data: x})
	}
	out := make([]float64, v.Type.Len())
	info.Eval(in, &v.Attr, out)
	return out, true
}
