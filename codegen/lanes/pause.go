package lanes

import (
	"slices"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Go's collector has to wait until a kernel is through, or until it pauses (asm/pause.go), which what takes long by the plan does.

// holdSlots is what a kernel may take without pauses (Set.Hold), if nothing waits: half cycles over all vectors of a block of AVX2,
// some half a millisecond.
const holdSlots = 3_000_000

// pausesIn is how often a kernel pauses, at least, in a time that is too long without: each pause takes some 100 nanoseconds.
const pausesIn = 8

// slowMemory is how much longer operations of one sample take where they wait for weights: each is read once.
const slowMemory = 8

// held is how long a run of something with these costs takes, as holdSlots counts.
func (s *Set) held(c plan.Cost) int { return c.Slots * (s.row / asm.AVX2.Bytes()) }

// workOf is how long a kernel takes, as holdSlots counts, by what is known of others: no less than what it calls.
func (s *Set) workOf(k *Kernel, known map[*Kernel]int) int {
	if n, ok := known[k]; ok {
		return n
	}
	total := 0
	for _, q := range k.calls {
		total += s.workOf(q, known)
	}
	for _, n := range k.nests {
		v := n.Steps[0].V
		switch {
		case !isNode(n):
			for _, st := range n.Steps {
				total += s.workOfStep(k.pf, st)
			}
		case isBreak(v): // which Go runs
		default:
			times := 1
			if v.Op != ir.OpCall {
				times = loopOf(v).n
			}
			if q := s.callee(k, v); q != nil {
				total += times * s.workOf(q, known)
			}
		}
	}
	known[k] = total
	return total
}

// workOfStep is how long a step of a loop takes with what is spelled at its use, and no less than to go over its numbers.
func (s *Set) workOfStep(pf *plan.Func, st plan.Step) int {
	v := st.V
	own := max(s.Plan.CostOf(v).Slots, v.Type.Len())
	for _, a := range v.Args {
		if pl := pf.Places[a]; pl != nil && pl.Kind == plan.Folded {
			own += s.Plan.CostOf(a).Slots
		}
	}
	switch v.Op {
	case ir.OpLinSolve, ir.OpInv, ir.OpLogDet:
		own = s.operations(pf, v)
	case ir.OpConv, ir.OpConvInput:
		if s.alone != nil {
			own = int(s.convSlots(v)) * asm.AVX512.Bytes() / asm.AVX2.Bytes()
		}
	}
	c := plan.Cost{Slots: own}
	if s.alone != nil { // in vectors of its elements
		return c.Slots
	}
	return s.held(c)
}

// works are the times of all kernels.
func (s *Set) works() map[*Kernel]int {
	known := make(map[*Kernel]int, len(s.Kernels))
	for _, k := range s.Kernels {
		s.workOf(k, known)
	}
	return known
}

// rests is how long a kernel with some work runs between pauses; 0 where it needs none.
func (s *Set) rests(work int) int {
	switch {
	case work <= s.Hold:
		return 0
	case s.alone != nil:
		return max(1, s.Hold/pausesIn/slowMemory)
	}
	return max(1, s.Hold/pausesIn)
}

// Longest is how long a kernel runs without a pause at most, as Hold counts, by the text that was made for an ISA; by the plan where it has none.
func (s *Set) Longest(k *Kernel, isa asm.ISA) int {
	if s.Pauses(k, isa) {
		return k.code[isa].Longest
	}
	return s.workOf(k, map[*Kernel]int{})
}

// Pauses reports whether a kernel does.
func (s *Set) Pauses(k *Kernel, isa asm.ISA) bool { return k.code[isa].Longest > 0 }

// Called lists those of the set's kernels that some of them run, these included.
func (s *Set) Called(by func(*Kernel) bool) []*Kernel {
	reached := map[*Kernel]bool{}
	for _, k := range s.Kernels {
		if by(k) {
			s.reach(k, reached)
		}
	}
	return slices.DeleteFunc(slices.Clone(s.Kernels), func(k *Kernel) bool { return !reached[k] })
}

// reach adds a kernel with what it calls to those that are reached.
func (s *Set) reach(k *Kernel, reached map[*Kernel]bool) {
	if k == nil || reached[k] {
		return
	}
	reached[k] = true
	for _, c := range k.calls {
		s.reach(c, reached)
	}
	for _, n := range k.nests {
		if v := n.Steps[0].V; isNode(n) && !isBreak(v) {
			s.reach(s.callee(k, v), reached)
		}
	}
}
