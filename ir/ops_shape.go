package ir

import "fmt"

// Shape operators move elements; they are linear.

func init() {
	register(
		mover(OpReshape, "reshape", "x in another shape, row-major order kept", 1,
			func(a []Type, at *Attr) (Type, error) {
				if err := positive(at.Ints); err != nil {
					return Type{}, err
				}
				t := Tensor(a[0].Elem, at.Ints...)
				if t.Len() != a[0].Len() {
					return Type{}, fmt.Errorf("%s does not have the %d elements of %s", t, t.Len(), a[0])
				}
				return t, nil
			},
			func(_ []Type, _ *Attr, _ Type, k int) (int, int) { return 0, k },
			func(b *Builder, v *Value, _ int, g *Value) *Value { return b.Reshape(g, v.Args[0].Type.Shape...) }),
		mover(OpTranspose, "transpose", "x with its axes permuted", 1,
			func(a []Type, at *Attr) (Type, error) {
				if len(at.Ints) != a[0].Rank() {
					return Type{}, fmt.Errorf("permutation %v does not fit %s", at.Ints, a[0])
				}
				seen := make([]bool, len(at.Ints))
				shape := make([]int, len(at.Ints))
				for i, p := range at.Ints {
					if p < 0 || p >= len(seen) || seen[p] {
						return Type{}, fmt.Errorf("%v is no permutation", at.Ints)
					}
					seen[p] = true
					shape[i] = a[0].Shape[p]
				}
				return Tensor(a[0].Elem, shape...), nil
			},
			func(a []Type, at *Attr, t Type, k int) (int, int) {
				ix := Unravel(k, t.Shape)
				in := make([]int, len(ix))
				for i, p := range at.Ints {
					in[p] = ix[i]
				}
				return 0, Ravel(in, a[0].Shape)
			},
			func(b *Builder, v *Value, _ int, g *Value) *Value {
				inv := make([]int, len(v.Attr.Ints))
				for i, p := range v.Attr.Ints {
					inv[p] = i
				}
				return b.Transpose(g, inv...)
			}),
		mover(OpSlice, "slice", "part lo:hi of every axis", 1,
			func(a []Type, at *Attr) (Type, error) {
				if len(at.Ints) != 2*a[0].Rank() {
					return Type{}, fmt.Errorf("bounds %v do not fit %s", at.Ints, a[0])
				}
				shape := make([]int, a[0].Rank())
				for i, d := range a[0].Shape {
					lo, hi := at.Ints[2*i], at.Ints[2*i+1]
					if lo < 0 || hi > d || lo >= hi {
						return Type{}, fmt.Errorf("slice [%d:%d] out of range for axis of length %d", lo, hi, d)
					}
					shape[i] = hi - lo
				}
				return Tensor(a[0].Elem, shape...), nil
			},
			func(a []Type, at *Attr, t Type, k int) (int, int) {
				ix := Unravel(k, t.Shape)
				for i := range ix {
					ix[i] += at.Ints[2*i]
				}
				return 0, Ravel(ix, a[0].Shape)
			},
			func(b *Builder, v *Value, _ int, g *Value) *Value {
				pads := make([]int, len(v.Attr.Ints))
				for i, d := range v.Args[0].Type.Shape {
					pads[2*i], pads[2*i+1] = v.Attr.Ints[2*i], d-v.Attr.Ints[2*i+1]
				}
				return b.Emit(OpPad, Attr{Ints: pads}, g)
			}),
		mover(OpPad, "pad", "x with zeros around it", 1,
			func(a []Type, at *Attr) (Type, error) {
				if len(at.Ints) != 2*a[0].Rank() {
					return Type{}, fmt.Errorf("padding %v does not fit %s", at.Ints, a[0])
				}
				shape := make([]int, a[0].Rank())
				for i, d := range a[0].Shape {
					if at.Ints[2*i] < 0 || at.Ints[2*i+1] < 0 {
						return Type{}, fmt.Errorf("negative padding %v", at.Ints)
					}
					shape[i] = at.Ints[2*i] + d + at.Ints[2*i+1]
				}
				return Tensor(a[0].Elem, shape...), nil
			},
			func(a []Type, at *Attr, t Type, k int) (int, int) {
				ix := Unravel(k, t.Shape)
				for i, d := range a[0].Shape {
					ix[i] -= at.Ints[2*i]
					if ix[i] < 0 || ix[i] >= d {
						return -1, 0
					}
				}
				return 0, Ravel(ix, a[0].Shape)
			},
			func(b *Builder, v *Value, _ int, g *Value) *Value {
				bounds := make([]int, len(v.Attr.Ints))
				for i, d := range v.Args[0].Type.Shape {
					bounds[2*i], bounds[2*i+1] = v.Attr.Ints[2*i], v.Attr.Ints[2*i]+d
				}
				return b.Slice(g, bounds...)
			}),
		mover(OpConcat, "concat", "operands joined along an axis", -1,
			func(a []Type, at *Attr) (Type, error) {
				if len(a) == 0 {
					return Type{}, fmt.Errorf("wants operands")
				}
				if err := sameElem(a); err != nil {
					return Type{}, err
				}
				ax := at.Index
				if ax < 0 || ax >= a[0].Rank() {
					return Type{}, fmt.Errorf("%s has no axis %d", a[0], ax)
				}
				shape := append([]int(nil), a[0].Shape...)
				for _, t := range a[1:] {
					if t.Rank() != len(shape) {
						return Type{}, fmt.Errorf("%s and %s have different ranks", a[0], t)
					}
					for i, d := range t.Shape {
						switch {
						case i == ax:
							shape[i] += d
						case d != shape[i]:
							return Type{}, fmt.Errorf("%s and %s differ in axis %d", a[0], t, i)
						}
					}
				}
				return Tensor(a[0].Elem, shape...), nil
			},
			func(a []Type, at *Attr, t Type, k int) (int, int) {
				ix := Unravel(k, t.Shape)
				for i, u := range a {
					d := u.Shape[at.Index]
					if ix[at.Index] < d {
						return i, Ravel(ix, u.Shape)
					}
					ix[at.Index] -= d
				}
				return -1, 0
			},
			func(b *Builder, v *Value, i int, g *Value) *Value {
				lo := 0
				for _, a := range v.Args[:i] {
					lo += a.Type.Shape[v.Attr.Index]
				}
				var bounds []int
				for ax, d := range v.Args[i].Type.Shape {
					if ax == v.Attr.Index {
						bounds = append(bounds, lo, lo+d)
					} else {
						bounds = append(bounds, 0, d)
					}
				}
				return b.Slice(g, bounds...)
			}),
		mover(OpReverse, "reverse", "x backwards along an axis", 1,
			func(a []Type, at *Attr) (Type, error) {
				if at.Index < 0 || at.Index >= a[0].Rank() {
					return Type{}, fmt.Errorf("%s has no axis %d", a[0], at.Index)
				}
				return a[0], nil
			},
			func(a []Type, at *Attr, t Type, k int) (int, int) {
				ix := Unravel(k, t.Shape)
				ix[at.Index] = t.Shape[at.Index] - 1 - ix[at.Index]
				return 0, Ravel(ix, t.Shape)
			},
			func(b *Builder, v *Value, _ int, g *Value) *Value {
				return b.Emit(OpReverse, Attr{Index: v.Attr.Index}, g)
			}),
		mover(OpExpand, "expand", "x repeated along new leading axes", 1,
			func(a []Type, at *Attr) (Type, error) {
				if err := positive(at.Ints); err != nil {
					return Type{}, err
				}
				n := len(at.Ints) - a[0].Rank()
				if n < 0 || !SameShape(at.Ints[n:], a[0].Shape) {
					return Type{}, fmt.Errorf("%s does not expand to shape %v", a[0], at.Ints)
				}
				return Tensor(a[0].Elem, at.Ints...), nil
			},
			func(a []Type, at *Attr, t Type, k int) (int, int) { return 0, k % a[0].Len() },
			func(b *Builder, v *Value, _ int, g *Value) *Value {
				var axes []int
				for i := 0; i < v.Type.Rank()-v.Args[0].Type.Rank(); i++ {
					axes = append(axes, i)
				}
				if len(axes) == 0 {
					return g
				}
				return b.Sum(g, axes...)
			}),
		Info{Op: OpOneHot, Name: "onehot", Arity: 1, Class: ClassShape, Formula: "e_i", Doc: "vector with 1 at the index and 0 elsewhere",
			Shape: func(a []Type, at *Attr) (Type, error) {
				if !a[0].IsScalar() || a[0].Elem != I32 || at.Index < 1 || !at.Elem.IsFloat() {
					return Type{}, fmt.Errorf("wants a class index, not %s", a[0])
				}
				return Tensor(at.Elem, at.Index), nil
			},
			Eval: func(a []Datum, _ *Attr, out []float64) {
				for i := range out {
					out[i] = indicator(int(a[0].Data[0]) == i)
				}
			}},
	)
}

// positive reports an axis without elements.
func positive(shape []int) error {
	for _, d := range shape {
		if d < 1 {
			return fmt.Errorf("shape %v has an axis of length %d", shape, d)
		}
	}
	return nil
}

// mover makes the row of an operator whose element k is element j of operand i: (i, j) = from(k),
// i < 0 for a zero.
func mover(op Op, name, doc string, arity int, shape func([]Type, *Attr) (Type, error),
	from func(a []Type, at *Attr, t Type, k int) (int, int), transpose func(b *Builder, v *Value, i int, g *Value) *Value) Info {
	return Info{Op: op, Name: name, Arity: arity, Class: ClassShape, Linear: true, Doc: doc, Formula: name, Shape: shape, Transpose: transpose,
		Eval: func(args []Datum, at *Attr, out []float64) {
			ts := make([]Type, len(args))
			for i, a := range args {
				ts[i] = a.Type
			}
			t, err := shape(ts, at)
			if err != nil {
				panic(&BuildError{Op: op, Text: err.Error()})
			}
			for k := range out {
				out[k] = 0
				if i, j := from(ts, at, t, k); i >= 0 {
					out[k] = args[i].Data[j]
				}
			}
		}}
}

// Unravel gives the indices of flat element k.
func Unravel(k int, shape []int) []int {
	ix := make([]int, len(shape))
	for i := len(shape) - 1; i >= 0; i-- {
		ix[i] = k % shape[i]
		k /= shape[i]
	}
	return ix
}

// Ravel is the inverse of Unravel.
func Ravel(ix, shape []int) int {
	k := 0
	for i, d := range shape {
		k = k*d + ix[i]
	}
	return k
}
