package opt

import (
	"slices"

	"ndec.dev/ndec/ir"
)

// reductions lists identities of sums and extrema. Those that take a factor out of a sum, or
// replace a sum of equal terms by a product, round less often than the sum.
func reductions() []rewrite {
	return []rewrite{
		{"a reduction over axes of length 1 moves nothing", []ir.Op{ir.OpSum, ir.OpReduceMax, ir.OpReduceMin}, func(b *ir.Builder, v *ir.Value, a []*ir.Value) *ir.Value {
			if a[0].Type.Len() == v.Type.Len() && a[0].Type.Len() > 0 {
				return b.Reshape(a[0], v.Type.Shape...)
			}
			return nil
		}},
		{"max and min of an expansion over new axes", []ir.Op{ir.OpReduceMax, ir.OpReduceMin}, func(b *ir.Builder, v *ir.Value, a []*ir.Value) *ir.Value {
			if s := scalarOf(a[0]); s != nil && a[0].Type.Len() > 0 {
				return b.Expand(s, v.Type.Shape...)
			}
			return nil
		}},
		{"sum of an expansion is a product", []ir.Op{ir.OpSum}, sumExpand},
		{"a sum over axes of a transposition, which adds in the same order", []ir.Op{ir.OpSum}, sumTranspose},
		{"sum(-x) = -sum x, sum(s*x) = s*sum x, sum of a sum, sum of a reshape", []ir.Op{ir.OpSum}, func(b *ir.Builder, v *ir.Value, a []*ir.Value) *ir.Value {
			x := a[0]
			total := len(axesOf(v, x)) == x.Type.Rank()
			switch {
			case x.Op == ir.OpNeg:
				return b.Neg(b.Emit(ir.OpSum, v.Attr, x.Args[0]))
			case x.Op == ir.OpMul && x.Args[0].Type.IsScalar():
				return b.Mul(x.Args[0], b.Emit(ir.OpSum, v.Attr, x.Args[1]))
			case x.Op == ir.OpMul && x.Args[1].Type.IsScalar():
				return b.Mul(b.Emit(ir.OpSum, v.Attr, x.Args[0]), x.Args[1])
			case total && (x.Op == ir.OpSum || x.Op == ir.OpReshape || x.Op == ir.OpTranspose):
				return b.Sum(x.Args[0])
			}
			return nil
		}},
	}
}

// sumTranspose sums over the axes that those of a transposition come from, if these and the others keep their order.
func sumTranspose(b *ir.Builder, v *ir.Value, a []*ir.Value) *ir.Value {
	x := a[0]
	if x.Op != ir.OpTranspose {
		return nil
	}
	over := axesOf(v, x)
	var summed, kept []int
	for axis, from := range x.Attr.Ints {
		if slices.Contains(over, axis) {
			summed = append(summed, from)
		} else {
			kept = append(kept, from)
		}
	}
	if !slices.IsSorted(summed) || !slices.IsSorted(kept) {
		return nil
	}
	return b.Sum(x.Args[0], summed...)
}

// axesOf lists the axes over which the reduction v of x runs.
func axesOf(v, x *ir.Value) []int {
	if v.Attr.Ints != nil {
		return v.Attr.Ints
	}
	all := make([]int, x.Type.Rank())
	for i := range all {
		all[i] = i
	}
	return all
}

// sumExpand turns a sum over axes that an expansion added into a product with their lengths.
func sumExpand(b *ir.Builder, v *ir.Value, a []*ir.Value) *ir.Value {
	if a[0].Op != ir.OpExpand {
		return nil
	}
	x := a[0].Args[0]
	lead := a[0].Type.Rank() - x.Type.Rank()
	n, rest := 1, []int{}
	for _, axis := range axesOf(v, a[0]) {
		if axis < lead {
			n *= a[0].Type.Shape[axis]
		} else {
			rest = append(rest, axis-lead)
		}
	}
	if len(rest) == len(axesOf(v, a[0])) {
		return nil // no new axis is summed over
	}
	if len(rest) > 0 {
		x = b.Sum(x, rest...)
	}
	return b.Expand(b.Mul(x, b.Const(float64(n), x.Type.Elem)), v.Type.Shape...)
}

// products lists identities of linear algebra: a transposed matrix changes the operator instead.
func products() []rewrite {
	return []rewrite{
		{"Wᵀx = xᵀW", []ir.Op{ir.OpMatVec}, func(b *ir.Builder, v *ir.Value, a []*ir.Value) *ir.Value {
			if a[0].Op == ir.OpTranspose {
				return b.VecMat(a[1], a[0].Args[0])
			}
			return nil
		}},
		{"xᵀWᵀ = Wx", []ir.Op{ir.OpVecMat}, func(b *ir.Builder, v *ir.Value, a []*ir.Value) *ir.Value {
			if a[1].Op == ir.OpTranspose {
				return b.MatVec(a[1].Args[0], a[0])
			}
			return nil
		}},
	}
}
