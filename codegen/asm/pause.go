package asm

import (
	"fmt"
	"slices"
	"strconv"
)

// Go does not stop a goroutine inside of assembly, so that its collector, and whoever else wants a processor, would wait until a kernel is
// through. A kernel that takes long therefore pauses now and then: it calls a function that begins as those of Go do, with a look whether the
// goroutine is wanted elsewhere, and which Go stops there if it is. All registers are kept meanwhile, in the frame, so that a pause may stand
// anywhere. It costs some 100 nanoseconds.
//
// Go may move the stack while it has stopped a goroutine. Kernels keep no pointer to the stack: Go calls them by variables, so that
// what their arguments point to lies elsewhere.

// stretch is what runs between pauses, in half cycles of a processor that begins two operations on vectors in each cycle: in front of the first
// one, behind the last one, and the longest between two. Without a pause all is behind.
type stretch struct {
	paused              bool
	head, tail, longest int
}

// then is s, and t after it.
func (s stretch) then(t stretch) stretch {
	switch {
	case !t.paused:
		s.tail += t.tail
		s.longest = max(s.longest, t.longest)
		return s
	case s.paused:
		t.longest = max(t.longest, s.longest, s.tail+t.head)
		t.head = s.head
	default:
		t.head += s.tail
	}
	return t
}

// aPause is one.
var aPause = stretch{paused: true}

// pauses gives the kernel pauses, so that about as much as Hold says runs between two of them, and says what does.
func (b *Builder) pauses() stretch {
	if b.Hold == 0 || len(b.loops) > 0 { // who has given up within a loop says so
		return stretch{}
	}
	p := pausing{b: b}
	s, _ := p.block(0)
	n := len(b.insts)
	b.insts = slices.Grow(b.insts, len(p.after))[:n+len(p.after)]
	for k, i := range slices.Backward(p.after) { // what stands behind it moves by one more than what stands before
		copy(b.insts[i+k+2:], b.insts[i+1:n])
		b.insts[i+k+1] = inst{kind: pauseInst, mem: -1}
		n = i + 1
	}
	return s
}

type pausing struct {
	b     *Builder
	after []int // instructions behind which there is a pause
}

// block is what runs from an instruction on, up to the end of the loop around it.
func (p *pausing) block(i int) (s stretch, end int) {
	for ; i < len(p.b.insts); i++ {
		in := &p.b.insts[i]
		switch in.kind {
		case endMark:
			return s, i
		case loopMark:
			var body stretch
			body, i = p.block(i + 1)
			s = s.then(p.loop(in.loop, body))
		case callInst:
			s = s.then(stretch{tail: int(in.src[2].num)})
		default:
			s.tail += in.slots()
			continue
		}
		if s.tail > p.b.Hold {
			p.after = append(p.after, i)
			s = s.then(aPause)
		}
	}
	return s, i
}

// loop is all runs of l, which pauses at the end of some of them if it is long.
func (p *pausing) loop(l *Loop, body stretch) stretch {
	n := l.n
	if !l.counts() { // of a While, which takes as many runs as it takes
		n = p.b.Hold + 1
	}
	switch c := body.tail; {
	case !body.paused && n*c <= p.b.Hold:
		return stretch{tail: n * c}
	case !body.paused:
		l.pause = 1
		for l.counts() && 2*l.pause*c <= p.b.Hold && 2*l.pause <= n {
			l.pause *= 2
		}
		return stretch{true, l.pause * c, (l.pause - 1) * c, l.pause * c}
	case body.tail+body.head > 2*p.b.Hold:
		l.pause = 1
		body = body.then(aPause)
	}
	body.longest = max(body.longest, body.tail+body.head)
	return body
}

// slots is the time of an instruction, if nothing waits.
func (in *inst) slots() int {
	const slow = 16 // divisions and roots, and products of tiles
	switch in.kind {
	case fmaInst, selectInst, moveInst:
		return 1
	case tileInst:
		return slow
	case halveInst, doubleInst: // of as many instructions with vectors, or a little more
		return 2
	case plainInst:
		if len(in.op) > 4 && (in.op[:4] == "VDIV" || in.op[:5] == "VSQRT") {
			return slow
		}
		return 1
	}
	return 0
}

// pause prints a pause.
func (p *printer) pause() {
	p.text("\tCALL\tpause_", p.b.file.ISA.String(), "<>(SB)\t// Go may stop it here\n")
}

// pauseIn prints the pauses of a loop, at the end of its runs.
func (p *printer) pauseIn(l *Loop) {
	if l.pause == 0 {
		return
	}
	if l.pause == 1 {
		p.pause()
		return
	}
	on := "on" + l.label[len("loop"):]
	p.ins("TESTQ", number(l.pause-1), word(l.counter))
	p.ins("JNE", word(on))
	p.pause()
	p.text(on, ": // ", strconv.Itoa(l.pause), " runs go without a pause\n")
}

// RestBytes is the size of the place in the frame where registers lie while a kernel pauses.
const RestBytes = restTiles + tileRegisters*TileRows*TileBytes

// Places in it: vectors, other registers, tiles.
const (
	restWords = 32 * 64
	restTiles = restWords + 2*64
)

const tileRegisters = 8

// pausing is the text of what pauses call. Flags and masks have nothing in them between instructions of a Builder.
func (f *File) pausing() []byte {
	var words, vectors, tiles []func(load bool) string
	frame := argRegisters[0]
	move := func(op, reg string, off int) func(bool) string {
		return func(load bool) string {
			if load {
				return fmt.Sprintf("\t%s\t%d(%s), %s\n", op, f.Rest+off, frame, reg)
			}
			return fmt.Sprintf("\t%s\t%s, %d(%s)\n", op, reg, f.Rest+off, frame)
		}
	}
	for _, reg := range gprNumbers {
		if reg != frame && reg != "SP" && reg != "BP" { // which Go keeps
			words = append(words, move("MOVQ", reg, restWords+8*len(words)))
		}
	}
	for n := range f.ISA.Registers() {
		vectors = append(vectors, move("VMOVUPS", f.ISA.Vectors().register(n, wholePart), n*f.ISA.Bytes()))
	}
	begin, end := "", ""
	if f.ISA == AMX {
		begin, end = beginTiles(), endTiles()
		for t := range tileRegisters {
			tiles = append(tiles, func(load bool) string {
				op, text := "TILESTORED", "tilestored"
				if load {
					op, text = "TILELOADD", "tileloadd"
				}
				off := f.Rest + restTiles + t*TileRows*TileBytes
				return bytesText(tileMemoryCode(op, t, frame, off), fmt.Sprintf("%s of tmm%d at %d(%s)", text, t, off, frame))
			})
		}
	}
	out := fmt.Appendf(nil, "// pause lets Go stop the goroutine, and leaves all registers as they were.\nTEXT pause_%s<>(SB), NOSPLIT, $0-0\n%s", f.ISA, noPointers)
	put := func(load bool, all []func(bool) string) {
		for _, f := range all {
			out = append(out, f(load)...)
		}
	}
	stride := ""
	if f.ISA == AMX {
		stride = fmt.Sprintf("\tMOVQ\t$%d, %s\n", TileBytes, strideRegister)
	}
	put(false, words)
	put(false, vectors)
	out = append(out, stride...)
	put(false, tiles)
	out = append(out, end...)
	out = fmt.Appendf(out, "\tLDMXCSR\tusual<>(SB)\n\tVZEROUPPER\n\tPUSHQ\t%s\n\tCALL\tstop_%s<>(SB)\n\tPOPQ\t%s\n\tLDMXCSR\tflush<>(SB)\n%s%s", frame, f.ISA, frame, begin, stride)
	put(true, tiles)
	put(true, vectors)
	put(true, words)
	return fmt.Appendf(out, "\tRET\n\n// stop begins as functions of Go with a frame do. It has nothing else to do.\nTEXT stop_%s<>(SB), 0, $256-0\n%s\tRET\n\n", f.ISA, noPointers)
}

// usual is what other goroutines have numbers below the normal range by.
const usual = "// All exceptions masked, as Go has it.\nDATA usual<>+0(SB)/4, $0x1f80\nGLOBL usual<>(SB), RODATA|NOPTR, $4\n\n"

// noPointers tells Go, which looks at the stack of a goroutine that it has stopped, that a function has no pointers of its own there.
const noPointers = "\tNO_LOCAL_POINTERS\n"
