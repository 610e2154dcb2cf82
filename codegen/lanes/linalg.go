package lanes

import (
	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
)

// maxSystem is the size up to which linear systems are solved in registers.
const maxSystem = 6

// system solves A X = B in every lane by elimination with the largest pivot of each column, as rt does it: linsolve, or
// inv, whose B is the unit matrix, or logdet, which has none.
func (c *compiler) system(v *ir.Value) {
	n := v.Args[0].Type.Shape[0]
	if n > maxSystem {
		c.unsupported(v, "%s of more than %d rows", v.Op, maxSystem)
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
