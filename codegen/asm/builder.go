package asm

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Builder makes one kernel for one ISA.
type Builder struct {
	ISA  ISA  // of its vectors
	AMX  bool // there are tiles
	Hold int  // how long the kernel may run between pauses, in half cycles; 0 if it has none
	file *File
	name string

	insts  []inst
	vecs   []vecInfo
	consts []constant
	loops  []*Loop             // around the place of the next instruction
	bases  []*pointer          // of the arguments
	starts map[string]*pointer // of tables
	from   []Place             // of what is taken in registers
	given  [][]Vec             // what giveInsts leave in registers
	// record says that the kernel has a record: the last of argRegisters, which no other kernel leaves as it is.
	record bool
	tiles  bool // it has instructions on tiles, and so a register for their stride
	err    error

	pool  pool
	known map[pattern]Vec // constants
}

// vecInfo says what a virtual register is.
type vecInfo struct {
	elem  Elem
	konst int32 // one more than the place among the constants; 0 of other vectors
}

// pattern is the bits of a constant.
type pattern struct {
	elem Elem
	bits uint64
}

// constant is one that a kernel may read.
type constant struct {
	pattern
	name string // if the text reads it
}

// Arg is the pointer of an argument of the kernel, by its place.
func (b *Builder) Arg(i int) Base { return Base{arg: i} }

// Record is the pointer that each call moves on by as much as CallAt says.
func (b *Builder) Record() Base {
	b.record = true
	return b.Arg(len(argRegisters) - 1)
}

// At is the place at the start of base.
func (p Base) At(off int) Mem { return Mem{Base: p, Off: off} }

func (b *Builder) fail(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf("asm: %s: %s", b.name, fmt.Sprintf(format, args...))
	}
}

func (b *Builder) new(e Elem) Vec {
	b.vecs = append(b.vecs, vecInfo{elem: e})
	return Vec(len(b.vecs) - 1)
}

// Const is the number x in all lanes. It takes no register where an instruction can read it from memory.
func (b *Builder) Const(e Elem, x float64) Vec {
	if e == F32 {
		return b.Bits(e, uint64(math.Float32bits(float32(x))))
	}
	return b.Bits(e, math.Float64bits(x))
}

// Bits is a bit pattern in all lanes.
func (b *Builder) Bits(e Elem, bits uint64) Vec {
	k := pattern{e, bits}
	v, ok := b.known[k]
	if !ok {
		if b.known == nil {
			b.known = map[pattern]Vec{}
		}
		v = Vec(len(b.vecs))
		b.known[k] = v
		b.consts = append(b.consts, constant{pattern: k})
		b.vecs = append(b.vecs, vecInfo{e, int32(len(b.consts))})
	}
	return v
}

// IsConst reports whether v is the constant x.
func (b *Builder) IsConst(v Vec, x float64) bool {
	if !b.konst(v) {
		return false
	}
	i := b.consts[b.vecs[v].konst-1]
	if i.elem == F32 {
		return float64(math.Float32frombits(uint32(i.bits))) == x
	}
	return math.Float64frombits(i.bits) == x
}

// konst reports whether v is a constant, which may only be read from memory.
func (b *Builder) konst(v Vec) bool { return b.vecs[v].konst > 0 }

// inRegister is v, copied out of the constants if it is one.
func (b *Builder) inRegister(v Vec) Vec {
	if !b.konst(v) {
		return v
	}
	d := b.new(b.vecs[v].elem)
	b.emit(b.vecs[v].elem.pick("VMOVUPS", "VMOVUPD"), 0, d, vec(v))
	return d
}

// emit appends an instruction; src[mem] may lie in memory.
func (b *Builder) emit(op string, mem int, dst Vec, src ...operand) *inst {
	for i, o := range src {
		if o.kind == vecOperand && i != mem && b.konst(o.vec()) {
			src[i].num = int32(b.inRegister(o.vec()))
		}
	}
	return b.add(inst{op: op, mem: int8(mem), dst: vec(dst)}, src...)
}

// add appends an instruction with its operands.
func (b *Builder) add(in inst, src ...operand) *inst {
	if len(src) > maxOperands {
		b.fail("%s with %d operands", in.op, len(src))
	}
	in.n = int8(copy(in.src[:], src))
	if len(b.insts) == cap(b.insts) { // twice as many, which is fewer copies than append makes
		b.insts = slices.Grow(b.insts, max(len(b.insts), 256))
	}
	b.insts = append(b.insts, in)
	return &b.insts[len(b.insts)-1]
}

// oneLine keeps a comment from ending early.
var oneLine = strings.NewReplacer("\n", " ", "\r", " ")

// Note prints a comment before the next instruction.
func (b *Builder) Note(text string) {
	b.add(inst{kind: noteMark, op: oneLine.Replace(text)})
}

// Load reads a vector.
func (b *Builder) Load(e Elem, m Mem) Vec {
	d := b.new(e)
	b.emit(e.pick("VMOVUPS", "VMOVUPD"), 0, d, b.address(m))
	return d
}

// Loads reads n vectors in a row.
func (b *Builder) Loads(e Elem, m Mem, n int) []Vec {
	out, from := make([]Vec, n), b.address(m)
	for i := range out {
		out[i] = b.new(e)
		b.emit(e.pick("VMOVUPS", "VMOVUPD"), 0, out[i], from)
		from.num += int32(b.ISA.Bytes())
	}
	return out
}

// Broadcast reads one number into all lanes.
func (b *Builder) Broadcast(e Elem, m Mem) Vec {
	d := b.new(e)
	b.emit(e.pick("VBROADCASTSS", "VBROADCASTSD"), 0, d, b.address(m))
	return d
}

// Store writes a vector.
func (b *Builder) Store(e Elem, v Vec, m Mem) {
	v = b.inRegister(v)
	b.add(inst{op: e.pick("VMOVUPS", "VMOVUPD"), mem: -1, dst: b.address(m)}, vec(v))
}

// Stores writes vectors in a row.
func (b *Builder) Stores(e Elem, vs []Vec, m Mem) {
	to := b.address(m)
	for _, v := range vs {
		v = b.inRegister(v)
		b.add(inst{op: e.pick("VMOVUPS", "VMOVUPD"), mem: -1, dst: to}, vec(v))
		to.num += int32(b.ISA.Bytes())
	}
}

// StoreOne writes the number of the first lane.
func (b *Builder) StoreOne(e Elem, v Vec, m Mem) {
	v = b.inRegister(v)
	b.add(inst{op: e.pick("VMOVSS", "VMOVSD"), mem: -1, dst: b.address(m)}, first(v))
}

// Var is a register that is given values more than once: an accumulator of a loop.
func (b *Builder) Var(e Elem, start Vec) Vec {
	d := b.new(e)
	b.Set(d, start)
	return d
}

// Set gives a Var a value.
func (b *Builder) Set(d, v Vec) {
	if b.konst(v) {
		b.emit(b.vecs[v].elem.pick("VMOVUPS", "VMOVUPD"), 0, d, vec(v))
		return
	}
	b.add(inst{kind: moveInst, op: b.vecs[d].elem.pick("VMOVAPS", "VMOVAPD"), mem: 0, dst: vec(d)}, vec(v))
}

// Call runs another kernel of the file, with the same arguments. It leaves no vector register as it was; loops
// around it keep their counters and pointers on the stack meanwhile.
func (b *Builder) Call(name string) {
	b.call(name, name, 0)
}

// CallAt is Call of a kernel whose record lies some bytes behind the start of that of this one.
func (b *Builder) CallAt(name string, bytes int) {
	b.record = true
	b.call(name, name, bytes)
}

// CallBehind is Call of a kernel whose record lies in the memory of an argument of this one, some bytes behind its start.
func (b *Builder) CallBehind(name string, arg, bytes int) {
	b.call(name, name, bytes)
	b.insts[len(b.insts)-1].dst = fixed(argRegisters[arg])
}

// call is a call of a kernel by one of its entries.
func (b *Builder) call(name, entry string, bytes int) {
	work := 0
	if b.Hold > 0 {
		work = min(b.file.Work(name), math.MaxInt32)
	}
	b.add(inst{kind: callInst, op: "CALL", mem: -1}, fixed(b.callee(entry)), imm(bytes), imm(work))
}

// callee is the symbol of another kernel of the file.
func (b *Builder) callee(name string) string { return name + "_" + b.file.ISA.String() + "<>(SB)" }
