package cudagen

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// A kernel with products of wide layers has a tile: a warp with a sample in each lane, whose products are those of tensor cores
// (prelude/tile.cuh). Functions and loops are those of a thread a sample, with two differences. A function with arrays of more than
// smallLen elements runs twice, for the samples of either half of the warp, and has these arrays as fragments. And since a
// product takes the whole warp, lanes whose solve has ended go on with the others, and what they do does not count.

// smallLen is NDEC_SMALL of the prelude: arrays of so many elements are in every lane. heldLen is NDEC_HELD: longer ones
// are in memory of the warp, but those of a group's warps, which are in registers up to groupLen.
const (
	smallLen = 16
	heldLen  = 64
	groupLen = 128
)

// halved is what is known of a function with fragments while it is printed.
type halved struct {
	top   []string             // declarations before the loop over halves
	rows  map[*ir.Value]string // numbers of the lane's two rows
	frags map[*ir.Value]string // fragments of what has its place elsewhere
	last  map[*ir.Value]int    // step of the run that reads a value last
	free  map[string][]string  // memory of fragments that nobody reads any more, by what they hold
	step  int                  // the present one
}

// fragment reports whether the elements of v are shared out among lanes, where v is a value of f.
func fragment(f *plan.Func, v *ir.Value) bool {
	return v.Type.Elem != ir.Tuple && v.Type.Len() > smallLen && f.Places[v].Kind != plan.Sum && !uniform(f, v)
}

// long reports whether a variable of type t holds a fragment, for both halves of a warp.
func (e *emitter) long(t ir.Type) bool { return e.tile && t.Elem != ir.Tuple && t.Len() > smallLen }

// wide reports whether f has fragments.
func wide(f *plan.Func) bool {
	return slices.ContainsFunc(f.IR.Values, func(v *ir.Value) bool { return f.Places[v] != nil && fragment(f, v) })
}

// collective reports whether f takes a whole warp, itself or through what it calls.
func (e *emitter) collective(f *ir.Func) bool {
	found := false
	e.visit(f, map[*ir.Func]bool{}, func(g *ir.Func) { found = found || wide(e.plan.Of(g)) })
	return found
}

// fitsTile reports whether k can have a tile, and whether there is a product for it that is worth one: from fragment to fragment.
func (e *emitter) fitsTile(k *kernel) (fits, product bool) {
	if e.m.Real != ir.F32 {
		return false, false
	}
	fits = smallEnds(k.fn)
	e.visit(k.fn.IR, map[*ir.Func]bool{}, func(f *ir.Func) {
		pf := e.plan.Of(f)
		fits = fits && e.tileFunction(pf)
		for _, v := range f.Values {
			if v.Op == ir.OpMatVec || v.Op == ir.OpVecMat {
				w := v.Args[0]
				if v.Op == ir.OpVecMat {
					w = v.Args[1]
				}
				product = product || w.Type.Shape[0] > smallLen && w.Type.Shape[1] > smallLen
			}
			switch v.Op {
			case ir.OpSolve:
				fits = fits && e.tileSolve(v.Attr.Solve)
			case ir.OpRev:
				fits = fits && v.Attr.Rev.Solve.Times == 0
			}
		}
	})
	return fits, product
}

// tileSolve reports whether the loop of s can run in step for all lanes: what it calls for some of them takes no warp.
func (e *emitter) tileSolve(s *ir.Solve) bool {
	if s.Stops > 0 || s.Cuts() || s.Start != nil {
		return false
	}
	for _, st := range s.States {
		if st.Type.Len() > smallLen {
			return false
		}
	}
	if slices.ContainsFunc(s.Extras, func(t ir.Type) bool { return t.Len() > smallLen }) {
		return false
	}
	for _, f := range []*ir.Func{s.Norm, s.Control, s.Dense} {
		if f != nil && e.plan.Of(f) != nil && e.collective(f) {
			return false
		}
	}
	return true
}

// tileFunction reports whether f can be printed for a tile.
func (e *emitter) tileFunction(f *plan.Func) bool {
	for _, v := range f.IR.Values {
		p := f.Places[v]
		if p == nil {
			return false
		}
		if fragment(f, v) && v.Type.Elem == ir.F64 { // of a hypersolver's target, which is made in f64
			return false
		}
		if fragment(f, v) && p.Kind == plan.View && (p.Offset != 0 || p.Base.Type.Len() != v.Type.Len()) {
			return false
		}
	}
	for _, n := range f.Nests {
		if slices.ContainsFunc(n.Steps, func(s plan.Step) bool { return !e.rounding(f, s.V) && !tileFits(f, s) }) {
			return false
		}
	}
	return true
}

// far are the fragments that are needed beyond the run of nests that makes them: they are kept for both halves.
func (e *emitter) far(f *plan.Func) map[*ir.Value]bool {
	made, out := map[*ir.Value]int{}, map[*ir.Value]bool{}
	runs, _ := e.tileRuns(f)
	for at, run := range runs {
		for _, n := range run {
			for _, s := range n.Steps {
				if s.Form != plan.AddTo && fragment(f, s.V) && !e.rounding(f, s.V) {
					made[s.V] = at
				}
			}
		}
	}
	var reads func(v *ir.Value, at int)
	reads = func(v *ir.Value, at int) {
		for _, a := range v.Args {
			p := f.Places[a]
			if p.Kind == plan.Folded || e.rounding(f, a) {
				reads(a, at)
				continue
			}
			if p.Kind == plan.View {
				a = p.Base
			}
			if where, ok := made[a]; ok && where != at {
				out[a] = true
			}
		}
	}
	for at, run := range runs {
		for _, n := range run {
			for _, s := range n.Steps {
				reads(s.V, at)
				if where, ok := made[s.V]; ok && where != at {
					out[s.V] = true // added to a sum later
				}
			}
		}
	}
	for _, v := range f.IR.Values {
		p := f.Places[v]
		if fragment(f, v) && (p.Kind == plan.ArgArray || p.Kind == plan.Result || v.Op == ir.OpResult || v.Op.Info().Class == ir.ClassNode) {
			out[v] = true
		}
	}
	for i, r := range f.IR.Results {
		if f.Sums[i] == nil && fragment(f, r) {
			out[r] = true
		}
	}
	return out
}

// tileFits reports whether a step can be printed for a tile.
func tileFits(f *plan.Func, s plan.Step) bool {
	v := s.V
	large := func(v *ir.Value) bool { return fragment(f, v) }
	switch s.Form {
	case plan.RowDot, plan.ColSum:
		return uniform(f, v.Args[0]) || !large(v) && !large(v.Args[1]) && !large(v.Args[0])
	case plan.Gather, plan.Scatter:
		return uniform(f, v.Args[1]) || !large(v) && !large(v.Args[0]) && !large(v.Args[1])
	case plan.OuterRow, plan.OuterCol:
		return s.Sum != nil || !large(v) && !large(v.Args[0]) && !large(v.Args[1])
	case plan.Elem:
		return v.Op != ir.OpOneHot || !large(v)
	case plan.Whole:
		if v.Op == ir.OpCall { // it takes fragments, and nothing else as long
			return !slices.ContainsFunc(v.Args, func(a *ir.Value) bool { return a.Type.Len() > smallLen && !large(a) })
		}
		if v.Type.Elem == ir.Tuple && slices.ContainsFunc(v.Type.Parts, func(t ir.Type) bool { return t.Len() > smallLen }) {
			return v.Op == ir.OpRev // sums
		}
		fallthrough
	case plan.Copy:
		return !large(v) && !slices.ContainsFunc(v.Args, large)
	}
	return true
}

// tileRuns are the nests of f in runs that a loop over halves can hold, and whether it has to: runs end at statements over
// whole arrays, which all lanes do at once.
func (e *emitter) tileRuns(f *plan.Func) (runs [][]*plan.Nest, halves []bool) {
	open := false
	for _, n := range f.Nests {
		if !slices.ContainsFunc(n.Steps, func(s plan.Step) bool { return !e.rounding(f, s.V) }) {
			continue // products do it
		}
		whole := n.Steps[0].Form == plan.Whole
		if whole || !open {
			runs, halves = append(runs, nil), append(halves, false)
		}
		at := len(runs) - 1
		runs[at] = append(runs[at], n)
		for _, s := range n.Steps {
			if whole {
				break
			}
			halves[at] = halves[at] || fragment(f, s.V)
			for _, a := range s.V.Args {
				halves[at] = halves[at] || fragment(f, a)
			}
		}
		open = !whole
	}
	return runs, halves
}

// smallEnds reports whether arguments and results of f are in every lane.
func smallEnds(f *plan.Func) bool {
	return smallResults(f) && !slices.ContainsFunc(f.IR.Args, func(a *ir.Value) bool { return a.Type.Len() > smallLen })
}

func smallResults(f *plan.Func) bool {
	for i, r := range f.IR.Results {
		if f.Sums[i] == nil && r.Type.Len() > smallLen {
			return false
		}
	}
	return true
}

// uniform reports whether v is the same for all samples and can be read at any place: a parameter or a constant.
func uniform(f *plan.Func, v *ir.Value) bool {
	p := f.Places[v]
	switch p.Kind {
	case plan.Memory, plan.Table, plan.Literal:
		return true
	case plan.View:
		return uniform(f, p.Base)
	}
	return false
}

// tileBody prints the nests of a function. Those with fragments are in a loop over the halves of the warp; variables stand before
// it: those of the lanes of the first half are kept through the second.
func (fn *function) tileBody() {
	runs, halves := fn.e.tileRuns(fn.f)
	fn.far = fn.e.far(fn.f)
	fn.countProducts()
	if !slices.Contains(halves, true) {
		fn.nests()
		return
	}
	for at, run := range runs {
		if halves[at] {
			fn.halves(run)
			continue
		}
		for _, n := range run {
			fn.nest(n)
		}
	}
}

func (fn *function) halves(run []*plan.Nest) {
	p := fn.p
	before := p.text()
	fn.half = &halved{rows: map[*ir.Value]string{}, frags: map[*ir.Value]string{}, last: fn.e.lastReads(fn.f, run), free: map[string][]string{}}
	p.line("#pragma unroll 1")
	p.line("for (int half = 0; half < 2; half++) {")
	for _, n := range run {
		for _, s := range n.Steps {
			if !fn.e.rounding(fn.f, s.V) {
				p.source(s.V.Span)
				fn.tileStep(s)
			}
			fn.half.step++
		}
	}
	p.line("}")
	text := p.text()
	p.b.WriteString(before)
	for _, d := range fn.half.top {
		p.line("%s", d)
	}
	p.b.WriteString(text)
	fn.half = nil
}

// hold declares the variable of v before the loop over halves: numbers of lanes begin as zeros.
func (fn *function) hold(v *ir.Value) {
	name, t := fn.local(v), fn.e.elem(v.Type.Elem)
	switch {
	case fn.far[v]:
		fn.half.top = append(fn.half.top, fn.e.variable(v.Type, name))
	case fragment(fn.f, v):
		fn.fragmentOf(v, name)
	case v.Type.IsScalar():
		fn.half.top = append(fn.half.top, fmt.Sprintf("%s %s = %s;", t, name, zero(v.Type.Elem)))
	default:
		fn.half.top = append(fn.half.top, fmt.Sprintf("%s %s[%d] = {};", t, name, v.Type.Len()))
	}
}

// tileElem is an element of v at the column i and the place [q][e] of a loop over a fragment.
func (fn *function) tileElem(v *ir.Value, ix index) string {
	pl := fn.f.Places[v]
	one := v.Type.Len() == 1
	if one && pl.Kind != plan.Folded && uniform(fn.f, v) {
		return fn.elem(v, at(0))
	}
	switch pl.Kind {
	case plan.Literal:
		return number(v.Attr.Num, v.Type.Elem)
	case plan.Folded:
		return fn.fold(v, ix)
	case plan.View:
		if uniform(fn.f, v) {
			return fn.elem(pl.Base, index{expr: index{expr: "i"}.plus(pl.Offset)})
		}
		if !one {
			return fn.tileElem(pl.Base, ix)
		}
	case plan.Memory, plan.Table:
		return fn.elem(v, index{expr: "i"})
	}
	if one {
		return fn.half.rows[v] + "[e / 2]"
	}
	return fn.tiles(v) + "[q][e]"
}

// tiles is the fragment v of the present half.
func (fn *function) tiles(v *ir.Value) string {
	name := ""
	switch pl := fn.f.Places[v]; pl.Kind {
	case plan.View:
		return fn.tiles(pl.Base)
	case plan.Result:
		name = fn.res[pl.Index]
	case plan.ArgArray:
		name = fn.name[v]
	default:
		name = fn.local(v)
	}
	if fn.far[v] {
		return name + "[half]"
	}
	return name
}

// spreadRows prints the numbers of the lane's rows for those scalars that v, or what is folded into it, reads.
func (fn *function) spreadRows(v *ir.Value) {
	for _, a := range v.Args {
		pl := fn.f.Places[a]
		switch {
		case pl.Kind == plan.Folded:
			fn.spreadRows(a)
		case a.Type.Len() > 1 || uniform(fn.f, a):
		case fn.half.rows[a] == "":
			name := fn.s.pick(localName(a) + "_rows")
			fn.half.rows[a] = name
			fn.half.top = append(fn.half.top, fmt.Sprintf("%s %s[2];", fn.e.elem(a.Type.Elem), name))
			fn.p.line("ndec_tile_rows(tile, half, %s, %s);", bare(fn.elem(a, at(0))), fn.half.rows[a])
		}
	}
}

// over prints a loop over the elements of a fragment of n columns.
func (fn *function) over(n int, body func()) {
	p := fn.p
	switch t := ir.Tensor(ir.F32, n); {
	case fn.held(t):
		p.line("#pragma unroll")
	case fn.inGroup(t):
		p.line("#pragma unroll (%d <= Tile::held ? ndec_tiles(%d) : 1)", n, n)
	default:
		p.line("#pragma unroll 1")
	}
	p.line("for (int q = 0; q < ndec_tiles(%d); q++) {", n)
	p.line("#pragma unroll")
	p.line("for (int e = 0; e < 4; e++) {")
	p.line("int i = ndec_tile_column<%d>(tile, q, e);", n)
	body()
	p.line("}")
	p.line("}")
}

// asFragment is v as a fragment; what is in every lane is spread first.
func (fn *function) asFragment(v *ir.Value) string {
	if x := fn.e.roundings(fn.f)[v]; x != nil {
		return fn.asFragment(x)
	}
	folded := fn.f.Places[v].Kind == plan.Folded
	if fragment(fn.f, v) && !folded {
		return fn.tiles(v)
	}
	if name, ok := fn.half.frags[v]; ok {
		return name
	}
	name := fn.s.pick(localName(v) + "_fragment")
	fn.half.frags[v] = name
	fn.half.top = append(fn.half.top, fn.fragmentVariable(v.Type, name))
	if v.Type.Len() > smallLen { // folded, or the same for all samples
		if folded {
			fn.spreadRows(v)
		}
		fn.over(v.Type.Len(), func() { fn.p.line("%s[q][e] = %s;", name, bare(fn.tileElem(v, index{tile: true}))) })
		return name
	}
	own := fn.s.pick(localName(v) + "_small")
	fn.half.top = append(fn.half.top, fmt.Sprintf("real %s[%d];", own, v.Type.Len()))
	for k := range v.Type.Len() {
		fn.p.line("%s[%d] = %s;", own, k, bare(fn.elem(v, at(k))))
	}
	fn.p.line("ndec_tile_spread<%d>(tile, half, %s, %s);", v.Type.Len(), own, name)
	return name
}

func (fn *function) tileStep(s plan.Step) {
	v, p := s.V, fn.p
	fn.release(s)
	k := fn.f.Places[v].Kind
	if s.Form != plan.AddTo && (k == plan.Local || k == plan.Work || k == plan.Register || k == plan.Scalars) {
		fn.hold(v)
	}
	switch s.Form {
	case plan.Elem:
		if fragment(fn.f, v) {
			fn.spreadRows(v)
			fn.over(v.Type.Len(), func() { p.line("%s[q][e] = %s;", fn.tiles(v), bare(fn.expr(v, index{tile: true}))) })
			return
		}
		for i := range v.Type.Len() {
			p.line("%s = %s;", fn.elem(v, at(i)), bare(fn.expr(v, at(i))))
		}
	case plan.Copy:
		for i := range v.Type.Len() {
			x := zero(v.Type.Elem)
			if src, from := plan.CopySource(v, i); src != nil {
				x = bare(fn.elem(src, at(from)))
			}
			p.line("%s = %s;", fn.elem(v, at(i)), x)
		}
	case plan.RowDot, plan.ColSum:
		w, x := v.Args[0], v.Args[1]
		fn.tileProduct(v, x, w, 1, x.Type.Len())
	case plan.Gather, plan.Scatter:
		x, w := v.Args[0], v.Args[1]
		fn.tileProduct(v, x, w, v.Type.Len(), 1)
	case plan.SumAll:
		x := v.Args[0]
		if fragment(fn.f, x) {
			p.line("ndec_tile_total<%d>(tile, half, %s, %s);", x.Type.Len(), fn.asFragment(x), fn.elem(v, at(0)))
			return
		}
		p.line("%s = %s;", fn.elem(v, at(0)), zero(v.Type.Elem))
		for i := range x.Type.Len() {
			p.line("%s += %s;", fn.elem(v, at(0)), bare(fn.elem(x, at(i))))
		}
	case plan.OuterRow, plan.OuterCol:
		a, b := v.Args[0], v.Args[1]
		if s.Sum == nil { // small, as are its factors
			for i := range a.Type.Len() {
				for j := range b.Type.Len() {
					p.line("%s = %s * %s;", fn.elem(v, at(i*b.Type.Len()+j)), fn.elem(a, at(i)), fn.elem(b, at(j)))
				}
			}
			return
		}
		if a.Type.Len() <= smallLen && b.Type.Len() <= smallLen {
			fn.once(func() {
				for i := range a.Type.Len() {
					for j := range b.Type.Len() {
						p.line("ndec_tile_add_own(tile, g.%s[%d], %s * %s);", fn.e.fields[s.Sum], i*b.Type.Len()+j, fn.elem(a, at(i)), fn.elem(b, at(j)))
					}
				}
			})
			return
		}
		call := ""
		if fn.called(fn.sharedOuter(s)) {
			call = "_far"
		}
		p.line("ndec_tile_outer%s<%s, %d, %d>(tile, half, g.%s, %s, %s);", call, operandsOf(fn.e.m, a, b).name, a.Type.Len(), b.Type.Len(), fn.e.fields[s.Sum], fn.asFragment(a), fn.asFragment(b))
	case plan.AddTo:
		if fragment(fn.f, v) {
			p.line("ndec_tile_add<%d>(tile, half, g.%s, %s);", v.Type.Len(), fn.e.fields[s.Sum], fn.asFragment(v))
			return
		}
		fn.once(func() {
			if n := v.Type.Len(); n > smallLen && uniform(fn.f, v) {
				p.line("#pragma unroll 1")
				p.line("for (int i = 0; i < %d; i++) ndec_tile_add_own(tile, g.%s[i], %s);", n, fn.e.fields[s.Sum], bare(fn.elem(v, index{expr: "i"})))
				return
			}
			for i := range v.Type.Len() {
				p.line("ndec_tile_add_own(tile, g.%s[%d], %s);", fn.e.fields[s.Sum], i, bare(fn.elem(v, at(i))))
			}
		})
	default:
		panic("cudagen: step of unknown form")
	}
}

// once prints what is done for all lanes when both halves are there.
func (fn *function) once(body func()) {
	fn.p.line("if (half == 1) {")
	body()
	fn.p.line("}")
}

// tileProduct prints v = x B, where element (k, n) of B is element k byK + n byN of w.
func (fn *function) tileProduct(v, x, w *ir.Value, byK, byN int) {
	p := fn.p
	if !fragment(fn.f, v) && !fragment(fn.f, x) {
		for n := range v.Type.Len() {
			p.line("%s = %s;", fn.elem(v, at(n)), dot(x.Type.Len(), func(k int) (string, string) {
				return fn.elem(w, at(k*byK+n*byN)), fn.elem(x, at(k))
			}))
		}
		return
	}
	from := fn.asFragment(x)
	var to string
	if fragment(fn.f, v) {
		to = fn.tiles(v)
	} else {
		to = fn.s.pick(localName(v) + "_fragment")
		fn.half.top = append(fn.half.top, fmt.Sprintf("real %s[ndec_tiles(%d)][4];", to, v.Type.Len()))
	}
	as := operandsOf(fn.e.m, w, x).name
	if fn.called(fn.sharedProduct(v, x, w, byK, byN)) {
		p.line("ndec_tile_product_far<%s, %d, %d, %d, %d>(tile, %s, %s, %s);", as, v.Type.Len(), x.Type.Len(), byK, byN, to, from, fn.array(w))
	} else {
		sizes := fmt.Sprintf("%s, %d, %d", as, v.Type.Len(), x.Type.Len())
		if m, ok := fn.e.matrixOf(fn.f, v, x, w, byK, byN); ok {
			switch at, turned, ok := fn.e.packedAt(m); {
			case ok && at >= 0 && turned:
				sizes += fmt.Sprintf(", %d, false, true", at)
			case ok && at >= 0:
				sizes += fmt.Sprintf(", %d", at)
			case ok && fn.e.stage > 0:
				sizes += ", 0, true"
			}
		}
		p.line("ndec_tile_product<%s>(tile, %s, %s, [&](int k, int n) { return %s; });", sizes, to, from, bare(fn.elem(w, index{expr: affineOf(byK, byN)})))
	}
	if !fragment(fn.f, v) {
		own := fn.array(v)
		p.line("ndec_tile_collect<%d>(tile, half, %s, %s);", v.Type.Len(), to, own)
	}
}

// affineOf is k byK + n byN, one of which is 1.
func affineOf(byK, byN int) string {
	if byK == 1 {
		return fmt.Sprintf("n * %d + k", byN)
	}
	return fmt.Sprintf("k * %d + n", byK)
}
