package cudagen

import (
	"slices"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// A model whose layers are too wide for a sample's block to read them alone goes through its functions batch by batch: a kernel for each
// piece, over all samples, with arrays in device memory. A piece is a product with what is done to its elements, a run of element-wise
// nests, or what is left of a function between them, by a thread a sample; prelude/layer.cuh has what they stand on. Kernels take the
// addresses of what they read and write, so that a function is printed once; the launcher (rt/device_layers.go) starts them in the
// order of the plan, and repeats those of a step until no sample goes on. layer_stops.go, layer_event.go and layer_times.go have what happens
// within a solve, layer_loop.go maps and scans. Losses go the same way, and gradients with what layer_sum.go, layer_reverse.go and layer_back.go add: sums over samples, and
// the sweep over recorded steps.

// pieceKind is how a piece shares out its work.
type pieceKind uint8

const (
	bySample  pieceKind = iota // a thread a sample
	byElement                  // a thread an element of a sample
	byProduct                  // a block some columns of a product, for 128 samples
	byCall                     // no kernel: the pieces of another function
	bySolve                    // no kernel: a solve
	byReverse                  // no kernel: the reverse sweep of one
	byLoop                     // no kernel: a map or a scan
	bySum                      // a block part of a parameter's cotangent, for some of the samples
)

// piece is a part of a function with a kernel of its own, or a call.
type piece struct {
	kind   pieceKind
	extent int          // of byElement and byProduct: elements of the nest
	nests  []*plan.Nest // of bySample; of byElement numbers that every thread makes
	steps  []plan.Step  // of byElement and byProduct, where the first is the product unless that is a convolution
	whole  *ir.Value    // of byElement and byProduct: a statement over whole arrays before the steps; of byCall, bySolve and byReverse: the node
	copy   *plan.CopyLoop
	clear  bool        // of a copy: zeros, and no source
	to     *ir.Value   // of a copy: its result
	gives  []givenPart // values that are copied where a call or the caller finds them
	sum    plan.Step   // of bySum: what is added to the running sum of a parameter
	slices int         // of bySum: rows of sums for a part of the batch, of places of a sample each

	kernel    string
	rows      int
	refs      []place
	addresses []address // of refs
}

// givenPart is a value that has no place of its own where one is needed: an argument of a node, or a result.
type givenPart struct {
	v     *ir.Value
	place place
}

// place names what an address of a kernel belongs to: a value of the function, a result, an argument of a node, statistics, the sums of a
// parameter's cotangent, or which samples are in these.
type place struct {
	v      *ir.Value
	result int // of the function, from 1
	arg    int // of node v, from 1
	stats  bool
	sum    *ir.Param
	counts bool
}

// layerFunc is a function in pieces.
type layerFunc struct {
	fn     *function
	pieces []*piece
	defs   map[*ir.Value]int  // the piece that makes a value
	placed map[*ir.Value]bool // values that lie in device memory
	own    []place            // what the function needs memory for, in order
	bytes  map[place]int      // of a sample
	sums   []*piece           // of cut, before they follow the others
	each   bool               // short arrays go element by element as well
	open   bool               // its kernels are printed

	element        string // the device function of an element, of what spreads
	counted, total string // addresses of kernels of sums: which samples count, and where the sums are
}

// storage reports whether v lies in a variable of its function.
func storage(p *plan.Place) bool {
	switch p.Kind {
	case plan.Scalars, plan.Register, plan.Local, plan.Work:
		return true
	}
	return false
}

// layersOf cuts f into pieces; nil where something in it has no kernel of layers. Only a model's own function, and what that calls, may have solves.
func (e *emitter) layersOf(f *plan.Func, root bool) *layerFunc {
	if l, ok := e.layerFuncs[f.IR]; ok {
		return l
	}
	l := e.inPieces(f, root, false)
	e.layerFuncs[f.IR] = l
	return l
}

// inPieces cuts f anew. Short arrays are a thread's for its sample, unless each element has a thread.
func (e *emitter) inPieces(f *plan.Func, root, each bool) *layerFunc {
	names := newScope("at", "count", "part", "parts", "room")
	names.beside = []string{"_at"} // where a value lies
	l := &layerFunc{fn: e.newFunctionIn(f, names), each: each, defs: map[*ir.Value]int{}, placed: map[*ir.Value]bool{}, bytes: map[place]int{}}
	if !e.cut(l, root) {
		return nil
	}
	l.places(e)
	if slices.ContainsFunc(l.pieces, func(p *piece) bool { return !p.node() && p.arrays(f) > mostArguments }) {
		return nil
	}
	return l
}

// A kernel takes an address for every value that it reads or makes, and devices take 4 KiB of arguments, 8 bytes each. Beside a step of a high order that has many states, whose combination
// of stages reads all of them, there is room for others.
const (
	mostArguments = 400
	manyArrays    = 200 // from which on a piece goes on in another kernel
)

// arrays is the number of values that p reads and makes.
func (p *piece) arrays(f *plan.Func) int { return len(p.made(f)) + len(p.reads(f)) + len(p.gives) }

// crowded reports whether p has as many as a kernel begins another for.
func (p *piece) crowded(f *plan.Func) bool { return p.arrays(f) >= manyArrays }

// wideProduct reports whether s is a product with a matrix of parameters that is worth a kernel: rows, terms and the matrix and vector.
func wideProduct(f *plan.Func, s plan.Step) (n, k int, w, x *ir.Value, byK, byN int) {
	v := s.V
	switch s.Form {
	case plan.RowDot, plan.ColSum:
		w, x = v.Args[0], v.Args[1]
		byK, byN = 1, x.Type.Len()
	case plan.Gather, plan.Scatter:
		x, w = v.Args[0], v.Args[1]
		byK, byN = v.Type.Len(), 1
	default:
		return
	}
	if n, k = v.Type.Len(), x.Type.Len(); !uniform(f, w) || max(n, k) <= smallLen {
		return 0, 0, nil, nil, 0, 0
	}
	return
}

// cut makes the pieces of l.
func (e *emitter) cut(l *layerFunc, root bool) bool {
	f := l.fn.f
	if !root && (f.Needs.Stats > 0 || e.taped(f.IR)) {
		return false
	}
	last := func() *piece {
		if len(l.pieces) == 0 {
			return nil
		}
		return l.pieces[len(l.pieces)-1]
	}
	add := func(p *piece) *piece {
		l.pieces = append(l.pieces, p)
		return p
	}
	bySamples := func(n *plan.Nest) {
		p := last()
		if p == nil || p.kind != bySample || p.crowded(f) {
			p = add(&piece{kind: bySample, rows: 1})
		}
		p.nests = append(p.nests, n)
	}
	for _, n := range f.Nests {
		if n.Steps[0].Form == plan.Whole {
			if !e.cutWhole(l, n, root, add, bySamples) {
				return false
			}
			continue
		}
		if n = l.cutSums(n, e.m.Real); len(n.Steps) == 0 {
			continue
		}
		if slices.ContainsFunc(n.Steps, largeOuter) {
			return false
		}
		wide := func(s plan.Step) bool { n, _, _, _, _, _ := wideProduct(f, s); return n > 0 }
		elements := (l.each || !n.Unroll) && n.Extent > 1
		for _, s := range n.Steps {
			elements = elements && s.Form == plan.Elem
		}
		if !elements && !slices.ContainsFunc(n.Steps, wide) {
			bySamples(n)
			continue
		}
		for _, s := range n.Steps {
			p := last()
			switch {
			case wide(s):
				p = add(&piece{kind: byProduct, extent: s.V.Type.Len()})
			case s.Form != plan.Elem || n.Extent == 1:
				bySamples(&plan.Nest{Extent: n.Extent, Unroll: n.Unroll, Tile: 1, Steps: []plan.Step{s}})
				continue
			case p == nil || p.kind != byElement && p.kind != byProduct || p.copy != nil || p.extent != n.Extent || p.crowded(f) || !l.joins(p, s.V):
				before := l.numbers()
				p = add(&piece{kind: byElement, extent: n.Extent, rows: n.Extent, nests: before})
			}
			p.steps = append(p.steps, s)
		}
	}
	l.pieces = append(l.pieces, l.sums...)
	if !l.prune() {
		return false
	}
	for i, r := range f.IR.Results {
		if l.fn.res[i] == "" || r.Type.IsScalar() && f.Places[r].Kind == plan.Result && f.Places[r].Index == i {
			continue
		}
		if r.Type.IsScalar() || slices.Contains(f.Copies, i) {
			l.give(r, place{result: i + 1})
		}
	}
	return true
}

// numbers takes the last piece away if it does nothing but make numbers: the kernel of elements that follows makes them in
// every thread, and those of the first element leave them to others.
func (l *layerFunc) numbers() []*plan.Nest {
	if len(l.pieces) == 0 {
		return nil
	}
	p := l.pieces[len(l.pieces)-1]
	if p.kind != bySample || len(p.gives) > 0 {
		return nil
	}
	for _, n := range p.nests {
		for _, s := range n.Steps {
			if s.Form != plan.Elem || !s.V.Type.IsScalar() {
				return nil
			}
			for _, a := range s.V.Args { // what is read is a number of the sample too
				if !a.Type.IsScalar() || l.fn.f.Places[a].Kind == plan.Folded && slices.ContainsFunc(a.Args, func(b *ir.Value) bool { return !b.Type.IsScalar() }) {
					return nil
				}
			}
		}
	}
	l.pieces = l.pieces[:len(l.pieces)-1]
	return p.nests
}

// joins reports whether v can be made, element by element, in the kernel of p: of what p makes it reads the same element alone.
func (l *layerFunc) joins(p *piece, v *ir.Value) bool {
	made := func(v *ir.Value) bool {
		return v == p.whole || slices.ContainsFunc(p.steps, func(s plan.Step) bool { return s.V == v })
	}
	for _, a := range v.Args {
		switch pl := l.fn.f.Places[a]; {
		case pl.Kind == plan.Folded:
			if !l.joins(p, a) {
				return false
			}
		case pl.Kind == plan.View && made(pl.Base):
			if pl.Offset != 0 || a.Type.Len() != p.extent {
				return false
			}
		case made(a) && a.Type.Len() != p.extent:
			return false
		}
	}
	return true
}

// arguments gives those arguments of a node a place that have none.
func (l *layerFunc) arguments(v *ir.Value) {
	for i, a := range v.Args {
		if a.Type.Elem == ir.Tuple { // the solve of a sweep
			continue
		}
		b := a
		if p := l.fn.f.Places[a]; p.Kind == plan.View {
			b = p.Base
		}
		if p := l.fn.f.Places[b]; storage(p) || p.Kind == plan.ArgScalar || p.Kind == plan.ArgArray || p.Kind == plan.Result {
			continue
		}
		l.give(a, place{v: v, arg: i + 1})
	}
}

// give has v copied to a place.
func (l *layerFunc) give(v *ir.Value, to place) {
	g := givenPart{v, to}
	if v.Type.IsScalar() {
		if n := len(l.pieces); n > 0 && l.pieces[n-1].kind == bySample {
			l.pieces[n-1].gives = append(l.pieces[n-1].gives, g)
		} else {
			l.pieces = append(l.pieces, &piece{kind: bySample, rows: 1, gives: []givenPart{g}})
		}
		return
	}
	l.pieces = append(l.pieces, &piece{kind: byElement, extent: v.Type.Len(), rows: v.Type.Len(), gives: []givenPart{g}})
}

// node reports whether p is a node with kernels of its own.
func (p *piece) node() bool {
	return p.kind == byCall || p.kind == bySolve || p.kind == byReverse || p.kind == byLoop
}

// made are the values that p makes.
func (p *piece) made(f *plan.Func) (out []*ir.Value) {
	switch {
	case p.node():
		if p.whole.Type.Elem != ir.Tuple {
			return []*ir.Value{p.whole}
		}
		for _, u := range f.IR.Values {
			if u.Op == ir.OpResult && u.Args[0] == p.whole {
				out = append(out, u)
			}
		}
		return out
	case p.copy != nil:
		return []*ir.Value{p.to}
	case p.whole != nil:
		out = append(out, p.whole)
	}
	for _, n := range p.nests {
		for _, s := range n.Steps {
			out = append(out, s.V)
		}
	}
	for _, s := range p.steps {
		out = append(out, s.V)
	}
	return out
}

// reads are the values that p reads, the bases of views among them, and what is folded into them.
func (p *piece) reads(f *plan.Func) (out []*ir.Value) {
	seen := map[*ir.Value]bool{}
	var read func(v *ir.Value)
	read = func(v *ir.Value) {
		pl := f.Places[v]
		switch pl.Kind {
		case plan.Folded:
			for _, a := range v.Args {
				read(a)
			}
			return
		case plan.View:
			read(pl.Base)
			return
		}
		if !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	if p.copy != nil {
		if !p.clear {
			read(p.copy.Src)
		}
		return out
	}
	if p.whole != nil {
		for _, a := range p.whole.Args {
			read(a)
		}
	}
	if p.kind == bySum {
		for _, a := range summands(p.sum) {
			read(a)
		}
	}
	for _, v := range p.made(f) {
		if p.kind == bySample || p.kind == byElement || p.kind == byProduct {
			for _, a := range v.Args {
				read(a)
			}
		}
	}
	for _, g := range p.gives {
		read(g.v)
	}
	return out
}

// places says which values lie in device memory: those that another piece reads, and arrays that no thread holds.
func (l *layerFunc) places(e *emitter) {
	f := l.fn.f
	for at, p := range l.pieces {
		for _, v := range p.made(f) {
			if _, known := l.defs[v]; !known {
				l.defs[v] = at
			}
		}
	}
	for at, p := range l.pieces {
		for _, v := range p.made(f) {
			k := f.Places[v].Kind
			if p.node() || p.copy != nil || p.kind == bySample && (k == plan.Local || k == plan.Work) {
				l.placed[v] = storage(f.Places[v])
			}
		}
		for _, v := range p.reads(f) {
			if def, ok := l.defs[v]; ok && def != at && storage(f.Places[v]) {
				l.placed[v] = true
			}
		}
	}
	own := func(pl place, t ir.Type) {
		if _, ok := l.bytes[pl]; !ok {
			l.own = append(l.own, pl)
			l.bytes[pl] = columnBytes(t)
		}
	}
	for _, p := range l.pieces {
		for _, g := range p.gives {
			if g.place.arg > 0 {
				own(g.place, g.v.Type)
			}
		}
		for _, v := range p.made(f) {
			if l.placed[v] {
				own(place{v: v}, v.Type)
			}
		}
	}
}

// columnBytes is what a sample's value of type t takes, so that what follows is aligned for any number of samples.
func columnBytes(t ir.Type) int { return (t.Len()*t.Elem.Bytes() + 7) / 8 * 8 }
