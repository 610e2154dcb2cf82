package ir

import "fmt"

// Rows at places that are values. Each operator is the transpose of the other.

func init() {
	register(
		Info{Op: OpTake, Name: "take", Arity: 2, Class: ClassLinalg, Linear: true, Formula: "x_{i_j}", Doc: "rows of x at the places i",
			Shape: func(a []Type, _ *Attr) (Type, error) {
				if a[0].Rank() < 1 || a[0].Elem == Tuple {
					return Type{}, fmt.Errorf("wants rows, not %s", a[0])
				}
				if err := places(a[1]); err != nil {
					return Type{}, err
				}
				return Tensor(a[0].Elem, join(a[1].Shape, a[0].Shape[1:])...), nil
			},
			Eval: func(a []Datum, _ *Attr, out []float64) {
				n, row := a[0].Type.Shape[0], len(out)/len(a[1].Data)
				for j, i := range a[1].Data {
					k := place(i, n)
					copy(out[j*row:(j+1)*row], a[0].Data[k*row:])
				}
			},
			Transpose: func(b *Builder, v *Value, _ int, g *Value) *Value {
				return b.Emit(OpScatter, Attr{Index: v.Args[0].Type.Shape[0]}, g, v.Args[1])
			}},
		Info{Op: OpScatter, Name: "scatter", Arity: 2, Class: ClassLinalg, Linear: true, Formula: "Σ_{j: i_j = k} x_j", Doc: "rows of x added up at the places i, zeros elsewhere",
			Shape: func(a []Type, at *Attr) (Type, error) {
				if err := places(a[1]); err != nil {
					return Type{}, err
				}
				if a[0].Rank() < 1 || !a[0].Elem.IsFloat() || a[0].Shape[0] != a[1].Shape[0] || at.Index < 1 {
					return Type{}, fmt.Errorf("wants a row of numbers for each of %d places, not %s", a[1].Len(), a[0])
				}
				return Tensor(a[0].Elem, join([]int{at.Index}, a[0].Shape[1:])...), nil
			},
			Eval: func(a []Datum, at *Attr, out []float64) {
				clear(out)
				row := len(out) / at.Index
				for j, i := range a[1].Data {
					k := place(i, at.Index)
					for e := range row {
						out[k*row+e] += a[0].Data[j*row+e]
					}
				}
			},
			Transpose: func(b *Builder, v *Value, _ int, g *Value) *Value { return b.Emit(OpTake, Attr{}, g, v.Args[1]) }},
		Info{Op: OpLocate, Name: "locate", Arity: 2, Class: ClassLinalg, Formula: "max {i: ts_i ≤ t}", Doc: "place of t among the ascending times ts, from 0",
			Shape: func(a []Type, at *Attr) (Type, error) {
				if a[0].Rank() != 1 || !a[0].Elem.IsFloat() || !a[1].Equal(Scalar(a[0].Elem)) {
					return Type{}, fmt.Errorf("wants times and a time, not %s and %s", a[0], a[1])
				}
				if at.Index < 0 || at.Index >= a[0].Len() {
					return Type{}, fmt.Errorf("place %d is none of %s", at.Index, a[0])
				}
				return Tensor(I32, 1), nil
			},
			Eval: func(a []Datum, at *Attr, out []float64) {
				out[0] = 0
				for i, t := range a[0].Data[:at.Index+1] {
					if t <= a[1].Data[0] {
						out[0] = float64(i)
					}
				}
			}},
	)
}

func places(t Type) error {
	if t.Rank() != 1 || t.Elem != I32 {
		return fmt.Errorf("wants a vector of places, not %s", t)
	}
	return nil
}

// place holds a place within the rows, as rt.Take does.
func place(i float64, n int) int { return min(max(int(i), 0), n-1) }
