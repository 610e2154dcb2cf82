package lanes

import (
	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir/plan"
)

// piece is a part of the steps of a loop that goes by tiles of rows: one along a matrix, which all rows of a tile take together, or
// what stands between two of these.
type piece struct {
	steps []plan.Step
	// rolled: it is too long to be spelled out for every row of a tile. Its rows are a loop, to which numbers go through memory.
	rolled bool
}

// stays is the number of operations from which on a stretch between products leaves their loop. With AVX-512 the processor begins with the next
// tile while it waits for the last functions of one; with AVX2 it gains nothing, and the stretch would be spelled out for four vectors instead of
// one.
func stays(isa asm.ISA) int { return [...]int{asm.AVX2: long, asm.AVX512: 2 * long}[isa] }

// pieces are those of a loop.
func (s *Set) pieces(pf *plan.Func, n *plan.Nest) []piece {
	var out []piece
	for rest := n.Steps; len(rest) > 0; {
		k, size := 0, 0
		for ; k < len(rest) && !matrix(rest[k]); k++ {
			size += s.operations(pf, rest[k].V)
		}
		k = max(k, 1)
		out = append(out, piece{rest[:k], size >= long && s.byTiles(n)})
		rest = rest[k:]
	}
	return out
}

// byTiles reports whether a loop goes by tiles of rows.
func (s *Set) byTiles(n *plan.Nest) bool {
	return s.alone == nil && !n.Unroll && n.Extent > 1 && s.multiplies(n)
}

// piece prints a piece for the rows of a tile.
func (c *compiler) piece(p piece, ixs []index, extent int) {
	rows := func(ixs []index) {
		for _, s := range p.steps {
			c.source(s.V)
			c.step(s, ixs, extent)
		}
	}
	switch {
	case c.set.deferred(p.steps[0]): // see nest
	case matrix(p.steps[0]):
		rows(ixs)
	case p.rolled && len(ixs) > 1:
		c.cur = map[cursor]value{}
		c.b.Loop(len(ixs), func(l *asm.Loop) {
			row := ixs[0].along(l, 1)
			row.rows = true
			rows([]index{row})
		})
		c.cur = map[cursor]value{}
	default: // row by row, so that a row's registers are free for the next one
		for r := range ixs {
			rows(ixs[r : r+1])
		}
	}
}
