package lanes

import (
	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
)

// maxSystem is the size up to which linear systems are solved in registers, and mostRows that up to which they are solved in lanes at
// all: the text grows with the size.
const maxSystem, mostRows = 6, 48

// system solves A X = B in every lane by elimination with the largest pivot of each column, as rt does it: linsolve, or
// inv, whose B is the unit matrix, or logdet, which has none.
func (c *compiler) system(v *ir.Value) {
	n := v.Args[0].Type.Shape[0]
	if n > maxSystem {
		c.largeSystem(v)
		return
	}
	e := v.Type.Elem
	rows := make([][]value, n) // of A and B together
	for r := range rows {
		for j := range n {
			rows[r] = append(rows[r], c.elem(v.Args[0], at(r*n+j)))
		}
		switch v.Op {
		case ir.OpLinSolve:
			rows[r] = append(rows[r], c.elem(v.Args[1], at(r)))
		case ir.OpInv:
			for j := range n {
				x := 0.0
				if j == r {
					x = 1
				}
				rows[r] = append(rows[r], c.splat(e, x))
			}
		}
	}
	less := func(e asm.Elem, x, y asm.Vec) asm.Vec { return c.b.Cmp(e, asm.Less, x, y) }
	abs := func(x value) value { return each1(x, c.b.Abs) }
	det := c.splat(e, 0) // its logarithm
	for k := range n {
		for r := k + 1; r < n; r++ { // the larger of two comes up
			swap := each2(abs(rows[k][k]), abs(rows[r][k]), less)
			for j := k; j < len(rows[k]); j++ {
				x, y := rows[k][j], rows[r][j]
				rows[k][j], rows[r][j] = each3(swap, y, x, c.b.Select), each3(swap, x, y, c.b.Select)
			}
		}
		if v.Op == ir.OpLogDet {
			det = each2(det, each1(abs(rows[k][k]), func(e asm.Elem, x asm.Vec) asm.Vec { return c.row("Log", e, x) }), c.b.Add)
		}
		for r := k + 1; r < n; r++ {
			f := each2(rows[r][k], rows[k][k], c.b.Div)
			for j := k + 1; j < len(rows[r]); j++ {
				rows[r][j] = each3(f, rows[k][j], rows[r][j], c.b.FNMA)
			}
		}
	}
	if v.Op == ir.OpLogDet {
		c.put(v, at(0), det)
		return
	}
	zero := c.splat(e, 0)
	equal := func(e asm.Elem, x, y asm.Vec) asm.Vec { return c.b.Cmp(e, asm.Equal, x, y) }
	singular := each2(rows[0][0], zero, equal) // then all is NaN
	for k := 1; k < n; k++ {
		singular = each2(singular, each2(rows[k][k], zero, equal), c.b.Or)
	}
	cols := len(rows[0]) - n
	for j := range cols {
		for k := n - 1; k >= 0; k-- {
			s := rows[k][n+j]
			for l := k + 1; l < n; l++ {
				s = each3(rows[k][l], rows[l][n+j], s, c.b.FNMA)
			}
			rows[k][n+j] = each2(each2(s, rows[k][k], c.b.Div), singular, c.b.Or)
		}
	}
	for k := range n {
		for j := range cols {
			c.put(v, at(k*cols+j), rows[k][n+j])
		}
	}
}

// systemColumns is the number of columns of A and B together.
func systemColumns(v *ir.Value) int {
	n := v.Args[0].Type.Shape[0]
	switch v.Op {
	case ir.OpLinSolve:
		return n + 1
	case ir.OpInv:
		return 2 * n
	}
	return n
}

// largeSystem is system for more rows than registers hold: A and B lie in the frame, and loops go over what is left of rows and
// columns. The numbers are those of system.
func (c *compiler) largeSystem(v *ir.Value) {
	n, width, e := v.Args[0].Type.Shape[0], systemColumns(v), v.Type.Elem
	if n > mostRows {
		c.unsupported(v, "%s of more than %d rows", v.Op, mostRows)
	}
	f := &Field{Name: "system", Elem: e, Rows: n * width, Off: c.k.margins.Off}
	load := func(ix index) value { return c.loadField(f, ix) }
	store := func(ix index, x value) { c.storeField(f, ix, x) }
	c.repeat(n, func(r index) {
		c.repeat(n, func(j index) { store(add(r.times(width), j), c.elem(v.Args[0], add(r.times(n), j))) })
		if v.Op == ir.OpInv {
			c.repeat(n, func(j index) { store(add(r.times(width), j).plus(n), c.splat(e, 0)) })
		}
	})
	switch v.Op {
	case ir.OpLinSolve:
		for r := range n { // which may lie in registers
			store(at(r*width+n), c.elem(v.Args[1], at(r)))
		}
	case ir.OpInv:
		c.repeat(n, func(r index) { store(r.times(width+1).plus(n), c.splat(e, 1)) })
	}
	less := func(e asm.Elem, x, y asm.Vec) asm.Vec { return c.b.Cmp(e, asm.Less, x, y) }
	equal := func(e asm.Elem, x, y asm.Vec) asm.Vec { return c.b.Cmp(e, asm.Equal, x, y) }
	abs := func(x value) value { return each1(x, c.b.Abs) }
	zero := c.splat(e, 0)
	singular := each2(zero, c.splat(e, 1), equal) // then all is NaN
	det := zero                                   // its logarithm
	for k := range n {
		diagonal, below, right := at(k*width+k), at((k+1)*width+k), width-k
		c.repeat(n-k-1, func(r index) { // the larger of two comes up
			row := add(below, r.times(width))
			swap := each2(abs(load(diagonal)), abs(load(row)), less)
			c.inTwos(right, func(j index) {
				x, y := load(add(diagonal, j)), load(add(row, j))
				store(add(diagonal, j), each3(swap, y, x, c.b.Select))
				store(add(row, j), each3(swap, x, y, c.b.Select))
			})
		})
		pivot := load(diagonal)
		singular = each2(singular, each2(pivot, zero, equal), c.b.Or)
		if v.Op == ir.OpLogDet {
			det = each2(det, each1(abs(pivot), func(e asm.Elem, x asm.Vec) asm.Vec { return c.row("Log", e, x) }), c.b.Add)
		}
		c.repeat(n-k-1, func(r index) {
			row := add(below, r.times(width))
			by := each2(load(row), pivot, c.b.Div)
			c.inTwos(right-1, func(j index) {
				x := load(add(diagonal, j).plus(1))
				store(add(row, j).plus(1), each3(by, x, load(add(row, j).plus(1)), c.b.FNMA))
			})
		})
	}
	if v.Op == ir.OpLogDet {
		c.put(v, at(0), det)
		return
	}
	cols := width - n
	c.repeat(cols, func(j index) {
		for k := n - 1; k >= 0; k-- {
			s := c.copyOf(load(j.plus(k*width + n)))
			c.repeat(n-k-1, func(l index) {
				x := each3(load(l.plus(k*width+k+1)), load(add(l.times(width), j).plus((k+1)*width+n)), s, c.b.FNMA)
				for i := range s.v {
					c.b.Set(s.v[i], x.v[i])
				}
			})
			x := each2(each2(s, load(at(k*width+k)), c.b.Div), singular, c.b.Or)
			store(j.plus(k*width+n), x)
			c.put(v, j.plus(k*cols), x)
		}
	})
}

// inTwos runs body for the indices below n, in a loop over two at a time if they are many.
func (c *compiler) inTwos(n int, body func(i index)) {
	c.repeat(n/2, func(i index) {
		body(i.times(2))
		body(i.times(2).plus(1))
	})
	if n%2 != 0 {
		body(at(n - 1))
	}
}

// cumsum are running sums along an axis.
func (c *compiler) cumsum(v *ir.Value) {
	x, axis := v.Args[0], v.Attr.Index
	shape := v.Type.Shape
	inner := 1
	for _, n := range shape[axis+1:] {
		inner *= n
	}
	n := shape[axis]
	c.stretch(v.Type.Len()/(n*inner), func(outer func(int) index) {
		c.stretch(inner, func(in func(int) index) {
			start := add(outer(n*inner), in(1))
			w := c.kind(v.Type.Elem)
			sum := value{w: w}
			for range c.count(w) {
				sum.v = append(sum.v, c.b.Var(w.elem(), c.b.Const(w.elem(), 0)))
			}
			c.stretch(n, func(along func(int) index) {
				ix := add(start, along(inner))
				xi := c.elem(x, ix)
				for i := range sum.v {
					c.b.AddTo(w.elem(), sum.v[i], xi.v[i])
				}
				c.put(v, ix, c.copyOf(sum))
			})
		})
	})
}

// copyOf is x in registers that stay as they are.
func (c *compiler) copyOf(x value) value {
	return each1(x, func(e asm.Elem, v asm.Vec) asm.Vec { return c.b.Var(e, v) })
}
