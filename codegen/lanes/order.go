package lanes

import (
	"ndec.dev/ndec/codegen/asm"
)

// Whether output times go one way is asked of all samples of a block at once, as rt.InOrderEach says: of each number the differences from the one before,
// from the start on, are not below 0, or not above it.

// Rows of the kernel: the starts of solves, 1 for samples whose times are in order, and a place of its own.
const (
	OrderStart = Own + "start"
	InOrder    = Own + "in_order"
	orderOnce  = Own + "once"
)

// mostOrdered is the number of output times up to which a kernel looks at them, while Go's collector waits.
const mostOrdered = 10_000

// addOrder adds the kernel of a solve that has output times. They lie where Output has them.
func (s *Set) addOrder(l *Solve) error {
	if l.IR.Times > mostOrdered {
		return nil
	}
	start := l.Output.field(RowStart(OutputAt))
	return s.adding(func() (err error) {
		l.Order, err = s.addWritten(l.IR.Name+".laneorder", l.IR, []string{OrderStart, InOrder, orderOnce}, nil, func(c *compiler) {
			c.inOrder(l.Order, start, l.IR.Times)
		})
		return err
	})
}

// inOrder prints the kernel.
func (c *compiler) inOrder(k *Kernel, start *Field, times int) {
	b, e := c.b, asm.F64
	at := func(f *Field) asm.Mem { return b.Arg(argFrame).At(f.Off) }
	once, bytes := at(k.field(orderOnce)), b.ISA.Bytes()
	b.StoreOne(e, b.Const(e, 0), once)
	b.While(once, func(first *asm.Loop) {
		b.Loop(8*c.set.Samples()/bytes, func(column *asm.Loop) {
			column.Over("vectors of the block")
			last := b.Var(e, b.Load(e, at(k.field(OrderStart)).Along(column, bytes)))
			up, down := b.Var(e, b.Ones(e)), b.Var(e, b.Ones(e))
			b.Loop(times, func(row *asm.Loop) {
				row.Over("output times")
				t := b.Load(e, b.Arg(argFrame).At(0).Chosen(first, 1, at(start)).Along(column, bytes).Along(row, 8*c.set.Samples()))
				step := b.Sub(e, t, last)
				b.Set(up, b.And(e, up, b.Cmp(e, asm.LessEqual, b.Const(e, 0), step)))
				b.Set(down, b.And(e, down, b.Cmp(e, asm.LessEqual, step, b.Const(e, 0))))
				b.Set(last, t)
			})
			b.Store(e, b.And(e, b.Or(e, up, down), b.Const(e, 1)), at(k.field(InOrder)).Along(column, bytes))
		})
	})
}
