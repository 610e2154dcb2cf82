package ir

import (
	"errors"
	"fmt"
	"math"
)

// Arithmetic of two operands: equal shapes, or scalars beside one shape. Gradients of min and max at a
// tie depend on the order of the operands, so these do not commute.

func init() {
	register(
		arith(OpAdd, "add", "x + y", "sum", true, func(x, y float64) float64 { return x + y },
			func(b *Builder, v *Value, _ int) *Value { return b.lit(v, 1) }),
		arith(OpSub, "sub", "x - y", "difference", false, func(x, y float64) float64 { return x - y },
			func(b *Builder, v *Value, i int) *Value { return b.lit(v, 1-2*float64(i)) }),
		arith(OpMul, "mul", "x y", "product, element by element", true, func(x, y float64) float64 { return x * y },
			func(b *Builder, v *Value, i int) *Value { return v.Args[1-i] }),
		realArith(OpDiv, "div", "x / y", "quotient", func(x, y float64) float64 { return x / y },
			func(b *Builder, v *Value, i int) *Value {
				r := b.Unary(OpRecip, v.Args[1])
				if i == 0 {
					return r
				}
				return b.Neg(b.Mul(v, r))
			}),
		realArith(OpPow, "pow", "x^y", "power", math.Pow,
			func(b *Builder, v *Value, i int) *Value {
				// As in PyTorch, x^0 has slope 0 by x at x = 0 too, and 0^y (y ≥ 0) slope 0 by y. The
				// base is replaced there, not the result: an infinity times 0 would be a NaN.
				x, y, one := v.Args[0], v.Args[1], b.lit(v, 1)
				if i == 0 {
					if y.Op != OpConst || y.Attr.Data != nil || y.Attr.Num == 0 {
						x = b.Select(b.Binary(OpEq, y, b.lit(v, 0)), one, x)
					}
					return b.Mul(y, b.Binary(OpPow, x, b.Sub(y, one)))
				}
				flat := b.Binary(OpAnd, b.Binary(OpEq, x, b.lit(v, 0)), b.Binary(OpLe, b.lit(v, 0), y))
				return b.Mul(v, b.Unary(OpLog, b.Select(flat, one, x)))
			}),
		arith(OpMin, "min", "min(x, y)", "smaller one, NaN if either is; the derivative goes to x where x ≤ y", false, func(x, y float64) float64 { return min(x, y) },
			func(b *Builder, v *Value, i int) *Value { return b.chosen(v, OpLe, i) }),
		arith(OpMax, "max", "max(x, y)", "larger one, NaN if either is; the derivative goes to x where x ≥ y", false, func(x, y float64) float64 { return max(x, y) },
			func(b *Builder, v *Value, i int) *Value { return b.chosen(v, OpLt, 1-i) }),
		realArith(OpAtan2, "atan2", "angle of (y, x)", "angle of the point (second operand, first operand)", math.Atan2,
			func(b *Builder, v *Value, i int) *Value {
				y, x := v.Args[0], v.Args[1]
				r := b.Unary(OpRecip, b.Add(b.Unary(OpSquare, x), b.Unary(OpSquare, y)))
				if i == 0 {
					return b.Mul(x, r)
				}
				return b.Neg(b.Mul(y, r))
			}),
		realArith(OpMod, "mod", "x - y⌊x/y⌋", "remainder with the sign of y",
			func(x, y float64) float64 { return x - y*math.Floor(x/y) },
			func(b *Builder, v *Value, i int) *Value {
				if i == 0 {
					return b.lit(v, 1)
				}
				return b.Neg(b.Unary(OpFloor, b.Div(v.Args[0], v.Args[1])))
			}),
	)
}

// chosen is 1 where operand i of a min or max is the result: where op holds for (x, y), or its
// opposite.
func (b *Builder) chosen(v *Value, op Op, other int) *Value {
	c := b.Binary(op, v.Args[0], v.Args[1])
	if other == 1 {
		c = b.Unary(OpNot, c)
	}
	return b.Cast(c, v.Type.Elem)
}

// broadcast is the common shape of operands, scalars fitting all.
func broadcast(e Elem, args []Type) (Type, error) {
	t := Scalar(e)
	for _, a := range args {
		switch {
		case a.Elem == Tuple:
			return Type{}, errors.New("wants tensors, not a tuple")
		case a.IsScalar() || SameShape(a.Shape, t.Shape):
		case len(t.Shape) == 0:
			t.Shape = a.Shape
		default:
			return Type{}, fmt.Errorf("shapes %s and %s differ", Type{Elem: e, Shape: t.Shape}, a)
		}
	}
	return t, nil
}

// elementwise applies f at each index.
func elementwise(f func(x []float64) float64) func([]Datum, *Attr, []float64) {
	return func(args []Datum, _ *Attr, out []float64) {
		x := make([]float64, len(args))
		for i := range out {
			for k, a := range args {
				if len(a.Data) == 1 {
					x[k] = a.Data[0]
				} else {
					x[k] = a.Data[i]
				}
			}
			out[i] = f(x)
		}
	}
}

func sameElem(args []Type) error {
	for _, a := range args[1:] {
		if a.Elem != args[0].Elem {
			return fmt.Errorf("element types of %s and %s differ", args[0], a)
		}
	}
	return nil
}

func arith(op Op, name, formula, doc string, commutes bool, f func(x, y float64) float64, d func(b *Builder, v *Value, i int) *Value) Info {
	return Info{Op: op, Name: name, Arity: 2, Class: ClassElem, Commutative: commutes, Formula: formula, Doc: doc,
		Shape: func(a []Type, _ *Attr) (Type, error) {
			if err := sameElem(a); err != nil {
				return Type{}, err
			}
			if a[0].Elem == Bool {
				return Type{}, errors.New("wants numbers, not bool")
			}
			return broadcast(a[0].Elem, a)
		},
		Eval:    elementwise(func(x []float64) float64 { return f(x[0], x[1]) }),
		Partial: d}
}

// realArith is the row of arithmetic that integers do not have: what a quotient of integers
// would be differs between languages, and a negative power is no integer.
func realArith(op Op, name, formula, doc string, f func(x, y float64) float64, d func(b *Builder, v *Value, i int) *Value) Info {
	r := arith(op, name, formula, doc, false, f, d)
	shape := r.Shape
	r.Shape = func(a []Type, at *Attr) (Type, error) {
		if a[0].Elem == I32 {
			return Type{}, fmt.Errorf("wants real numbers, not %s", a[0])
		}
		return shape(a, at)
	}
	return r
}

// FixedFraction is the exponent of a pow that is a constant and no whole number. Back ends take such a power, which error
// control needs in every step, by exponential function and logarithm alone.
func (v *Value) FixedFraction() (y float64, ok bool) {
	e := v.Args[1]
	if v.Op != OpPow || e.Op != OpConst || e.Attr.Data != nil || e.Attr.Num == math.Trunc(e.Attr.Num) {
		return 0, false
	}
	return e.Attr.Num, true
}
