package opt

import (
	"math"

	"ndec.dev/ndec/ir"
)

// arithmetic lists identities of sums, products and powers. All are exact in every precision
// except that the sign of a zero sum may change.
func arithmetic() []rewrite {
	return []rewrite{
		{"x+0 = x, x+(-y) = x-y, (-x)+y = y-x", []ir.Op{ir.OpAdd}, func(b *ir.Builder, v *ir.Value, a []*ir.Value) *ir.Value {
			switch {
			case a[0].IsConst(0):
				return a[1]
			case a[1].IsConst(0):
				return a[0]
			case a[1].Op == ir.OpNeg:
				return b.Sub(a[0], a[1].Args[0])
			case a[0].Op == ir.OpNeg:
				return b.Sub(a[1], a[0].Args[0])
			}
			return nil
		}},
		{"x-0 = x, 0-x = -x, x-(-y) = x+y", []ir.Op{ir.OpSub}, func(b *ir.Builder, v *ir.Value, a []*ir.Value) *ir.Value {
			switch {
			case a[1].IsConst(0):
				return a[0]
			case a[0].IsConst(0):
				return b.Neg(a[1])
			case a[1].Op == ir.OpNeg:
				return b.Add(a[0], a[1].Args[0])
			}
			return nil
		}},
		{"x*1 = x, x*-1 = -x, (-x)*(-y) = x*y", []ir.Op{ir.OpMul}, func(b *ir.Builder, v *ir.Value, a []*ir.Value) *ir.Value {
			for i, x := range a {
				switch {
				case x.IsConst(1):
					return a[1-i]
				case x.IsConst(-1):
					return b.Neg(a[1-i])
				}
			}
			if a[0].Op == ir.OpNeg && a[1].Op == ir.OpNeg {
				return b.Mul(a[0].Args[0], a[1].Args[0])
			}
			return nil
		}},
		{"x/1 = x, x/2^k = x*2^-k", []ir.Op{ir.OpDiv}, func(b *ir.Builder, v *ir.Value, a []*ir.Value) *ir.Value {
			switch {
			case a[1].IsConst(1):
				return a[0]
			case splat(a[1]) && powerOfTwo(a[1].Attr.Num):
				return b.Mul(a[0], b.Fill(1/a[1].Attr.Num, a[1].Type))
			}
			return nil
		}},
		{"-(-x) = x", []ir.Op{ir.OpNeg}, func(b *ir.Builder, v *ir.Value, a []*ir.Value) *ir.Value {
			if a[0].Op == ir.OpNeg {
				return a[0].Args[0]
			}
			return nil
		}},
		{"(-x)^2 = |x|^2 = x^2", []ir.Op{ir.OpSquare}, func(b *ir.Builder, v *ir.Value, a []*ir.Value) *ir.Value {
			if a[0].Op == ir.OpNeg || a[0].Op == ir.OpAbs {
				return b.Unary(ir.OpSquare, a[0].Args[0])
			}
			return nil
		}},
		{"|-x| = ||x|| = |x|", []ir.Op{ir.OpAbs}, func(b *ir.Builder, v *ir.Value, a []*ir.Value) *ir.Value {
			switch a[0].Op {
			case ir.OpNeg:
				return b.Unary(ir.OpAbs, a[0].Args[0])
			case ir.OpAbs:
				return a[0]
			}
			return nil
		}},
		{"x^1 = x, x^2 = square x, x^-1 = recip x", []ir.Op{ir.OpPow}, func(b *ir.Builder, v *ir.Value, a []*ir.Value) *ir.Value {
			switch {
			case a[1].IsConst(1):
				return a[0]
			case a[1].IsConst(2):
				return b.Unary(ir.OpSquare, a[0])
			case a[1].IsConst(-1):
				return b.Unary(ir.OpRecip, a[0])
			}
			return nil
		}},
	}
}

func powerOfTwo(x float64) bool {
	frac, exp := math.Frexp(x)
	return math.Abs(frac) == 0.5 && exp > -100 && exp < 100
}

// choices lists identities of conditions, selections and conversions.
func choices() []rewrite {
	return []rewrite{
		{"select(true, a, b) = a, select(c, a, a) = a, select(!c, a, b) = select(c, b, a)", []ir.Op{ir.OpSelect}, func(b *ir.Builder, v *ir.Value, a []*ir.Value) *ir.Value {
			switch {
			case splat(a[0]) && a[0].Attr.Num != 0:
				return a[1]
			case splat(a[0]):
				return a[2]
			case a[1] == a[2]:
				return a[1]
			case a[0].Op == ir.OpNot:
				return b.Select(a[0].Args[0], a[2], a[1])
			}
			return nil
		}},
		{"!!c = c", []ir.Op{ir.OpNot}, func(b *ir.Builder, v *ir.Value, a []*ir.Value) *ir.Value {
			if a[0].Op == ir.OpNot {
				return a[0].Args[0]
			}
			return nil
		}},
		{"c and true = c, c or false = c, c and c = c", []ir.Op{ir.OpAnd, ir.OpOr}, func(b *ir.Builder, v *ir.Value, a []*ir.Value) *ir.Value {
			if a[0] == a[1] {
				return a[0]
			}
			for i, x := range a {
				if !splat(x) {
					continue
				}
				if neutral := v.Op == ir.OpAnd; (x.Attr.Num != 0) == neutral {
					return a[1-i]
				}
				return x
			}
			return nil
		}},
		{"min(x, x) = max(x, x) = x", []ir.Op{ir.OpMin, ir.OpMax}, func(b *ir.Builder, v *ir.Value, a []*ir.Value) *ir.Value {
			if a[0] == a[1] {
				return a[0]
			}
			return nil
		}},
		{"a cast to the same type or there and back falls", []ir.Op{ir.OpCast}, func(b *ir.Builder, v *ir.Value, a []*ir.Value) *ir.Value {
			if a[0].Type.Elem == v.Type.Elem {
				return a[0]
			}
			if x := a[0]; x.Op == ir.OpCast && x.Type.Elem == ir.F64 && x.Args[0].Type.Elem == v.Type.Elem {
				return x.Args[0]
			}
			return nil
		}},
		// Derivatives are gone when this runs, and its value is that of its operand.
		{"detach x = x", []ir.Op{ir.OpDetach}, func(b *ir.Builder, v *ir.Value, a []*ir.Value) *ir.Value {
			return a[0]
		}},
	}
}
