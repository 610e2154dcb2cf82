package lanes

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// nest prints a loop of the plan.
func (c *compiler) nest(n *plan.Nest) {
	c.present = n
	if n.Steps[0].Form == plan.Whole {
		c.source(n.Steps[0].V)
		c.whole(n.Steps[0].V)
		return
	}
	if c.set.alone != nil && n.Extent > plan.SmallLen {
		c.nestAlone(n)
		return
	}
	beside := c.productsOnTiles(n)
	c.preload(n)
	c.loadTanh(n)
	for _, s := range n.Steps {
		c.begin(s)
	}
	steps := slices.DeleteFunc(slices.Clone(n.Steps), c.set.deferred)
	if len(steps) == 0 {
		// Nothing goes along the loop.
	} else if c.set.straight(c.pf, n) {
		c.cur, c.straight = map[cursor]value{}, true
		for _, s := range steps {
			c.source(s.V)
			for k := range n.Extent {
				c.step(s, []index{at(k)}, n.Extent)
			}
		}
		c.straight = false
	} else {
		body := func(ixs []index) {
			c.cur = map[cursor]value{}
			for r := range ixs {
				ixs[r].rows, ixs[r].tile = true, r
			}
			for _, p := range c.set.pieces(c.pf, n) {
				c.piece(p, ixs, n.Extent)
			}
		}
		if beside != nil {
			c.rowsBeside(beside, n.Extent, body)
		} else if wake := c.wakeBefore(n); wake > 0 {
			c.repeat(n.Extent-wake, func(i index) { body([]index{i}) })
			c.wakeTiles()
			c.repeat(wake, func(i index) { body([]index{i.plus(n.Extent - wake)}) })
		} else if c.tall(n) {
			c.tallTiles(n, steps)
		} else {
			c.tiles(n.Extent, c.tile(n), body)
		}
	}
	c.cur, c.tanh = nil, nil
	for _, s := range steps { // sums along the loop leave their registers before others begin
		c.finish(s)
	}
	for _, s := range n.Steps {
		if c.set.deferred(s) {
			c.finish(s)
		}
	}
}

// tiles runs body for the indices below n, some at a time.
func (c *compiler) tiles(n, t int, body func(ixs []index)) {
	some := func(from index, t int) {
		ixs := make([]index, t)
		for r := range ixs {
			ixs[r] = from.plus(r)
		}
		body(ixs)
	}
	if full := n / t; full > 1 {
		what := "elements"
		if t > 1 {
			what = fmt.Sprintf("tiles of %d elements", t)
		}
		c.b.Loop(full, func(l *asm.Loop) { some(index{}.along(l.Over(what), t), t) })
	} else {
		some(at(0), t)
	}
	if rest := n % t; rest > 0 {
		some(at(n-rest), rest)
	}
}

// preload reads small operands before a loop, so that they stay in registers along it. What the loop itself computes is not
// there yet.
func (c *compiler) preload(n *plan.Nest) {
	own := map[*ir.Value]bool{}
	for _, s := range n.Steps {
		own[s.V] = true
	}
	for _, s := range n.Steps {
		reads(c.pf, s.V, func(a *ir.Value) {
			b := base(c.pf, a)
			if a.Type.Elem == ir.Tuple || a.Type.Len() > plan.SmallLen || own[b] || c.k.alike[b] || c.k.byVal[b] == nil {
				return
			}
			for k := range a.Type.Len() {
				if pl := c.pf.Places[a]; pl.Kind == plan.ArgArray || pl.Kind == plan.ArgScalar || pl.Kind == plan.View {
					c.elem(a, at(k))
				}
			}
		})
	}
}

// matrix reports whether a step is a product with a matrix, or of two vectors, that is worth tiles.
func matrix(s plan.Step) bool {
	switch s.Form {
	case plan.RowDot, plan.OuterRow:
		return s.V.Args[1].Type.Len() > plan.SmallLen
	case plan.Scatter:
		return scattered(s)
	}
	return false
}

// scattered reports whether a Scatter has too many sums for registers. It then goes by tiles of sums, after the
// loop that makes its vector.
func scattered(s plan.Step) bool { return s.Form == plan.Scatter && s.V.Type.Len() > registerSums }

// together is the number of vectors that a segment computes at a time: the whole block where there are
// matrices, so that a weight is read once for all of it.
func (c *compiler) together(seg []*plan.Nest) int {
	if convolves(seg[0]) {
		return convVectors(c.b.ISA)
	}
	if slices.ContainsFunc(seg, c.set.multiplies) {
		return c.set.row / c.b.ISA.Bytes()
	}
	if c.sharesSums(seg) {
		return 2
	}
	if c.k.again && !slices.ContainsFunc(c.k.nests, isNode) { // a step waits for one evaluation after the other: two vectors wait at the same time
		return 2
	}
	return 1
}

// sharesSums reports whether two vectors of a block are computed together, so that sums over samples are read and written once for both:
// with AVX-512, which has the registers, and where each parameter has one sum, so that its terms come in the order that they have else.
func (c *compiler) sharesSums(seg []*plan.Nest) bool {
	if c.b.ISA.Vectors() != asm.AVX512 || c.set.alone != nil {
		return false
	}
	seen := map[*ir.Param]bool{}
	for _, n := range seg {
		for _, s := range n.Steps {
			if c.set.double(s) || seen[s.Sum] {
				return false
			}
			if s.Sum != nil {
				seen[s.Sum] = true
			}
		}
	}
	return len(seen) > 0
}

// tile is the number of rows that a run of a loop computes: those of a matrix share what they read.
func (c *compiler) tile(n *plan.Nest) int {
	if c.tall(n) {
		return c.set.tallTile(n.Extent)
	}
	for _, s := range n.Steps {
		if _, made := c.onTiles(s); matrix(s) && !c.set.deferred(s) && !made {
			return min(c.rowsTogether(s.V, n.Extent), spelledRows*RowBytes/c.set.row)
		}
	}
	return 1
}

// spelledRows are the most rows that are computed together where what follows a product is spelled out for each of them, of a wide block half
// as many.
const spelledRows = 8

// rowsTogether is the number of rows of a product that are computed together, of n: no more than leave registers
// for the vectors that they share and a weight, and those that the allocator keeps for what lies in the
// frame, and about as many in the last tile as in the others.
func (c *compiler) rowsTogether(v *ir.Value, n int) int {
	vectors := c.count(c.kind(v.Type.Elem))
	most := max(1, (c.b.ISA.Registers()-4-vectors)/vectors)
	tiles := (n + most - 1) / most
	return (n + tiles - 1) / tiles
}

// registerSums is the number of sums that are kept in registers along a loop.
const registerSums = 8

// begin starts the sums of a step.
func (c *compiler) begin(s plan.Step) {
	v := s.V
	switch s.Form {
	case plan.ColSum, plan.SumAll:
	case plan.Scatter:
		if scattered(s) {
			return
		}
	default:
		return
	}
	for r := range v.Type.Len() {
		c.sum[element{v, r}] = c.zeroSum(c.kind(v.Type.Elem))
	}
}

// scatter is the product of a vector, which lies in memory, and a matrix. Terms are added in the order of the
// vector.
func (c *compiler) scatter(v *ir.Value) {
	x, w := v.Args[0], v.Args[1]
	n := v.Type.Len()
	c.tiles(n, c.rowsTogether(v, n), func(ixs []index) {
		sums := c.dots(c.kind(v.Type.Elem), len(ixs), x.Type.Len(), func(r int, i index) value { return c.elem(w, add(i.times(n), ixs[r])) },
			func(i index) value { return c.elem(x, i) })
		for r, ix := range ixs {
			c.storeField(c.fieldOf(v), ix, sums[r])
		}
	})
}

// fieldOf is the place of v, which has to have one.
func (c *compiler) fieldOf(v *ir.Value) *Field {
	f := c.k.byVal[v]
	if f == nil {
		c.unsupported(v, "%s without a place", v.Op)
	}
	return f
}

// finish keeps sums that were made along a loop.
func (c *compiler) finish(s plan.Step) {
	v := s.V
	switch s.Form {
	case plan.ColSum, plan.SumAll:
	case plan.Scatter:
		if p, ok := c.onTiles(s); ok {
			c.scatterOnTiles(v, p)
			return
		}
		if scattered(s) {
			c.scatter(v)
			return
		}
	case plan.OuterRow:
		switch {
		case c.b.AMX && c.set.outerOnTiles(s):
			c.outerTilesOnTiles(s)
		case c.set.tiled(s):
			c.outerTiles(s)
		}
		return
	default:
		return
	}
	for r := range v.Type.Len() {
		x := c.sum[element{v, r}]
		if f := c.k.byVal[v]; f != nil {
			c.storeField(f, at(r), x)
		}
		c.reg[element{v, r}] = x
	}
}

// accumulate adds x y to a running sum.
func (c *compiler) accumulate(sum, x, y value) {
	for i := range sum.v {
		c.b.Accumulate(sum.w.elem(), sum.v[i], x.v[i], y.v[i])
	}
}

// dot is the sum of products of n pairs, from the first one on.
func (c *compiler) dot(w kind, n int, x, y func(k index) value) value {
	if n <= plan.SmallLen {
		var sum value
		for k := range n {
			if k == 0 {
				sum = each2(x(at(0)), y(at(0)), c.b.Mul)
				continue
			}
			sum = each3(x(at(k)), y(at(k)), sum, c.b.FMA)
		}
		return sum
	}
	return c.dots(w, 1, n, func(_ int, k index) value { return x(k) }, y)[0]
}

// dots are sums of products of n pairs for several rows, which share one factor.
func (c *compiler) dots(w kind, rows, n int, x func(r int, k index) value, y func(k index) value) []value {
	sums := make([]value, rows)
	for r := range sums {
		sums[r] = c.zeroSum(w)
	}
	c.b.Loop(n, func(l *asm.Loop) {
		k := index{}.along(l.Over("terms of the sums"), 1)
		yk := y(k)
		for r := range sums {
			c.accumulate(sums[r], x(r, k), yk)
		}
	})
	return sums
}

// zeroSum is a new running sum.
func (c *compiler) zeroSum(w kind) value {
	s := newValue(w, c.count(w))
	for range c.count(w) {
		s.v = append(s.v, c.b.Var(w.elem(), c.b.Const(w.elem(), 0)))
	}
	return s
}

// step prints what a step does at some indices.
func (c *compiler) step(s plan.Step, ixs []index, extent int) {
	v := s.V
	switch s.Form {
	case plan.Elem:
		if c.k.alike[v] {
			if f := c.k.byVal[v]; f != nil { // a result, which others read in every sample
				c.storeField(f, at(0), c.elem(v, at(0)))
			}
			return
		}
		for _, ix := range ixs {
			c.keep(v, ix, c.compute(v, ix))
		}
	case plan.Copy:
		if !ixs[0].konst() {
			r, ok := copied(v, extent)
			if !ok {
				c.unsupported(v, "%s along a loop", v.Op)
			}
			for _, ix := range ixs {
				c.keep(v, ix, c.elem(r.src, ix.times(r.by).plus(r.from)))
			}
			return
		}
		for _, ix := range ixs {
			src, k := plan.CopySource(v, ix.k)
			if src == nil {
				c.keep(v, ix, c.splat(v.Type.Elem, 0))
				continue
			}
			c.keep(v, ix, c.elem(src, at(k)))
		}
	case plan.RowDot:
		if _, made := c.onTiles(s); made {
			for _, ix := range ixs {
				c.keep(v, ix, c.sumOnTiles(v, ix))
			}
			return
		}
		w, x := v.Args[0], v.Args[1]
		n := x.Type.Len()
		if n <= plan.SmallLen || len(ixs) == 1 {
			for _, ix := range ixs {
				row := ix.times(n)
				c.keep(v, ix, c.dot(c.kind(v.Type.Elem), n, func(k index) value { return c.elem(w, add(row, k)) }, func(k index) value { return c.elem(x, k) }))
			}
			return
		}
		sums := c.dots(c.kind(v.Type.Elem), len(ixs), n, func(r int, k index) value { return c.elem(w, add(ixs[r].times(n), k)) },
			func(k index) value { return c.elem(x, k) })
		for r, ix := range ixs {
			c.keep(v, ix, sums[r])
		}
	case plan.Gather:
		x, w := v.Args[0], v.Args[1]
		k, n := w.Type.Shape[0], w.Type.Shape[1]
		for _, ix := range ixs {
			var sum value
			for j := range k {
				xj, wj := c.elem(x, at(j)), c.elem(w, ix.plus(j*n))
				if j == 0 {
					sum = each2(xj, wj, c.b.Mul)
				} else {
					sum = each3(xj, wj, sum, c.b.FMA)
				}
			}
			c.keep(v, ix, sum)
		}
	case plan.ColSum:
		w, x := v.Args[0], v.Args[1]
		for _, ix := range ixs {
			xi := c.elem(x, ix)
			for r := range v.Type.Len() {
				c.accumulate(c.sum[element{v, r}], c.elem(w, ix.plus(r*extent)), xi)
			}
		}
	case plan.Scatter:
		x, w := v.Args[0], v.Args[1]
		n := v.Type.Len()
		for _, ix := range ixs {
			xi := c.elem(x, ix)
			for j := range n {
				c.accumulate(c.sum[element{v, j}], c.elem(w, ix.times(n).plus(j)), xi)
			}
		}
	case plan.SumAll:
		for _, ix := range ixs {
			if x, y, ok := c.product(v.Args[0], ix); ok {
				c.accumulate(c.sum[element{v, 0}], x, y)
				continue
			}
			x, sum := c.elem(v.Args[0], ix), c.sum[element{v, 0}]
			for i := range sum.v {
				c.b.AddTo(sum.w.elem(), sum.v[i], x.v[i])
			}
		}
	case plan.OuterRow:
		c.outerRow(s, ixs)
	case plan.OuterCol:
		x, y := v.Args[0], v.Args[1]
		for _, ix := range ixs {
			yi := c.elem(y, ix)
			if s.Sum != nil {
				yi = c.counted(yi)
			}
			for r := range x.Type.Len() {
				c.outer(s, ix.plus(r*extent), c.elem(x, at(r)), yi)
			}
		}
	case plan.AddTo:
		for _, ix := range ixs {
			c.addToSum(s.Sum, ix, c.counted(c.elem(v, ix)))
		}
	default:
		c.unsupported(v, "a step of form %s", s.Form)
	}
}

// copied is where the n elements of v are copied from, if that is one value and they are equally spaced in it.
func copied(v *ir.Value, n int) (r run, ok bool) {
	for k := range n {
		src, at := plan.CopySource(v, k)
		switch {
		case src == nil || k > 0 && src != r.src:
			return r, false
		case k == 0:
			r = run{n: n, src: src, from: at}
		case k == 1:
			r.by = at - r.from
		}
		if at != r.from+k*r.by {
			return r, false
		}
	}
	return r, true
}

// add is the sum of two indices.
func add(a, b index) index {
	switch {
	case len(b.steps) == 0:
		return index{k: a.k + b.k, steps: a.steps}
	case len(a.steps) == 0:
		return index{k: a.k + b.k, steps: b.steps}
	}
	return index{k: a.k + b.k, steps: slices.Concat(a.steps, b.steps)}
}

// outerRow multiplies rows of one vector with all of the other.
func (c *compiler) outerRow(s plan.Step, ixs []index) {
	x, y := s.V.Args[0], s.V.Args[1]
	n := y.Type.Len()
	xs := make([]value, len(ixs))
	for r, ix := range ixs {
		xs[r] = c.elem(x, ix)
		if s.Sum != nil {
			xs[r] = c.counted(xs[r])
		}
	}
	body := func(j index) {
		yj := c.elem(y, j)
		for r, ix := range ixs {
			c.outer(s, add(ix.times(n), j), xs[r], yj)
		}
	}
	if n <= plan.SmallLen {
		for j := range n {
			body(at(j))
		}
		return
	}
	c.b.Loop(n, func(l *asm.Loop) { body(index{}.along(l.Over("elements"), 1)) })
}

// outer stores or adds one element of an outer product.
func (c *compiler) outer(s plan.Step, ix index, x, y value) {
	if s.Sum == nil {
		c.keep(s.V, ix, each2(x, y, c.b.Mul))
		return
	}
	m := c.sumPlace(s.Sum, ix)
	e := x.w.elem()
	sum := c.b.Load(e, m)
	for i := range x.v {
		sum = c.b.FMA(e, x.v[i], y.v[i], sum)
	}
	c.b.Store(e, sum, m)
}

// counted is x, and zero in samples that do not count in sums over samples.
func (c *compiler) counted(x value) value {
	if x.w == paired {
		c.unsupported(nil, "a gradient of f64 in a module of f32")
	}
	return each2(x, c.mask, c.b.And)
}

// loadMask reads which samples count, if steps of the segment add up gradients.
func (c *compiler) loadMask(seg []*plan.Nest) {
	for _, n := range seg {
		for _, s := range n.Steps {
			if s.Sum != nil {
				c.mask = value{w: c.kind(c.set.real())}
				for i := range c.wide {
					n := c.b.ISA.Bytes()
					c.mask.v = append(c.mask.v, c.b.Load(c.mask.w.elem(), c.b.Arg(argFrame).At(c.set.MaskOff+i*n).Along(c.col, c.wide*n)))
				}
				return
			}
		}
	}
}

// sumPlace is where the sum of gradients for an element of a parameter lies: one number per lane, the same
// for all vectors of a block.
func (c *compiler) sumPlace(p *ir.Param, ix index) asm.Mem {
	n := c.b.ISA.Bytes()
	if e, ok := c.set.inRecord[p]; ok {
		return along(c.b.Record().At(e.bytes(p.Type.Elem, c.b.ISA)), ix, n)
	}
	return along(c.b.Arg(argSums).At(c.set.sums[p].inLanes.bytes(c.kind(p.Type.Elem).elem(), c.b.ISA)), ix, n)
}

// addToSum adds x to the sum of gradients for an element of a parameter.
func (c *compiler) addToSum(p *ir.Param, ix index, x value) {
	m := c.sumPlace(p, ix)
	e := x.w.elem()
	sum := c.b.Load(e, m)
	for _, v := range x.v {
		sum = c.b.Add(e, sum, v)
	}
	c.b.Store(e, sum, m)
}
