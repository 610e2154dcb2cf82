package ir

import (
	"fmt"
	"math"
	"sort"
)

func init() {
	register(
		reduction(OpSum, "sum", "Σ x", "sum", 0, func(s, x float64) float64 { return s + x }),
		reduction(OpReduceMax, "reduce_max", "max x", "largest element; the derivative goes to the largest ones, shared when several are equal", math.Inf(-1), func(s, x float64) float64 { return max(s, x) }),
		reduction(OpReduceMin, "reduce_min", "min x", "smallest element; the derivative goes to the smallest ones, shared when several are equal", math.Inf(1), func(s, x float64) float64 { return min(s, x) }),
		Info{Op: OpCumsum, Name: "cumsum", Arity: 1, Class: ClassReduce, Linear: true, Formula: "y_k = Σ_{i≤k} x_i", Doc: "running sum along an axis",
			Shape: func(a []Type, at *Attr) (Type, error) { return OpReverse.Info().Shape(a, at) },
			Eval: func(a []Datum, at *Attr, out []float64) {
				shape := a[0].Type.Shape
				stride := 1
				for _, d := range shape[at.Index+1:] {
					stride *= d
				}
				for k := range out {
					out[k] = a[0].Data[k]
					if k/stride%shape[at.Index] > 0 {
						out[k] += out[k-stride]
					}
				}
			},
			Transpose: func(b *Builder, v *Value, _ int, g *Value) *Value {
				at := Attr{Index: v.Attr.Index}
				return b.Emit(OpReverse, at, b.Emit(OpCumsum, at, b.Emit(OpReverse, at, g)))
			}},
		Info{Op: OpArgmax, Name: "argmax", Arity: 1, Class: ClassReduce, Formula: "arg max x", Doc: "index of the largest element, the first among equals",
			Shape: func(a []Type, _ *Attr) (Type, error) {
				if a[0].Rank() != 1 {
					return Type{}, fmt.Errorf("wants a vector, not %s", a[0])
				}
				return Scalar(I32), nil
			},
			Eval: func(a []Datum, _ *Attr, out []float64) {
				best := 0
				for i, x := range a[0].Data {
					if x > a[0].Data[best] {
						best = i
					}
				}
				out[0] = float64(best)
			}},
	)
}

// reduced is the shape that remains, and whether each axis is reduced.
func reduced(shape, axes []int) (rest []int, over []bool) {
	over = make([]bool, len(shape))
	for i := range over {
		over[i] = len(axes) == 0
	}
	for _, a := range axes {
		over[a] = true
	}
	for i, d := range shape {
		if !over[i] {
			rest = append(rest, d)
		}
	}
	return rest, over
}

func reduction(op Op, name, formula, doc string, start float64, f func(s, x float64) float64) Info {
	r := Info{Op: op, Name: name, Arity: 1, Class: ClassReduce, Linear: op == OpSum, Formula: formula, Doc: doc,
		Shape: func(a []Type, at *Attr) (Type, error) {
			if a[0].Elem == Bool || a[0].Elem == Tuple {
				return Type{}, fmt.Errorf("wants numbers, not %s", a[0])
			}
			seen := map[int]bool{}
			for _, ax := range at.Ints {
				if ax < 0 || ax >= a[0].Rank() || seen[ax] {
					return Type{}, fmt.Errorf("%s has no axes %v", a[0], at.Ints)
				}
				seen[ax] = true
			}
			rest, _ := reduced(a[0].Shape, at.Ints)
			return Tensor(a[0].Elem, rest...), nil
		},
		Eval: func(a []Datum, at *Attr, out []float64) {
			rest, over := reduced(a[0].Type.Shape, at.Ints)
			for i := range out {
				out[i] = start
			}
			for k, x := range a[0].Data {
				var ix []int
				for i, j := range Unravel(k, a[0].Type.Shape) {
					if !over[i] {
						ix = append(ix, j)
					}
				}
				o := Ravel(ix, rest)
				out[o] = f(out[o], x)
			}
		}}
	if op == OpSum {
		r.Transpose = func(b *Builder, v *Value, _ int, g *Value) *Value { return b.spread(v, g) }
		return r
	}
	r.VJP = func(b *Builder, v *Value, _ int, g *Value) *Value { return b.Mul(b.spread(v, g), b.share(v)) }
	r.JVP = func(b *Builder, v *Value, dx []*Value) *Value {
		return b.Sum(b.Mul(b.share(v), dx[0]), v.Attr.Ints...)
	}
	return r
}

// spread repeats g, of the shape of the reduction v, over the axes that v reduces.
func (b *Builder) spread(v, g *Value) *Value {
	shape := v.Args[0].Type.Shape
	_, over := reduced(shape, v.Attr.Ints)
	// Reduced axes to the front, where Expand adds axes, then back to their places.
	var front, back []int
	for i := range shape {
		if over[i] {
			front = append(front, i)
		} else {
			back = append(back, i)
		}
	}
	perm := append(append([]int(nil), front...), back...)
	var moved []int
	for _, p := range perm {
		moved = append(moved, shape[p])
	}
	x := b.Expand(g, moved...)
	if sort.IntsAreSorted(perm) {
		return x
	}
	inv := make([]int, len(perm))
	for i, p := range perm {
		inv[p] = i
	}
	return b.Transpose(x, inv...)
}

// share is 1/m at each of the m elements that are the extremum v, and 0 elsewhere.
func (b *Builder) share(v *Value) *Value {
	hit := b.Cast(b.Binary(OpEq, v.Args[0], b.spread(v, v)), v.Type.Elem)
	return b.Div(hit, b.spread(v, b.Sum(hit, v.Attr.Ints...)))
}
