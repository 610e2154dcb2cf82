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

// allocation says where vectors are.
type allocation struct {
	reg     map[Vec]int
	slot    map[Vec]int // of those in the frame
	slots   int         // number of different ones
	scratch int         // first register for these
}

// intervals gives the lives of the vectors, by their starts.
func (b *Builder) intervals() []interval {
	life := make([]interval, len(b.vecs))
	for v := range life {
		life[v] = interval{vec: Vec(v), start: -1}
	}
	type span struct{ start, end int }
	loopSpan := map[*Loop]*span{}
	for i, in := range b.insts {
		switch in.kind {
		case loopMark:
			loopSpan[in.loop] = &span{start: i}
		case endMark:
			loopSpan[in.loop].end = i
		}
	}
	var around []*Loop
	for i := range b.insts {
		in := &b.insts[i]
		switch in.kind {
		case loopMark:
			around = append(around, in.loop)
		case endMark:
			around = around[:len(around)-1]
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
				if s := loopSpan[lp]; l.start < s.start {
					l.end = max(l.end, s.end)
				}
			}
			w := 1.0
			for _, lp := range around {
				w *= float64(min(lp.n, 64))
			}
			l.weight += w
		}
		for _, o := range in.src {
			touch(o)
		}
		touch(in.dst)
	}
	life = slices.DeleteFunc(life, func(l interval) bool { return l.start < 0 })
	slices.SortStableFunc(life, func(x, y interval) int { return x.start - y.start })
	for _, l := range life {
		for i := l.start + 1; i < l.end && b.calls; i++ {
			if b.insts[i].op == "CALL" {
				b.fail("a vector is alive during a call")
				return life
			}
		}
	}
	return life
}

// allocate gives registers, spilling what is read least until the rest fits.
func (b *Builder) allocate() *allocation {
	life := b.intervals()
	a := &allocation{slot: map[Vec]int{}}
	for {
		n := b.ISA.Registers()
		if len(a.slot) > 0 {
			n -= scratchRegisters
		}
		a.scratch = n
		spill, ok := b.scan(a, life, n)
		if ok {
			a.shareSlots(life)
			return a
		}
		a.slot[spill] = len(a.slot)
	}
}

// shareSlots gives one slot to vectors that live one after the other.
func (a *allocation) shareSlots(life []interval) {
	var ends []int // of the vector in each slot
	for _, l := range life {
		if _, in := a.slot[l.vec]; !in {
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

// scan is one try with n registers; if it fails it says what to put into the frame.
func (b *Builder) scan(a *allocation, life []interval, n int) (spill Vec, ok bool) {
	a.reg = map[Vec]int{}
	free := make([]bool, n)
	for i := range free {
		free[i] = true
	}
	var active []interval
	for _, l := range life {
		if _, in := a.slot[l.vec]; in {
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
				if x.weight < least.weight || x.weight == least.weight && x.end-x.start > least.end-least.start {
					least = x
				}
			}
			return least.vec, false
		}
		free[r] = false
		a.reg[l.vec] = r
		active = append(active, l)
	}
	return 0, true
}

// preferred is the register of an operand that ends where l starts and that its instruction can overwrite,
// or -1.
func (b *Builder) preferred(a *allocation, l interval, free []bool) int {
	in := b.insts[l.start]
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
		if i >= len(in.src) || in.src[i].kind != vecOperand {
			continue
		}
		if r, ok := a.reg[in.src[i].vec]; ok && free[r] {
			return r
		}
	}
	return -1
}
