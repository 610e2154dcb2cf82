package lanes

import (
	"slices"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// The gradient of a matrix is a sum of outer products, x of a sample times y of a sample. With a sum for each lane, a vector for each
// weight, the multiply-adds of a large matrix wait for the second cache. So such products are added to one number for each weight: y is
// turned over, so that a vector has some of its elements of one sample, and a tile of sums stays in registers
// while the samples of a block are added one after the other. The order of additions is that of the samples, on every ISA.

// tiledSums is the number of weights from which a matrix is summed so: with fewer, the vectors stay in the first cache, and turning y costs more.
const tiledSums = 1024

// paddedRow is the number of numbers from one row of such sums to the next: rows begin at lines of a cache.
func paddedRow(p *ir.Param) int {
	line := 64 / p.Type.Elem.Bytes()
	return (p.Type.Shape[1] + line - 1) / line * line
}

// tiled reports whether a step adds an outer product that is worth tiles over the samples. It then follows the loop in which it stands.
func (s *Set) tiled(st plan.Step) bool {
	p := st.Sum
	if _, in := s.inRecord[p]; in || p == nil || st.Form != plan.OuterRow || s.alone != nil {
		return false
	}
	x, y := st.V.Args[0].Type.Len(), st.V.Args[1].Type.Len()
	return p.Type.Elem == s.real() && slices.Equal(p.Type.Shape, []int{x, y}) && x*y >= tiledSums && min(x, y) >= 16
}

// SumPlace says where sums of a gradient lie: behind some numbers and some vectors of numbers. They are Len vectors, or rows of numbers
// for the Columns of a matrix, each padded to a multiple of 64 bytes.
type SumPlace struct{ Nums, Vecs, Len, Columns int }

// Sums are the places of what is added to the gradient of p: in lanes, and in tiles; nil for none.
func (s *Set) Sums(p *ir.Param) (inLanes, inTiles *SumPlace) {
	return s.sums[p].inLanes, s.sums[p].inTiles
}

// SumsEnd says how many numbers and vectors all sums are.
func (s *Set) SumsEnd() SumPlace { return s.sumsEnd }

// sumPlaces are those of a parameter.
type sumPlaces struct{ inLanes, inTiles *SumPlace }

// placeSums gives gradients of functions that are planned their places, in the order of the parameters.
func (s *Set) placeSums() {
	lanes, tiles := map[*ir.Param]bool{}, map[*ir.Param]bool{}
	for _, f := range s.Plan.Funcs {
		if slices.ContainsFunc(s.Plan.Module.Recipes, func(r *ir.Recipe) bool { return r.Pull == f.IR }) {
			continue // which Go runs
		}
		for _, n := range f.Nests {
			for _, st := range n.Steps {
				if s.tiled(st) {
					tiles[st.Sum] = true
				} else {
					lanes[st.Sum] = true
				}
			}
		}
	}
	for _, p := range slices.Concat(s.Plan.Module.Params, s.Plan.Module.Derived) {
		s.placeSum(p, lanes[p], tiles[p])
	}
}

// placeSum gives p places in lanes and in tiles where they are wanted and it has none.
func (s *Set) placeSum(p *ir.Param, inLanes, inTiles bool) {
	at := s.sums[p]
	next := s.sumsEnd
	next.Len = p.Type.Len()
	if inLanes && at.inLanes == nil {
		place := next
		at.inLanes = &place
		s.sumsEnd.Vecs += place.Len
	}
	if inTiles && at.inTiles == nil {
		place := next
		place.Columns = p.Type.Shape[1]
		at.inTiles = &place
		rows := p.Type.Shape[0]
		if s.Tiles {
			rows = upToTiles(rows) // which are read and written together
		}
		s.sumsEnd.Nums += rows * paddedRow(p)
	}
	s.sums[p] = at
}

// layoutSums gives places to the sums of a kernel that have none yet, and the place where outer products have the factors of a block: x
// as it counts, and y turned over.
func (s *Set) layoutSums(k *Kernel) {
	rows := 0
	for _, n := range k.nests {
		for _, st := range n.Steps {
			p := st.Sum
			if _, in := s.inRecord[p]; in || p == nil {
				continue
			}
			tiled := s.tiled(st)
			s.placeSum(p, !tiled, tiled)
			if tiled {
				rows = max(rows, st.V.Args[0].Type.Len()+paddedRow(p))
			}
		}
	}
	if rows > 0 && (s.turned == nil || s.turned.Rows < rows) {
		s.turned = s.field(k, "turned", ir.Tensor(s.real(), rows))
	}
	k.turned = s.turned
}

func (p *SumPlace) bytes(e asm.Elem, isa asm.ISA) int { return p.Nums*e.Bytes() + p.Vecs*isa.Bytes() }

// deferred reports whether a step follows the loop in which it stands.
func (s *Set) deferred(st plan.Step) bool { return scattered(st) || s.tiled(st) }

// samplesTogether is the number of samples that a run of the loop over the samples of a block adds.
const samplesTogether = 2

// outerTiles adds the outer product of a step to the sums of its matrix.
func (c *compiler) outerTiles(s plan.Step) {
	x, y, p := s.V.Args[0], s.V.Args[1], s.Sum
	w := c.kind(p.Type.Elem)
	e, isa := w.elem(), c.b.ISA
	c.source(s.V)
	rows, lanes := x.Type.Len(), isa.Lanes(e)
	groups := (y.Type.Len() + lanes - 1) / lanes
	frame := c.b.Arg(argFrame).At(c.k.turned.Off)
	xs := func(ix index) asm.Mem { return along(frame, ix, c.set.row) }
	ys := func(ix index) asm.Mem { return along(frame.At(rows*c.set.row), ix, c.set.Samples()*isa.Bytes()) }
	c.tiles(rows, samplesTogether, func(ixs []index) {
		for _, ix := range ixs {
			c.b.Stores(e, c.counted(c.elem(x, ix)).v, xs(ix))
		}
	})
	c.vectorByVector(func() {
		turn := func(g index, n int) {
			vs := make([]asm.Vec, lanes)
			for i := range vs {
				if vs[i] = c.b.Const(e, 0); i < n {
					vs[i] = c.elem(y, g.times(lanes).plus(i)).v[0]
				}
			}
			c.b.Stores(e, c.b.Turn(e, vs), ys(g).Along(c.col, lanes*isa.Bytes()))
		}
		whole := y.Type.Len() / lanes
		c.repeat(whole, func(g index) { turn(g, lanes) })
		if n := y.Type.Len() % lanes; n > 0 {
			turn(at(whole), n)
		}
	})
	sum := func(row, group index) asm.Mem {
		m := c.b.Arg(argSums).At(c.set.sums[p].inTiles.bytes(e, isa))
		return along(along(m, row, paddedRow(p)*e.Bytes()), group, isa.Bytes())
	}
	t := tileOf(isa.Free(), rows, groups, 1, true, 1, 0.03) // what lives in registers beside it then goes to the frame, and no sum does
	c.tiles(rows, t.channels, func(rs []index) {            // and then along rows, where the processor fetches sums ahead
		c.tiles(groups, t.places, func(gs []index) {
			sums := &tileSums{tile: tile{len(rs), len(gs), true}, w: w, parts: 1}
			for _, r := range rs {
				for _, g := range gs {
					sums.v = append(sums.v, c.b.Var(e, c.b.Load(e, sum(r, g))))
				}
			}
			c.b.Loop(c.set.Samples()/samplesTogether, func(l *asm.Loop) {
				l.Over("samples, 2 at a time")
				for k := range samplesTogether {
					sums.add(c, func(o, _ int) asm.Vec {
						return c.b.Broadcast(e, xs(rs[o]).At(k*e.Bytes()).Along(l, samplesTogether*e.Bytes()))
					}, func(q, _ int) asm.Vec {
						return c.b.Load(e, ys(gs[q]).At(k*isa.Bytes()).Along(l, samplesTogether*isa.Bytes()))
					})
				}
			})
			sums.each(func(o, q, _ int, v asm.Vec) { c.b.Store(e, v, sum(rs[o], gs[q])) })
		})
	})
}

// along is m moved to an index of rows of some bytes.
func along(m asm.Mem, ix index, bytes int) asm.Mem {
	m = m.At(ix.k * bytes)
	for _, s := range ix.steps {
		m = m.Along(s.loop, s.n*bytes)
	}
	return m
}

// vectorByVector runs body for one vector of the block after the other, within a segment that goes over all of them at once.
func (c *compiler) vectorByVector(body func()) {
	wide, col, reg, sum, mask := c.wide, c.col, c.reg, c.sum, c.mask
	c.columns(body)
	c.wide, c.col, c.reg, c.sum, c.mask = wide, col, reg, sum, mask
}
