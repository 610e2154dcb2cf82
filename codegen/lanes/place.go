package lanes

import (
	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Choices of rows by their numbers. Numbers beyond the ends count as the first or last row (ir.OpTake).

// constRows gives the row that number j of places says, if these are constants.
func constRows(places *ir.Value, rows int) (row func(j int) int, ok bool) {
	if places.Op != ir.OpConst {
		return nil, false
	}
	return func(j int) int {
		x := places.Attr.Num
		if places.Attr.Data != nil {
			x = places.Attr.Data[j]
		}
		return min(max(int(x), 0), rows-1)
	}, true
}

// take is a choice of rows of a value.
func (c *compiler) take(v *ir.Value) {
	x, places := v.Args[0], v.Args[1]
	n := v.Type.Len() / places.Type.Len()
	rows := x.Type.Shape[0]
	if row, ok := constRows(places, rows); ok {
		c.copies(v, func(k int) (*ir.Value, int) { return x, row(k/n)*n + k%n })
		return
	}
	// Every row is looked at, and kept where its number is the one wanted.
	for j := range places.Type.Len() {
		c.stretch(n, func(step func(int) index) {
			sum := c.elem(x, step(1))
			for r := 1; r < rows; r++ {
				sum = c.chosen(places, j, r, rows, c.elem(x, step(1).plus(r*n)), sum)
			}
			c.put(v, step(1).plus(j*n), sum)
		})
	}
}

// chosen is x where number j of places says row r of some, else y.
func (c *compiler) chosen(places *ir.Value, j, r, rows int, x, y value) value {
	number := c.elem(places, at(j))
	want := c.splat(ir.I32, float64(r))
	integer := c.set.real() == ir.F32
	m := c.equal(number, want, integer)
	above := func(p, q value) value { // p > q
		if integer {
			return each2(p, q, c.b.ICmpGreater)
		}
		return each2(q, p, func(e asm.Elem, x, y asm.Vec) asm.Vec { return c.b.Cmp(e, asm.Less, x, y) })
	}
	switch r {
	case rows - 1:
		m = each2(m, above(number, want), c.b.Or)
	case 0:
		m = each2(m, above(want, number), c.b.Or)
	}
	return each3(c.maskAs(m, x.w), x, y, c.b.Select)
}

// scatterRows adds up the rows that have a number, for every number: zeros where none has it.
func (c *compiler) scatterRows(v *ir.Value) {
	x, places := v.Args[0], v.Args[1]
	n := x.Type.Len() / places.Type.Len()
	rows := v.Type.Shape[0]
	row, known := constRows(places, rows)
	for r := range rows {
		c.stretch(n, func(step func(int) index) {
			sum := c.splat(v.Type.Elem, 0)
			for j := range places.Type.Len() {
				if known && row(j) != r {
					continue
				}
				more := each2(sum, c.elem(x, step(1).plus(j*n)), c.b.Add)
				if !known {
					more = c.chosen(places, j, r, rows, more, sum)
				}
				sum = more
			}
			c.put(v, step(1).plus(r*n), sum)
		})
	}
}

// locate is the number of ascending times, but for the first one, that are not after t.
func (c *compiler) locate(v *ir.Value) {
	ts, t := v.Args[0], c.elem(v.Args[1], at(0))
	k, one := c.kind(ir.I32), c.splat(ir.I32, 1)
	count := value{w: k}
	for range c.count(k) {
		count.v = append(count.v, c.b.Var(k.elem(), c.b.Bits(k.elem(), 0)))
	}
	c.stretch(v.Attr.Index, func(step func(int) index) {
		reached := each2(c.elem(ts, step(1).plus(1)), t, func(e asm.Elem, x, y asm.Vec) asm.Vec { return c.b.Cmp(e, asm.LessEqual, x, y) })
		more := each2(c.maskAs(reached, k), one, c.b.And)
		for i, sum := range count.v {
			if c.set.real() == ir.F32 {
				c.b.Set(sum, c.b.IAdd(k.elem(), sum, more.v[i]))
			} else {
				c.b.AddTo(k.elem(), sum, more.v[i])
			}
		}
	})
	c.put(v, at(0), count)
}

// put keeps an element that a loop of an operator has made.
func (c *compiler) put(v *ir.Value, ix index, x value) {
	if f := c.k.byVal[v]; f != nil {
		c.storeField(f, ix, x)
	}
	if ix.konst() && v.Type.Len() <= plan.SmallLen {
		c.reg[element{v, ix.k}] = x
	}
}
