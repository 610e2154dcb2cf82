package plan

import "ndec.dev/ndec/ir"

// CopySource gives, for element k of a shape operator's result, the operand and the element of it that is
// copied; nil for a padding zero, and for what is no shape operator.
func CopySource(v *ir.Value, k int) (src *ir.Value, element int) {
	out := v.Type.Shape
	ix := ir.Unravel(k, out)
	switch v.Op {
	case ir.OpTranspose:
		in := make([]int, len(ix))
		for i, p := range v.Attr.Ints {
			in[p] = ix[i]
		}
		return v.Args[0], ir.Ravel(in, v.Args[0].Type.Shape)
	case ir.OpSlice:
		for i := range ix {
			ix[i] += v.Attr.Ints[2*i]
		}
		return v.Args[0], ir.Ravel(ix, v.Args[0].Type.Shape)
	case ir.OpPad:
		shape := v.Args[0].Type.Shape
		for i := range ix {
			ix[i] -= v.Attr.Ints[2*i]
			if ix[i] < 0 || ix[i] >= shape[i] {
				return nil, 0
			}
		}
		return v.Args[0], ir.Ravel(ix, shape)
	case ir.OpConcat:
		ax := v.Attr.Index
		for _, a := range v.Args {
			d := a.Type.Shape[ax]
			if ix[ax] < d {
				return a, ir.Ravel(ix, a.Type.Shape)
			}
			ix[ax] -= d
		}
	case ir.OpReverse:
		ax := v.Attr.Index
		ix[ax] = out[ax] - 1 - ix[ax]
		return v.Args[0], ir.Ravel(ix, v.Args[0].Type.Shape)
	case ir.OpExpand:
		in := v.Args[0].Type.Shape
		return v.Args[0], ir.Ravel(ix[len(ix)-len(in):], in)
	case ir.OpReshape:
		return v.Args[0], k
	}
	return nil, 0
}

// Strides are those of a row-major array.
func Strides(shape []int) []int {
	s := make([]int, len(shape))
	n := 1
	for i := len(shape) - 1; i >= 0; i-- {
		s[i] = n
		n *= shape[i]
	}
	return s
}

// CopyLoop copies between two arrays by loops over a shape: element (i0, i1, …) goes from From plus strides
// times indices to To plus strides times indices.
type CopyLoop struct {
	Src          *ir.Value
	Over         []int
	To, From     int
	ToBy, FromBy []int
}

// CopyLoops are the loops that make the result of a shape operator over whole arrays; clear says that it has to be zero
// before. It is nil for other operators.
func CopyLoops(v *ir.Value) (loops []CopyLoop, clear bool) {
	out := v.Type.Shape
	ds := Strides(out)
	src := v.Args[0]
	switch v.Op {
	case ir.OpReshape:
		return []CopyLoop{{src, []int{v.Type.Len()}, 0, 0, []int{1}, []int{1}}}, false
	case ir.OpTranspose:
		in := Strides(src.Type.Shape)
		ss := make([]int, len(out))
		for i, p := range v.Attr.Ints {
			ss[i] = in[p]
		}
		return []CopyLoop{{src, out, 0, 0, ds, ss}}, false
	case ir.OpSlice:
		ss := Strides(src.Type.Shape)
		off := 0
		for i, s := range ss {
			off += v.Attr.Ints[2*i] * s
		}
		return []CopyLoop{{src, out, 0, off, ds, ss}}, false
	case ir.OpPad:
		off := 0
		for i, s := range ds {
			off += v.Attr.Ints[2*i] * s
		}
		return []CopyLoop{{src, src.Type.Shape, off, 0, ds, Strides(src.Type.Shape)}}, true
	case ir.OpConcat:
		off := 0
		for _, a := range v.Args {
			loops = append(loops, CopyLoop{a, a.Type.Shape, off, 0, ds, Strides(a.Type.Shape)})
			off += a.Type.Shape[v.Attr.Index] * ds[v.Attr.Index]
		}
		return loops, false
	case ir.OpReverse:
		ss := append([]int(nil), ds...)
		ax := v.Attr.Index
		ss[ax] = -ss[ax]
		return []CopyLoop{{src, out, 0, (out[ax] - 1) * ds[ax], ds, ss}}, false
	case ir.OpExpand:
		ss := make([]int, len(out))
		in := Strides(src.Type.Shape)
		copy(ss[len(ss)-len(in):], in)
		return []CopyLoop{{src, out, 0, 0, ds, ss}}, false
	}
	return nil, false
}
