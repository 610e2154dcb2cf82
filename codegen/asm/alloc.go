package asm

import (
	"math"
	"slices"
)

// Allocation is by linear scan over the instructions. A vector that finds no register lies in the frame
// for all of its life; three registers then carry such vectors to and from instructions. Which one is put
// there depends on how often it is read, runs of loops counted.

// scratchRegisters serve spilled vectors: two operands and a result.
const scratchRegisters = 3

// interval is the life of a vector: from its first instruction to its last.
type interval struct {
	vec        Vec
	start, end int
	weight     float64
}

// density is how often a vector is read for each instruction of its life: a register is worth that much.
func (l interval) density() float64 { return l.weight / float64(l.end-l.start+1) }

// allocation says where vectors are.
type allocation struct {
	reg     []int // by vector; -1 of none
	slot    []int // of those in the frame; -1 of others
	spills  int   // vectors in the frame
	slots   int   // number of different slots
	scratch int   // first register for vectors in the frame
}

// lies gives the slot of v if it lies in the frame.
func (a *allocation) lies(v Vec) (slot int, in bool) { return a.slot[v], a.slot[v] >= 0 }

// intervals gives the lives of the vectors, by their starts.
func (b *Builder) intervals() []interval {
	life := make([]interval, len(b.vecs))
	for v := range life {
		life[v] = interval{vec: Vec(v), start: -1}
	}
	for i := range b.insts {
		switch in := &b.insts[i]; in.kind {
		case loopMark:
			in.loop.start = i
		case endMark:
			in.loop.end = i
		}
	}
	var around []*Loop
	weights := []float64{1} // of a read inside of each of them
	for i := range b.insts {
		in := &b.insts[i]
		switch in.kind {
		case loopMark:
			around = append(around, in.loop)
			weights = append(weights, weights[len(weights)-1]*float64(min(in.loop.n, 64)))
		case endMark:
			around, weights = around[:len(around)-1], weights[:len(weights)-1]
		}
		touch := func(o operand) {
			if o.kind != vecOperand || b.konst(o.vec) {
				return
			}
			l := &life[o.vec]
			if l.start < 0 {
				l.start, l.end = i, i
			}
			l.end = max(l.end, i)
			for _, lp := range around {
				if l.start < lp.start { // the next run reads it, too
					l.end = max(l.end, lp.end)
					break
				}
			}
			l.weight += weights[len(weights)-1]
		}
		for _, o := range in.operands() {
			touch(o)
		}
		touch(in.dst)
	}
	life = slices.DeleteFunc(life, func(l interval) bool { return l.start < 0 })
	slices.SortStableFunc(life, func(x, y interval) int { return x.start - y.start })
	var calls []int
	for i := range b.insts {
		if b.insts[i].op == "CALL" {
			calls = append(calls, i)
		}
	}
	for _, l := range life {
		if i, _ := slices.BinarySearch(calls, l.start+1); i < len(calls) && calls[i] < l.end {
			b.fail("a vector is alive during a call")
			return life
		}
	}
	return life
}

// allocate gives registers, spilling what is read least until the rest fits. Stretches with no vector alive between
// them are taken one by one.
func (b *Builder) allocate() *allocation {
	life := b.intervals()
	a := &allocation{reg: make([]int, len(b.vecs)), slot: make([]int, len(b.vecs)), scratch: b.ISA.Registers() - scratchRegisters}
	for v := range a.reg {
		a.reg[v], a.slot[v] = -1, -1
	}
	for from := 0; from < len(life); {
		to, end := from, life[from].end
		for ; to < len(life) && life[to].start <= end; to++ {
			end = max(end, life[to].end)
		}
		b.stretch(a, life[from:to])
		from = to
	}
	a.shareSlots(life)
	return a
}

// tries bounds how often a stretch is begun again, without the vector that was put into the frame. After that,
// such vectors give up their registers on the way, which wastes those up to there and takes no more time.
const tries = 40

// stretch gives registers to vectors none of which is alive before or after them.
func (b *Builder) stretch(a *allocation, life []interval) {
	n := b.ISA.Registers()
	for try := 0; !b.scan(a, life, n, try >= tries); try++ {
		n = a.scratch
	}
}

// spill puts v into the frame.
func (a *allocation) spill(v Vec) {
	a.reg[v], a.slot[v] = -1, a.spills
	a.spills++
}

// shareSlots gives one slot to vectors that live one after the other.
func (a *allocation) shareSlots(life []interval) {
	var ends []int // of the vector in each slot
	for _, l := range life {
		if _, in := a.lies(l.vec); !in {
			continue
		}
		s := slices.IndexFunc(ends, func(end int) bool { return end < l.start })
		if s < 0 {
			s = len(ends)
			ends = append(ends, 0)
		}
		ends[s] = l.end
		a.slot[l.vec] = s
	}
	a.slots = len(ends)
}

// scan is one try with n registers. If they do not suffice it puts a vector into the frame, and goes on with its
// register if this is the last try.
func (b *Builder) scan(a *allocation, life []interval, n int, last bool) (ok bool) {
	for _, l := range life {
		a.reg[l.vec] = -1
	}
	free := make([]bool, n)
	for i := range free {
		free[i] = true
	}
	var active []interval
	for _, l := range life {
		if _, in := a.lies(l.vec); in {
			continue
		}
		kept := active[:0]
		for _, x := range active {
			if x.end <= l.start {
				free[a.reg[x.vec]] = true
			} else {
				kept = append(kept, x)
			}
		}
		active = kept
		r := b.preferred(a, l, free)
		if r < 0 {
			r = slices.Index(free, true)
		}
		if r < 0 {
			least := interval{weight: math.Inf(1)}
			for _, x := range append(active, l) {
				if x.density() < least.density() {
					least = x
				}
			}
			r = a.reg[least.vec]
			a.spill(least.vec)
			if !last {
				return false
			}
			if least.vec == l.vec {
				continue
			}
			active = slices.DeleteFunc(active, func(x interval) bool { return x.vec == least.vec })
		}
		free[r] = false
		a.reg[l.vec] = r
		active = append(active, l)
	}
	return true
}

// preferred is the register of an operand that ends where l starts and that its instruction can overwrite,
// or -1.
func (b *Builder) preferred(a *allocation, l interval, free []bool) int {
	in := &b.insts[l.start]
	var order []int
	switch {
	case in.dst.kind != vecOperand || in.dst.vec != l.vec:
		return -1
	case in.kind == fmaInst:
		order = []int{2, 0, 1}
	case in.kind == selectInst && b.ISA == AVX512, in.kind == moveInst:
		order = []int{0, 1, 2}
	}
	for _, i := range order {
		if i >= int(in.n) || in.src[i].kind != vecOperand {
			continue
		}
		if r := a.reg[in.src[i].vec]; r >= 0 && free[r] {
			return r
		}
	}
	return -1
}
