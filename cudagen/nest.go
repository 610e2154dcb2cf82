package cudagen

import (
	"fmt"
	"strconv"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// unrollLimit bounds the operations of a loop that is spelled out by the compiler: arrays that are indexed by a
// loop that is not are in local memory, and code that does not fit the instruction cache is slow as well.
const unrollLimit = 4096

// heldArray is the length beyond which an array cannot be in registers, whatever is spelled out.
const heldArray = 255

// unrollAll has a loop spelled out.
const unrollAll = "#pragma unroll"

// unroll is the pragma before a loop of so many runs and operations.
func unroll(runs, operations int) string {
	if operations <= unrollLimit && runs <= heldArray {
		return unrollAll
	}
	return "#pragma unroll 1"
}

// nest prints a loop, its declarations before it and its sums after it.
func (fn *function) nest(n *plan.Nest) {
	if n.Steps[0].Form == plan.Whole {
		fn.p.source(n.Steps[0].V.Span)
		fn.whole(n.Steps[0].V)
		return
	}
	for _, s := range n.Steps {
		fn.declare(s, n)
	}
	if n.Extent == 1 || n.Unroll {
		// Step by step rather than index by index: the lines of one operation stay together.
		for _, s := range n.Steps {
			fn.p.source(s.V.Span)
			for k := range n.Extent {
				fn.step(s, at(k), n.Extent)
			}
		}
	} else {
		fn.p.source(n.Steps[0].V.Span)
		work := 0
		for _, s := range n.Steps {
			work += n.Extent * width(s)
		}
		switch {
		case fn.e.split == nil && fn.rolls(n):
			fn.p.line("#pragma unroll %d", rolledRuns)
		case fn.placed != nil && n.Extent > rolledRuns: // arrays are no registers
			fn.p.line("#pragma unroll %d", rolledRuns)
		default:
			fn.p.line("%s", unroll(n.Extent, work))
		}
		fn.p.line("for (int i = 0; i < %d; i++) {", n.Extent)
		for _, s := range n.Steps {
			fn.p.source(s.V.Span)
			fn.step(s, index{expr: "i"}, n.Extent)
		}
		fn.p.line("}")
	}
	for _, s := range n.Steps {
		if s.Form == plan.ColSum && fn.apart(s.V) {
			fn.p.line("ndec_copy(%s, %s, %d);", fn.array(s.V), fn.accs[s.V], s.V.Type.Len())
		}
	}
}

// width is the number of operations of a step at one index.
func width(s plan.Step) int {
	switch s.Form {
	case plan.RowDot:
		return s.V.Args[1].Type.Len()
	case plan.ColSum, plan.OuterCol:
		return s.V.Type.Shape[0]
	case plan.Gather:
		return s.V.Args[1].Type.Shape[0]
	case plan.Scatter:
		return s.V.Type.Len()
	case plan.OuterRow:
		return s.V.Args[1].Type.Len()
	}
	return 1
}

// declare prints what a step needs before its loop.
func (fn *function) declare(s plan.Step, n *plan.Nest) {
	v, pl := s.V, fn.f.Places[s.V]
	t := fn.e.elem(v.Type.Elem)
	switch s.Form {
	case plan.AddTo:
		return
	case plan.ColSum, plan.SumAll:
		name := ""
		if !fn.apart(v) {
			name = fn.local(v)
		} else {
			name = fn.s.pick("sum")
			fn.accs[v] = name
		}
		if v.Type.IsScalar() {
			fn.declaration(fmt.Sprintf("%s %s = 0;", t, name))
			return
		}
		fn.declaration(fmt.Sprintf("%s %s[%d] = {};", t, name, v.Type.Len()))
		if (pl.Kind == plan.Local || pl.Kind == plan.Work) && !fn.placed[v] {
			fn.declaration(fn.e.variable(v.Type, fn.local(v)))
		}
		return
	case plan.Scatter:
		switch {
		case (pl.Kind == plan.Scalars || pl.Kind == plan.Local || pl.Kind == plan.Work) && !fn.placed[v]:
			fn.declaration(fmt.Sprintf("%s %s[%d] = {};", t, fn.local(v), v.Type.Len()))
		default:
			fn.p.line("ndec_clear(%s, %d);", fn.array(v), v.Type.Len())
		}
		return
	}
	small := (pl.Kind == plan.Scalars || pl.Kind == plan.Register && (n.Unroll || fn.e.split != nil)) && !v.Type.IsScalar()
	if (pl.Kind == plan.Local || pl.Kind == plan.Work || small) && !(fn.placed[v] && !v.Type.IsScalar()) && !fn.joined[v] {
		fn.declaration(fn.e.variable(v.Type, fn.local(v)))
	}
}

// assign stores x at an element of v; what has no array is declared there.
func (fn *function) assign(v *ir.Value, ix index, x string) {
	k := fn.f.Places[v].Kind
	switch here := fn.perRun(v) && !ix.konst; {
	case k == plan.Scalars && v.Type.IsScalar() && fn.ahead != nil && !here:
		fn.declaration(fn.e.variable(v.Type, fn.local(v)))
	case k == plan.Scalars && v.Type.IsScalar() || here:
		fn.p.line("%s %s = %s;", fn.e.elem(v.Type.Elem), fn.local(v), x)
		return
	}
	fn.p.line("%s = %s;", fn.elem(v, ix), x)
}

// apart reports whether the sums of a ColSum or SumAll are kept apart from the array that they end in.
func (fn *function) apart(v *ir.Value) bool {
	return fn.f.Places[v].Kind != plan.Scalars || fn.placed[v] && !v.Type.IsScalar()
}

// accumulator is the variable that sums element r of a ColSum or SumAll.
func (fn *function) accumulator(v *ir.Value, r int) string {
	if !fn.apart(v) {
		return fn.elem(v, at(r))
	}
	return fmt.Sprintf("%s[%d]", fn.accs[v], r)
}

// step prints what a step does at one index.
func (fn *function) step(s plan.Step, ix index, extent int) {
	v := s.V
	switch s.Form {
	case plan.Elem:
		fn.assign(v, ix, bare(fn.expr(v, ix)))
	case plan.Copy:
		x := zero(v.Type.Elem)
		if src, from := plan.CopySource(v, ix.k); src != nil {
			x = bare(fn.elem(src, at(from)))
		}
		fn.assign(v, ix, x)
	case plan.RowDot:
		w, x := v.Args[0], v.Args[1]
		k := x.Type.Len()
		if k <= plan.SmallLen {
			fn.assign(v, ix, dot(k, func(j int) (string, string) { return fn.matrix(w, ix, k, strconv.Itoa(j)), fn.elem(x, at(j)) }))
			return
		}
		dst, sum := fn.elem(v, ix), fn.perRun(v) && !ix.konst
		if sum {
			fn.p.line("%s %s = 0;", fn.e.elem(v.Type.Elem), dst)
		} else {
			fn.p.line("%s = 0;", dst)
		}
		fn.p.line("%s", unroll(k, k))
		fn.p.line("for (int j = 0; j < %d; j++) %s = ndec_fma(%s, %s, %s);", k, dst, fn.matrix(w, ix, k, "j"), bare(fn.elem(x, index{expr: "j"})), dst)
	case plan.Gather:
		x, w := v.Args[0], v.Args[1]
		k, n := w.Type.Shape[0], w.Type.Shape[1]
		fn.assign(v, ix, dot(k, func(j int) (string, string) { return fn.elem(x, at(j)), fn.column(w, j, n, ix) }))
	case plan.ColSum:
		w, x := v.Args[0], v.Args[1]
		for r := range v.Type.Len() {
			acc := fn.accumulator(v, r)
			fn.p.line("%s = ndec_fma(%s, %s, %s);", acc, fn.column(w, r, extent, ix), bare(fn.elem(x, ix)), acc)
		}
	case plan.Scatter:
		x, w := v.Args[0], v.Args[1]
		n := w.Type.Shape[1]
		fn.each(n, func(j string, jx index) {
			dst := fn.elem(v, jx)
			fn.p.line("%s = ndec_fma(%s, %s, %s);", dst, bare(fn.elem(x, ix)), fn.matrix(w, ix, n, j), dst)
		})
	case plan.SumAll:
		fn.p.line("%s += %s;", fn.accumulator(v, 0), bare(fn.elem(v.Args[0], ix)))
	case plan.OuterRow:
		a, b := v.Args[0], v.Args[1]
		n := b.Type.Len()
		fn.each(n, func(j string, jx index) {
			fn.outer(s, ix.row(n, j), fn.elem(a, ix), fn.elem(b, jx))
		})
	case plan.OuterCol:
		a, b := v.Args[0], v.Args[1]
		for r := range a.Type.Len() {
			fn.outer(s, at(r).row(extent, ix.plus(0)), fn.elem(a, at(r)), fn.elem(b, ix))
		}
	case plan.AddTo:
		if fn.e.tile {
			fn.p.line("ndec_tile_add_own(tile, g.%s[%s], %s);", fn.e.fields[s.Sum], ix.plus(0), bare(fn.elem(v, ix)))
			return
		}
		fn.p.line("g.%s[%s] += %s;", fn.e.fields[s.Sum], ix.plus(0), bare(fn.elem(v, ix)))
	default:
		panic("cudagen: step of unknown form")
	}
}

// each prints a statement for all j below n: spelled out where there are few.
func (fn *function) each(n int, f func(j string, jx index)) {
	if n <= plan.SmallLen {
		for j := range n {
			f(strconv.Itoa(j), at(j))
		}
		return
	}
	fn.p.line("%s", unroll(n, n))
	fn.p.line("for (int j = 0; j < %d; j++) {", n)
	f("j", index{expr: "j"})
	fn.p.line("}")
}

// dot is a sum of few products, each added with one rounding.
func dot(k int, term func(j int) (string, string)) string {
	a, b := term(0)
	x := a + " * " + b
	for j := 1; j < k; j++ {
		a, b := term(j)
		x = fmt.Sprintf("ndec_fma(%s, %s, %s)", bare(a), bare(b), x)
	}
	return x
}

// matrix is element [row, j] of a matrix whose rows have n elements.
func (fn *function) matrix(w *ir.Value, row index, n int, j string) string {
	flat := row.row(n, j)
	if k, err := strconv.Atoi(flat); err == nil {
		return fn.elem(w, at(k))
	}
	return fn.elem(w, index{expr: flat})
}

// column is element [r, ix] of a matrix with n columns, r a constant.
func (fn *function) column(w *ir.Value, r, n int, ix index) string {
	if ix.konst {
		return fn.elem(w, at(r*n+ix.k))
	}
	return fn.elem(w, index{expr: ix.plus(r * n)})
}

// outer stores a product, or adds it to a running sum.
func (fn *function) outer(s plan.Step, flat, a, b string) {
	if s.Sum != nil {
		dst := fmt.Sprintf("g.%s[%s]", fn.e.fields[s.Sum], flat)
		if fn.e.tile {
			fn.p.line("ndec_tile_add_own(tile, %s, %s * %s);", dst, a, b)
			return
		}
		fn.p.line("%s = ndec_fma(%s, %s, %s);", dst, bare(a), bare(b), dst)
		return
	}
	ix := index{expr: flat}
	if k, err := strconv.Atoi(flat); err == nil {
		ix = at(k)
	}
	fn.p.line("%s = %s * %s;", fn.elem(s.V, ix), a, b)
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
			terms = append(terms, fmt.Sprintf("i%d * %d", i, s))
		}
	}
	if off != 0 || len(terms) == 0 {
		terms = append(terms, strconv.Itoa(off))
	}
	return strings.Join(terms, " + ")
}
