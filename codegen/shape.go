package codegen

import (
	"fmt"
	"strconv"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

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
	dst := fn.arrayExpr(v)
	loops, clear := plan.CopyLoops(v)
	if clear {
		fn.p.line("clear(%s[:])", dst)
	}
	for _, c := range loops {
		fn.loops(c.Over, func() {
			fn.p.line("%s[%s] = %s", dst, affine(c.To, c.ToBy), fn.elem(c.Src, index{expr: affine(c.From, c.FromBy)}))
		})
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
	src := fn.elem(x, index{expr: affine(0, plan.Strides(in))})
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
