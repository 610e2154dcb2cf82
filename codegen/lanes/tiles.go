package lanes

import (
	"slices"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Products on tiles, for packages that ask for them (Set.Tiles). A tile multiplies numbers of 16 bits, the upper halves of float32. A
// number is the sum of three of these: its upper half, that of what is left, and that of what is left then. Of the nine products of two
// numbers the six largest are added up in float32, from the smallest on, which is as exact as multiply-adds are. Bits are others.
//
// A product of a matrix with the vector of every sample goes before the loop that the plan has for it, in three phases: the vectors'
// parts are written to the frame, two elements beside each other; tiles of 16 rows and 16 samples are added up over all elements; and
// the loop reads the sums. The matrix lies in the frame as tiles want it, and is packed (rt.PackTiles) when somebody begins to work
// with the frame. A gradient's sum over the samples of a block takes both vectors in parts, with two samples beside each other.

// Parts of a number, and pairs of parts whose products are added: from the left factor, and from the right one.
const (
	upperPart = iota
	middlePart
	lowerPart
	parts
)

var partPairs = [...][2]int{{lowerPart, upperPart}, {middlePart, upperPart}, {middlePart, middlePart}, {upperPart, middlePart}, {upperPart, lowerPart}, {upperPart, upperPart}}

// Sizes of what tiles read and write: rows of sums, and of pairs of elements, are those of the frame.
const (
	tileSide   = asm.TileRows                     // rows of a tile, and numbers of 32 bits in one of these
	termsAside = 2                                // numbers of 16 bits in one of 32
	tileTerms  = termsAside * tileSide            // terms of sums in a tile
	partBytes  = 2 * asm.TileRows * asm.TileBytes // of a part of a block of a packed matrix: two tiles beside each other
	blockBytes = parts * partBytes
)

// TilePack is a matrix as tiles want it, in the frame.
type TilePack struct {
	Param  *ir.Param
	Turned bool // over: its columns are the rows of the product
	Field  *Field
}

// tilePlaces are those of a kernel: its matrices, where the parts of factors lie, and behind these the sums of each product.
type tilePlaces struct {
	packs map[*ir.Value]*TilePack
	sums  map[*ir.Value]int // rows from the beginning of room
	room  *Field
}

// onTiles reports whether a step is a product of a matrix with a vector that goes on tiles: rows, terms of each sum, the vector and the
// matrix, which may have to be turned over.
type onTiles struct {
	rows, terms int
	x           *ir.Value
	matrix      *ir.Param
	turned      bool
}

func (s *Set) onTiles(pf *plan.Func, st plan.Step) (p onTiles, ok bool) {
	v := st.V
	if !s.Tiles || s.alone != nil || s.real() != ir.F32 || v.Type.Elem != ir.F32 || len(v.Args) != 2 {
		return p, false
	}
	var w *ir.Value
	switch {
	case st.Form == plan.RowDot && v.Op == ir.OpMatVec:
		w, p.x = v.Args[0], v.Args[1]
	case st.Form == plan.Scatter && v.Op == ir.OpVecMat && scattered(st):
		p.x, w = v.Args[0], v.Args[1]
		p.turned = true
	default:
		return p, false
	}
	p.rows, p.terms = v.Type.Len(), p.x.Type.Len()
	pl := pf.Places[w]
	if pl == nil || pl.Kind != plan.Memory || w.Type.Len() != p.rows*p.terms {
		return p, false
	}
	p.matrix = w.Attr.Param
	if _, in := s.inRecord[p.matrix]; in || p.matrix.Type.Elem != ir.F32 {
		return p, false
	}
	return p, tilesPay(p.rows, p.terms)
}

// tilesPay compares cycles for a block of 32 samples, as measured: six products of 16 rows and 32 terms for each half of the samples, the
// parts of the vector and the phases, against two multiply-adds of 16 samples in a cycle, of which three quarters are reached.
func tilesPay(rows, terms int) bool {
	tiles := 2*17*len(partPairs)*upTo(rows, tileSide)*upTo(terms, tileTerms) + 7*terms + 450
	return tiles*4 < 3*(rows*terms*4/3)
}

// outerOnTiles reports whether a sum of outer products goes on tiles.
func (s *Set) outerOnTiles(st plan.Step) bool {
	if !s.Tiles || s.real() != ir.F32 || !s.tiled(st) {
		return false
	}
	x, y := st.V.Args[0].Type.Len(), st.V.Args[1].Type.Len()
	tiles := (17*len(partPairs)+45)*upTo(x, tileSide)*upTo(y, tileSide) + 8*(x+y) + 14*y + 450
	return tiles < x*y*4/3
}

// upTo is how many times n takes some, the last ones not all.
func upTo(n, some int) int { return (n + some - 1) / some }

// upToTiles is n, up to a whole number of tiles' rows.
func upToTiles(n int) int { return upTo(n, tileSide) * tileSide }

// pairRows is the number of rows of the frame that the parts of a vector take with two elements, or with two samples, beside each other.
func pairRows(elements int) int { return parts * upTo(elements, tileTerms) * tileSide }

// layoutTiles gives a kernel the places of its products on tiles.
func (s *Set) layoutTiles(k *Kernel) {
	k.tiles = tilePlaces{packs: map[*ir.Value]*TilePack{}, sums: map[*ir.Value]int{}}
	factors, most := 0, 0
	for _, n := range k.nests {
		for _, st := range n.Steps {
			if p, ok := s.onTiles(k.pf, st); ok {
				factors = max(factors, pairRows(p.terms))
			}
			if s.outerOnTiles(st) {
				factors = max(factors, pairRows(st.V.Args[0].Type.Len())+pairRows(st.V.Args[1].Type.Len()))
			}
		}
	}
	if factors == 0 {
		return
	}
	for _, n := range k.nests {
		at := factors
		for _, st := range n.Steps {
			if p, ok := s.onTiles(k.pf, st); ok {
				k.tiles.packs[st.V] = s.tilePack(k, p)
				k.tiles.sums[st.V] = at
				at += upToTiles(p.rows)
			}
		}
		most = max(most, at)
	}
	if s.tileRoom == nil || s.tileRoom.Rows < most {
		s.tileRoom = s.field(k, "tiles", ir.Tensor(ir.F32, most))
	}
	k.tiles.room = s.tileRoom
}

// tilePack is the place of a matrix.
func (s *Set) tilePack(k *Kernel, p onTiles) *TilePack {
	for _, q := range s.TilePacks {
		if q.Param == p.matrix && q.Turned == p.turned {
			return q
		}
	}
	name := p.matrix.Name + ".tiles"
	if p.turned {
		name = p.matrix.Name + ".turned.tiles"
	}
	rows := upTo(p.rows, tileTerms) * upTo(p.terms, tileTerms) * blockBytes / RowBytes
	q := &TilePack{p.matrix, p.turned, s.field(k, name, ir.Tensor(ir.F32, rows))}
	s.TilePacks = append(s.TilePacks, q)
	return q
}

// HasTiles reports whether a kernel, or one that it runs, has products on tiles.
func (s *Set) HasTiles(k *Kernel) bool {
	reached := map[*Kernel]bool{}
	s.reach(k, reached)
	for k := range reached {
		if k.tiles.room != nil {
			return true
		}
	}
	return false
}

// PacksOf are the matrices that kernels of a node read.
func (s *Set) PacksOf(n *Node) []*TilePack {
	reads := map[*TilePack]bool{}
	for _, k := range s.Reached(n) {
		for _, q := range k.tiles.packs {
			reads[q] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(s.TilePacks), func(q *TilePack) bool { return !reads[q] })
}

// tileRoom is a place in the memory of products, some rows behind its beginning.
func (c *compiler) tileRoom(row int) asm.Mem {
	return c.b.Arg(argFrame).At(c.k.tiles.room.Off + row*RowBytes)
}

// productsOnTiles makes the products of a loop before it, but for what of the last one can be made beside the loop.
func (c *compiler) productsOnTiles(n *plan.Nest) (beside *tileProduct) {
	for _, st := range n.Steps {
		p, ok := c.onTiles(st)
		if !ok || c.set.deferred(st) {
			continue
		}
		if beside != nil {
			beside.rest()
		}
		c.source(st.V)
		beside = c.beginProduct(st.V, p, c.tileRoom(c.k.tiles.sums[st.V]))
	}
	if beside != nil && !c.fits(n, beside) {
		beside.rest()
		return nil
	}
	return beside
}

// besideLength is the most instructions of rows that are spelled out beside products of tiles.
const besideLength = 2000

// fits reports whether the rows of a loop are computed beside the product of those that follow: they have no loops of their own, and
// do not grow too long.
func (c *compiler) fits(n *plan.Nest, q *tileProduct) bool {
	if n.Unroll || n.Extent != q.rows || q.pairs < 2 || c.tile(n) > 1 {
		return false
	}
	length := 0
	for _, st := range n.Steps {
		if !c.set.deferred(st) {
			length += c.set.operations(c.pf, st.V) * c.wide
		}
	}
	return length*(pairOfTiles/q.blocks) <= besideLength
}

// rowsBeside runs body for the rows of a loop: while those of two tiles are computed, tiles multiply for the next ones.
func (c *compiler) rowsBeside(q *tileProduct, n int, body func(ixs []index)) {
	each := pairOfTiles / q.blocks // rows for each product of 32 terms
	left := pairOfTiles % q.blocks
	c.b.Loop(q.pairs-1, func(g *asm.Loop) {
		g.Over("tiles of rows, 2 at a time, beside the product of the next ones")
		row := index{}.along(g, pairOfTiles)
		q.zero(2)
		c.b.Loop(q.blocks, func(l *asm.Loop) {
			l.Over("terms, 32 at a time, each with some rows")
			c.b.Beside(func() { q.multiply(1, g, l, 2) }, func() {
				for r := range each {
					body([]index{row.along(l, each).plus(r)})
				}
			})
		})
		q.store(1, g, 2)
		for r := range left {
			body([]index{row.plus(each*q.blocks + r)})
		}
	})
	done := (q.pairs - 1) * pairOfTiles
	c.repeat(n-done, func(i index) { body([]index{i.plus(done)}) })
}

// Without work for some hundred nanoseconds the unit that multiplies tiles sleeps, and then takes 350 ns to begin again. Vectors go on meanwhile
// (measured: 24 products after 5,040 instructions on vectors, 1,290 ns; with a product 1,680 instructions ahead of them, 1,070 ns). So a
// loop before a product on tiles has another one on its way, whose result nobody reads.

// wakeSlots is how long before, in operations on vectors.
const wakeSlots = 1800

// wakeBefore is the number of last rows of a loop before which the unit is woken; 0 for never.
func (c *compiler) wakeBefore(n *plan.Nest) int {
	if !c.b.AMX || c.tile(n) > 1 || !slices.ContainsFunc(n.Steps, func(st plan.Step) bool { return c.set.deferred(st) && c.usesTiles(st) }) &&
		(c.next == nil || !slices.ContainsFunc(c.next.Steps, func(st plan.Step) bool { return !c.set.deferred(st) && c.usesTiles(st) })) {
		return 0
	}
	length := 0
	for _, st := range n.Steps {
		if !c.set.deferred(st) {
			length += c.set.operations(c.pf, st.V) * c.wide
		}
	}
	return min(upTo(wakeSlots, max(length, 1)), n.Extent)
}

// usesTiles reports whether a step goes on tiles.
func (c *compiler) usesTiles(st plan.Step) bool {
	_, ok := c.set.onTiles(c.pf, st)
	return ok || c.set.outerOnTiles(st)
}

// wakeTiles multiplies what is there.
func (c *compiler) wakeTiles() {
	c.b.Note("wakes the unit of tiles")
	c.b.MultiplyTiles(0, 4, 6)
}

// onTiles is Set.onTiles for kernels that have them.
func (c *compiler) onTiles(st plan.Step) (p onTiles, ok bool) {
	if !c.b.AMX {
		return p, false
	}
	return c.set.onTiles(c.pf, st)
}

// sumOnTiles is a row of a product.
func (c *compiler) sumOnTiles(v *ir.Value, ix index) value {
	return value{c.b.Loads(asm.F32, along(c.tileRoom(c.k.tiles.sums[v]), ix, RowBytes), c.wide), single}
}

// tileProduct is a product that is being made: two tiles of rows at a time, and the last one alone if their number is odd.
type tileProduct struct {
	c             *compiler
	rows          int
	blocks, pairs int // of 32 terms, and of tiles of rows
	matrix, sums  asm.Mem
	done          int // pairs of tiles
}

// pairOfTiles is the number of rows of two tiles.
const pairOfTiles = 2 * tileSide

// beginProduct writes the parts of the vector, and makes the first rows and those of a tile that is left alone. Sums go to a place in memory.
func (c *compiler) beginProduct(v *ir.Value, p onTiles, sums asm.Mem) *tileProduct {
	c.b.Note("its parts, two elements beside each other, and the product on tiles")
	c.writePairs(p.x)
	tiles := upTo(p.rows, tileSide)
	q := &tileProduct{c: c, rows: p.rows, blocks: upTo(p.terms, tileTerms), pairs: tiles / 2, matrix: c.b.Arg(argFrame).At(c.k.tiles.packs[v].Field.Off), sums: sums}
	if tiles%2 > 0 {
		q.make(q.pairs, 1, 1)
	}
	if q.pairs > 0 {
		q.make(0, 1, 2)
		q.done = 1
	}
	return q
}

// rest makes what is left of a product.
func (q *tileProduct) rest() {
	if n := q.pairs - q.done; n > 0 {
		q.make(q.done, n, 2)
	}
}

// make makes some pairs of tiles of rows, or one tile.
func (q *tileProduct) make(from, n, sides int) {
	b := q.c.b
	b.Loop(n, func(g *asm.Loop) {
		g.Over("tiles of rows, 2 at a time")
		q.zero(sides)
		b.Loop(q.blocks, func(l *asm.Loop) {
			l.Over("terms, 32 at a time")
			q.multiply(from, g, l, sides)
		})
		q.store(from, g, sides)
	})
}

// each runs f for the sums of some tiles of rows and both halves of the samples.
func (q *tileProduct) each(sides int, f func(side, half int, sum asm.Tile)) {
	for side := range sides {
		for half := range q.c.wide {
			f(side, half, asm.Tile(2*side+half))
		}
	}
}

func (q *tileProduct) zero(sides int) {
	q.each(sides, func(_, _ int, sum asm.Tile) { q.c.b.ZeroTile(sum) })
}

// multiply adds the products of 32 terms, those that l is at, for the rows at g behind some pairs.
func (q *tileProduct) multiply(from int, g, l *asm.Loop, sides int) {
	const left, right = asm.Tile(4), asm.Tile(6)
	c := q.c
	inLeft, inRight := -1, -1
	for _, p := range partPairs {
		if p[0] != inLeft {
			inLeft = p[0]
			for side := range sides {
				m := q.matrix.At(from*q.blocks*blockBytes+inLeft*partBytes+side*asm.TileBytes).Along(g, q.blocks*blockBytes).Along(l, blockBytes)
				c.b.LoadTile(left+asm.Tile(side), m, 2*asm.TileBytes)
			}
		}
		if p[1] != inRight {
			inRight = p[1]
			for half := range c.wide {
				c.b.LoadTile(right+asm.Tile(half), c.tileRoom(inRight*q.blocks*tileSide).At(half*asm.TileBytes).Along(l, tileSide*RowBytes), RowBytes)
			}
		}
		q.each(sides, func(side, half int, sum asm.Tile) { c.b.MultiplyTiles(sum, left+asm.Tile(side), right+asm.Tile(half)) })
	}
}

func (q *tileProduct) store(from int, g *asm.Loop, sides int) {
	q.each(sides, func(side, half int, sum asm.Tile) {
		q.c.b.StoreTile(sum, q.sums.At((from*2+side)*tileSide*RowBytes+half*asm.TileBytes).Along(g, pairOfTiles*RowBytes), RowBytes)
	})
}

// splitParts gives the parts of two numbers, beside each other, to store.
func (c *compiler) splitParts(mask, x, y asm.Vec, store func(part int, v asm.Vec)) {
	const e, halfBits = asm.F32, 16
	for part := range parts {
		store(part, c.b.Select(e, mask, y, c.b.Shr(e, x, halfBits)))
		if part < lowerPart {
			x = c.b.Sub(e, x, c.b.And(e, x, mask))
			y = c.b.Sub(e, y, c.b.And(e, y, mask))
		}
	}
}

// upperHalves is a mask of the upper half of each number, in a register.
func (c *compiler) upperHalves() asm.Vec { return c.b.Var(asm.F32, c.b.Bits(asm.F32, 0xffff0000)) }

// writePairs writes the parts of a vector, with two elements of each sample beside each other, and zeros up to whole tiles.
func (c *compiler) writePairs(x *ir.Value) {
	mask := c.upperHalves()
	n := x.Type.Len()
	apart := upTo(n, tileTerms) * tileSide // rows of a part
	pair := func(i index, u, v value) {
		for half := range c.wide {
			c.splitParts(mask, u.v[half], v.v[half], func(part int, z asm.Vec) {
				c.b.Store(asm.F32, z, along(c.tileRoom(part*apart).At(half*asm.TileBytes), i, RowBytes))
			})
		}
	}
	c.repeat(n/2, func(i index) { pair(i, c.elem(x, i.times(2)), c.elem(x, i.times(2).plus(1))) })
	zero := c.same(single, c.b.Const(asm.F32, 0))
	if n%2 > 0 {
		pair(at(n/2), c.elem(x, at(n-1)), zero)
	}
	for part := range parts {
		c.repeat(apart-upTo(n, 2), func(i index) {
			c.b.Stores(asm.F32, zero.v, along(c.tileRoom(part*apart+upTo(n, 2)), i, RowBytes))
		})
	}
}

// writeSamples writes the parts of a vector, with samples of both halves of the block beside each other, and zeros up to whole tiles, some
// rows behind the beginning of the room. It says how many bytes a part takes.
func (c *compiler) writeSamples(x *ir.Value, from int, counts bool) (apart int) {
	mask := c.upperHalves()
	n := x.Type.Len()
	apart = upToTiles(n) * asm.TileBytes
	to := func(i index, part int) asm.Mem { return along(c.tileRoom(from).At(part*apart), i, asm.TileBytes) }
	c.repeat(n, func(i index) {
		u := c.elem(x, i)
		if counts {
			u = c.counted(u)
		}
		c.splitParts(mask, u.v[0], u.v[1], func(part int, z asm.Vec) { c.b.Store(asm.F32, z, to(i, part)) })
	})
	for part := range parts {
		c.repeat(upToTiles(n)-n, func(i index) { c.b.Store(asm.F32, c.b.Const(asm.F32, 0), to(i.plus(n), part)) })
	}
	return apart
}

// scatterOnTiles is a product of a vector with a matrix, which then lies in its place.
func (c *compiler) scatterOnTiles(v *ir.Value, p onTiles) {
	f := c.fieldOf(v)
	if !f.Kept && p.rows%tileSide == 0 {
		c.beginProduct(v, p, c.place(f, at(0), 0)).rest()
		return
	}
	c.beginProduct(v, p, c.tileRoom(c.k.tiles.sums[v])).rest()
	c.repeat(p.rows, func(i index) { c.storeField(f, i, c.sumOnTiles(v, i)) })
}

// outerTilesOnTiles adds the outer product of a step to the sums of its matrix: the samples of a block are the terms.
func (c *compiler) outerTilesOnTiles(s plan.Step) {
	x, y, p := s.V.Args[0], s.V.Args[1], s.Sum
	c.source(s.V)
	c.b.Note("parts of both factors, two samples beside each other, and sums on tiles")
	rows, columns := x.Type.Len(), y.Type.Len()
	right := pairRows(rows)
	apartX, apartY := c.writeSamples(x, 0, true), c.writeSamples(y, right, false)
	squares := upTo(columns, tileSide)
	turned := func(square, part index, row int) asm.Mem {
		m := c.tileRoom(right).At(row * asm.TileBytes)
		return along(along(m, square, asm.TileRows*asm.TileBytes), part, apartY)
	}
	c.repeat(parts, func(part index) {
		c.repeat(squares, func(square index) {
			vs := make([]asm.Vec, tileSide)
			for i := range vs {
				vs[i] = c.b.Load(asm.F32, turned(square, part, i))
			}
			for i, v := range c.b.Turn(asm.F32, vs) {
				c.b.Store(asm.F32, v, turned(square, part, i))
			}
		})
	})
	const sum, lefts, rights = asm.Tile(0), asm.Tile(1), asm.Tile(4) // these for each part
	row := paddedRow(p) * p.Type.Elem.Bytes()
	sums := c.b.Arg(argSums).At(c.set.sums[p].inTiles.bytes(asm.F32, c.b.ISA))
	c.b.Loop(upTo(rows, tileSide), func(r *asm.Loop) {
		r.Over("tiles of rows")
		for part := range parts {
			c.b.LoadTile(lefts+asm.Tile(part), c.tileRoom(0).At(part*apartX).Along(r, asm.TileRows*asm.TileBytes), asm.TileBytes)
		}
		c.b.Loop(squares, func(q *asm.Loop) {
			q.Over("tiles of columns")
			for part := range parts {
				c.b.LoadTile(rights+asm.Tile(part), c.tileRoom(right).At(part*apartY).Along(q, asm.TileRows*asm.TileBytes), asm.TileBytes)
			}
			at := sums.Along(r, asm.TileRows*row).Along(q, asm.TileBytes)
			c.b.LoadTile(sum, at, row)
			for _, pair := range partPairs {
				c.b.MultiplyTiles(sum, lefts+asm.Tile(pair[0]), rights+asm.Tile(pair[1]))
			}
			c.b.StoreTile(sum, at, row)
		})
	})
}

// isas are the instruction sets that kernels are made for.
func (s *Set) isas() []asm.ISA {
	switch {
	case s.Tiles:
		return append(slices.Clone(asm.ISAs[:]), asm.AMX)
	case s.row == wideRow:
		return []asm.ISA{wideISA}
	}
	return asm.ISAs[:]
}
