package lanes

import (
	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
)

// Images in frames of zeros, where windows reach over the edge.

// framing is an image of channels by rows by columns, and how many zeros are wanted before and after the places of each axis.
type framing struct {
	channels      int
	size          [2]int
	before, after [2]int
}

// framingOf is that of the image that v makes windows of.
func framingOf(v *ir.Value) framing {
	image := v.Args[0]
	switch v.Op {
	case ir.OpConv, ir.OpConvInput:
		image = v.Args[1]
	case ir.OpUnwindows:
		image = v
	}
	f := framing{channels: image.Type.Shape[0]}
	_, axes := axesOf(v)
	for i, a := range axes {
		sweeps := forward(a)
		if f.size[i] = a.In; v.Op == ir.OpConvInput {
			f.size[i], sweeps = a.Out(), backward(a)
		}
		f.before[i], f.after[i] = reach(sweeps, f.size[i])
	}
	return f
}

func (f *framing) wanted() bool { return f.before != [2]int{} || f.after != [2]int{} }

// grid is that of the framed image. Its planes have an odd number of places, so that equal places of many channels do not fall
// into one set of a cache.
func (f *framing) grid() grid {
	g := gridOf(f.before[0]+f.size[0]+f.after[0], f.before[1]+f.size[1]+f.after[1])
	g.plane |= 1
	return g
}

// layoutMargins gives a kernel the place for the largest image that it puts into a frame of zeros, or the largest linear system that
// does not fit into registers: that of kernels before it where it is large enough, since neither is wanted for longer than an operator.
func (s *Set) layoutMargins(k *Kernel) {
	if s.few() > 0 {
		return
	}
	rows := 0 // of real numbers
	for _, v := range k.Func.Values {
		switch v.Op {
		case ir.OpLinSolve, ir.OpInv, ir.OpLogDet:
			if n := v.Args[0].Type.Shape[0]; n > maxSystem {
				rows = max(rows, n*systemColumns(v)*s.realRows(v.Type.Elem))
			}
		case ir.OpConv, ir.OpConvInput, ir.OpConvWeight, ir.OpWindows, ir.OpUnwindows:
			if s.alone != nil && (v.Op == ir.OpConv || v.Op == ir.OpConvInput) {
				rows = max(rows, s.planesOf(v).places)
			} else if f := framingOf(v); f.wanted() { // zeros are also written behind the last row
				rows = max(rows, (f.channels*f.grid().plane+f.before[1])*s.realRows(v.Type.Elem))
			}
		}
	}
	if rows > 0 && (s.margins == nil || s.margins.Rows < rows) {
		s.margins = s.field(k, "margins", ir.Tensor(s.real(), rows))
	}
	k.margins = s.margins
}

// realRows is the number of rows of real numbers that a row of elements takes.
func (s *Set) realRows(e ir.Elem) int { return s.rowBytes(e) / s.rowBytes(s.real()) }

// one reads an element of each sample; of one sample it is the same in all lanes.
func (c *compiler) one(e asm.Elem, m asm.Mem) asm.Vec {
	if c.set.alone != nil {
		return c.b.Broadcast(e, m)
	}
	return c.b.Load(e, m)
}

// storeOne stores an element of each sample.
func (c *compiler) storeOne(e asm.Elem, x asm.Vec, m asm.Mem) {
	if c.set.alone != nil {
		c.b.StoreOne(e, x, m)
		return
	}
	c.b.Store(e, x, m)
}

// margins is the place of the framed image of v. There the vectors that are computed together lie side by side, without those of
// other runs between them, which would waste half of each cache.
func (c *compiler) margins(v *ir.Value) func(ix index, part int) asm.Mem {
	f := framingOf(v)
	n := c.count(c.kind(v.Type.Elem)) * c.b.ISA.Bytes()
	if c.set.alone != nil {
		n = c.set.rowBytes(v.Type.Elem)
	}
	return func(ix index, part int) asm.Mem {
		m := c.b.Arg(argFrame).At(c.k.margins.Off+ix.k*n+part*c.b.ISA.Bytes()).Along(c.col, (f.channels*f.grid().plane+f.before[1])*n)
		for _, s := range ix.steps {
			m = m.Along(s.loop, s.n*n)
		}
		return m
	}
}

// framed is operand x of v, copied into a frame of zeros if v wants one.
func (c *compiler) framed(v, x *ir.Value) *image {
	f := framingOf(v)
	read, _ := c.reader(x)
	from, kind := gridOf(f.size[0], f.size[1]), c.kind(v.Type.Elem)
	if !f.wanted() {
		return &image{grid: from, read: read}
	}
	to := c.margins(v)
	m := &image{f.grid(), f.before[0], f.before[1], func(ix index, part int) asm.Vec { return c.one(kind.elem(), to(ix, part)) }}
	c.b.Note("the image in a frame of zeros")
	c.repeat(f.channels, func(ch index) {
		// The zeros after a row and those before the next one lie side by side.
		c.zeros(v, to, m.at(ch, at(0), at(0)), m.top*m.width+m.left)
		c.repeat(f.size[0], func(row index) {
			c.repeat(f.size[1], func(col index) {
				for part := range c.count(kind) {
					c.storeOne(kind.elem(), read(from.at(ch, row, col), part), to(m.at(ch, row.plus(m.top), col.plus(m.left)), part))
				}
			})
			c.zeros(v, to, m.at(ch, row.plus(m.top), at(m.left+f.size[1])), f.after[1]+m.left)
		})
		c.zeros(v, to, m.at(ch, at(m.top+f.size[0]), at(m.left)), f.after[0]*m.width-m.left)
	})
	return m
}

// zeros clears n elements from one on.
func (c *compiler) zeros(v *ir.Value, to func(ix index, part int) asm.Mem, from index, n int) {
	e := c.kind(v.Type.Elem)
	zero := c.b.Const(e.elem(), 0)
	c.repeat(n, func(i index) {
		for part := range c.count(e) {
			c.storeOne(e.elem(), zero, to(add(from, i), part))
		}
	})
}
