package codegen

import (
	"fmt"
	"strconv"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Wide products of a matrix and a vector are calls of package rt, which has vector kernels for them with the
// bits of the loops: before the loop that reads the result, or after the one that makes the vector.

// Least lengths of a product for a call: of its rows, and of all.
const (
	productRow = 8
	productAll = 64
)

// product reports whether a step of a nest is such a product.
func (fn *function) product(s plan.Step, n *plan.Nest) bool {
	row := s.RowLength()
	if row < productRow || row*n.Extent < productAll || n.Unroll || !s.V.Type.Elem.IsFloat() {
		return false
	}
	v := s.V
	if v.Args[0].Type.Elem != v.Type.Elem || v.Args[1].Type.Elem != v.Type.Elem {
		return false
	}
	switch s.Form {
	case plan.RowDot:
		return fn.isArray(v.Args[0]) && fn.isArray(v.Args[1]) && fn.canBeArray(v)
	case plan.Scatter:
		return fn.isArray(v.Args[1]) && fn.isArray(v) && fn.canBeArray(v.Args[0])
	case plan.OuterRow:
		return s.Sum != nil && fn.isArray(v.Args[1]) && fn.canBeArray(v.Args[0])
	}
	return false
}

// isArray reports whether v lies in an array.
func (fn *function) isArray(v *ir.Value) bool {
	switch pl := fn.f.Places[v]; pl.Kind {
	case plan.Table, plan.Memory, plan.Local, plan.Work, plan.Result:
		return true
	case plan.ArgArray:
		return !fn.loads[v]
	case plan.View:
		return fn.isArray(pl.Base)
	}
	return false
}

// canBeArray reports whether v lies in an array, or may.
func (fn *function) canBeArray(v *ir.Value) bool {
	k := fn.f.Places[v].Kind
	return fn.isArray(v) || (k == plan.Register || k == plan.Folded) && plan.OnStack(v.Type)
}

// wholeArray is all of v, which lies in an array, as a slice.
func (fn *function) wholeArray(v *ir.Value) string {
	if name, ok := fn.arrays[v]; ok {
		return name + "[:]"
	}
	return fn.slice(v)
}

// needArray gives a value of a loop an array, if it has none.
func (fn *function) needArray(v *ir.Value) {
	if _, ok := fn.arrays[v]; ok || fn.isArray(v) {
		return
	}
	name := fn.s.pick(localName(v))
	fn.arrays[v] = name
	fn.p.line("var %s [%d]%s", name, v.Type.Len(), fn.e.elem(v.Type.Elem))
}

// beginProduct prints what a product needs before the loop, which for a product with a vector on the right is
// all of it.
func (fn *function) beginProduct(s plan.Step) {
	v := s.V
	switch s.Form {
	case plan.RowDot:
		fn.p.source(v.Span)
		if fn.f.Places[v].Kind == plan.Local {
			fn.p.line("var %s [%d]%s", fn.variable(v), v.Type.Len(), fn.e.elem(v.Type.Elem))
		}
		fn.needArray(v)
		fn.p.line("rt.MatVec%s(%s, %s, %s)", bits(v.Type.Elem), fn.wholeArray(v), fn.wholeArray(v.Args[0]), fn.wholeArray(v.Args[1]))
	case plan.Scatter:
		if fn.f.Places[v].Kind == plan.Local {
			fn.p.line("var %s [%d]%s", fn.variable(v), v.Type.Len(), fn.e.elem(v.Type.Elem))
		}
		fn.needArray(v.Args[0])
	case plan.OuterRow:
		fn.needArray(v.Args[0])
	}
}

// productStep prints what a product needs in the loop: a vector that is spelled where it is used goes into
// its array.
func (fn *function) productStep(s plan.Step, ix index) {
	if s.Form == plan.RowDot || !fn.spelled(s) {
		return
	}
	a := s.V.Args[0]
	fn.p.line("%s[%s] = %s", fn.arrays[a], ix.plus(0), bare(fn.fold(a, ix)))
}

// spelled reports whether the vector of a product is spelled where it is used.
func (fn *function) spelled(s plan.Step) bool {
	return s.Form != plan.RowDot && fn.f.Places[s.V.Args[0]].Kind == plan.Folded
}

// endProduct prints a product with a vector that the loop has made.
func (fn *function) endProduct(s plan.Step) {
	v := s.V
	switch s.Form {
	case plan.Scatter:
		fn.p.source(v.Span)
		fn.p.line("rt.VecMat%s(%s, %s, %s)", bits(v.Type.Elem), fn.wholeArray(v), fn.wholeArray(v.Args[0]), fn.wholeArray(v.Args[1]))
	case plan.OuterRow:
		fn.p.source(v.Span)
		fn.p.line("rt.AddOuter%s(g.%s[:], %s, %s)", bits(v.Type.Elem), fn.e.field(s.Sum), fn.wholeArray(v.Args[0]), fn.wholeArray(v.Args[1]))
	}
}

// inTiles reports whether a loop takes several indices at a time: for products that are spelled out, and
// functions of four numbers.
func inTiles(n *plan.Nest, products map[plan.Step]bool) bool {
	for _, s := range n.Steps {
		if !products[s] && (s.RowLength() > plan.SmallLen || s.Form == plan.Elem && plan.FourAtOnce[s.V.Op]) {
			return n.Tile > 1
		}
	}
	return false
}

// matMul prints a product of matrices: by rows, or with the sums of a short row in variables.
func (fn *function) matMul(v *ir.Value) {
	m, k, n := v.Args[0].Type.Shape[0], v.Args[0].Type.Shape[1], v.Args[1].Type.Shape[1]
	dst, e := fn.arrayExpr(v), fn.e.elem(v.Type.Elem)
	aik := fn.typed(v.Args[0], index{expr: index{expr: "i"}.row(k, "k")})
	switch {
	case n <= plan.SmallLen:
		var sums []string
		for j := range n {
			sums = append(sums, fmt.Sprintf("dot%d", j))
		}
		fn.p.line("for i := range %d {", m)
		fn.p.line("var %s %s", strings.Join(sums, ", "), e)
		fn.p.line("for k := 0; k < %d; k++ {", k) // a range's k would have to be read, and one row or a constant reads none
		fn.p.line("aik := %s", aik)
		for j, s := range sums {
			fn.p.line("%s += %s(aik * %s)", s, e, fn.matrix(v.Args[1], index{expr: "k"}, n, strconv.Itoa(j)))
		}
		fn.p.line("}")
		for j, s := range sums {
			fn.p.line("%s[%s] = %s", dst, index{expr: "i"}.row(n, strconv.Itoa(j)), s)
		}
		fn.p.line("}")
	case fn.isArray(v.Args[0]) && fn.isArray(v.Args[1]):
		fn.p.line("for i := range %d {", m)
		fn.p.line("rt.VecMat%s(%s[i*%d:][:%d], %s[i*%d:][:%d], %s)", bits(v.Type.Elem), dst, n, n, fn.slice(v.Args[0]), k, k, fn.slice(v.Args[1]))
		fn.p.line("}")
	default:
		fn.p.line("clear(%s[:])", dst)
		fn.p.line("for i := 0; i < %d; i++ {", m)
		fn.p.line("for k := 0; k < %d; k++ {", k)
		fn.p.line("aik := %s", aik)
		fn.p.line("for j := 0; j < %d; j++ {", n)
		fn.p.line("%s[%s] += %s(aik * %s)", dst, index{expr: "i"}.row(n, "j"), e, fn.matrix(v.Args[1], index{expr: "k"}, n, "j"))
		fn.p.line("}")
		fn.p.line("}")
		fn.p.line("}")
	}
}
