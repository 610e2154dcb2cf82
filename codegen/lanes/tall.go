package lanes

import (
	"fmt"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Tall tiles. A run of the loop of a product reads the vectors that its rows share and a weight for each of them: the more rows, the fewer
// loads for a multiply-add. With AVX-512 the clock falls with the loads while the multiply-adds fill their units, so that fewer
// loads are faster though the loads never were what the loop waited for. What follows a product row by row would be spelled out for each
// row; so the sums of a tile go to the frame, and what follows is a loop over its rows.

const (
	// tallRows are the most rows of a tall tile, of a wide block half as many: their sums leave registers for what the loop reads, and for sums along the loop over the rows.
	tallRows = 12
	// tallFrom is the number of rows from which on tiles are tall, and leastTerms that of terms: with less work, what the way through the
	// frame and a last tile of its own take is what the loads were, and the text is longer.
	tallFrom, leastTerms = 128, 64
	// termsOfRun is the number of terms of a run; of one in the last tile, if that has fewer rows and is spelled out on its own.
	termsOfRun = 2
)

// tall reports whether a loop of the plan goes by tall tiles: it begins with a product, and what follows has no other one.
func (s *Set) tall(pf *plan.Func, n *plan.Nest) bool {
	first := n.Steps[0]
	if !s.byTiles(n) || first.Form != plan.RowDot || !matrix(first) || s.double(first) || n.Extent < tallFrom || first.V.Args[1].Type.Len() < leastTerms {
		return false
	}
	follow := 0
	for _, st := range n.Steps[1:] {
		switch {
		case s.deferred(st):
		case matrix(st):
			return false
		default:
			follow++
		}
	}
	return follow > 0
}

// tallTile is the number of rows of the tiles of n rows, about as many in the last one as in the others.
func (s *Set) tallTile(n int) int { return upTo(n, upTo(n, tallRows*RowBytes/s.row)) }

// layoutTall gives a kernel the place of the sums of a tall tile.
func (s *Set) layoutTall(k *Kernel) {
	rows := 0
	for _, seg := range s.segments(k.pf, k.nests, stays(asm.AVX512)) {
		for _, n := range seg {
			if !isNode(n) && s.tall(k.pf, n) {
				rows = max(rows, s.tallTile(n.Extent))
			}
		}
	}
	if rows > 0 && (s.tallSums == nil || s.tallSums.Rows < rows) {
		s.tallSums = s.field(k, "tile", ir.Tensor(s.real(), rows))
	}
	k.tallSums = s.tallSums
}

// tall is Set.tall for the vectors of the kernel, and products that it does not have from tiles of AMX.
func (c *compiler) tall(n *plan.Nest) bool {
	if c.b.ISA.Vectors() != asm.AVX512 || c.k.tallSums == nil {
		return false
	}
	_, made := c.onTiles(n.Steps[0])
	return !made && c.set.tall(c.pf, n)
}

// tallTiles prints the steps of a loop by tall tiles; the first one is the product.
func (c *compiler) tallTiles(n *plan.Nest, steps []plan.Step) {
	v := steps[0].V
	w, x := v.Args[0], v.Args[1]
	terms := x.Type.Len()
	rows := c.set.tallTile(n.Extent)
	c.tiles(n.Extent, rows, func(ixs []index) {
		c.source(v)
		sums := make([]value, len(ixs))
		for r := range sums {
			sums[r] = c.zeroSum(c.kind(v.Type.Elem))
		}
		some := func(k index, n int) {
			for i := range n {
				xk := c.elem(x, k.plus(i))
				for r, ix := range ixs {
					c.accumulate(sums[r], c.elem(w, add(ix.times(terms), k.plus(i))), xk)
				}
			}
		}
		run := termsOfRun
		if len(ixs) < rows {
			run = 1
		}
		c.b.Loop(terms/run, func(l *asm.Loop) {
			l.Over("terms of the sums")
			if run > 1 {
				l.Over(fmt.Sprintf("terms of the sums, %d at a time", run))
			}
			some(index{}.along(l, run), run)
		})
		some(at(terms-terms%run), terms%run)
		for r := range sums {
			c.storeField(c.k.tallSums, at(r), sums[r])
		}
		c.b.Loop(len(ixs), func(l *asm.Loop) {
			row := ixs[0].along(l.Over("rows of the tile"), 1)
			row.rows = true
			c.cur = map[cursor]value{}
			c.keep(v, row, c.loadField(c.k.tallSums, index{}.along(l, 1)))
			for _, s := range steps[1:] {
				c.source(s.V)
				c.step(s, []index{row}, n.Extent)
			}
		})
	})
}
