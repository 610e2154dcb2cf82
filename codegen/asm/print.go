package asm

import (
	"slices"
	"strconv"
	"strings"
)

// printer writes the instructions of one kernel with their registers.
type printer struct {
	b     *Builder
	a     *allocation
	out   []byte
	label int
	words []string // counters and pointers of the loops around
	what  []byte   // lies at the place of the next instruction
	// stride is what the register of strides holds; 0 where that is not known.
	stride int
}

// place is an operand as it is spelled.
type place struct {
	kind placeKind
	num  int
	name string
}

type placeKind uint8

const (
	wordPlace      placeKind = iota // name, which is spelled already: a register
	numberPlace                     // $num
	pointerPlace                    // (name)
	offsetPlace                     // num(name)
	symbolPlace                     // name<>(SB)
	numberInMemory                  // the same, one number of num bytes that stands for a vector of them
	partPlace                       // name<>+num(SB)
)

func word(text string) place { return place{name: text} }

func number(n int) place { return place{kind: numberPlace, num: n} }

// offset is n bytes from a pointer.
func offset(n int, reg string) place { return place{offsetPlace, n, reg} }

func symbol(name string) place { return place{kind: symbolPlace, name: name} }

// spread is one number in memory for all lanes.
func spread(name string, e Elem) place { return place{numberInMemory, e.Bytes(), name} }

// inMemory reports whether the place is neither a register nor a number.
func (o place) inMemory() bool { return o.kind >= pointerPlace }

func (p *printer) text(ts ...string) {
	for _, t := range ts {
		p.out = append(p.out, t...)
	}
}

func (o place) append(b []byte) []byte {
	switch o.kind {
	case wordPlace:
		return append(b, o.name...)
	case numberPlace:
		return strconv.AppendInt(append(b, '$'), int64(o.num), 10)
	case pointerPlace:
		return append(append(append(b, '('), o.name...), ')')
	case offsetPlace:
		return append(append(append(strconv.AppendInt(b, int64(o.num), 10), '('), o.name...), ')')
	case symbolPlace, numberInMemory:
		return append(append(b, o.name...), "<>(SB)"...)
	}
	return append(strconv.AppendInt(append(append(b, o.name...), "<>+"...), int64(o.num), 10), "(SB)"...)
}

// ins prints a mnemonic with operands.
func (p *printer) ins(op string, operands ...place) {
	i := slices.IndexFunc(operands, func(o place) bool { return o.kind == numberInMemory })
	switch {
	case i < 0 || strings.HasPrefix(op, "VBROADCAST"):
	case op == "VMOVUPS", op == "VMOVUPD":
		op = map[int]string{F32.Bytes(): "VBROADCASTSS", F64.Bytes(): "VBROADCASTSD"}[operands[i].num]
	default:
		op += ".BCST"
	}
	p.text("\t", op)
	p.operands(operands)
}

// form is ins of a multiply-add, whose mnemonic has the order of the operands in it.
func (p *printer) form(stem, order string, e Elem, operands ...place) {
	p.ins(stem+order+e.pick("PS", "PD"), operands...)
}

// operands ends an instruction.
func (p *printer) operands(operands []place) {
	b := p.out
	for i := range operands {
		if i == 0 {
			b = append(b, '\t')
		} else {
			b = append(b, ", "...)
		}
		b = operands[i].append(b)
	}
	if len(p.what) > 0 {
		b = append(append(b, "\t// "...), p.what...)
		p.what = p.what[:0]
	}
	p.out = append(b, '\n')
}

func (p *printer) kernel() {
	for i := range p.b.insts {
		in := &p.b.insts[i]
		switch in.kind {
		case noteMark:
			p.text("\t// ", in.op, "\n")
		case loopMark:
			p.begin(in.loop)
		case endMark:
			p.end(in.loop)
		case skipMark:
			p.label++
			in.loop.label = "skip" + strconv.Itoa(p.label)
			p.ins("CMPQ", p.source(in.src[0], true, 0), number(0))
			p.ins("JEQ", word(in.loop.label))
		case skippedMark:
			p.text(in.loop.label, ":\n")
			p.stride = 0 // a way comes from above
		case pauseInst:
			p.pause()
		default:
			p.order(in)
			p.inst(in)
		}
	}
}

func (p *printer) begin(l *Loop) {
	if l.counts() {
		p.ins("MOVQ", number(l.n), word(l.counter))
	}
	for _, q := range l.pointers {
		switch {
		case q.last().chosen:
		case q.from != nil:
			p.move(q.from.reg, q.reg)
		default:
			at := q.reg
			if strings.Contains(at, "(") {
				at = moveRegister
			}
			p.ins("LEAQ", symbol(q.base.table), word(at))
			if at != q.reg {
				p.ins("MOVQ", word(at), word(q.reg))
			}
		}
	}
	p.words = append(p.words, loopWords(l)...)
	p.stride = 0 // a run comes from above, or from the one before
	p.label++
	l.label = "loop" + strconv.Itoa(p.label)
	p.text(l.label, ":")
	if l.counts() {
		p.text(" // ", strconv.Itoa(l.n), " times")
		if l.what != "" {
			p.text(": ", l.what)
		}
	} else if l.what != "" {
		p.text(" // ", l.what)
	}
	p.text("\n")
	for _, q := range l.pointers {
		if q.last().chosen {
			p.choosePlace(q)
		}
	}
}

// choosePlace sets a pointer by the number that says where it is in this run.
func (p *printer) choosePlace(q *pointer) {
	s, at := q.last(), q.reg
	if strings.Contains(at, "(") {
		at = moveRegister
	}
	number64 := p.source(operand{kind: memOperand, ptr: p.b.pointer(s.base, nil), num: int32(s.off)}, true, 0)
	p.ins("CVTTSD2SQ", number64, word(at))
	if s.Bytes != 1 {
		p.ins("IMULQ", number(s.Bytes), word(at))
	}
	p.ins("ADDQ", word(q.from.reg), word(at))
	if at != q.reg {
		p.ins("MOVQ", word(at), word(q.reg))
	}
}

// move moves a pointer.
func (p *printer) move(from, to string) {
	if strings.Contains(from, "(") && strings.Contains(to, "(") {
		p.ins("MOVQ", word(from), word(moveRegister))
		from = moveRegister
	}
	p.ins("MOVQ", word(from), word(to))
}

// loopWords are the counter and the pointers of l.
func loopWords(l *Loop) []string {
	var out []string
	if l.counts() {
		out = append(out, l.counter)
	}
	for _, q := range l.pointers {
		out = append(out, q.reg)
	}
	return out
}

func (p *printer) end(l *Loop) {
	p.words, p.stride = p.words[:len(p.words)-len(loopWords(l))], 0
	p.pauseIn(l)
	for _, q := range l.pointers {
		if s := q.last(); !s.chosen {
			p.ins("ADDQ", number(s.Bytes), word(q.reg))
		}
	}
	if l.counts() {
		p.ins("DECQ", word(l.counter))
	} else if l.more.kind == vecOperand {
		mask := p.source(l.more, false, 0)
		if p.b.ISA == AVX2 {
			p.ins("VPTEST", mask, mask)
		} else {
			p.ins("VPTESTMD", mask, mask, word("K1"))
			p.ins("KORTESTW", word("K1"), word("K1"))
		}
	} else {
		p.ins("CMPQ", p.source(l.more, true, 0), number(0))
	}
	p.ins("JNE", word(l.label))
}

func (p *printer) reg(n int, pt part) place { return word(p.b.ISA.register(n, pt)) }

// memory is the place of v, which is a constant or lies in the frame.
func (p *printer) memory(v Vec) place {
	if p.b.konst(v) {
		if p.b.ISA == AVX512 {
			return spread(p.b.constant(v), p.b.vecs[v].elem)
		}
		return symbol(p.b.constant(v))
	}
	return p.slot(int(p.a.slot[v]))
}

// inMemory reports whether v has no register.
func (p *printer) inMemory(v Vec) bool { return p.a.reg[v] < 0 }

func (p *printer) slot(n int) place { return offset(p.b.file.Spill+n*p.b.ISA.Bytes(), argRegisters[0]) }

// source is the place of an operand, which is loaded into scratch register k unless it has a register or may lie in memory.
func (p *printer) source(o operand, mem bool, k int) place {
	switch o.kind {
	case immOperand:
		return number(int(o.num))
	case textOperand:
		return word(o.ptr.reg)
	case memOperand:
		if o.ptr.reg == "" {
			return place{partPlace, int(o.num), o.ptr.base.table}
		}
		if name := p.b.file.Place; name != nil && o.ptr.base.table == "" && !o.ptr.strays() {
			p.what = name(p.what[:0], o.ptr.base.arg, int(o.num))
		}
		if o.num == 0 {
			return place{kind: pointerPlace, name: o.ptr.reg}
		}
		return offset(int(o.num), o.ptr.reg)
	}
	v := o.vec()
	if r := p.a.reg[v]; r >= 0 {
		return p.reg(int(r), o.part)
	}
	m := p.memory(v)
	if mem {
		return m
	}
	p.ins("VMOVUPS", m, p.reg(p.a.scratch+k, wholePart))
	return p.reg(p.a.scratch+k, o.part)
}

// target is the register that takes a result, to be stored if the result lies in the frame.
func (p *printer) target(v Vec) int {
	if p.inMemory(v) {
		return p.a.scratch + scratchRegisters - 1
	}
	return int(p.a.reg[v])
}

// store puts the result in register n into the frame if it lies there.
func (p *printer) store(v Vec, n int) {
	if p.inMemory(v) {
		p.ins("VMOVUPS", p.reg(n, wholePart), p.slot(int(p.a.slot[v])))
	}
}

// order has the factor or term that lies in memory where an instruction can read it from there.
func (p *printer) order(in *inst) {
	if in.kind != fmaInst && !in.either {
		return
	}
	may, must := 0, 1 // which operand may lie in memory, and which has to have a register
	if in.kind == fmaInst {
		may, must = 1, 0
	}
	lies := func(i int) bool { return p.inMemory(in.src[i].vec()) }
	if lies(must) && !lies(may) {
		in.src[may], in.src[must] = in.src[must], in.src[may]
	}
}

func (p *printer) inst(in *inst) {
	switch in.kind {
	case fmaInst:
		p.fma(in)
		return
	case selectInst:
		p.choose(in)
		return
	case moveInst:
		v := in.dst.vec()
		d := p.target(v)
		if s := p.source(in.src[0], true, 0); s != p.reg(d, wholePart) {
			op := in.op
			if s.inMemory() {
				op = "VMOVUPS"
			}
			p.ins(op, s, p.reg(d, wholePart))
		}
		p.store(v, d)
		return
	case takeInst:
		p.store(in.dst.vec(), int(in.src[0].num))
		return
	case giveInst:
		p.give(p.b.given[in.src[0].num])
		return
	case tileInst:
		p.tile(in)
		return
	case callInst:
		p.stride = 0
		words := p.words
		if p.b.record {
			words = append(slices.Clone(words), recordRegister)
		}
		for _, w := range words {
			p.ins("PUSHQ", word(w))
		}
		switch {
		case in.dst.kind == textOperand:
			p.ins("LEAQ", offset(int(in.src[1].num), in.dst.ptr.reg), word(recordRegister))
		case in.src[1].num != 0:
			p.ins("ADDQ", number(int(in.src[1].num)), word(recordRegister))
		}
		p.ins("CALL", word(in.src[0].ptr.reg))
		for _, w := range slices.Backward(words) {
			p.ins("POPQ", word(w))
		}
		return
	}
	n := 0
	var dst place
	if in.dst.kind == vecOperand {
		n = p.target(in.dst.vec())
		dst = p.reg(n, in.dst.part)
		if in.rmw && p.inMemory(in.dst.vec()) {
			p.ins("VMOVUPS", p.memory(in.dst.vec()), dst)
		}
	} else {
		dst = p.source(in.dst, true, 0)
	}
	ops := make([]place, 0, maxOperands+4)
	k := 0
	for i, o := range in.operands() {
		ops = append(ops, p.source(o, i == int(in.mem), k))
		if o.kind == vecOperand && i != int(in.mem) && p.inMemory(o.vec()) {
			k++
		}
	}
	if in.masked {
		ops = append(ops, word("K1"))
	}
	p.ins(in.op, append(ops, dst)...)
	if in.dst.kind == vecOperand {
		p.store(in.dst.vec(), n)
	}
}

// fma prints a multiply-add in the form whose accumulator or factor is the register of the result.
func (p *printer) fma(in *inst) {
	x, y, z := in.src[0], in.src[1], in.src[2]
	elem := p.b.vecs[in.dst.vec()].elem
	n := p.target(in.dst.vec())
	d := p.reg(n, wholePart)
	has := func(o operand) bool { return int(p.a.reg[o.vec()]) == n }
	yLies := p.inMemory(y.vec())
	switch {
	case has(z):
		p.form(in.op, "231", elem, p.source(y, true, 1), p.source(x, false, 0), d)
	case has(x) && yLies:
		p.form(in.op, "132", elem, p.source(y, true, 1), p.source(z, false, 0), d)
	case has(x):
		p.form(in.op, "213", elem, p.source(z, true, 1), p.source(y, false, 0), d)
	case has(y):
		p.form(in.op, "213", elem, p.source(z, true, 1), p.source(x, false, 0), d)
	default:
		xs := p.source(x, false, 0)
		p.ins("VMOVUPS", p.source(z, true, 1), d)
		p.form(in.op, "231", elem, p.source(y, true, 1), xs, d)
	}
	p.store(in.dst.vec(), n)
}

// choose prints a selection by a mask.
func (p *printer) choose(in *inst) {
	m, x, y := in.src[0], in.src[1], in.src[2]
	n := p.target(in.dst.vec())
	d := p.reg(n, wholePart)
	if p.b.ISA == AVX2 {
		p.ins(in.op, p.source(m, false, 0), p.source(x, true, 0), p.source(y, false, 1), d)
		p.store(in.dst.vec(), n)
		return
	}
	// Bit by bit, so that the width matters to a constant alone.
	op := p.b.vecs[in.dst.vec()].elem.pick("VPTERNLOGD", "VPTERNLOGQ")
	has := func(o operand) bool { return int(p.a.reg[o.vec()]) == n }
	xLies := p.inMemory(x.vec())
	// The table of the instruction is read with the bits of destination, second and third operand.
	switch {
	case has(x):
		p.ins(op, word("$0xe2"), p.source(y, true, 0), p.source(m, false, 1), d)
	case has(y):
		p.ins(op, word("$0xb8"), p.source(x, true, 0), p.source(m, false, 1), d)
	default:
		if !has(m) {
			p.ins("VMOVUPS", p.source(m, true, 0), d)
		}
		if xLies {
			p.ins(op, word("$0xac"), p.source(x, true, 0), p.source(y, false, 1), d)
		} else {
			p.ins(op, word("$0xca"), p.source(y, true, 0), p.source(x, false, 1), d)
		}
	}
	p.store(in.dst.vec(), n)
}
