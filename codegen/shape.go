package codegen

import (
	"fmt"
	"strconv"
	"strings"

	"ndec.dev/ndec/ir"
)

// copySource gives, for element k of a shape operator's result, the operand and the element of it
// that is copied; nil for a padding zero.
func copySource(v *ir.Value, k int) (src *ir.Value, element int) {
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
	panic("codegen: " + v.Op.String() + " copies nothing")
}

// affine is a flat index: a constant plus strides times loop variables i0, i1, ….
func affine(off int, strides []int) string {
	var terms []string
	for i, s := range strides {
		switch s {
		case 0:
		case 1:
			terms = append(terms, "i"+strconv.Itoa(i))
		default:
			terms = append(terms, fmt.Sprintf("i%d*%d", i, s))
		}
	}
	if off != 0 || len(terms) == 0 {
		terms = append(terms, strconv.Itoa(off))
	}
	return strings.Join(terms, "+")
}

func strides(shape []int) []int {
	s := make([]int, len(shape))
	n := 1
	for i := len(shape) - 1; i >= 0; i-- {
		s[i] = n
		n *= shape[i]
	}
	return s
}

// loops prints nested loops over shape with variables i0, i1, … around body.
func (fn *function) loops(shape []int, body func()) {
	for i, d := range shape {
		fn.p.line("for i%d := 0; i%d < %d; i%d++ {", i, i, d, i)
	}
	body()
	for range shape {
		fn.p.line("}")
	}
}

// copyLoops prints a shape operator as loops over whole arrays.
func (fn *function) copyLoops(v *ir.Value) {
	dst, out := fn.arrayExpr(v), v.Type.Shape
	ds := strides(out)
	move := func(src *ir.Value, over []int, dOff int, dStr []int, sOff int, sStr []int) {
		fn.loops(over, func() {
			fn.p.line("%s[%s] = %s", dst, affine(dOff, dStr), fn.elem(src, index{expr: affine(sOff, sStr)}))
		})
	}
	switch v.Op {
	case ir.OpReshape:
		move(v.Args[0], []int{v.Type.Len()}, 0, []int{1}, 0, []int{1})
	case ir.OpTranspose:
		in := strides(v.Args[0].Type.Shape)
		ss := make([]int, len(out))
		for i, p := range v.Attr.Ints {
			ss[i] = in[p]
		}
		move(v.Args[0], out, 0, ds, 0, ss)
	case ir.OpSlice:
		ss := strides(v.Args[0].Type.Shape)
		off := 0
		for i, s := range ss {
			off += v.Attr.Ints[2*i] * s
		}
		move(v.Args[0], out, 0, ds, off, ss)
	case ir.OpPad:
		fn.p.line("clear(%s[:])", dst)
		off := 0
		for i, s := range ds {
			off += v.Attr.Ints[2*i] * s
		}
		move(v.Args[0], v.Args[0].Type.Shape, off, ds, 0, strides(v.Args[0].Type.Shape))
	case ir.OpConcat:
		off := 0
		for _, a := range v.Args {
			move(a, a.Type.Shape, off, ds, 0, strides(a.Type.Shape))
			off += a.Type.Shape[v.Attr.Index] * ds[v.Attr.Index]
		}
	case ir.OpReverse:
		ss := append([]int(nil), ds...)
		ax := v.Attr.Index
		ss[ax] = -ss[ax]
		move(v.Args[0], out, 0, ds, (out[ax]-1)*ds[ax], ss)
	case ir.OpExpand:
		ss := make([]int, len(out))
		in := strides(v.Args[0].Type.Shape)
		copy(ss[len(ss)-len(in):], in)
		move(v.Args[0], out, 0, ds, 0, ss)
	default:
		panic("codegen: shape operator " + v.Op.String() + " has no loops")
	}
}

// reduceLoops prints sums, maxima and running sums over axes.
func (fn *function) reduceLoops(v *ir.Value) {
	x := v.Args[0]
	in := x.Type.Shape
	over := map[int]bool{}
	for _, ax := range v.Attr.Ints {
		over[ax] = true
	}
	all := len(v.Attr.Ints) == 0
	e := fn.e.elem(v.Type.Elem)
	ds := make([]int, len(in)) // stride in the result of each operand axis; 0 where reduced
	n := 1
	for i := len(in) - 1; i >= 0; i-- {
		if !all && !over[i] {
			ds[i] = n
			n *= in[i]
		}
	}
	src := fn.elem(x, index{expr: affine(0, strides(in))})
	dst := ""
	if v.Type.IsScalar() {
		dst = fn.elem(v, at(0))
	} else {
		dst = fmt.Sprintf("%s[%s]", fn.arrayExpr(v), affine(0, ds))
	}
	start := "0"
	if v.Op == ir.OpReduceMax {
		start = fmt.Sprintf("%s(math.Inf(-1))", e)
	} else if v.Op == ir.OpReduceMin {
		start = fmt.Sprintf("%s(math.Inf(1))", e)
	}
	switch {
	case v.Type.IsScalar() && v.Op == ir.OpSum:
		fn.p.line("var %s %s", dst, e)
	case v.Type.IsScalar():
		fn.p.line("%s := %s", dst, start)
	case v.Op == ir.OpSum:
		fn.p.line("clear(%s[:])", fn.arrayExpr(v))
	default:
		fn.p.line("for i := range %s {", fn.arrayExpr(v))
		fn.p.line("%s[i] = %s", fn.arrayExpr(v), start)
		fn.p.line("}")
	}
	fn.loops(in, func() {
		switch v.Op {
		case ir.OpSum:
			fn.p.line("%s += %s", dst, src)
		case ir.OpReduceMax:
			fn.p.line("%s = max(%s, %s)", dst, dst, src)
		case ir.OpReduceMin:
			fn.p.line("%s = min(%s, %s)", dst, dst, src)
		}
	})
}
