package cudagen

import (
	"fmt"
	"slices"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// A kernel whose samples are split has some lanes of a warp for each (prelude/split.cuh): the units of a hidden layer, its weights and
// what they add to the gradient are shared out among the registers of these lanes. Loops, sweeps and tapes are those of a thread a
// sample, since control is the same in all lanes of a sample, and so is every function but for the arrays that are shared out in it.

// shortLen is the length up to which arrays are in every lane.
const shortLen = 8

// split is what is known of functions that are printed for lanes that share a sample.
type split struct {
	lanes   int
	short   int                 // axes of so many elements are in every lane
	shared  map[*ir.Value]bool  // arrays that are shared out
	results map[*ir.Func][]bool // results that are, of functions that others call
	held    map[*ir.Param]bool  // parameters of which a lane has its own in registers
	called  map[*ir.Func]bool   // functions that nobody but calls uses
	other   bool                // a sum of the gradient has other axes than what is added to it
}

// units is the axis along which the elements of a type are shared out: that of its rows, or, of a matrix with few of them, that
// of its columns; -1 where they are in every lane.
func (s *split) units(t ir.Type) int {
	if t.Elem == ir.Tuple || t.Rank() == 0 || t.Rank() > 2 {
		return -1
	}
	return slices.IndexFunc(t.Shape, func(n int) bool { return n > s.short })
}

// slots is the number of elements that a lane has of a type that is shared out; 0 of others.
func (s *split) slots(t ir.Type) int {
	ax := s.units(t)
	if ax < 0 {
		return 0
	}
	n := t.Shape[ax]
	return t.Len() / n * s.own(n)
}

// own is the number of elements that a lane has of n.
func (s *split) own(n int) int { return (n + s.lanes - 1) / s.lanes }

// place is where slot j of a type lies in the whole array.
func (s *split) place(t ir.Type, j string) string {
	switch {
	case t.Rank() == 1:
		return fmt.Sprintf("split.at<%d>(%s)", t.Len(), j)
	case s.units(t) == 0:
		return fmt.Sprintf("split.row<%d, %d>(%s)", t.Shape[0], t.Shape[1], j)
	}
	return fmt.Sprintf("split.column<%d, %d>(%s)", t.Shape[0], t.Shape[1], j)
}

// within is the condition that slot j of a type is none beyond the last unit; "" where there are none.
func (s *split) within(t ir.Type, j string) string {
	ax := s.units(t)
	n := t.Shape[ax]
	switch {
	case n%s.lanes == 0:
		return ""
	case t.Rank() == 2 && ax == 0:
		j = fmt.Sprintf("%s / %d", j, t.Shape[1])
	case t.Rank() == 2:
		j = fmt.Sprintf("%s %% %d", j, s.own(n))
	}
	return fmt.Sprintf("split.in<%d>(%s)", n, j)
}

// splitOf finds what the functions of kernels share out among so many lanes. An array is shared out if it has units, and whatever uses
// it can do with what a lane has: steps of nests, and functions that are called.
func (e *emitter) splitOf(roots []*ir.Func, lanes int) *split {
	s := &split{lanes: lanes, short: shortLen, shared: map[*ir.Value]bool{}, results: map[*ir.Func][]bool{}, held: map[*ir.Param]bool{}, called: map[*ir.Func]bool{}}
	if n := e.opts.SplitShort; n > 0 {
		s.short = n
	}
	var fs []*ir.Func
	seen, other := map[*ir.Func]bool{}, map[*ir.Func]bool{}
	for _, r := range roots {
		other[r] = true
		e.visit(r, seen, func(f *ir.Func) { fs = append(fs, f) })
	}
	for _, f := range fs {
		for _, v := range f.Values {
			for _, g := range callees(v) {
				other[g] = other[g] || v.Op != ir.OpCall
			}
		}
		for _, n := range e.plan.Of(f).Nests {
			for _, st := range n.Steps {
				s.other = s.other || st.Sum != nil && !slices.Equal(st.Sum.Type.Shape, st.V.Type.Shape)
			}
		}
	}
	for _, f := range fs {
		s.called[f] = !other[f]
		pf := e.plan.Of(f)
		for _, v := range f.Values {
			s.shared[v] = pf.Places[v] != nil && s.candidate(pf, v)
		}
		s.results[f] = make([]bool, len(f.Results))
		for i, r := range f.Results {
			s.results[f][i] = s.called[f] && pf.Sums[i] == nil && s.units(r.Type) >= 0
		}
	}
	for again := true; again; {
		again = false
		for _, f := range fs {
			again = s.restrict(e.plan.Of(f)) || again
		}
	}
	return s
}

// candidate reports whether v may be shared out, as far as its own place goes.
func (s *split) candidate(f *plan.Func, v *ir.Value) bool {
	if s.units(v.Type) < 0 {
		return false
	}
	switch f.Places[v].Kind {
	case plan.ArgArray:
		return s.called[f.IR]
	case plan.Register, plan.Scalars, plan.Local, plan.Work, plan.Result:
		return v.Op == ir.OpCall || v.Op == ir.OpResult && v.Args[0].Op == ir.OpCall || v.Op.Info().Class != ir.ClassNode && v.Op != ir.OpResult
	}
	return false
}

// restrict takes back what the uses in f do not allow, and reports whether it found any.
func (s *split) restrict(f *plan.Func) bool {
	changed := false
	not := func(v *ir.Value) {
		if s.shared[v] {
			s.shared[v], changed = false, true
		}
	}
	var reads func(v *ir.Value) // all that an operand reads is in every lane
	reads = func(v *ir.Value) {
		switch p := f.Places[v]; {
		case p == nil:
		case p.Kind == plan.Folded:
			for _, a := range v.Args {
				reads(a)
			}
		case p.Kind == plan.View:
			not(p.Base)
		default:
			not(v)
		}
	}
	for _, v := range f.IR.Values {
		if p := f.Places[v]; p != nil && p.Kind == plan.View && !sameArray(v, p) {
			not(p.Base)
		}
	}
	for _, n := range f.Nests {
		for _, st := range n.Steps {
			v := st.V
			switch {
			case st.Form != plan.Whole:
			case v.Op != ir.OpCall:
				not(v)
				for _, a := range v.Args {
					reads(a)
				}
			default:
				callee := v.Attr.Func
				for i, a := range v.Args {
					if !s.shared[callee.Args[i]] {
						reads(a)
					}
				}
			}
		}
	}
	// Results of calls are as those who call have them.
	whole := func(g *ir.Func, i int) {
		if s.results[g][i] {
			s.results[g][i], changed = false, true
		}
	}
	for _, v := range f.IR.Values {
		g, i, ok := called(v)
		switch {
		case !ok || f.Places[v] == nil || f.Places[v].Kind == plan.Sum || f.Places[v].Kind == plan.Stat || s.units(v.Type) < 0:
		case !s.results[g][i]:
			not(v)
		case !s.shared[v]:
			whole(g, i)
		}
	}
	for i, r := range f.IR.Results {
		if f.Sums[i] != nil || s.units(r.Type) < 0 {
			continue
		}
		inPlace := f.Places[r].Kind == plan.Result && f.Places[r].Index == i
		switch {
		case !s.results[f.IR][i]:
			if inPlace {
				not(r)
			}
		case inPlace && !s.shared[r]:
			whole(f.IR, i)
		}
	}
	return changed
}

// called is the function and the result of it that v is, where v is the result of a call.
func called(v *ir.Value) (f *ir.Func, result int, ok bool) {
	switch {
	case v.Op == ir.OpCall && v.Type.Elem != ir.Tuple:
		return v.Attr.Func, 0, true
	case v.Op == ir.OpResult && v.Args[0].Op == ir.OpCall:
		return v.Args[0].Attr.Func, v.Attr.Index, true
	}
	return nil, 0, false
}

// sameArray reports whether a view is all of its base, with its shape.
func sameArray(v *ir.Value, p *plan.Place) bool {
	return p.Offset == 0 && slices.Equal(v.Type.Shape, p.Base.Type.Shape)
}

// everywhere reports whether the elements of v, a value of f, are in every lane.
func (s *split) everywhere(f *plan.Func, v *ir.Value) bool {
	switch p := f.Places[v]; p.Kind {
	case plan.Folded:
		return !slices.ContainsFunc(v.Args, func(a *ir.Value) bool { return !s.everywhere(f, a) })
	case plan.View:
		return s.everywhere(f, p.Base)
	}
	return !s.shared[v]
}

// way is how the lanes of a sample do a step.
type way uint8

const (
	alike        way = iota // all of them all of it
	elements                // each its elements
	rows                    // each its rows of a product; the vector is in every lane
	rowsShared              // or is shared out
	terms                   // each its terms of a product with few results: columns of the matrix
	columns                 // each its columns of the matrix of a product
	back                    // each its terms: rows of the matrix
	backShared              // and of the sums its own
	total                   // each its terms of a sum
	outerRows               // each its rows of an outer product; the second vector is in every lane
	outerShared             // or is shared out
	outerColumns            // each its columns
	addTo                   // each its elements, to a sum of the gradient
)

// way is how lanes do a step of f.
func (s *split) way(f *plan.Func, st plan.Step) way {
	v := st.V
	shared := s.shared[v]
	switch st.Form {
	case plan.Elem, plan.Copy:
		if shared {
			return elements
		}
	case plan.RowDot, plan.ColSum:
		w, x := v.Args[0], v.Args[1]
		switch {
		case shared && s.everywhere(f, x):
			return rows
		case shared:
			return rowsShared
		case w.Type.Shape[0] <= s.short && w.Type.Shape[1] > s.short:
			return terms
		}
	case plan.Gather, plan.Scatter:
		few, short := v.Args[1].Type.Shape[0] <= s.short, v.Type.Len() <= s.short
		switch {
		case few && shared:
			return columns
		case !few && shared:
			return backShared
		case !few && short:
			return back
		}
	case plan.SumAll:
		if x := v.Args[0]; s.slots(x.Type) > 0 && !s.everywhere(f, x) {
			return total
		}
	case plan.OuterRow, plan.OuterCol:
		switch {
		case st.Sum == nil && !shared || s.units(v.Type) < 0:
		case s.units(v.Type) == 1:
			return outerColumns
		case s.everywhere(f, v.Args[1]):
			return outerRows
		default:
			return outerShared
		}
	case plan.AddTo:
		if s.units(v.Type) >= 0 {
			return addTo
		}
	}
	return alike
}

// slot is the index of slot j of a type that is shared out.
func (fn *function) slot(t ir.Type, j string) index {
	return index{expr: fn.e.split.place(t, j), slot: j, own: true}
}

// slotElem is the element of v at a slot; "" where it is found by its place in the whole array.
func (fn *function) slotElem(v *ir.Value, ix index) string {
	switch p := fn.f.Places[v]; {
	case v.Type.Len() == 1:
		return ""
	case fn.e.split.shared[v]:
		return fmt.Sprintf("%s[%s]", fn.array(v), ix.slot)
	case p.Kind == plan.View && sameArray(v, p):
		return fn.elem(p.Base, ix)
	case p.Kind == plan.Memory && fn.e.split.slots(v.Type) > 0:
		return fmt.Sprintf("%s[%s]", fn.e.holds(v.Attr.Param), ix.slot)
	}
	return ""
}

// holds is what a lane has of a parameter in registers.
func (e *emitter) holds(p *ir.Param) string {
	e.split.held[p] = true
	return "own." + e.fields[p]
}

// perRun reports whether v is a variable of each run of the loop that makes it.
func (fn *function) perRun(v *ir.Value) bool {
	return fn.f.Places[v].Kind == plan.Register && fn.e.team == nil && fn.e.split == nil && !fn.placed[v]
}

// local variables of values: what is shared out has as many elements as a lane has.
func (fn *function) variable(v *ir.Value, name string) string {
	if fn.e.split != nil && fn.e.split.shared[v] {
		return fmt.Sprintf("%s %s[%d];", fn.e.elem(v.Type.Elem), name, fn.e.split.slots(v.Type))
	}
	return fn.e.variable(v.Type, name)
}

// splitNest prints a nest: its steps one after the other.
func (fn *function) splitNest(n *plan.Nest) {
	for _, s := range n.Steps {
		if s.Form == plan.Whole || !fn.splitStep(s) { // in every lane
			alone := *n
			alone.Steps = []plan.Step{s}
			fn.nest(&alone)
		}
	}
}

// over prints a loop over the slots that a lane has of a type.
func (fn *function) overSlots(t ir.Type, body func(ix index)) {
	fn.p.line("#pragma unroll")
	fn.p.line("for (int j = 0; j < %d; j++) {", fn.e.split.slots(t))
	body(fn.slot(t, "j"))
	fn.p.line("}")
}

// splitStep prints a step that lanes share; it reports whether it is one.
func (fn *function) splitStep(s plan.Step) bool {
	v, p, sp := s.V, fn.p, fn.e.split
	how := sp.way(fn.f, s)
	if how == alike {
		return false
	}
	p.source(v.Span)
	if k := fn.f.Places[v].Kind; s.Form != plan.AddTo && !v.Type.IsScalar() && (k == plan.Local || k == plan.Work || k == plan.Register || k == plan.Scalars) {
		p.line("%s", fn.variable(v, fn.local(v)))
	}
	product := func(name string, order ...string) {
		shape := v.Type.Shape
		if s.Form != plan.OuterRow && s.Form != plan.OuterCol {
			shape = matrixOf(v).Type.Shape
		}
		p.line("ndec_split_%s<%d, %d>(split, %s);", name, shape[0], shape[1], strings.Join(order, ", "))
	}
	switch how {
	case elements:
		if s.Form == plan.Copy {
			fn.splitCopy(v)
			break
		}
		fn.overSlots(v.Type, func(ix index) { p.line("%s = %s;", fn.elem(v, ix), bare(fn.expr(v, ix))) })
	case rows:
		product("rows", fn.array(v), fn.ofSlot(v.Args[0]), fn.ofUnit(v.Args[1]))
	case rowsShared:
		product("rows_shared", fn.array(v), fn.ofSlot(v.Args[0]), fn.ofSlot(v.Args[1]))
	case terms:
		product("terms", fn.array(v), fn.ofSlot(v.Args[0]), fn.ofSlot(v.Args[1]))
	case columns:
		product("columns", fn.array(v), fn.ofUnit(v.Args[0]), fn.ofSlot(v.Args[1]))
	case back:
		product("back", fn.array(v), fn.ofSlot(v.Args[0]), fn.ofSlot(v.Args[1]))
	case backShared:
		product("back_shared", fn.array(v), fn.ofSlot(v.Args[0]), fn.ofSlot(v.Args[1]))
	case total:
		fn.splitTotal(v)
	case outerRows:
		product("outer_rows", fn.splitOuter(s), fn.ofSlot(v.Args[0]), fn.ofUnit(v.Args[1]))
	case outerShared:
		product("outer_shared", fn.splitOuter(s), fn.ofSlot(v.Args[0]), fn.ofSlot(v.Args[1]))
	case outerColumns:
		product("outer_columns", fn.splitOuter(s), fn.ofUnit(v.Args[0]), fn.ofSlot(v.Args[1]))
	case addTo:
		fn.overSlots(v.Type, func(ix index) { p.line("g.%s[j] += %s;", fn.e.fields[s.Sum], bare(fn.elem(v, ix))) })
	}
	return true
}

// splitTotal prints a sum of elements that are shared out.
func (fn *function) splitTotal(v *ir.Value) {
	p, x, t := fn.p, v.Args[0], fn.e.elem(v.Type.Elem)
	sum := fn.s.pick("sum")
	p.line("%s %s = 0;", t, sum)
	fn.overSlots(x.Type, func(ix index) {
		add := fmt.Sprintf("%s += %s;", sum, bare(fn.elem(x, ix)))
		if in := fn.e.split.within(x.Type, "j"); in != "" {
			add = fmt.Sprintf("if (%s) %s", in, add)
		}
		p.line("%s", add)
	})
	dst := fn.elem(v, at(0))
	if v.Type.IsScalar() {
		dst = t + " " + dst
	}
	p.line("%s = split.sum(%s);", dst, sum)
}

// splitOuter is a function that takes a product for slot i of an outer product.
func (fn *function) splitOuter(s plan.Step) string {
	t := fn.e.elem(s.V.Type.Elem)
	to := ""
	if s.Sum != nil {
		dst := fmt.Sprintf("g.%s[i]", fn.e.fields[s.Sum])
		to = fmt.Sprintf("%s = ndec_fma(lhs, rhs, %s);", dst, dst)
	} else {
		to = fmt.Sprintf("%s = lhs * rhs;", fn.elem(s.V, fn.slot(s.V.Type, "i")))
	}
	return fmt.Sprintf("[&](int i, %s lhs, %s rhs) { %s }", t, t, to)
}

// ofSlot is a function that gives the elements of v by the slots of a lane.
func (fn *function) ofSlot(v *ir.Value) string {
	return fmt.Sprintf("[&](int j) { return %s; }", bare(fn.elem(v, fn.slot(v.Type, "j"))))
}

// ofUnit is a function that gives the elements of a vector by their numbers, where all are in every lane.
func (fn *function) ofUnit(v *ir.Value) string {
	return fmt.Sprintf("[&](int k) { return %s; }", bare(fn.elem(v, index{expr: "k"})))
}

// splitCopy prints a shape operator whose result is shared out: an element that its lane has of the operand stays there, others come
// from the lane that has them.
func (fn *function) splitCopy(v *ir.Value) {
	p, sp := fn.p, fn.e.split
	columns := v.Type.Rank() == 2 && sp.units(v.Type) == 1
	for k := range v.Type.Len() {
		unit, slot := k, 0
		switch {
		case columns:
			n := v.Type.Shape[1]
			unit, slot = k%n, k/n*sp.own(n)+k%n/sp.lanes
		case v.Type.Rank() == 2:
			n := v.Type.Shape[1]
			unit, slot = k/n, k/n/sp.lanes*n+k%n
		default:
			slot = k / sp.lanes
		}
		x := zero(v.Type.Elem)
		if src, from := plan.CopySource(v, k); src != nil {
			x = bare(fn.elem(src, at(from)))
			if sp.shared[src] && src.Type.Rank() == 1 && from%sp.lanes == unit%sp.lanes {
				x = fmt.Sprintf("%s[%d]", fn.array(src), from/sp.lanes)
			} else if !sp.everywhere(fn.f, src) { // all lanes take part
				part := fn.s.pick("part")
				p.line("%s %s = %s;", fn.e.elem(v.Type.Elem), part, x)
				x = part
			}
		}
		p.line("if (split.lane == %d) %s[%d] = %s;", unit%sp.lanes, fn.array(v), slot, x)
	}
}

// fetched is element ix of an array that is shared out, from the lane that has it.
func (fn *function) fetched(v *ir.Value, ix index) string {
	sp, name := fn.e.split, fn.array(v)
	unit, slot := "", ""
	i := ix.plus(0)
	if !ix.konst {
		i = "(" + i + ")"
	}
	switch n := v.Type.Shape; {
	case v.Type.Rank() == 1:
		unit, slot = i, fmt.Sprintf("%s / %d", i, sp.lanes)
	case sp.units(v.Type) == 0:
		unit, slot = fmt.Sprintf("%s / %d", i, n[1]), fmt.Sprintf("%s / %d / %d * %d + %s %% %d", i, n[1], sp.lanes, n[1], i, n[1])
	default:
		unit, slot = fmt.Sprintf("%s %% %d", i, n[1]), fmt.Sprintf("%s / %d * %d + %s %% %d / %d", i, n[1], sp.own(n[1]), i, n[1], sp.lanes)
	}
	return fmt.Sprintf("split.from(%s[%s], %s %% %d)", name, slot, unit, sp.lanes)
}
