package ir

import (
	"errors"
	"fmt"
	"math"
)

// Conditions, choices between values, and conversions.

func init() {
	register(
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
		Info{Op: OpCast, Name: "cast", Arity: 1, Class: ClassElem, Formula: "x", Doc: "the same number in another element type; an i32 is truncated and saturates, NaN gives 0", Linear: true,
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
						x = toInt32(x)
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

// toInt32 is the i32 of a real number: truncated, held within the range, and 0 for a NaN. Go leaves
// the last two cases to the machine.
func toInt32(x float64) float64 {
	if math.IsNaN(x) {
		return 0
	}
	return math.Trunc(math.Min(math.Max(x, math.MinInt32), math.MaxInt32))
}

func indicator(c bool) float64 {
	if c {
		return 1
	}
	return 0
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
