package codegen

import (
	"fmt"
	"strconv"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// nest prints a loop, its declarations before it and its sums after it.
func (fn *function) nest(n *plan.Nest) {
	if n.Steps[0].Form == plan.Whole {
		fn.p.source(n.Steps[0].V.Span)
		fn.whole(n.Steps[0].V)
		return
	}
	products := map[plan.Step]bool{}
	loop := false // whether the loop has anything to do
	for _, s := range n.Steps {
		if fn.product(s, n) {
			products[s] = true
			fn.beginProduct(s)
			loop = loop || fn.spelled(s)
			continue
		}
		loop = true
		fn.declare(s)
	}
	switch {
	case !loop:
	case n.Extent == 1 || n.Unroll:
		// Step by step rather than index by index: the lines of one operation stay together.
		for _, s := range n.Steps {
			fn.p.source(s.V.Span)
			for e := 0; e < n.Extent; e++ {
				fn.step(s, at(e), n.Extent)
			}
		}
	case inTiles(n, products):
		fn.p.source(n.Steps[0].V.Span)
		fn.p.line("for i := 0; i < %d; i += %d {", n.Extent, n.Tile)
		fn.tile(n, products)
		fn.p.line("}")
	default:
		fn.p.source(n.Steps[0].V.Span)
		fn.p.line("for i := 0; i < %d; i++ {", n.Extent)
		for _, s := range n.Steps {
			fn.p.source(s.V.Span)
			if products[s] {
				fn.productStep(s, index{expr: "i"})
				continue
			}
			fn.step(s, index{expr: "i"}, n.Extent)
		}
		fn.p.line("}")
	}
	for _, s := range n.Steps {
		if products[s] {
			fn.endProduct(s)
			continue
		}
		fn.finish(s)
	}
}

// declare prints what a step needs before its loop.
func (fn *function) declare(s plan.Step) {
	v := s.V
	pl := fn.f.Places[v]
	e := fn.e.elem(v.Type.Elem)
	switch s.Form {
	case plan.AddTo:
		return
	case plan.ColSum, plan.SumAll:
		var names []string
		for r := 0; r < v.Type.Len(); r++ {
			names = append(names, fn.accumulator(v, r))
		}
		fn.p.line("var %s %s", strings.Join(names, ", "), e)
		return // an array of sums is declared where they are stored
	case plan.Scatter:
		switch pl.Kind {
		case plan.Scalars:
			var names []string
			for r := 0; r < v.Type.Len(); r++ {
				names = append(names, fn.elem(v, at(r)))
			}
			fn.p.line("var %s %s", strings.Join(names, ", "), e)
			return
		case plan.Local:
			fn.p.line("var %s [%d]%s", fn.variable(v), v.Type.Len(), e)
			return
		}
		fn.p.line("clear(%s[:])", fn.arrayExpr(v))
		return
	}
	if pl.Kind == plan.Local {
		fn.p.line("var %s [%d]%s", fn.variable(v), v.Type.Len(), e)
	}
}

// accumulator is the variable that sums element r of a ColSum or SumAll.
func (fn *function) accumulator(v *ir.Value, r int) string {
	if fn.f.Places[v].Kind == plan.Scalars {
		return fn.elem(v, at(r))
	}
	key := fn.accName(v)
	return key + strconv.Itoa(r)
}

func (fn *function) accName(v *ir.Value) string {
	if n, ok := fn.e.accs[v]; ok {
		return n
	}
	n := fn.s.pickGroup("sum", v.Type.Len())
	fn.e.accs[v] = n
	return n
}

// finish stores sums that were kept in variables.
func (fn *function) finish(s plan.Step) {
	if s.Form != plan.ColSum || fn.f.Places[s.V].Kind == plan.Scalars {
		return
	}
	if fn.f.Places[s.V].Kind == plan.Local {
		fn.p.line("var %s [%d]%s", fn.variable(s.V), s.V.Type.Len(), fn.e.elem(s.V.Type.Elem))
	}
	for r := 0; r < s.V.Type.Len(); r++ {
		fn.p.line("%s = %s", fn.elem(s.V, at(r)), fn.accumulator(s.V, r))
	}
}

// tile prints the body of a loop over several rows at once: their dot products share the loads of x
// and run in parallel.
func (fn *function) tile(n *plan.Nest, products map[plan.Step]bool) {
	for _, s := range n.Steps {
		fn.p.source(s.V.Span)
		if products[s] {
			for t := 0; t < n.Tile; t++ {
				fn.productStep(s, tileIndex(t))
			}
			continue
		}
		if s.Form == plan.RowDot && s.RowLength() > plan.SmallLen {
			fn.tileDot(s.V, n.Tile)
			continue
		}
		if (s.Form == plan.Scatter || s.Form == plan.OuterRow) && s.RowLength() > plan.SmallLen {
			fn.tileRows(s, n.Tile)
			continue
		}
		if s.Form == plan.Elem && plan.FourAtOnce[s.V.Op] && n.Tile == 4 {
			fn.four(s.V)
			continue
		}
		for t := 0; t < n.Tile; t++ {
			fn.step(s, tileIndex(t), n.Extent)
		}
	}
}

// four prints an operator of one operand for the four indices of a tile.
func (fn *function) four(v *ir.Value) {
	var dst, args []string
	for t := 0; t < 4; t++ {
		dst = append(dst, fn.elem(v, tileIndex(t)))
		args = append(args, bare(fn.operand(v, 0, tileIndex(t))))
	}
	op := "="
	if fn.isVariable(v) {
		op = ":="
	}
	call := strings.TrimSuffix(spellings[v.Op]([]string{""}, v.Type.Elem, &v.Attr), "()")
	fn.p.line("%s %s %sx4(%s)", strings.Join(dst, ", "), op, call, strings.Join(args, ", "))
}

// tileRows prints a Scatter or OuterRow of several rows as one loop over their elements. Terms are
// added in the order of the rows.
func (fn *function) tileRows(s plan.Step, tile int) {
	v, e := s.V, fn.e.elem(s.V.Type.Elem)
	n := s.RowLength()
	factor := make([]string, tile)
	fn.p.line("{")
	for t := range factor {
		factor[t] = fn.elem(v.Args[0], tileIndex(t))
		if fn.f.Places[v.Args[0]].Kind != plan.Register {
			name := "row" + strconv.Itoa(t)
			fn.p.line("%s := %s", name, fn.typed(v.Args[0], tileIndex(t)))
			factor[t] = name
		}
	}
	if s.Form == plan.Scatter {
		row := fn.matrixRows(v.Args[1], tile, n)
		fn.p.line("for j := 0; j < %d; j++ {", n)
		dst := fn.elem(v, index{expr: "j"})
		fn.p.line("acc := %s", dst)
		for t := range factor {
			fn.p.line("acc += %s(%s * %s)", e, factor[t], row[t])
		}
		fn.p.line("%s = acc", dst)
	} else {
		var sum []string
		if s.Sum != nil {
			sum = fn.rows("g."+fn.e.field(s.Sum), e, tile, n)
		}
		fn.p.line("for j := 0; j < %d; j++ {", n)
		fn.p.line("bj := %s", fn.typed(v.Args[1], index{expr: "j"}))
		for t := range factor {
			term := fmt.Sprintf("%s(%s * bj)", e, factor[t])
			if sum != nil {
				fn.p.line("%s += %s", sum[t], term)
			} else {
				fn.outer(s, tileIndex(t).row(n, "j"), term)
			}
		}
	}
	fn.p.line("}")
	fn.p.line("}")
}

func tileIndex(t int) index {
	if t == 0 {
		return index{expr: "i"}
	}
	return index{expr: fmt.Sprintf("i+%d", t), tile: t}
}

func (fn *function) tileDot(v *ir.Value, tile int) {
	w, x := v.Args[0], v.Args[1]
	k := x.Type.Len()
	e := fn.e.elem(v.Type.Elem)
	names := make([]string, tile)
	reg := fn.f.Places[v].Kind == plan.Register
	for t := range names {
		if reg {
			names[t] = fn.elem(v, tileIndex(t))
		} else {
			names[t] = "dot" + strconv.Itoa(t)
		}
	}
	sums := func() { fn.p.line("var %s %s", strings.Join(names, ", "), e) }
	if reg {
		sums()
	}
	fn.p.line("{")
	if !reg {
		sums() // of this product alone: a loop may hold several
	}
	row := fn.matrixRows(w, tile, k)
	fn.p.line("for j := 0; j < %d; j++ {", k)
	fn.p.line("xj := %s", fn.typed(x, index{expr: "j"}))
	for t := range names {
		fn.p.line("%s += %s(%s * xj)", names[t], e, row[t])
	}
	fn.p.line("}")
	if !reg {
		for t := range names {
			fn.p.line("%s = %s", fn.elem(v, tileIndex(t)), names[t])
		}
	}
	fn.p.line("}")
}

// matrixRows are the elements [i+t, j] of w for the rows t of a tile, by rows where w is an array.
func (fn *function) matrixRows(w *ir.Value, tile, n int) []string {
	flat := tileIndex(0).row(n, "j")
	if base, ok := strings.CutSuffix(fn.matrix(w, tileIndex(0), n, "j"), "["+flat+"]"); ok && !strings.ContainsAny(base, "()") {
		return fn.rows(base, fn.e.elem(w.Type.Elem), tile, n)
	}
	var out []string
	for t := range tile {
		out = append(out, fn.matrix(w, tileIndex(t), n, "j"))
	}
	return out
}

// rows prints pointers to the rows of a tile of an array with rows of n elements, and gives their
// elements j. An index into a row of fixed length needs no check of bounds, which makes a product 1.8
// times as fast.
func (fn *function) rows(array, elem string, tile, n int) []string {
	var out []string
	for t := range tile {
		name := "line" + strconv.Itoa(t)
		fn.p.line("%s := (*[%d]%s)(%s[%s:])", name, n, elem, array, strings.TrimSuffix(tileIndex(t).row(n, "0"), "+0"))
		out = append(out, name+"[j]")
	}
	return out
}

// matrix is element [row, j] of a matrix whose rows have n elements.
func (fn *function) matrix(w *ir.Value, row index, n int, j string) string {
	flat := row.row(n, j)
	if k, err := strconv.Atoi(flat); err == nil {
		return fn.elem(w, at(k))
	}
	return fn.elem(w, index{expr: flat})
}

// step prints what a step does at one index.
func (fn *function) step(s plan.Step, ix index, extent int) {
	v := s.V
	e := fn.e.elem(v.Type.Elem)
	switch s.Form {
	case plan.Elem, plan.Copy, plan.RowDot, plan.Gather:
		if fn.unread(v, ix) {
			return
		}
	}
	switch s.Form {
	case plan.Elem:
		fn.elementwise(v, ix)
	case plan.Copy:
		src, from := plan.CopySource(v, ix.k)
		if src == nil {
			fn.assign(v, ix, e+"(0)")
			return
		}
		fn.assign(v, ix, fn.typed(src, at(from)))
	case plan.RowDot:
		w, x := v.Args[0], v.Args[1]
		k := x.Type.Len()
		if k <= plan.SmallLen {
			var terms []string
			for j := 0; j < k; j++ {
				terms = append(terms, fmt.Sprintf("%s(%s * %s)", e, fn.matrix(w, ix, k, strconv.Itoa(j)), fn.elem(x, at(j))))
			}
			fn.assign(v, ix, strings.Join(terms, " + "))
			return
		}
		fn.reduce(v, ix, k, func(j string) string {
			return fmt.Sprintf("%s(%s * %s)", e, fn.matrix(w, ix, k, j), fn.elem(x, index{expr: j}))
		})
	case plan.Gather:
		x, w := v.Args[0], v.Args[1]
		k, n := w.Type.Shape[0], w.Type.Shape[1]
		var terms []string
		for j := 0; j < k; j++ {
			terms = append(terms, fmt.Sprintf("%s(%s * %s)", e, fn.elem(x, at(j)), fn.column(w, j, n, ix)))
		}
		fn.assign(v, ix, strings.Join(terms, " + "))
	case plan.ColSum:
		w, x := v.Args[0], v.Args[1]
		for r := 0; r < v.Type.Len(); r++ {
			fn.p.line("%s += %s(%s * %s)", fn.accumulator(v, r), e, fn.column(w, r, extent, ix), fn.elem(x, ix))
		}
	case plan.Scatter:
		x, w := v.Args[0], v.Args[1]
		n := w.Type.Shape[1]
		xi := fn.elem(x, ix)
		if n <= plan.SmallLen {
			for j := 0; j < n; j++ {
				fn.p.line("%s += %s(%s * %s)", fn.elem(v, at(j)), e, xi, fn.matrix(w, ix, n, strconv.Itoa(j)))
			}
			return
		}
		fn.p.line("for j := 0; j < %d; j++ {", n)
		fn.p.line("%s += %s(%s * %s)", fn.elem(v, index{expr: "j"}), e, xi, fn.matrix(w, ix, n, "j"))
		fn.p.line("}")
	case plan.SumAll:
		fn.p.line("%s += %s", fn.accumulator(v, 0), fn.elem(v.Args[0], ix))
	case plan.OuterRow:
		a, b := v.Args[0], v.Args[1]
		n := b.Type.Len()
		ai := fn.elem(a, ix)
		if n <= plan.SmallLen {
			for j := 0; j < n; j++ {
				fn.outer(s, ix.row(n, strconv.Itoa(j)), fmt.Sprintf("%s(%s * %s)", e, ai, fn.elem(b, at(j))))
			}
			return
		}
		fn.p.line("for j := 0; j < %d; j++ {", n)
		fn.outer(s, ix.row(n, "j"), fmt.Sprintf("%s(%s * %s)", e, ai, fn.elem(b, index{expr: "j"})))
		fn.p.line("}")
	case plan.OuterCol:
		a, b := v.Args[0], v.Args[1]
		for r := 0; r < a.Type.Len(); r++ {
			fn.outer(s, at(r).row(extent, ix.plus(0)), fmt.Sprintf("%s(%s * %s)", e, fn.elem(a, at(r)), fn.elem(b, ix)))
		}
	case plan.AddTo:
		fn.p.line("g.%s[%s] += %s", fn.e.field(s.Sum), ix.plus(0), fn.elem(v, ix))
	default:
		panic("codegen: step of unknown form")
	}
}

// column is element [r, ix] of a matrix with n columns, r a constant.
func (fn *function) column(w *ir.Value, r, n int, ix index) string {
	if ix.konst {
		return fn.elem(w, at(r*n+ix.k))
	}
	return fn.elem(w, index{expr: ix.plus(r * n)})
}

// outer stores or adds one element of an outer product.
func (fn *function) outer(s plan.Step, flat, x string) {
	if s.Sum != nil {
		fn.p.line("g.%s[%s] += %s", fn.e.field(s.Sum), flat, x)
		return
	}
	ix := index{expr: flat}
	if k, err := strconv.Atoi(flat); err == nil {
		ix = at(k)
	}
	if fn.unread(s.V, ix) {
		return
	}
	fn.assign(s.V, ix, x)
}

// reduce prints v[ix] = sum over j of term(j).
func (fn *function) reduce(v *ir.Value, ix index, k int, term func(j string) string) {
	dst := fn.elem(v, ix)
	e := fn.e.elem(v.Type.Elem)
	if fn.isVariable(v) {
		fn.p.line("var %s %s", dst, e)
		fn.p.line("for j := 0; j < %d; j++ {", k)
		fn.p.line("%s += %s", dst, term("j"))
		fn.p.line("}")
		return
	}
	fn.p.line("{")
	fn.p.line("var dot %s", e)
	fn.p.line("for j := 0; j < %d; j++ {", k)
	fn.p.line("dot += %s", term("j"))
	fn.p.line("}")
	fn.p.line("%s = dot", dst)
	fn.p.line("}")
}

// isVariable reports whether elements of v are variables of their own, declared where they are
// computed.
func (fn *function) isVariable(v *ir.Value) bool {
	if _, ok := fn.arrays[v]; ok {
		return false
	}
	k := fn.f.Places[v].Kind
	return k == plan.Register || k == plan.Scalars
}

func (fn *function) assign(v *ir.Value, ix index, x string) {
	op := "="
	if fn.isVariable(v) {
		op = ":="
	}
	fn.p.words(fn.elem(v, ix), " ", op, " ", x)
}

func (fn *function) elementwise(v *ir.Value, ix index) {
	switch v.Op {
	case ir.OpSelect:
		c, a, b := fn.operand(v, 0, ix), fn.operand(v, 1, ix), fn.operand(v, 2, ix)
		dst := fn.elem(v, ix)
		if fn.isVariable(v) {
			fn.p.line("var %s %s = %s", dst, fn.e.elem(v.Type.Elem), b)
		} else {
			fn.p.line("%s = %s", dst, b)
		}
		fn.p.line("if %s {", c)
		fn.p.line("%s = %s", dst, a)
		fn.p.line("}")
	case ir.OpOneHot:
		fn.assign(v, ix, fmt.Sprintf("rt.Indicator[%s](int(%s) == %s)", fn.e.elem(v.Type.Elem), fn.elem(v.Args[0], at(0)), ix.plus(0)))
	case ir.OpExpand:
		fn.assign(v, ix, fn.typed(v.Args[0], at(0)))
	default:
		fn.assign(v, ix, bare(fn.expr(v, ix)))
	}
}

func (fn *function) operand(v *ir.Value, i int, ix index) string {
	if v.Args[i].Type.Len() == 1 {
		ix = at(0)
	}
	return fn.elem(v.Args[i], ix)
}
