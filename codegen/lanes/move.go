package lanes

import (
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// moves are copies from values and fields to fields of the frame: of arguments before a call, and of results after it.
type moves []move

type move struct {
	to, from *Field
	value    *ir.Value // in the place of from
	n        int       // rows
}

// field adds a copy of n rows of a field.
func (ms *moves) field(to, from *Field, n int) { *ms = append(*ms, move{to: to, from: from, n: n}) }

// value adds a copy of a value.
func (ms *moves) value(to *Field, v *ir.Value) {
	*ms = append(*ms, move{to: to, value: v, n: v.Type.Len()})
}

// move prints copies. Those of many rows go row by row, all vectors of a row at a time, so that memory is read in its
// order and once; the others share a loop over the vectors, which is shorter.
func (c *compiler) move(ms moves) {
	var few moves
	for _, m := range ms {
		if !c.many(m) {
			few = append(few, m)
		}
	}
	if len(few) > 0 {
		c.columns(func() {
			for _, m := range few {
				c.moveRows(m)
			}
		})
	}
	for _, m := range ms {
		if c.many(m) {
			c.columnsBy(c.set.row/c.b.ISA.Bytes(), func() { c.moveRows(m) })
		}
	}
}

func (c *compiler) moveRows(m move) {
	c.each(m.n, func(ix index) {
		if m.from != nil {
			c.storeField(m.to, ix, c.loadField(m.from, ix))
		} else {
			c.storeField(m.to, ix, c.elem(m.value, ix))
		}
	})
}

// many reports whether a copy has many rows of what lies in memory.
func (c *compiler) many(m move) bool {
	return c.set.alone == nil && m.n > unrolled && (m.value == nil || c.pf.Places[m.value].Kind != plan.Folded)
}
