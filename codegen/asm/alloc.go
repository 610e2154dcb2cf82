package asm

import (
	"math/bits"
	"slices"
)

// Allocation is by linear scan over the instructions. A vector that finds no register lies in the frame
// for all of its life; three registers then carry such vectors to and from instructions. Which one is put
// there depends on how often it is read, runs of loops counted.

// scratchRegisters serve spilled vectors: two operands and a result.
const scratchRegisters = 3

// Free is the number of vector registers that there are where some vectors lie in the frame.
func (s ISA) Free() int { return s.Registers() - scratchRegisters }

// interval is the life of a vector: from its first instruction to its last.
type interval struct {
	vec        Vec
	start, end int32
	weight     float64 // how often it is read, runs of loops counted
}

// density is how often a vector is read for each instruction of its life: a register is worth that much.
func (l interval) density() float64 { return l.weight / float64(l.end-l.start+1) }

// allocation says where vectors are.
type allocation struct {
	reg     []int32 // by vector; -1 of none
	slot    []int32 // of those in the frame; -1 of others
	spills  int     // vectors in the frame
	slots   int     // number of different slots
	scratch int     // first register for vectors in the frame
}

// lies reports whether v lies in the frame.
func (a *allocation) lies(v Vec) bool { return a.slot[v] >= 0 }

// intervals gives the lives of the vectors, by their starts.
func (b *Builder) intervals() []interval {
	life := slices.Grow(b.file.life[:0], len(b.vecs))[:len(b.vecs)]
	b.file.life = life
	for v := range life {
		life[v] = interval{vec: Vec(v), start: -1}
	}
	var calls []int32
	for i := range b.insts {
		switch in := &b.insts[i]; in.kind {
		case loopMark:
			in.loop.start = int32(i)
		case endMark:
			in.loop.end = int32(i)
		case callInst:
			calls = append(calls, int32(i))
		}
	}
	var around []*Loop
	inner := int32(-1)      // start of the innermost of them
	weights := []float64{1} // of a read inside of each of them
	for i := range b.insts {
		in := &b.insts[i]
		switch in.kind {
		case loopMark:
			around = append(around, in.loop)
			weights = append(weights, weights[len(weights)-1]*float64(min(in.loop.n, 64)))
			inner = in.loop.start
		case endMark:
			around, weights = around[:len(around)-1], weights[:len(weights)-1]
			inner = -1
			if n := len(around); n > 0 {
				inner = around[n-1].start
			}
		}
		touch := func(o *operand) {
			if o.kind != vecOperand || b.konst(o.vec()) {
				return
			}
			l := &life[o.num]
			if l.start < 0 {
				l.start = int32(i)
			}
			l.end = max(l.end, int32(i))
			if l.start < inner {
				for _, lp := range around {
					if l.start < lp.start { // the next run reads it, too
						l.end = max(l.end, lp.end)
						break
					}
				}
			}
			l.weight += weights[len(weights)-1]
		}
		for k := range in.operands() {
			touch(&in.src[k])
		}
		if in.kind == giveInst {
			for _, v := range b.given[in.src[0].num] {
				o := vec(v)
				touch(&o)
			}
		}
		touch(&in.dst)
	}
	life = slices.DeleteFunc(life, func(l interval) bool { return l.start < 0 })
	slices.SortStableFunc(life, func(x, y interval) int { return int(x.start - y.start) })
	if len(calls) == 0 {
		return life
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
	a := &b.file.where
	n := len(b.vecs)
	*a = allocation{reg: slices.Grow(a.reg[:0], n)[:n], slot: slices.Grow(a.slot[:0], n)[:n], scratch: b.ISA.Free()}
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
	if _, ok := b.scan(a, life, 0, b.ISA.Registers(), false); ok {
		return
	}
	from := 0
	for try := 1; ; try++ {
		spilled, ok := b.scan(a, life, from, a.scratch, try >= tries)
		if ok {
			return
		}
		// What begins before it has the register that it would get again.
		from = slices.IndexFunc(life, func(l interval) bool { return l.vec == spilled })
	}
}

// spill puts v into the frame.
func (a *allocation) spill(v Vec) {
	a.reg[v], a.slot[v] = -1, int32(a.spills)
	a.spills++
}

// shareSlots gives one slot to vectors that live one after the other.
func (a *allocation) shareSlots(life []interval) {
	if a.spills == 0 {
		return
	}
	var ends []int32 // of the vector in each slot
	for _, l := range life {
		if !a.lies(l.vec) {
			continue
		}
		s := slices.IndexFunc(ends, func(end int32) bool { return end < l.start })
		if s < 0 {
			s = len(ends)
			ends = append(ends, 0)
		}
		ends[s] = l.end
		a.slot[l.vec] = int32(s)
	}
	a.slots = len(ends)
}

// scan is one try with n registers, from a place in life on; what begins before it has its register. If they do not suffice it
// puts a vector into the frame, and goes on with its register if this is the last try.
func (b *Builder) scan(a *allocation, life []interval, from, n int, last bool) (spilled Vec, ok bool) {
	free := uint32(1)<<n - 1 // a bit for each register
	var space [32]*interval
	active := space[:0]
	for i := range life[:from] {
		if l := &life[i]; l.end > life[from].start && !a.lies(l.vec) {
			free &^= 1 << a.reg[l.vec]
			active = append(active, l)
		}
	}
	for i := from; i < len(life); i++ {
		a.reg[life[i].vec] = -1
	}
	for i := from; i < len(life); i++ {
		l := &life[i]
		if a.lies(l.vec) {
			continue
		}
		kept := active[:0]
		for _, x := range active {
			if x.end <= l.start {
				free |= 1 << a.reg[x.vec]
			} else {
				kept = append(kept, x)
			}
		}
		active = kept
		r := b.preferred(a, l, free)
		if r < 0 && free != 0 {
			r = int32(bits.TrailingZeros32(free))
		}
		if r < 0 {
			least, worth := l, l.density()
			for _, x := range slices.Backward(active) {
				if d := x.density(); d <= worth {
					least, worth = x, d
				}
			}
			r = a.reg[least.vec]
			a.spill(least.vec)
			if !last {
				return least.vec, false
			}
			if least == l {
				continue
			}
			active = slices.DeleteFunc(active, func(x *interval) bool { return x == least })
		}
		free &^= 1 << r
		a.reg[l.vec] = r
		active = append(active, l)
	}
	return 0, true
}

// preferred is the register of an operand that ends where l starts and that its instruction can overwrite,
// or -1.
func (b *Builder) preferred(a *allocation, l *interval, free uint32) int32 {
	in := &b.insts[l.start]
	if in.kind == takeInst {
		return in.src[0].num // nothing else is alive
	}
	if in.dst.kind != vecOperand || in.dst.vec() != l.vec {
		return -1
	}
	var order []int
	switch {
	case in.kind == fmaInst:
		order = accumulatorFirst[:]
	case in.kind == selectInst && b.ISA == AVX512, in.kind == moveInst:
		order = inOrder[:]
	}
	for _, i := range order {
		if i >= int(in.n) || in.src[i].kind != vecOperand {
			continue
		}
		if r := a.reg[in.src[i].vec()]; r >= 0 && free>>r&1 != 0 {
			return r
		}
	}
	return -1
}

// Orders in which an instruction would overwrite its operands.
var (
	accumulatorFirst = [...]int{2, 0, 1}
	inOrder          = [...]int{0, 1, 2}
)
