package opt

import "ndec.dev/ndec/ir"

// shapes lists identities of operators that move elements; all are exact.
func shapes() []rewrite {
	return []rewrite{
		{"a moved splat is a splat", []ir.Op{ir.OpReshape, ir.OpTranspose, ir.OpSlice, ir.OpReverse, ir.OpExpand}, func(b *ir.Builder, v *ir.Value, a []*ir.Value) *ir.Value {
			if splat(a[0]) {
				return b.Fill(a[0].Attr.Num, v.Type)
			}
			return nil
		}},
		{"reshape chains", []ir.Op{ir.OpReshape}, reshape},
		{"transpose chains", []ir.Op{ir.OpTranspose}, transpose},
		{"slices of slices, concatenations, expansions and paddings", []ir.Op{ir.OpSlice}, slice},
		{"concatenations of one, of concatenations, of adjacent slices", []ir.Op{ir.OpConcat}, concat},
		{"expand chains", []ir.Op{ir.OpExpand}, func(b *ir.Builder, v *ir.Value, a []*ir.Value) *ir.Value {
			switch {
			case ir.SameShape(a[0].Type.Shape, v.Type.Shape):
				return a[0]
			case a[0].Op == ir.OpExpand:
				return b.Expand(a[0].Args[0], v.Type.Shape...)
			}
			return nil
		}},
		{"pad by nothing, pad chains", []ir.Op{ir.OpPad}, func(b *ir.Builder, v *ir.Value, a []*ir.Value) *ir.Value {
			switch {
			case a[0].Type.Equal(v.Type):
				return a[0]
			case a[0].Op == ir.OpPad:
				sum := append([]int(nil), v.Attr.Ints...)
				for i, n := range a[0].Attr.Ints {
					sum[i] += n
				}
				return b.Emit(ir.OpPad, ir.Attr{Ints: sum}, a[0].Args[0])
			}
			return nil
		}},
		{"reverse twice", []ir.Op{ir.OpReverse}, func(b *ir.Builder, v *ir.Value, a []*ir.Value) *ir.Value {
			if x := a[0]; x.Op == ir.OpReverse && x.Attr.Index == v.Attr.Index {
				return x.Args[0]
			}
			return nil
		}},
	}
}

func reshape(b *ir.Builder, v *ir.Value, a []*ir.Value) *ir.Value {
	x := a[0]
	switch {
	case ir.SameShape(x.Type.Shape, v.Type.Shape):
		return x
	case x.Op == ir.OpReshape:
		return b.Reshape(x.Args[0], v.Type.Shape...)
	case x.Op == ir.OpExpand && x.Args[0].Type.IsScalar() && !v.Type.IsScalar():
		return b.Expand(x.Args[0], v.Type.Shape...)
	case v.Type.IsScalar() && scalarOf(x) != nil:
		return scalarOf(x)
	}
	return nil
}

func transpose(b *ir.Builder, v *ir.Value, a []*ir.Value) *ir.Value {
	x, perm := a[0], v.Attr.Ints
	var order []int // of axes longer than 1: only these move elements
	moved := false
	for _, p := range perm {
		if x.Type.Shape[p] != 1 {
			moved = moved || len(order) > 0 && order[len(order)-1] > p
			order = append(order, p)
		}
	}
	switch {
	case !moved:
		return b.Reshape(x, v.Type.Shape...)
	case x.Op == ir.OpTranspose:
		both := make([]int, len(perm))
		for i, p := range perm {
			both[i] = x.Attr.Ints[p]
		}
		return b.Emit(ir.OpTranspose, ir.Attr{Ints: both}, x.Args[0])
	case x.Op == ir.OpOuter:
		return b.Outer(x.Args[1], x.Args[0])
	}
	return nil
}

func slice(b *ir.Builder, v *ir.Value, a []*ir.Value) *ir.Value {
	x, bounds := a[0], v.Attr.Ints
	if x.Type.Equal(v.Type) {
		return x
	}
	switch x.Op {
	case ir.OpSlice:
		return b.Slice(x.Args[0], shift(bounds, func(axis int) int { return x.Attr.Ints[2*axis] })...)
	case ir.OpConcat:
		return sliceConcat(b, x, bounds)
	case ir.OpExpand:
		inner, lead := x.Args[0], x.Type.Rank()-x.Args[0].Type.Rank()
		return b.Expand(b.Slice(inner, bounds[2*lead:]...), v.Type.Shape...)
	case ir.OpPad:
		in := shift(bounds, func(axis int) int { return -x.Attr.Ints[2*axis] })
		for axis, d := range x.Args[0].Type.Shape {
			if in[2*axis] < 0 || in[2*axis+1] > d {
				return nil
			}
		}
		return b.Slice(x.Args[0], in...)
	}
	return nil
}

// shift adds by(axis) to both bounds of every axis.
func shift(bounds []int, by func(axis int) int) []int {
	out := append([]int(nil), bounds...)
	for i := range out {
		out[i] += by(i / 2)
	}
	return out
}

// sliceConcat cuts each part of the concatenation x and joins what is left of them.
func sliceConcat(b *ir.Builder, x *ir.Value, bounds []int) *ir.Value {
	axis := x.Attr.Index
	lo, hi := bounds[2*axis], bounds[2*axis+1]
	var parts []*ir.Value
	at := 0
	for _, p := range x.Args {
		n := p.Type.Shape[axis]
		from, to := max(lo-at, 0), min(hi-at, n)
		if from < to {
			cut := append([]int(nil), bounds...)
			cut[2*axis], cut[2*axis+1] = from, to
			parts = append(parts, b.Slice(p, cut...))
		}
		at += n
	}
	if len(parts) == 0 {
		return nil
	}
	return b.Concat(axis, parts...)
}

func concat(b *ir.Builder, v *ir.Value, a []*ir.Value) *ir.Value {
	if len(a) == 1 {
		return a[0]
	}
	axis, changed := v.Attr.Index, false
	var parts []*ir.Value
	for _, x := range a {
		if x.Op == ir.OpConcat && x.Attr.Index == axis {
			parts, changed = append(parts, x.Args...), true
			continue
		}
		if n := len(parts); n > 0 {
			if whole := joinSlices(b, axis, parts[n-1], x); whole != nil {
				parts[n-1], changed = whole, true
				continue
			}
		}
		parts = append(parts, x)
	}
	if !changed {
		return nil
	}
	return b.Concat(axis, parts...)
}

// joinSlices gives the slice that x and y make together; nil if they are not neighbours in one value.
func joinSlices(b *ir.Builder, axis int, x, y *ir.Value) *ir.Value {
	if x.Op != ir.OpSlice || y.Op != ir.OpSlice || x.Args[0] != y.Args[0] {
		return nil
	}
	bx, by := x.Attr.Ints, y.Attr.Ints
	for i := range bx {
		if i/2 != axis && bx[i] != by[i] {
			return nil
		}
	}
	if bx[2*axis+1] != by[2*axis] {
		return nil
	}
	both := append([]int(nil), bx...)
	both[2*axis+1] = by[2*axis+1]
	return b.Slice(x.Args[0], both...)
}
