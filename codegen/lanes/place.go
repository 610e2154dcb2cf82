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
		number := c.within(c.elem(places, at(j)), rows)
		c.stretch(n, func(step func(int) index) {
			start := c.elem(x, step(1))
			sum := value{w: start.w}
			for _, s := range start.v {
				sum.v = append(sum.v, c.b.Var(start.w.elem(), s))
			}
			c.numbered(1, rows, func(r value, row func(int) index) {
				xr := c.elem(x, add(row(n), step(1)))
				m := c.maskAs(c.equal(number, r, c.set.real() == ir.F32), xr.w)
				for i, s := range sum.v {
					c.b.Set(s, c.b.Select(xr.w.elem(), m.v[i], xr.v[i], s))
				}
			})
			c.put(v, step(1).plus(j*n), sum)
		})
	}
}

// numbered runs body for the numbers from one to another; row gives places that move with it by a stride.
func (c *compiler) numbered(from, to int, body func(number value, row func(int) index)) {
	if to-from <= unrolled {
		for r := from; r < to; r++ {
			body(c.splat(ir.I32, float64(r)), func(by int) index { return at(r * by) })
		}
		return
	}
	k := c.kind(ir.I32)
	number, one := c.b.Var(k.elem(), c.splat(ir.I32, float64(from)).v[0]), c.splat(ir.I32, 1).v[0]
	c.b.Loop(to-from, func(l *asm.Loop) {
		l.Over("rows by their numbers")
		body(c.same(k, number), func(by int) index { return at(from*by).along(l, by) })
		if k == single {
			c.b.Set(number, c.b.IAdd(asm.F32, number, one))
		} else {
			c.b.AddTo(asm.F64, number, one)
		}
	})
}

// within is the number of a row, the first or last one for a number beyond the ends of some.
func (c *compiler) within(number value, rows int) value {
	above := func(p, q value) value { // p > q
		if c.set.real() == ir.F32 {
			return each2(p, q, c.b.ICmpGreater)
		}
		return each2(q, p, func(e asm.Elem, x, y asm.Vec) asm.Vec { return c.b.Cmp(e, asm.Less, x, y) })
	}
	first, last := c.splat(ir.I32, 0), c.splat(ir.I32, float64(rows-1))
	number = each3(above(number, last), last, number, c.b.Select)
	return each3(above(first, number), first, number, c.b.Select)
}

// scatterRows adds up the rows that have a number, for every number: zeros where none has it.
func (c *compiler) scatterRows(v *ir.Value) {
	x, places := v.Args[0], v.Args[1]
	n := x.Type.Len() / places.Type.Len()
	rows := v.Type.Shape[0]
	zero := c.splat(v.Type.Elem, 0)
	if row, known := constRows(places, rows); known {
		for r := range rows {
			c.stretch(n, func(step func(int) index) {
				sum := zero
				for j := range places.Type.Len() {
					if row(j) == r {
						sum = each2(sum, c.elem(x, step(1).plus(j*n)), c.b.Add)
					}
				}
				c.put(v, step(1).plus(r*n), sum)
			})
		}
		return
	}
	var numbers []value
	for j := range places.Type.Len() {
		numbers = append(numbers, c.within(c.elem(places, at(j)), rows))
	}
	c.numbered(0, rows, func(r value, row func(int) index) {
		c.stretch(n, func(step func(int) index) {
			sum := zero
			for j, number := range numbers {
				m := c.maskAs(c.equal(number, r, c.set.real() == ir.F32), sum.w)
				sum = each3(m, each2(sum, c.elem(x, step(1).plus(j*n)), c.b.Add), sum, c.b.Select)
			}
			c.put(v, add(row(n), step(1)), sum)
		})
	})
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
