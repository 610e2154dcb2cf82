package cudagen

import (
	"fmt"
	"math/bits"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Where it pays that several lanes share a sample: a small batch gives a device more to do, and a gradient that no thread's registers
// hold has its sums in those of several.

// splitLanes are the numbers of lanes that a sample may have.
var splitLanes = [...]int{4, 8, 16}

const (
	splitRegisters = 216 // expected of a lane, at most
	schedulers     = 4 * multiprocessors
	// A scheduler starts an instruction in a clock, but what follows from it only so many clocks later; a shuffle gives its result
	// after some more.
	waitClocks    = 4
	shuffleClocks = 23
	// Before shuffles that follow each other ptxas has the lanes look whether they are together: instructions, which take about as long
	// as a shuffle.
	meetCode, meetRounds = 5, 1
)

// laneWork is what an evaluation takes of a lane: instructions, and shuffles of which each waits for the last.
type laneWork struct{ instructions, rounds int }

// clocks is the time of a scheduler for an evaluation of a whole batch with so many lanes a sample.
func (w laneWork) clocks(batch, lanes int) int {
	warps := (batch*lanes + 32*schedulers - 1) / (32 * schedulers)
	return w.instructions*max(warps, waitClocks) + w.rounds*shuffleClocks
}

// work is that of f, where s is what lanes share out; nil for a thread a sample.
func (e *emitter) work(f *ir.Func, s *split) (w laneWork) {
	pf := e.plan.Of(f)
	var folded func(v *ir.Value) int // instructions of an element
	folded = func(v *ir.Value) int {
		n := 1
		if plan.Transcendental(v) {
			n = transCode
		}
		for _, a := range v.Args {
			if pf.Places[a].Kind == plan.Folded {
				n += folded(a)
			}
		}
		return n
	}
	for _, n := range pf.Nests {
		for _, st := range n.Steps {
			v := st.V
			how := alike
			if s != nil {
				how = s.way(pf, st)
			}
			own, sums := 0, 0 // operations of a lane, and sums of all lanes
			gathers := 0      // numbers that all lanes get
			switch how {
			case alike:
				if v.Op == ir.OpCall && st.Form == plan.Whole {
					c := e.work(v.Attr.Func, s)
					w.instructions, w.rounds = w.instructions+c.instructions, w.rounds+c.rounds
				}
				own = n.Extent * width(st)
				if st.Form == plan.Elem {
					own *= folded(v)
				}
			case elements:
				own = s.slots(v.Type) * folded(v)
			case rows, columns:
				own = s.slots(matrixOf(v).Type)
			case rowsShared:
				own, gathers = s.slots(matrixOf(v).Type), v.Args[1].Type.Len()
			case terms, back:
				own, sums = s.slots(matrixOf(v).Type), v.Type.Len()
			case backShared:
				own, gathers = s.slots(matrixOf(v).Type), 3*v.Type.Len() // an exchange of each, with its choice
			case outerRows, outerColumns:
				own = s.slots(v.Type)
			case outerShared:
				own, gathers = s.slots(v.Type), v.Args[1].Type.Len()
			case total:
				own, sums = s.slots(v.Args[0].Type), 1
			case addTo:
				own = s.slots(v.Type)
			}
			w.instructions += own + gathers
			if gathers > 0 {
				w.instructions += meetCode
				w.rounds += 1 + meetRounds
			}
			if sums > 0 {
				depth := bits.Len(uint(s.lanes)) - 1
				w.instructions += 2*sums*depth + meetCode
				w.rounds += depth + meetRounds
			}
		}
	}
	return w
}

// evaluation is the work of k for an evaluation of its costliest field, with the way back if there is one.
func (e *emitter) evaluation(k *kernel, s *split) (w laneWork) {
	reverses := reversesOf(k.fn.IR)
	visitSolves(k.fn.IR, map[*ir.Func]bool{}, func(sv *ir.Solve) {
		c := e.work(sv.Field, s)
		if r := reverses[sv]; r != nil {
			back, n := e.work(r.StepVJP, s), max(sv.StepEvals, 1)
			c.instructions, c.rounds = c.instructions+back.instructions/n, c.rounds+back.rounds/n
		}
		if c.instructions > w.instructions {
			w = c
		}
	})
	return w
}

// splitPays reports whether several lanes share a sample of k, notes how many, and why. product says that tensor cores can do its layers.
// straight are the operations of a thread, spelled out, of which a lane has its share.
func (e *emitter) splitPays(k *kernel, product bool, straight int) bool {
	if n := e.opts.Split; n > 0 {
		s := e.splitOf([]*ir.Func{k.fn.IR}, n)
		if s.shares() {
			k.lanes, k.why = n, "asked for"
		}
		return s.shares()
	}
	if e.opts.Teams || e.opts.Layers || k.model != nil || product {
		return false
	}
	batch, best := k.batch(), 0
	thread := e.evaluation(k, nil)
	one := thread.clocks(batch, 1)
	if k.why == "" && straight <= straightCode { // a thread can have it
		best = one
	}
	for _, n := range splitLanes {
		s := e.splitOf([]*ir.Func{k.fn.IR}, n)
		if !s.shares() {
			return false
		}
		lane := e.evaluation(k, s)
		if e.laneRegisters(k, s) > splitRegisters || straight*lane.instructions > straightCode*thread.instructions {
			continue
		}
		if c := lane.clocks(batch, n); best == 0 || c < best {
			k.lanes, best = n, c
		}
	}
	if k.lanes == 0 {
		return false
	}
	if k.why == "" && straight <= straightCode {
		k.why = fmt.Sprintf("a batch of %d gives %d of %d schedulers a warp with a thread a sample; an evaluation takes %d of its %d clocks", batch, min((batch+31)/32, schedulers), schedulers, best, one)
	}
	return true
}

// shares reports whether anything is shared out, and all of it can be.
func (s *split) shares() bool {
	if s.other {
		return false
	}
	for _, is := range s.shared {
		if is {
			return true
		}
	}
	return false
}

// laneRegisters are the registers that a lane is expected to hold.
func (e *emitter) laneRegisters(k *kernel, s *split) int {
	words := e.m.Real.Bytes() / 4
	n := e.registers(k, s) + s.sums(k)*words
	known := map[*ir.Param]bool{}
	whole := 0 // an array that every lane gets, or its part of sums that the lanes exchange
	e.visit(k.fn.IR, map[*ir.Func]bool{}, func(f *ir.Func) {
		for _, v := range f.Values {
			if p := v.Attr.Param; v.Op == ir.OpParam && p != nil && !known[p] {
				known[p] = true
				switch own := s.slots(p.Type); {
				case own > 0:
					n += own * words
				case p.Type.Len() <= shortLen:
					n += p.Type.Len() * words
				}
			}
		}
		pf := e.plan.Of(f)
		for _, nest := range pf.Nests {
			for _, st := range nest.Steps {
				switch s.way(pf, st) {
				case rowsShared, outerShared:
					whole = max(whole, st.V.Args[1].Type.Len())
				case backShared:
					whole = max(whole, st.V.Type.Len())
				}
			}
		}
	})
	n += 2 * whole * words
	return n + n/8 // and what lies between
}

// sums is the number of sums of the gradient that a lane has.
func (s *split) sums(k *kernel) (n int) {
	for _, q := range k.fn.Sums {
		if q != nil {
			n += s.numbers(q.Type)
		}
	}
	return n
}

// splitBudget is the budget of a kernel with split samples: blocks are warps.
func (e *emitter) splitBudget(k *kernel) Budget {
	b := Budget{Block: 32, Sums: k.params(), Team: tileTeams(k.params(), e.m.Real.Bytes()), Split: e.splits.lanes, LaneSums: e.splits.sums(k)}
	b.Registers = min((e.laneRegisters(k, e.splits)+7)/8*8, 255)
	b.Blocks = max(1, min(b.Warps(b.Registers), 16))
	b.TapeStep, _ = k.tapeBytes()
	b.bound(k, e.plan)
	return b
}

// matrixOf is the matrix of a product.
func matrixOf(v *ir.Value) *ir.Value {
	if w := v.Args[0]; w.Type.Rank() == 2 {
		return w
	}
	return v.Args[1]
}
