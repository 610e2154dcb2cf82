package asm

// Vec is a virtual vector register, or a constant: see Builder.Const.
type Vec int32

// Mem is a place in memory: Off bytes from a base, plus the strides of the loops around it.
type Mem struct {
	Base  Base
	Off   int
	Steps []Step
}

// Step says that a place moves by Bytes from one run of a loop to the next, or, if it is chosen, that in each run it lies Bytes times a number
// ahead, see Chosen.
type Step struct {
	Loop  *Loop
	Bytes int

	chosen bool
	base   Base // where the number is
	off    int
}

// At is m moved by some bytes.
func (m Mem) At(bytes int) Mem { m.Off += bytes; return m }

// Along is m with a stride along a loop.
func (m Mem) Along(l *Loop, bytes int) Mem {
	if bytes == 0 || l == nil {
		return m
	}
	m.Steps = append(m.Steps[:len(m.Steps):len(m.Steps)], Step{Loop: l, Bytes: bytes})
	return m
}

// Chosen is m moved by bytes times a number, that which is at a place, in F64 and without a fraction, when a run of l begins. The place moves with no loop.
func (m Mem) Chosen(l *Loop, bytes int, at Mem) Mem {
	m.Steps = append(m.Steps[:len(m.Steps):len(m.Steps)], Step{l, bytes, true, at.Base, at.Off})
	return m
}

// Base is a pointer that a kernel has from its caller, or a table of constants.
type Base struct {
	arg   int    // place among the arguments of the kernel
	table string // symbol of a table, if not ""
}

// operand of an instruction after lowering. A kernel has tens of thousands, so that it is small.
type operand struct {
	kind operandKind
	part part     // which part of a vector
	num  int32    // the number of a vector, an immediate number, or a place in bytes from ptr
	ptr  *pointer // that a place is relative to, or a fixed text
}

// vec is the vector of a vecOperand.
func (o operand) vec() Vec { return Vec(o.num) }

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

func vec(v Vec) operand         { return operand{kind: vecOperand, num: int32(v)} }
func lower(v Vec) operand       { return operand{kind: vecOperand, num: int32(v), part: halfPart} }
func first(v Vec) operand       { return operand{kind: vecOperand, num: int32(v), part: xmmPart} }
func imm(n int) operand         { return operand{kind: immOperand, num: int32(n)} }
func fixed(text string) operand { return operand{kind: textOperand, ptr: &pointer{reg: text}} }

// inst is an instruction, or a mark between instructions.
type inst struct {
	kind   instKind
	mem    int8   // which operand may lie in memory; -1: none may
	n      int8   // number of operands
	rmw    bool   // the destination is also read (an accumulator)
	either bool   // the first two operands may change places
	masked bool   // by the mask register K1 of AVX-512
	op     string // the mnemonic; of a comment its text
	src    [maxOperands]operand
	dst    operand
	loop   *Loop
}

// maxOperands of an instruction, the destination not among them.
const maxOperands = 3

// operands are those of an instruction in Go's order, the destination not among them.
func (in *inst) operands() []operand { return in.src[:in.n] }

type instKind uint8

const (
	plainInst   instKind = iota
	fmaInst              // dst = ±src[0]*src[1] + src[2], in the form that fits the registers; op is the stem
	selectInst           // dst = src[0] ? src[1] : src[2]
	moveInst             // dst = src[0], dropped if both get one register
	callInst             // of the kernel src[0], whose record lies src[1] bytes behind this one's, or behind the argument dst, and which takes src[2] half cycles
	takeInst             // dst comes in register src[0]
	giveInst             // the vectors given[src[0]] go to the first registers
	tileInst             // on tiles, see tile.go
	pauseInst            // see pause.go
	halveInst            // dst = the masks beside F64 src[0] and src[1] as one beside F32; see masks.go
	doubleInst           // dst = the mask beside F64 of half src[1] of src[0], which is one beside F32
	loopMark             // start of loop
	endMark              // end of loop
	skipMark             // start of what is skipped where the word src[0] is zero
	skippedMark          // its end
	noteMark             // a line of comment
)
