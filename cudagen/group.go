package cudagen

import (
	"cmp"
	"fmt"
	"slices"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// A kernel of tiles has a second one for devices whose tensor cores multiply for four warps at a time (wgmma of
// compute capability 9.0, prelude/group.cuh). It runs the same functions with a group for a tile: products take their weights from the
// shared memory of the block, which puts them there when it starts. What does not fit there goes through a part of it, piece by piece, for every
// product anew.

// group is what is planned of such a kernel.
type group struct {
	name     string
	gradient string     // the type of its row, of a gradient
	matrices []packing  // in shared memory, by place
	weights  int        // the bytes that they take, with what others go through
	streamed []packing  // those that do not fit
	left     int        // products that each warp does
	sums     *groupSums // of a gradient

	// Of an evaluation of the field that has most of them, for 16 samples of each warp: instructions of the group, and the clocks that they take.
	instructions int
	clocks       float64
}

// packing is a matrix of weights as a product takes it: element (k, n) of Terms rows and Results columns is element Offset + k ByK + n ByN of Array.
type packing struct {
	Array          string // in the text
	Offset         int
	ByK, ByN       int
	Terms, Results int
	As             operands
}

// What a multiprocessor multiplies in a clock by wgmma of 16 bits (989 Tflop/s of an H100 with 132 of them at 1.83 GHz), and the columns that an instruction takes.
const (
	groupTensor  = 2048
	groupColumns = 128
	streamedRows = 32 // NDEC_ROWS of the prelude
	groupSMs     = 132
)

// instructions is the number of them for 64 samples.
func (m packing) instructions() int {
	return m.As.products() * ((m.Terms + 15) / 16) * ((m.Results + groupColumns - 1) / groupColumns)
}

// clocks is what a sample takes of a multiprocessor.
func (m packing) clocks() float64 {
	return float64(m.As.products()*((m.Terms+15)/16*16)*((m.Results+15)/16*16)) / groupTensor
}

// bytes is what a packed matrix takes: pieces of 8 by 8 numbers of two bytes, an even number either way, for each part.
func (m packing) bytes() int {
	up := func(n int) int { return (n + 15) / 16 * 2 }
	return m.As.parts * up(m.Terms) * up(m.Results) * 128
}

// What a block of compute capability 9.0 has of shared memory, and a multiprocessor, which keeps 1 KiB for each.
const (
	groupShared   = 227 << 10
	groupSMShared = 228 << 10
)

// shares is what a block of groups has of it.
func (e *emitter) shares() int { return cmp.Or(e.opts.Shared, groupShared) }

// grouped reports whether some kernel of tiles has a group.
func (e *emitter) grouped() bool { return len(e.groups) > 0 }

// images reports whether the package has an image with kernels of groups.
func (e *emitter) images() bool { return e.grouped() || e.layering }

// OnlyGroups is the macro with which a compiler makes the image with kernels of groups: the others are in that for all devices, beside which it
// is loaded, and would take most of the compiler's time.
const OnlyGroups = "NDEC_GROUPS_ONLY"

// setApart begins or ends what the image with kernels of groups does without.
func (e *emitter) setApart(apart bool) {
	if e.apart == apart || !e.images() {
		return
	}
	e.apart = apart
	if apart {
		e.p.line("#ifndef %s", OnlyGroups)
	} else {
		e.p.line("#endif")
		e.p.line("")
	}
}

// matrixOf is the matrix of the product v = x B, where element (k, n) of B is element k byK + n byN of w: of parameters, or of what is
// prepared from them.
func (e *emitter) matrixOf(f *plan.Func, v, x, w *ir.Value, byK, byN int) (m packing, ok bool) {
	p, offset := f.Places[w], 0
	as := operandsOf(e.m, w, x)
	for p.Kind == plan.View {
		offset += p.Offset
		w = p.Base
		p = f.Places[w]
	}
	if p.Kind != plan.Memory || as != asFloat { // mixed precision is that of gradients, which have no groups
		return m, false
	}
	return packing{e.memory(w.Attr.Param), offset, byK, byN, x.Type.Len(), v.Type.Len(), as}, true
}

// productsOf calls do for the products of fragments that f does where they stand; of those that are called (tile_call.go) each warp does
// its own.
func (e *emitter) productsOf(f *plan.Func, do func(m packing, ok bool)) {
	fn := e.newFunction(f)
	fn.far = e.far(f)
	fn.countProducts()
	for _, n := range f.Nests {
		for _, s := range n.Steps {
			v := s.V
			var x, w *ir.Value
			byK, byN := 1, v.Type.Len()
			switch s.Form {
			case plan.RowDot, plan.ColSum:
				w, x = v.Args[0], v.Args[1]
				byN = x.Type.Len()
			case plan.Gather, plan.Scatter:
				x, w = v.Args[0], v.Args[1]
				byK, byN = byN, 1
			default:
				continue
			}
			if e.rounding(f, v) || !fragment(f, v) && !fragment(f, x) {
				continue
			}
			if fn.called(fn.sharedProduct(v, x, w, byK, byN)) {
				do(packing{}, false)
				continue
			}
			do(e.matrixOf(f, v, x, w, byK, byN))
		}
	}
}

// groupKernels chooses the kernels of tiles that have a group, and where matrices lie. A function says so once for all its kernels,
// so that those with the most matrices come first; one that would need a place which another of its matrices has goes without.
func (e *emitter) groupKernels(kernels []*kernel) {
	e.groups, e.packed, e.again = map[*kernel]*group{}, map[packing]int{}, map[*ir.Func]*ir.Func{}
	wanted := map[*kernel][]packing{}
	var some []*kernel
	for _, k := range kernels {
		if k.form != tiled || k.kind == grad || len(k.tapes) > 0 {
			continue
		}
		g := &group{}
		large := false // from fragment to fragment
		e.inForm(k, func() { wanted[k], g.left, large = e.wantedOf(k) })
		if large {
			some = append(some, k)
			e.groups[k] = g
		}
	}
	slices.SortStableFunc(some, func(a, b *kernel) int { return cmp.Compare(len(wanted[b]), len(wanted[a])) })
	most := e.shares()
	for _, k := range some {
		if k.recipe != nil { // its sums lie there too, those of 8 warps at most
			most = min(most, e.shares()-8*8*k.sums())
		}
	}
	for _, k := range some {
		bytes, stage := 0, 0
		for _, m := range wanted[k] {
			bytes, stage = bytes+m.bytes(), max(stage, m.As.parts*streamedRows*groupColumns*2)
		}
		if bytes > most {
			e.stage = max(e.stage, stage)
		}
	}
	for _, k := range some {
		g := e.groups[k]
		if !e.place(g, wanted[k], most) {
			delete(e.groups, k)
			continue
		}
		g.name = e.global.pick(k.name + "_group")
		e.inForm(k, func() { e.groupCost(k, g) })
	}
	e.chooseStanding()
	e.groupGradients(kernels)
	e.layering = e.groupsLayers(kernels)
}

// groupCode is about how many instructions the functions may have together that stand where they are used in a kernel of groups: the caches hold 128 KiB of
// them. elemCode is what an element of a fragment has of them: half a hyperbolic tangent, its bias and its parts as an operand.
const (
	groupCode = 8192
	elemCode  = 12
)

// chooseStanding finds the functions that stand where they are used in all kernels of groups, rather than being called: ptxas has every product of tensor
// cores wait for the one before where a call could come between. Where that is more code than fits, and calls of the same function are a loop in others
// (call_sites.go), it is what fits.
func (e *emitter) chooseStanding() {
	e.standing, e.merging = map[*ir.Func]bool{}, map[*ir.Func]bool{}
	for k := range e.groups {
		e.inForm(k, func() {
			order, merged := e.callersLast(k), map[*ir.Func]bool{}
			for _, f := range order {
				merged[f] = e.sitesFit(e.plan.Of(f))
			}
			if e.standingCode(k, order, nil) > groupCode && e.standingCode(k, order, merged) <= groupCode {
				for f := range merged {
					e.merging[f] = e.merging[f] || merged[f]
				}
			}
		})
	}
	large := map[*ir.Func]bool{}
	for k := range e.groups {
		e.inForm(k, func() {
			order := e.callersLast(k)
			code := e.standingCode(k, order, e.merging)
			for _, f := range order {
				if pf := e.plan.Of(f); e.isCalled(pf) {
					e.standing[f] = true
					large[f] = large[f] || code > groupCode || pf.Needs.Accum || !smallEnds(pf)
				}
			}
		})
	}
	for f := range large {
		if large[f] {
			delete(e.standing, f)
		}
	}
}

// chooseBacks finds those of gradients of groups, where all that such a kernel calls stands where it is used, or nothing.
func (e *emitter) chooseBacks() {
	e.backs = map[*ir.Func]bool{}
	large := map[*ir.Func]bool{}
	for k, g := range e.groups {
		if g.sums == nil {
			continue
		}
		e.inForm(k, func() {
			order, merged, fits := e.callersLast(k), map[*ir.Func]bool{}, true
			for _, f := range order {
				merged[f] = e.sitesFit(e.plan.Of(f))
				fits = fits && (!e.isCalled(e.plan.Of(f)) || smallEnds(e.plan.Of(f)))
			}
			if e.standingCode(k, order, nil) <= groupCode {
				clear(merged)
			}
			fits = fits && e.standingCode(k, order, merged) <= groupCode
			for _, f := range order {
				e.backs[f] = true
				large[f] = large[f] || !fits
				e.merging[f] = e.merging[f] || fits && merged[f]
			}
		})
	}
	for f := range large {
		if large[f] {
			delete(e.backs, f)
		}
	}
}

// callersLast lists the functions of k, those that are used before those that use them.
func (e *emitter) callersLast(k *kernel) (order []*ir.Func) {
	seen := map[*ir.Func]bool{}
	var visit func(f *ir.Func)
	visit = func(f *ir.Func) {
		if f == nil || seen[f] {
			return
		}
		seen[f] = true
		for _, v := range f.Values {
			for _, g := range callees(v) {
				visit(e.inGroup(g))
			}
		}
		order = append(order, f)
	}
	visit(k.fn.IR)
	return order
}

// inGroup is f, or what a gradient of a group does in its place.
func (e *emitter) inGroup(f *ir.Func) *ir.Func {
	if again := e.againIn(f); again != nil {
		return again
	}
	return f
}

// standingCode is about how many instructions the functions of k have together, in that order, each in all places where it stands, with loops over the calls in those of
// merging.
func (e *emitter) standingCode(k *kernel, order []*ir.Func, merging map[*ir.Func]bool) (code int) {
	places := map[*ir.Func]int{k.fn.IR: 1}
	for _, f := range slices.Backward(order) {
		for g, n := range e.places(f, merging[f]) {
			places[g] += n * places[f]
		}
		if pf := e.plan.Of(f); e.isCalled(pf) {
			code += places[f] * e.groupCodeOf(pf)
		}
	}
	return code
}

// groupCodeOf is about how many instructions f has for a half. One with arrays in memory is called: numbers of steps would be stored for the registers that it needs.
func (e *emitter) groupCodeOf(f *plan.Func) int {
	n := 0
	for _, nest := range f.Nests {
		for _, s := range nest.Steps {
			if s.Form == plan.Elem && fragment(f, s.V) {
				n += elemCode * s.V.Type.Len()
				if s.V.Type.Len() > groupLen {
					return groupCode + 1
				}
			}
		}
	}
	return n
}

// stands says as a condition of the tile in which kernels f, in the present form, is such a function; "" for none.
func (e *emitter) stands(f *plan.Func) string {
	switch ahead, back := e.standing[f.IR], e.backs[f.IR]; {
	case e.form() != tiled || !ahead && !back:
		return ""
	case !back:
		return "Tile::together == 1"
	case !ahead:
		return "Tile::together == 2"
	}
	return "Tile::together > 0"
}

// groupCost finds the field that takes most of tensor cores.
func (e *emitter) groupCost(k *kernel, g *group) {
	visitSolves(k.fn.IR, map[*ir.Func]bool{}, func(s *ir.Solve) {
		n, clocks := 0, 0.0
		e.productsOf(e.plan.Of(s.Field), func(m packing, ok bool) {
			if ok && (slices.Contains(g.matrices, m.kept()) || slices.Contains(g.streamed, m.kept())) {
				n, clocks = n+m.instructions(), clocks+m.clocks()
			}
		})
		if clocks > g.clocks {
			g.instructions, g.clocks = n, clocks
		}
	})
}

// place gives the matrices of a group their places below most, and reports whether there are such places.
func (e *emitter) place(g *group, wanted []packing, most int) bool {
	free := func(at, bytes int) bool {
		return !slices.ContainsFunc(g.matrices, func(m packing) bool { return at < e.packed[m]+m.bytes() && e.packed[m] < at+bytes })
	}
	var fresh []packing
	for _, m := range wanted { // known from other kernels
		at, known := e.packed[m]
		switch {
		case !known:
			fresh = append(fresh, m)
		case at < 0 && e.stage > 0:
			g.streamed = append(g.streamed, m)
		case at < 0:
			g.left++
		case !free(at, m.bytes()):
			return false
		default:
			g.matrices = append(g.matrices, m)
		}
	}
	for _, m := range fresh {
		places := []int{e.stage} // or behind another
		for _, o := range g.matrices {
			places = append(places, e.packed[o]+o.bytes())
		}
		slices.Sort(places)
		i := slices.IndexFunc(places, func(at int) bool { return free(at, m.bytes()) })
		if at := places[i]; at+m.bytes() <= most {
			e.packed[m] = at
			g.matrices = append(g.matrices, m)
			continue
		}
		e.packed[m] = -1
		if e.stage > 0 {
			g.streamed = append(g.streamed, m)
		} else { // it would fit alone, but not beside what other kernels have there
			g.left++
		}
	}
	slices.SortFunc(g.matrices, func(a, b packing) int { return cmp.Compare(e.packed[a], e.packed[b]) })
	if len(g.streamed) > 0 {
		g.weights = e.stage
	}
	for _, m := range g.matrices {
		g.weights = max(g.weights, e.packed[m]+m.bytes())
	}
	return true
}

// large reports whether the product with m is one from fragment to fragment.
func (m packing) large() bool { return m.Terms > smallLen && m.Results > smallLen }

// solvesFirst lists what f reaches, and itself: first what solves call, again and again.
func (e *emitter) solvesFirst(f *ir.Func) (out []*ir.Func) {
	add := func(g *ir.Func) { out = append(out, g) }
	seen := map[*ir.Func]bool{}
	visitSolves(f, map[*ir.Func]bool{}, func(s *ir.Solve) {
		for _, g := range solveFuncs(s) {
			e.visit(g, seen, add)
		}
	})
	e.visit(f, seen, add)
	return out
}

// GroupBudget is how the kernel of a group is launched.
type GroupBudget struct {
	Kernel   string
	Warps    int  // of a block
	Batch    int  // of the recipe, for which it has few; 0 if it has not
	Blocks   int  // that a multiprocessor holds
	Weights  int  // bytes of shared memory of a block that hold weights
	Arrays   bool // the arrays of its warps are in shared memory as well
	Bytes    int  // of shared memory, in all
	Packed   int  // products whose weights are there
	Streamed int  // those whose weights go through it piece by piece
	Left     int  // those that each warp does
	// Of an evaluation of the field that takes most: instructions for 16 samples of each of four warps, and clocks of tensor cores for a sample.
	Products int
	Clocks   float64

	// Of a gradient: warps that have no samples and multiply for its sums, bytes through which these get what they multiply, registers that sums take of
	// each of their threads, and their instructions.
	Summing, Slot, Kept, Outer int
}

// groupBudget shares out a multiprocessor: two blocks of a group each, so that one multiplies while the other does the rest; one of two
// groups where weights are too large for two.
func (e *emitter) groupBudget(k *kernel, memory int) *GroupBudget {
	sums := 0
	if k.recipe != nil {
		sums = k.sums()
	}
	g := e.groups[k]
	if g == nil {
		return nil
	}
	if g.sums != nil {
		return g.gradientBudget(e.tiles.inGroup[k.fn.IR])
	}
	b := &GroupBudget{Kernel: g.name, Warps: 4, Blocks: 2, Weights: g.weights, Arrays: memory > 0, Packed: len(g.matrices), Streamed: len(g.streamed), Left: g.left, Products: g.instructions, Clocks: g.clocks}
	fits := func() bool {
		b.Bytes = b.Weights
		if b.Arrays {
			b.Bytes += b.Warps * memory
		}
		b.Bytes += b.Warps * sums * 8
		return b.Bytes <= e.shares() && b.Blocks*(b.Bytes+1024) <= groupSMShared
	}
	if fits() {
		return b
	}
	b.Blocks = 1
	if k.fewBlocks() {
		b.Batch = k.batch()
	} else {
		b.Warps = 8
	}
	if !fits() {
		b.Arrays = false // in the first cache
		fits()
	}
	return b
}

// What says in a few words how the products of a group go.
func (b *GroupBudget) What() string {
	few := ""
	if b.Batch > 0 {
		few = fmt.Sprintf(" for a batch of %d", b.Batch)
	}
	text := fmt.Sprintf("%d warps a block%s, weights of %s in %d bytes of shared memory", b.Warps, few, plural(b.Packed, "product"), b.Weights)
	if b.Streamed > 0 {
		text += fmt.Sprintf(", those of %d in pieces", b.Streamed)
	}
	if b.Left > 0 {
		text += fmt.Sprintf(", %s by each warp", plural(b.Left, "product"))
	}
	if b.Summing > 0 {
		text += fmt.Sprintf(", %d of the warps for sums in %d registers of each thread, from %d bytes", b.Summing, b.Kept, b.Slot)
	}
	return text + fmt.Sprintf(", %.2g clocks a sample", b.Clocks)
}
