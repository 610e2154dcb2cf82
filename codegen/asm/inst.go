package asm

// Vec is a virtual vector register, or a constant: see Builder.Const.
type Vec int

// Mem is a place in memory: Off bytes from a base, plus the strides of the loops around it.
type Mem struct {
	Base  Base
	Off   int
	Steps []Step
}

// Step says that a place moves by Bytes from one run of a loop to the next.
type Step struct {
	Loop  *Loop
	Bytes int
}

// At is m moved by some bytes.
func (m Mem) At(bytes int) Mem { m.Off += bytes; return m }

// Along is m with a stride along a loop.
func (m Mem) Along(l *Loop, bytes int) Mem {
	if bytes == 0 || l == nil {
		return m
	}
	m.Steps = append(m.Steps[:len(m.Steps):len(m.Steps)], Step{l, bytes})
	return m
}

// Base is a pointer that a kernel has from its caller, or a table of constants.
type Base struct {
	arg   int    // place among the arguments of the kernel
	table string // symbol of a table, if not ""
}

// operand of an instruction after lowering.
type operand struct {
	kind operandKind
	vec  Vec
	part part // which part of vec
	imm  int
	mem  address
	text string // of a fixed register
}

// part is how much of a register an instruction names.
type part uint8

const (
	wholePart part = iota
	halfPart       // the lower half
	xmmPart        // the lowest 128 bits
)

type operandKind uint8

const (
	noOperand operandKind = iota
	vecOperand
	immOperand
	memOperand
	textOperand
)

// address is a place relative to a pointer, or in a table.
type address struct {
	ptr   *pointer
	table string
	off   int
}

func vec(v Vec) operand         { return operand{kind: vecOperand, vec: v} }
func lower(v Vec) operand       { return operand{kind: vecOperand, vec: v, part: halfPart} }
func first(v Vec) operand       { return operand{kind: vecOperand, vec: v, part: xmmPart} }
func imm(n int) operand         { return operand{kind: immOperand, imm: n} }
func fixed(text string) operand { return operand{kind: textOperand, text: text} }

// inst is an instruction, or a mark between instructions.
type inst struct {
	kind instKind
	op   string
	// src are the operands in Go's order, the destination not among them; src[mem] may lie in memory
	// (-1: none may).
	src []operand
	mem int
	dst operand
	// rmw: the destination is also read (an accumulator).
	rmw  bool
	mask string // mask register of AVX-512, with its suffix: "K1"
	loop *Loop
	note string // comment at the end of the line
}

type instKind uint8

const (
	plainInst  instKind = iota
	fmaInst             // dst = ±src[0]*src[1] + src[2], in the form that fits the registers; op is the stem
	selectInst          // dst = src[0] ? src[1] : src[2]
	moveInst            // dst = src[0], dropped if both get one register
	loopMark            // start of loop
	endMark             // end of loop
	noteMark            // a line of comment
)
