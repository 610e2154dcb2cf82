package asm

import (
	"fmt"
	"slices"
	"strings"
)

// argRegisters hold the arguments of a kernel, for itself and for what it calls; loopRegisters count and point. The last argument is
// that of a kernel with a record (see CallAt) alone: others count and point with its register.
var (
	argRegisters  = []string{"AX", "BX", "DX", "R8", recordRegister}
	loopRegisters = []string{"CX", "SI", "DI", "R9", "R10", "R11", "R12", "R13", "R14", "R15"}
)

const recordRegister = "R14"

// Loop is a loop with a fixed number of runs, or one that goes on while a word of memory is not zero.
type Loop struct {
	n        int
	depth    int     // number of loops around it
	more     operand // that word, or the mask of a WhileAny; none of a fixed number of runs
	counter  string
	outer    bool  // other loops are in it
	start    int32 // places among the instructions
	end      int32
	pointers []*pointer
	label    string // of its start; of what is skipped that of the end
	pause    int    // how many runs go without a pause; 0 for all
	what     string // the runs are of
}

// Over says in the text what the runs of the loop go over.
func (l *Loop) Over(what string) *Loop {
	l.what = what
	return l
}

// pointer is a register that stays, or moves with a loop.
type pointer struct {
	reg    string
	base   Base
	from   *pointer // where it starts; nil for the start of a table
	steps  []Step   // of the loops around, and of its own
	direct bool     // instructions use it, not only other pointers
}

// last is the step of a pointer along its own loop; none of one that stays.
func (p *pointer) last() Step {
	if len(p.steps) == 0 {
		return Step{}
	}
	return p.steps[len(p.steps)-1]
}

// strays reports whether a number says where the pointer is, so that what lies there has no name.
func (p *pointer) strays() bool {
	return slices.ContainsFunc(p.steps, func(s Step) bool { return s.chosen })
}

// Loop runs body n times.
func (b *Builder) Loop(n int, body func(l *Loop)) {
	l := &Loop{n: n, depth: len(b.loops)}
	if k := len(b.loops); k > 0 {
		b.loops[k-1].outer = true
	}
	b.add(inst{kind: loopMark, loop: l})
	b.loops = append(b.loops, l)
	body(l)
	b.loops = b.loops[:len(b.loops)-1]
	b.add(inst{kind: endMark, loop: l})
}

// While runs body, and again as long as it leaves a number other than zero, of 64 bits, at m, a place that moves with no loop.
func (b *Builder) While(m Mem, body func(l *Loop)) {
	l := &Loop{n: whileRuns, depth: len(b.loops), more: b.address(m), outer: true}
	b.add(inst{kind: loopMark, loop: l})
	b.loops = append(b.loops, l)
	body(l)
	b.loops = b.loops[:len(b.loops)-1]
	b.add(inst{kind: endMark, loop: l})
}

// WhileAny runs body, and again as long as the mask that it gives is set in some lane.
func (b *Builder) WhileAny(body func(l *Loop) Vec) {
	l := &Loop{n: whileRuns, depth: len(b.loops), outer: true}
	b.add(inst{kind: loopMark, loop: l})
	b.loops = append(b.loops, l)
	l.more = vec(b.inRegister(body(l)))
	b.loops = b.loops[:len(b.loops)-1]
	b.add(inst{kind: endMark, mem: -1, loop: l}, l.more)
}

// If runs body unless the word of 64 bits at m is zero.
func (b *Builder) If(m Mem, body func()) {
	l := &Loop{}
	b.add(inst{kind: skipMark, mem: -1, loop: l}, b.address(m))
	body()
	b.add(inst{kind: skippedMark, loop: l})
}

// whileRuns is the number of runs of a While that the allocation of registers reckons with.
const whileRuns = 8

// counts reports whether l has a counter.
func (l *Loop) counts() bool { return l.more.kind == noOperand }

// address gives m a pointer: an argument, or one that moves with the loops around m.
func (b *Builder) address(m Mem) operand {
	steps := m.Steps
	for _, s := range steps {
		if d := s.Loop.depth; d >= len(b.loops) || b.loops[d] != s.Loop {
			b.fail("a place moves with a loop that is not around it")
		}
	}
	inward := func(x, y Step) int { return x.Loop.depth - y.Loop.depth }
	if !slices.IsSortedFunc(steps, inward) {
		steps = slices.Clone(steps)
		slices.SortStableFunc(steps, inward)
	}
	ptr := b.pointer(m.Base, steps)
	if ptr == nil {
		ptr = b.start(m.Base)
	}
	ptr.direct = true
	return operand{kind: memOperand, ptr: ptr, num: int32(m.Off)}
}

// start is the start of a table, which no register points to.
func (b *Builder) start(table Base) *pointer {
	p := b.starts[table.table]
	if p == nil {
		if b.starts == nil {
			b.starts = map[string]*pointer{}
		}
		p = &pointer{base: table}
		b.starts[table.table] = p
	}
	return p
}

func (b *Builder) pointer(base Base, steps []Step) *pointer {
	if len(steps) == 0 {
		if base.table != "" {
			return nil
		}
		for len(b.bases) < len(argRegisters) {
			b.bases = append(b.bases, &pointer{reg: argRegisters[len(b.bases)], base: b.Arg(len(b.bases))})
		}
		return b.bases[base.arg]
	}
	l := steps[len(steps)-1].Loop
	for _, p := range l.pointers {
		if p.base == base && slices.Equal(p.steps, steps) {
			return p
		}
	}
	p := &pointer{base: base, steps: steps, from: b.pointer(base, steps[:len(steps)-1])}
	l.pointers = append(l.pointers, p)
	return p
}

// point gives registers to counters and pointers: those of a loop keep theirs until its end. If they are
// too many, what no instruction needs in a register lies in the frame.
func (b *Builder) point() {
	if !b.pointIn(false) && !b.pointIn(true) {
		b.fail("more pointers at a time than registers")
	}
}

// wordSlots is the number of pointers and counters that the frame has room for.
const wordSlots = 32

// moveRegister carries words from one place of the frame to another.
const moveRegister = "R15"

func (b *Builder) pointIn(frame bool) bool {
	free := slices.Clone(loopRegisters)
	if b.record {
		free = slices.DeleteFunc(free, func(r string) bool { return r == recordRegister })
	}
	if b.tiles {
		free = slices.DeleteFunc(free, func(r string) bool { return r == strideRegister })
	}
	if frame {
		free = slices.DeleteFunc(free, func(r string) bool { return r == moveRegister })
	}
	slots := 0
	take := func(direct bool) string {
		if frame && !direct {
			if slots++; slots > wordSlots {
				return ""
			}
			return fmt.Sprintf("%d(%s)", b.file.Words+8*(slots-1), argRegisters[0])
		}
		if len(free) == 0 {
			return ""
		}
		// The first of the list, so that text does not depend on what was freed when.
		r := slices.MinFunc(free, func(x, y string) int {
			return slices.Index(loopRegisters, x) - slices.Index(loopRegisters, y)
		})
		free = slices.DeleteFunc(free, func(x string) bool { return x == r })
		return r
	}
	give := func(r string) {
		if strings.Contains(r, "(") {
			slots--
		} else {
			free = append(free, r)
		}
	}
	for i := range b.insts {
		switch in := &b.insts[i]; in.kind {
		case loopMark:
			if in.loop.counts() {
				if in.loop.counter = take(!in.loop.outer); in.loop.counter == "" {
					return false
				}
			}
			for _, p := range in.loop.pointers {
				if p.reg = take(p.direct); p.reg == "" {
					return false
				}
			}
		case endMark:
			if in.loop.counts() {
				give(in.loop.counter)
			}
			for _, p := range in.loop.pointers {
				give(p.reg)
			}
		}
	}
	return true
}
