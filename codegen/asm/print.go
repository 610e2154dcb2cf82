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
	out   *strings.Builder
	label int
	open  map[*Loop]string // label of a loop
	words []string         // counters and pointers of the loops around
}

// ins prints a mnemonic with operands.
func (p *printer) ins(op string, operands ...string) {
	p.out.WriteByte('\t')
	p.out.WriteString(op)
	for i, o := range operands {
		if i == 0 {
			p.out.WriteByte('\t')
		} else {
			p.out.WriteString(", ")
		}
		p.out.WriteString(o)
	}
	p.out.WriteByte('\n')
}

func (p *printer) kernel() {
	for i := range p.b.insts {
		in := &p.b.insts[i]
		switch in.kind {
		case noteMark:
			p.out.WriteString("\t// " + in.op + "\n")
		case loopMark:
			p.begin(in.loop)
		case endMark:
			p.end(in.loop)
		default:
			p.order(in)
			p.inst(in)
		}
	}
}

func (p *printer) begin(l *Loop) {
	if l.counts() {
		p.ins("MOVQ", "$"+strconv.Itoa(l.n), l.counter)
	}
	for _, q := range l.pointers {
		if q.from != nil {
			p.word(q.from.reg, q.reg)
		} else {
			at := q.reg
			if strings.Contains(at, "(") {
				at = moveRegister
			}
			p.ins("LEAQ", q.base.table+"<>(SB)", at)
			if at != q.reg {
				p.ins("MOVQ", at, q.reg)
			}
		}
	}
	p.words = append(p.words, loopWords(l)...)
	p.label++
	p.open[l] = "loop" + strconv.Itoa(p.label)
	p.out.WriteString(p.open[l] + ":\n")
}

// word moves a pointer.
func (p *printer) word(from, to string) {
	if strings.Contains(from, "(") && strings.Contains(to, "(") {
		p.ins("MOVQ", from, moveRegister)
		from = moveRegister
	}
	p.ins("MOVQ", from, to)
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
	p.words = p.words[:len(p.words)-len(loopWords(l))]
	for _, q := range l.pointers {
		p.ins("ADDQ", "$"+strconv.Itoa(q.steps[len(q.steps)-1].Bytes), q.reg)
	}
	if l.counts() {
		p.ins("DECQ", l.counter)
	} else {
		p.ins("CMPQ", p.source(l.more, true, 0), "$0")
	}
	p.ins("JNE", p.open[l])
}

func (p *printer) reg(n int, pt part) string { return p.b.ISA.register(n, pt) }

// memory spells a place that holds v, if it is a constant or lies in the frame.
func (p *printer) memory(v Vec) (string, bool) {
	if p.b.konst(v) {
		return p.b.constant(v) + "<>(SB)", true
	}
	if s, ok := p.a.lies(v); ok {
		return p.slot(s), true
	}
	return "", false
}

func (p *printer) slot(n int) string {
	return strconv.Itoa(p.b.file.Spill+n*p.b.ISA.Bytes()) + "(" + argRegisters[0] + ")"
}

// source spells an operand, loading it into scratch register k unless it has a register or may lie in memory.
func (p *printer) source(o operand, mem bool, k int) string {
	switch o.kind {
	case immOperand:
		return "$" + strconv.Itoa(int(o.num))
	case textOperand:
		return o.text
	case memOperand:
		if o.ptr == nil {
			return o.text + "<>+" + strconv.Itoa(int(o.num)) + "(SB)"
		}
		if o.num == 0 {
			return "(" + o.ptr.reg + ")"
		}
		return strconv.Itoa(int(o.num)) + "(" + o.ptr.reg + ")"
	}
	m, in := p.memory(o.vec)
	switch {
	case !in:
		return p.reg(p.a.reg[o.vec], o.part)
	case mem:
		return m
	}
	p.ins("VMOVUPS", m, p.reg(p.a.scratch+k, wholePart))
	return p.reg(p.a.scratch+k, o.part)
}

// target is the register that takes the result, and what stores it if it lies in the frame.
func (p *printer) target(o operand) (n int, store func()) {
	if s, in := p.a.lies(o.vec); in {
		n = p.a.scratch + scratchRegisters - 1
		return n, func() { p.ins("VMOVUPS", p.reg(n, wholePart), p.slot(s)) }
	}
	return p.a.reg[o.vec], func() {}
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
	lies := func(i int) bool {
		_, in := p.memory(in.src[i].vec)
		return in
	}
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
		d, store := p.target(in.dst)
		if s := p.source(in.src[0], true, 0); s != p.reg(d, wholePart) {
			op := in.op
			if strings.Contains(s, "(") {
				op = "VMOVUPS"
			}
			p.ins(op, s, p.reg(d, wholePart))
		}
		store()
		return
	}
	if in.op == "CALL" {
		for _, w := range p.words {
			p.ins("PUSHQ", w)
		}
		p.ins("CALL", in.src[0].text)
		for _, w := range slices.Backward(p.words) {
			p.ins("POPQ", w)
		}
		return
	}
	n, store := 0, func() {}
	dst := in.dst.text
	switch in.dst.kind {
	case vecOperand:
		n, store = p.target(in.dst)
		dst = p.reg(n, in.dst.part)
		if in.rmw {
			if m, lies := p.memory(in.dst.vec); lies {
				p.ins("VMOVUPS", m, dst)
			}
		}
	case memOperand:
		dst = p.source(in.dst, true, 0)
	}
	ops := make([]string, 0, 8)
	k := 0
	for i, o := range in.operands() {
		ops = append(ops, p.source(o, i == int(in.mem), k))
		if o.kind == vecOperand {
			if _, lies := p.memory(o.vec); lies && i != int(in.mem) {
				k++
			}
		}
	}
	switch {
	case in.masked: // all ones under a mask: the register is an operand three times
		ops = append(ops, dst, dst, "K1")
	}
	p.ins(in.op, append(ops, dst)...)
	store()
}

// fma prints a multiply-add in the form whose accumulator or factor is the register of the result.
func (p *printer) fma(in *inst) {
	x, y, z := in.src[0], in.src[1], in.src[2]
	suffix := p.b.vecs[in.dst.vec].elem.pick("PS", "PD")
	n, store := p.target(in.dst)
	d := p.reg(n, wholePart)
	has := func(o operand) bool {
		_, lies := p.memory(o.vec)
		return !lies && p.a.reg[o.vec] == n
	}
	_, yLies := p.memory(y.vec)
	switch {
	case has(z):
		p.ins(in.op+"231"+suffix, p.source(y, true, 1), p.source(x, false, 0), d)
	case has(x) && yLies:
		p.ins(in.op+"132"+suffix, p.source(y, true, 1), p.source(z, false, 0), d)
	case has(x):
		p.ins(in.op+"213"+suffix, p.source(z, true, 1), p.source(y, false, 0), d)
	case has(y):
		p.ins(in.op+"213"+suffix, p.source(z, true, 1), p.source(x, false, 0), d)
	default:
		xs := p.source(x, false, 0)
		p.ins("VMOVUPS", p.source(z, true, 1), d)
		p.ins(in.op+"231"+suffix, p.source(y, true, 1), xs, d)
	}
	store()
}

// choose prints a selection by a mask.
func (p *printer) choose(in *inst) {
	m, x, y := in.src[0], in.src[1], in.src[2]
	n, store := p.target(in.dst)
	d := p.reg(n, wholePart)
	if p.b.ISA == AVX2 {
		p.ins(in.op, p.source(m, false, 0), p.source(x, true, 0), p.source(y, false, 1), d)
		store()
		return
	}
	op := "VPTERNLOGD" // bit by bit, so that the width does not matter
	has := func(o operand) bool {
		_, lies := p.memory(o.vec)
		return !lies && p.a.reg[o.vec] == n
	}
	_, xLies := p.memory(x.vec)
	// The table of the instruction is read with the bits of destination, second and third operand.
	switch {
	case has(x):
		p.ins(op, "$0xe2", p.source(y, true, 0), p.source(m, false, 1), d)
	case has(y):
		p.ins(op, "$0xb8", p.source(x, true, 0), p.source(m, false, 1), d)
	default:
		if !has(m) {
			p.ins("VMOVUPS", p.source(m, true, 0), d)
		}
		if xLies {
			p.ins(op, "$0xac", p.source(x, true, 0), p.source(y, false, 1), d)
		} else {
			p.ins(op, "$0xca", p.source(y, true, 0), p.source(x, false, 1), d)
		}
	}
	store()
}
