package asm

import "slices"

// Masks of AVX-512. To a Builder a mask is a vector of all ones or zeros, on both ISAs. AVX-512 compares into mask registers, of which a vector is made by one
// more instruction; two masks of float64 are joined to one of float32 by three instructions as vectors, and by one in mask registers. All of these
// take the units that compute. So what only chooses, or makes further masks, stays in a mask register, in code without a jump or call from where the mask
// is made to where it is read.

// The mask registers that are given out: K0 is no mask, and K1 holds one from an instruction to the next.
const (
	firstMask = 2
	lastMask  = 7
)

// maskOperands name the mask registers.
var maskOperands = func() (all [lastMask + 1]operand) {
	for i := range all {
		all[i] = fixed(maskNames[i])
	}
	return all
}()

// mask is one that may stay in a mask register. Those for which there is none are vectors, which are tested where another one is made of them.
type mask struct {
	vec    Vec
	at     int    // the instruction that makes it
	from   [2]Vec // masks of which it is made; -1 of none
	op     string // how, in mask registers; "" of a comparison
	never  bool   // there was no register for it, so that it is a vector
	short  bool   // something reads it in a mask register
	vector bool   // something reads it as a vector
	last   int    // the last instruction that reads it in a mask register
	reg    int
}

// logic are the operations on masks, by that on vectors.
var logic = map[string]string{
	"VPANDD": "KANDW", "VPANDQ": "KANDW", "VPANDND": "KANDNW", "VPANDNQ": "KANDNW",
	"VPORD": "KORW", "VPORQ": "KORW", "VPXORD": "KXORW", "VPXORQ": "KXORW",
}

// masking finds masks and gives them registers.
type masking struct {
	b     *Builder
	reads []int32 // see Builder.reads
	masks []mask
	of    []int32  // by vector: one more than the place among the masks of this stretch
	busy  [][3]int // registers that are in use anyway: which, from where, to where
	out   []inst   // what is written anew
	from  int      // the first instruction that is not written yet
}

// jumps reports whether an instruction ends a stretch of code through which masks stay in registers.
func (in *inst) jumps() bool {
	switch in.kind {
	case loopMark, endMark, skipMark, skippedMark, callInst, pauseInst, takeInst, giveInst:
		return true
	}
	return false
}

// inMaskRegisters leaves masks where they are made, if what reads them can read them there. It comes before vectors have registers.
func (b *Builder) inMaskRegisters() {
	if b.ISA != AVX512 {
		return
	}
	m := &masking{b: b, reads: b.reads(), of: make([]int32, len(b.vecs)), out: b.file.spare[:0]}
	for i := 0; i < len(b.insts); {
		end := i
		for end < len(b.insts) && !b.insts[end].jumps() {
			end++
		}
		if m.find(i, end) {
			m.choose(i, end)
			m.write(i, end)
		}
		for _, x := range m.masks {
			m.of[x.vec] = 0
		}
		i = end + 1
	}
	if m.from > 0 {
		b.insts, b.file.spare = append(m.out, b.insts[m.from:]...), b.insts
	}
}

// mask is that of an operand, nil if it has none in this stretch.
func (m *masking) mask(o operand) *mask {
	if o.kind != vecOperand || o.part != wholePart || int(o.num) >= len(m.of) || m.of[o.num] == 0 {
		return nil
	}
	return &m.masks[m.of[o.num]-1]
}

// find lists the masks that are made in a stretch of instructions, and reports whether it has something to write.
func (m *masking) find(from, end int) bool {
	m.masks, m.busy = m.masks[:0], m.busy[:0]
	insts := m.b.insts
	turns := false
	add := func(at int, v Vec, op string, x, y Vec) {
		m.masks = append(m.masks, mask{vec: v, at: at, op: op, from: [2]Vec{x, y}})
		m.of[v] = int32(len(m.masks))
	}
	for i := from; i < end; i++ {
		in := &insts[i]
		m.uses(i, in)
		switch {
		case in.masked && i > from:
			add(i, in.dst.vec(), "", -1, -1)
		case in.kind == halveInst:
			turns = true
			if m.mask(in.src[0]) != nil && m.mask(in.src[1]) != nil {
				add(i, in.dst.vec(), "KUNPCKBW", in.src[0].vec(), in.src[1].vec())
			}
		case in.kind == doubleInst:
			turns = true
			if m.mask(in.src[0]) != nil {
				add(i, in.dst.vec(), []string{"KMOVW", "KSHIFTRW"}[in.src[1].num], in.src[0].vec(), -1)
			}
		case in.kind == plainInst && logic[in.op] != "":
			x, y := m.mask(in.src[0]), m.mask(in.src[1])
			same := func(x *mask) bool { return m.b.vecs[x.vec].elem == m.b.vecs[in.dst.vec()].elem }
			switch {
			case x != nil && y != nil && same(x) && same(y):
				add(i, in.dst.vec(), logic[in.op], x.vec, y.vec)
			case y != nil && same(y) && logic[in.op] == "KXORW" && m.b.ones(in.src[0]):
				add(i, in.dst.vec(), "KNOTW", y.vec, -1)
			}
		}
	}
	return turns || len(m.masks) > 0
}

// ones reports whether an operand is the constant that has all bits set.
func (b *Builder) ones(o operand) bool {
	if o.kind != vecOperand || !b.konst(o.vec()) {
		return false
	}
	c := b.consts[b.vecs[o.vec()].konst-1]
	return c.bits == allOnes[c.elem]
}

// reads gives the last instruction that reads a vector, by vectors.
func (b *Builder) reads() []int32 {
	last := make([]int32, len(b.vecs))
	for i := range b.insts {
		in := &b.insts[i]
		for _, o := range in.operands() {
			if o.kind == vecOperand {
				last[o.num] = int32(i)
			}
		}
		if in.kind == giveInst {
			for _, v := range b.given[in.src[0].num] {
				last[v] = int32(i)
			}
		}
	}
	return last
}

// uses notes which mask registers an instruction uses by name.
func (m *masking) uses(i int, in *inst) {
	name := func(o operand) int {
		if o.kind != textOperand {
			return -1
		}
		return slices.Index(maskNames[:], o.ptr.reg)
	}
	for _, o := range in.operands() {
		if k := name(o); k >= 0 {
			for j := range slices.Backward(m.busy) {
				if m.busy[j][0] == k {
					m.busy[j][2] = i
					break
				}
			}
		}
	}
	if k := name(in.dst); k >= 0 {
		m.busy = append(m.busy, [3]int{k, i, i})
	}
}

// mostTries bounds how often a stretch is tried with fewer masks in registers.
const mostTries = 30

// choose says which masks have which registers.
func (m *masking) choose(from, end int) {
	for range mostTries {
		m.readers(from, end)
		if m.registers() {
			return
		}
	}
	for i := range m.masks {
		m.masks[i].never = true
	}
	m.readers(from, end)
}

// readers finds out how masks are read.
func (m *masking) readers(from, end int) {
	for i := range m.masks {
		x := &m.masks[i]
		x.short, x.vector, x.last, x.reg = false, false, x.at, 0
	}
	read := func(o operand, short bool, i int) {
		x := m.mask(o)
		switch {
		case x == nil:
		case short && !x.never:
			x.short, x.last = true, max(x.last, i)
		default:
			x.vector = true
		}
	}
	for i := end - 1; i >= from; i-- {
		in := &m.b.insts[i]
		if d := m.mask(in.dst); d != nil && d.at == i {
			for _, v := range d.from {
				if v >= 0 {
					read(vec(v), d.short, i)
				}
			}
			continue
		}
		for k := range in.operands() {
			read(in.src[k], in.kind == selectInst && k == 0 || m.zeroes(in) == k, i)
		}
	}
	for i := range m.masks { // what is read elsewhere is read as a vector
		x := &m.masks[i]
		x.vector = x.vector || m.reads[x.vec] >= int32(end)
	}
}

// zeroes is the operand of a bitwise and that is a mask, if the other one is none; -1 otherwise.
func (m *masking) zeroes(in *inst) int {
	if in.kind != plainInst || logic[in.op] != "KANDW" {
		return -1
	}
	x, y := m.mask(in.src[0]), m.mask(in.src[1])
	switch {
	case x != nil && y == nil:
		return 0
	case y != nil && x == nil:
		return 1
	}
	return -1
}

// registers gives masks their registers. Where there are too few, those that are read last have none, and it reports that.
func (m *masking) registers() bool {
	good := true
	var held []*mask
	for i := range m.masks {
		x := &m.masks[i]
		if !x.short {
			continue
		}
		held = slices.DeleteFunc(held, func(y *mask) bool { return y.last <= x.at })
		var taken [lastMask + 1]bool
		for _, y := range held {
			taken[y.reg] = true
		}
		for _, k := range m.busy {
			if k[1] <= x.last && k[2] >= x.at {
				taken[k[0]] = true
			}
		}
		x.reg = firstMask
		for x.reg <= lastMask && taken[x.reg] {
			x.reg++
		}
		if x.reg > lastMask {
			good = false
			y := x
			for _, z := range held {
				if z.last > y.last {
					y = z
				}
			}
			y.never = true
			if y == x {
				continue
			}
			x.reg = y.reg
			held = slices.DeleteFunc(held, func(z *mask) bool { return z == y })
		}
		held = append(held, x)
	}
	return good
}

// write writes a stretch of instructions anew.
func (m *masking) write(from, end int) {
	insts := m.b.insts
	m.out = slices.Grow(m.out, len(insts)-m.from)
	put := func(first, next int, in ...inst) { // in the place of some instructions
		m.out = append(append(m.out, insts[m.from:first]...), in...)
		m.from = next
	}
	make1 := func(op string, mem int8, dst operand, src ...operand) inst {
		in := inst{op: op, mem: mem, dst: dst, n: int8(len(src))}
		copy(in.src[:], src)
		return in
	}
	of := func(v Vec) operand { return maskOperands[m.mask(vec(v)).reg] }
	ready := func(v Vec, k int) (of operand, made []inst) { // v in a mask register, that one if it has none
		x := m.mask(vec(v))
		if x.short {
			return maskOperands[x.reg], nil
		}
		op := m.b.vecs[v].elem.pick("VPTESTMD", "VPTESTMQ")
		return maskOperands[k], []inst{make1(op, 0, maskOperands[k], vec(v), vec(v))}
	}
	for i := from; i < end; i++ {
		in := insts[i]
		e := F32
		if in.dst.kind == vecOperand {
			e = m.b.vecs[in.dst.vec()].elem
		}
		if d := m.mask(in.dst); d != nil && d.at == i && d.short {
			k := maskOperands[d.reg]
			if d.op == "" {
				made := insts[i-1]
				made.dst = k
				put(i-1, i+1, made)
			} else {
				x, made := ready(d.from[0], 0)
				src := []operand{x}
				switch {
				case d.op == "KSHIFTRW":
					src = []operand{imm(F64.Bytes()), x}
				case d.from[1] >= 0:
					y, more := ready(d.from[1], 1)
					made, src = append(made, more...), append(src, y)
				}
				put(i, i+1, append(made, make1(d.op, -1, k, src...))...)
			}
			if d.vector {
				m.out = append(m.out, make1(e.pick("VBROADCASTSS.Z", "VBROADCASTSD.Z"), 0, in.dst, vec(m.b.Ones(e)), k))
			}
			continue
		}
		switch {
		case in.kind == halveInst:
			put(i, i+1, m.b.halve(in)...)
		case in.kind == doubleInst:
			put(i, i+1, m.b.double(in)...)
		case in.kind == selectInst && m.short(in.src[0]):
			put(i, i+1, make1(e.pick("VBLENDMPS", "VBLENDMPD"), 0, in.dst, in.src[1], in.src[2], of(in.src[0].vec())))
		case m.zeroes(&in) >= 0 && m.short(in.src[m.zeroes(&in)]):
			at := m.zeroes(&in)
			x, op := in.src[1-at], e.pick("VMOVUPS.Z", "VMOVUPD.Z")
			if m.b.konst(x.vec()) {
				op = e.pick("VBROADCASTSS.Z", "VBROADCASTSD.Z")
			}
			put(i, i+1, make1(op, 0, in.dst, x, of(in.src[at].vec())))
		}
	}
}

// short reports whether an operand is a mask that has a register.
func (m *masking) short(o operand) bool {
	x := m.mask(o)
	return x != nil && x.short
}
