package lanes

import (
	"slices"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
)

// Steps in a row. Where all samples take steps of one length at the same times and nothing is kept of them, the kernel of a step
// makes some of them before it goes back to Go: as long as all lanes take them. It counts them and moves the time on, as the
// loop in Go would, and computes what depends on the length of the steps, but not on their times, once.

// Go's collector has to wait for a run of a kernel: steps in a row take up to rowSlots half cycles if nothing waits, some 50
// microseconds, and there are at most mostInARow of them.
const (
	rowSlots   = 300_000
	mostInARow = 64
)

// againArgs are further arguments of a Step that repeats itself, of which the first lane counts: the start of the solve, the steps taken since,
// after how many to go back, and a place of the kernel.
var againArgs = []string{"t0", "taken", "many", "more"}

// inARow is the number of steps that the kernel of a step of l makes in a run.
func (s *Set) inARow(l *Solve) int {
	sv := l.IR
	step := s.Plan.Of(stepOf(sv))
	if !l.Alike || sv.StepSize > 0 || sv.Times > 0 || sv.Record || step == nil || s.record(step.IR, l.times()) != nil {
		return 1
	}
	row := s.row
	if s.few() > 0 { // as many vectors as rows of so many samples would have, but of elements
		row = s.few() * s.real().Bytes()
	}
	return max(1, min(mostInARow, rowSlots/max(1, step.Cost.Slots*row/asm.AVX2.Bytes())))
}

// inARow prints the loop over the steps around one of them.
func (c *compiler) inARow(step func()) {
	c.alikeOnce()
	field := func(name string) *Field {
		for i, a := range c.k.Func.Args {
			if a.Name == Own+name {
				return c.k.Args[i]
			}
		}
		return nil
	}
	first := func(name string) asm.Mem { return c.b.Arg(argFrame).At(field(name).Off) }
	code := slices.Index(c.k.Func.ResultNames, Own+"code")
	b, e := c.b, asm.F64
	b.While(first("more"), func(*asm.Loop) {
		c.reg = nil // what the step before had
		step()
		var good asm.Vec
		if code < 0 { // see alone_row.go
			b.Note("the next step")
		} else {
			b.Note("the next step, if all lanes have taken this one")
			at := b.Arg(argFrame).At(c.k.Results[code].Off)
			good = b.Cmp(e, asm.Equal, c.sumOverSamples(at), b.Const(e, float64(c.set.together()*CodeAccepted)))
		}
		taken := b.Broadcast(e, first("taken"))
		next := b.Add(e, taken, b.Const(e, 1))
		t := b.Add(e, b.Broadcast(e, first("t0")), b.Mul(e, next, b.Broadcast(e, first("h")))) // rounded twice, as in Go
		more := b.Sub(e, b.Broadcast(e, first("many")), next)
		if code >= 0 {
			t, next, more = b.Select(e, good, t, b.Broadcast(e, first("t"))), b.Select(e, good, next, taken), b.And(e, good, more)
		}
		b.StoreOne(e, t, first("t"))
		b.StoreOne(e, next, first("taken"))
		b.StoreOne(e, more, first("more"))
	})
}

// together is the number of samples that kernels compute.
func (s *Set) together() int {
	if n := s.few(); n > 0 {
		return n
	}
	return s.Samples()
}

// sumOverSamples is the sum of an f64 of each sample of a block.
func (c *compiler) sumOverSamples(at asm.Mem) asm.Vec {
	b, e := c.b, asm.F64
	if c.set.few() > 0 {
		sum := b.Broadcast(e, at)
		for i := 1; i < c.set.few(); i++ {
			sum = b.Add(e, sum, b.Broadcast(e, at.At(8*i)))
		}
		return sum
	}
	sum := b.Load(e, at)
	for off := b.ISA.Bytes(); off < 8*c.set.Samples(); off += b.ISA.Bytes() {
		sum = b.Add(e, sum, b.Load(e, at.At(off)))
	}
	return b.SumLanes(e, sum)
}

// alikeOnce computes the numbers that are the same in all samples and in all steps.
func (c *compiler) alikeOnce() {
	moves := map[*ir.Value]bool{c.k.Func.Args[0]: true} // with the time
	for _, v := range c.pf.IR.Values {
		moves[v] = moves[v] || c.k.alike[v] && slices.ContainsFunc(v.Args, func(a *ir.Value) bool { return moves[a] })
	}
	made := map[*ir.Value]bool{}
	for _, seg := range c.set.segments(c.pf, c.k.nests, stays(c.b.ISA)) {
		if isNode(seg[0]) {
			continue
		}
		c.alikeAhead(seg, func(v *ir.Value) bool { return !moves[v] && !made[v] })
		for v := range c.ahead {
			made[v] = true
		}
	}
	c.made, c.ahead, c.own = made, nil, nil
}
