package ir

import (
	"errors"
	"fmt"
	"math"
)

func init() {
	register(
		arith(OpAdd, "add", "x + y", "sum", true, func(x, y float64) float64 { return x + y },
			func(b *Builder, v *Value, _ int) *Value { return b.lit(v, 1) }),
		arith(OpSub, "sub", "x - y", "difference", false, func(x, y float64) float64 { return x - y },
			func(b *Builder, v *Value, i int) *Value { return b.lit(v, 1-2*float64(i)) }),
		arith(OpMul, "mul", "x y", "product, element by element", true, func(x, y float64) float64 { return x * y },
			func(b *Builder, v *Value, i int) *Value { return v.Args[1-i] }),
		arith(OpDiv, "div", "x / y", "quotient", false, func(x, y float64) float64 { return x / y },
			func(b *Builder, v *Value, i int) *Value {
				r := b.Unary(OpRecip, v.Args[1])
				if i == 0 {
					return r
				}
				return b.Neg(b.Mul(v, r))
			}),
		arith(OpPow, "pow", "x^y", "power", false, math.Pow,
			func(b *Builder, v *Value, i int) *Value {
				x, y := v.Args[0], v.Args[1]
				if i == 0 {
					return b.Mul(y, b.Binary(OpPow, x, b.Sub(y, b.lit(v, 1))))
				}
				return b.Mul(v, b.Unary(OpLog, x))
			}),
		arith(OpMin, "min", "min(x, y)", "smaller one; the derivative goes to x where x ≤ y", true, math.Min,
			func(b *Builder, v *Value, i int) *Value { return b.chosen(v, OpLe, i) }),
		arith(OpMax, "max", "max(x, y)", "larger one; the derivative goes to x where x ≥ y", true, math.Max,
			func(b *Builder, v *Value, i int) *Value { return b.chosen(v, OpLt, 1-i) }),
		arith(OpAtan2, "atan2", "angle of (y, x)", "angle of the point (second operand, first operand)", false, math.Atan2,
			func(b *Builder, v *Value, i int) *Value {
				y, x := v.Args[0], v.Args[1]
				r := b.Unary(OpRecip, b.Add(b.Unary(OpSquare, x), b.Unary(OpSquare, y)))
				if i == 0 {
					return b.Mul(x, r)
				}
				return b.Neg(b.Mul(y, r))
			}),
		arith(OpMod, "mod", "x - y⌊x/y⌋", "remainder with the sign of y", false,
			func(x, y float64) float64 { return x - y*math.Floor(x/y) },
			func(b *Builder, v *Value, i int) *Value {
				if i == 0 {
					return b.lit(v, 1)
				}
				return b.Neg(b.Unary(OpFloor, b.Div(v.Args[0], v.Args[1])))
			}),
		compare(OpEq, "eq", "x = y", true, func(x, y float64) bool { return x == y }),
		compare(OpNe, "ne", "x ≠ y", true, func(x, y float64) bool { return x != y }),
		compare(OpLt, "lt", "x < y", false, func(x, y float64) bool { return x < y }),
		compare(OpLe, "le", "x ≤ y", false, func(x, y float64) bool { return x <= y }),
		logical(OpAnd, "and", "x and y", 2, func(x []float64) bool { return x[0] != 0 && x[1] != 0 }),
		logical(OpOr, "or", "x or y", 2, func(x []float64) bool { return x[0] != 0 || x[1] != 0 }),
		logical(OpNot, "not", "not x", 1, func(x []float64) bool { return x[0] == 0 }),
		Info{Op: OpSelect, Name: "select", Arity: 3, Class: ClassElem, Formula: "x if c, else y", Doc: "x where the condition holds, else y; the derivative follows the choice",
			Shape: func(a []Type, _ *Attr) (Type, error) {
				if a[0].Elem != Bool || a[1].Elem != a[2].Elem {
					return Type{}, fmt.Errorf("wants a condition and two values of one type, not %s, %s, %s", a[0], a[1], a[2])
				}
				return broadcast(a[1].Elem, a)
			},
			Eval: elementwise(func(x []float64) float64 {
				if x[0] != 0 {
					return x[1]
				}
				return x[2]
			}),
			Partial: func(b *Builder, v *Value, i int) *Value {
				switch i {
				case 1:
					return b.Cast(v.Args[0], v.Type.Elem)
				case 2:
					return b.Cast(b.Unary(OpNot, v.Args[0]), v.Type.Elem)
				}
				return nil
			}},
		Info{Op: OpCast, Name: "cast", Arity: 1, Class: ClassElem, Formula: "x", Doc: "the same number in another element type", Linear: true,
			Shape: func(a []Type, at *Attr) (Type, error) {
				if at.Elem == InvalidElem || at.Elem == Tuple {
					return Type{}, errors.New("has no element type")
				}
				return a[0].With(at.Elem), nil
			},
			Eval: func(a []Datum, at *Attr, out []float64) {
				for i := range out {
					x := a[0].Data[i]
					switch at.Elem {
					case Bool:
						x = indicator(x != 0)
					case I32:
						x = math.Trunc(x)
					}
					out[i] = x
				}
			},
			Transpose: func(b *Builder, v *Value, _ int, g *Value) *Value {
				if !v.Type.Elem.IsFloat() || !v.Args[0].Type.Elem.IsFloat() {
					return nil
				}
				return b.Cast(g, v.Args[0].Type.Elem)
			}},
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

func indicator(c bool) float64 {
	if c {
		return 1
	}
	return 0
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

func compare(op Op, name, formula string, commutes bool, f func(x, y float64) bool) Info {
	return Info{Op: op, Name: name, Arity: 2, Class: ClassElem, Commutative: commutes, Formula: formula, Doc: "comparison: true or false",
		Shape: func(a []Type, _ *Attr) (Type, error) {
			if err := sameElem(a); err != nil {
				return Type{}, err
			}
			return broadcast(Bool, a)
		},
		Eval: elementwise(func(x []float64) float64 { return indicator(f(x[0], x[1])) })}
}

func logical(op Op, name, formula string, n int, f func(x []float64) bool) Info {
	return Info{Op: op, Name: name, Arity: n, Class: ClassElem, Commutative: n == 2, Formula: formula, Doc: "logical connective",
		Shape: func(a []Type, _ *Attr) (Type, error) {
			for _, t := range a {
				if t.Elem != Bool {
					return Type{}, fmt.Errorf("wants truth values, not %s", t)
				}
			}
			return broadcast(Bool, a)
		},
		Eval: elementwise(func(x []float64) float64 { return indicator(f(x)) })}
}
