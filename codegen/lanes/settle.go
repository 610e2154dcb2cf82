package lanes

import "ndec.dev/ndec/codegen/asm"

// What becomes of the steps that samples have tried, of solves with events whose search is one kernel: it ends with this. So Go has nothing to do for
// samples whose solves just go on, and learns of their number alone.

// Rows of the kernel. Of those that count lanes the first number counts.
const (
	SettleTaken    = Own + "accepted" // how many steps a sample has taken
	SettleRejected = Own + "refused"  // and tried without
	SettleLength   = Own + "length"   // of the last one that it has taken
	SettleLast     = Own + "last"     // the error of the last attempt
	SettleTrouble  = Own + "trouble"  // why a sample ends, see the constants
	SettleRunning  = Own + "running"  // how many lanes go on
	SettleTroubles = Own + "troubles" // and how many end so
	settleReached  = Own + "reached"  // not 0 if there are outputs to take
)

// What SettleTrouble says.
const (
	TroubleEvents = 1 // they do not end
	TroubleShort  = 2 // the step was too short to be taken
)

// settles reports whether the kernel does that: what is kept of steps Go keeps, and stops are Go's.
func (s *Set) settles(l *Solve) bool {
	sv := l.IR
	return l.Search != nil && s.searchesAtOnce(l) && sv.Adaptive && sv.Stops == 0 && !sv.Record && !sv.Stretches && l.Keep == nil && l.Fill == nil && l.Together == nil && s.alone == nil
}

// addWhole adds the kernel of a step with all that follows it, if no part of that is Go's (what happens at events is, where that is not small), and Go's collector
// does not wait long for it.
func (s *Set) addWhole(l *Solve) error {
	se := l.Search
	if se.Settle == nil || l.Record != nil || l.Output != nil && l.Rows < l.IR.Times || s.workOf(l.Step, map[*Kernel]int{})+s.longestSearch(l) > s.Hold {
		return nil
	}
	calls := []*Kernel{l.Step, se.All}
	if l.Output != nil {
		calls = append(calls, l.Output)
	}
	if se.Happen != nil {
		calls = append(calls, se.Happen)
		if se.Again != nil {
			calls = append(calls, se.Again)
		}
	}
	return s.adding(func() (err error) {
		se.Whole, err = s.addWritten(l.IR.Name+".lanewhole", l.IR, nil, calls, func(c *compiler) { c.wholeStep(l) })
		return err
	})
}

// wholeStep prints the kernel.
func (c *compiler) wholeStep(l *Solve) {
	b, se := c.b, l.Search
	first := func(f *Field) asm.Mem { return b.Arg(argFrame).At(f.Off) }
	search := func(name string) *Field { return se.Begin.field(name) }
	end := func() { // of steps is the time that is reached
		b.Loop(8*c.set.Samples()/b.ISA.Bytes(), func(column *asm.Loop) {
			at := func(f *Field) asm.Mem { return first(f).Along(column, b.ISA.Bytes()) }
			b.Store(asm.F64, b.Load(asm.F64, at(l.Step.field(Own+"t"))), at(search(Own+"next")))
		})
	}
	b.Call(l.Step.Name)
	end()
	b.Call(se.All.Name)
	if l.Output != nil {
		b.Note("outputs")
		b.StoreOne(asm.F64, b.Const(asm.F64, float64(l.Rows)), first(l.Output.field(OutputLeft)))
		b.If(first(se.Settle.field(settleReached)), func() { b.Call(l.Output.Name) })
	}
	if se.Happen != nil {
		b.Note("events")
		b.If(first(search(SearchHits)), func() {
			b.Call(se.Happen.Name)
			if se.Again != nil {
				end()
				b.Call(se.Again.Name)
			}
		})
	}
}

// Settles is Settle; nil without a search.
func (s *Search) Settles() *Kernel {
	if s == nil {
		return nil
	}
	return s.Settle
}

// StepsAtOnce is Whole; nil without a search.
func (s *Search) StepsAtOnce() *Kernel {
	if s == nil {
		return nil
	}
	return s.Whole
}

// addSettle adds the kernel.
func (s *Set) addSettle(l *Solve) error {
	if !s.settles(l) {
		return nil
	}
	names := []string{SettleTaken, SettleRejected, SettleLength, SettleLast, SettleTrouble, SettleRunning, SettleTroubles, settleReached}
	return s.adding(func() (err error) {
		l.Search.Settle, err = s.addWritten(l.IR.Name+".lanesettle", l.IR, names, nil, func(c *compiler) {
			(&settling{c: c, b: c.b, l: l}).print()
		})
		return err
	})
}

// settling prints the kernel.
type settling struct {
	c      *compiler
	b      *asm.Builder
	l      *Solve
	column *asm.Loop
	half   int // which of the vectors of float64 that stand beside one of numbers of outputs
	halves int
}

func (q *settling) at(f *Field) asm.Mem {
	bytes := q.b.ISA.Bytes()
	return q.b.Arg(argFrame).At(f.Off+q.half*bytes).Along(q.column, q.halves*bytes)
}

func (q *settling) step(name string) *Field    { return q.l.Step.field(Own + name) }
func (q *settling) own(name string) *Field     { return q.l.Search.Settle.field(name) }
func (q *settling) seek(name string) *Field    { return q.l.Search.Begin.field(name) }
func (q *settling) load(f *Field) asm.Vec      { return q.b.Load(asm.F64, q.at(f)) }
func (q *settling) put(f *Field, x asm.Vec)    { q.b.Store(asm.F64, x, q.at(f)) }
func (q *settling) num(x float64) asm.Vec      { return q.b.Const(asm.F64, x) }
func (q *settling) and(x, y asm.Vec) asm.Vec   { return q.b.And(asm.F64, x, y) }
func (q *settling) or(x, y asm.Vec) asm.Vec    { return q.b.Or(asm.F64, x, y) }
func (q *settling) but(x, not asm.Vec) asm.Vec { return q.b.AndNot(asm.F64, not, x) }
func (q *settling) is(m, x, y asm.Vec) asm.Vec { return q.b.Select(asm.F64, m, x, y) }
func (q *settling) equal(x, y asm.Vec) asm.Vec { return q.b.Cmp(asm.F64, asm.Equal, x, y) }
func (q *settling) less(x, y asm.Vec) asm.Vec  { return q.b.Cmp(asm.F64, asm.Less, x, y) }
func (q *settling) count(f *Field, mask asm.Vec) {
	q.put(f, q.b.Add(asm.F64, q.load(f), q.and(mask, q.num(1))))
}

// print goes over the block by vectors of numbers of outputs, beside each of which there are one or two of float64.
func (q *settling) print() {
	b, sv, out := q.b, q.l.IR, q.l.Output
	counts := asm.F64
	if out != nil {
		counts = q.c.kind(out.field(OutputNext).Elem).elem()
	}
	q.halves = asm.F64.Bytes() / counts.Bytes()
	running, troubles := b.Var(asm.F64, q.num(0)), b.Var(asm.F64, q.num(0))
	end := b.Const(counts, float64(sv.Times))
	row := b.Var(counts, end)
	b.Loop(counts.Bytes()*q.c.set.Samples()/b.ISA.Bytes(), func(column *asm.Loop) {
		q.column = column.Over("vectors of the block")
		var took []asm.Vec
		for q.half = range q.halves {
			took = append(took, q.sample(running, troubles))
		}
		if out == nil {
			return
		}
		mask := took[0]
		if q.halves == 2 {
			mask = b.NarrowMask(took[0], took[1])
		}
		place := func(name string) asm.Mem {
			return b.Arg(argFrame).At(out.field(name).Off).Along(column, b.ISA.Bytes())
		}
		b.Store(counts, b.And(counts, mask, b.Const(counts, 1)), place(OutputOpen))
		b.Set(row, b.ClampAbove(counts, b.Select(counts, mask, b.Load(counts, place(OutputNext)), end), row))
	})
	first := func(f *Field, x asm.Vec) { b.StoreOne(asm.F64, x, b.Arg(argFrame).At(f.Off)) }
	first(q.own(SettleRunning), b.SumLanes(asm.F64, running))
	first(q.own(SettleTroubles), b.SumLanes(asm.F64, troubles))
	if out != nil {
		b.Note("the first row of outputs that a sample has to take")
		least := b.LeastLane(counts, row)
		if counts == asm.F32 {
			least = b.LowerToF64(least)
		}
		first(out.field(OutputRow), least)
		first(q.own(settleReached), q.and(q.less(least, q.num(float64(sv.Times))), q.num(1)))
	}
}

// sample settles the steps of a vector of samples, and says which have taken theirs.
func (q *settling) sample(running, troubles asm.Vec) (took asm.Vec) {
	live, code := q.less(q.num(0), q.load(q.step("live"))), q.load(q.step("code"))
	of := func(c int) asm.Vec { return q.and(live, q.equal(code, q.num(float64(c)))) }
	accepted, rejected, short := of(CodeAccepted), of(CodeRejected), of(CodeTooSmall)
	many := q.and(accepted, q.less(q.num(float64(q.l.IR.EventMax)), q.load(q.seek(SearchCount))))
	took = q.but(accepted, many)
	q.count(q.own(SettleTaken), took)
	q.count(q.own(SettleRejected), rejected)
	q.put(q.own(SettleLength), q.is(took, q.load(q.step("h_at")), q.load(q.own(SettleLength))))
	q.put(q.own(SettleLast), q.is(q.but(live, short), q.load(q.step("err")), q.load(q.own(SettleLast))))
	hit := q.load(q.seek(SearchHit))
	q.put(q.seek(SearchHit), q.but(hit, many))
	t := q.is(q.and(took, q.less(q.num(0), hit)), q.load(q.seek(SearchTime)), q.load(q.step("t")))
	q.put(q.step("t"), t)
	trouble := q.or(many, short)
	arrived := q.and(took, q.equal(t, q.load(q.step("t1"))))
	goes := q.but(live, q.or(trouble, arrived))
	q.put(q.step("live"), q.and(goes, q.num(1)))
	q.put(q.own(SettleTrouble), q.is(many, q.num(TroubleEvents), q.and(short, q.num(TroubleShort))))
	q.b.AddTo(asm.F64, running, q.and(goes, q.num(1)))
	q.b.AddTo(asm.F64, troubles, q.and(trouble, q.num(1)))
	return took
}
