package asm

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// File is an assembly file: kernels of one ISA and their constants.
type File struct {
	ISA    ISA
	Header string   // first lines: what made it, and build tags
	Args   []string // names of the pointers that every kernel takes
	Spill  int      // place, from the first of them, for vectors that find no register
	Slots  int      // and how many there may be
	Words  int      // place, from the first of them, for pointers and counters that find none: 256 bytes

	consts []konst
	tables []table
	known  map[string]bool
	text   strings.Builder
}

type konst struct {
	name string
	elem Elem
	bits uint64
}

// constant is the symbol of a constant, a whole vector wide, so that instructions read it in place.
func (f *File) constant(e Elem, bits uint64) string {
	name := fmt.Sprintf("f%d_%0*x", 8*e.Bytes(), 2*e.Bytes(), bits)
	if f.known == nil {
		f.known = map[string]bool{}
	}
	if !f.known[name] {
		f.known[name] = true
		f.consts = append(f.consts, konst{name, e, bits})
	}
	return name
}

// table is an array of numbers that loops read one by one.
type table struct {
	name string
	elem Elem
	bits []uint64
}

// Table is a table of numbers, by their bits.
func (f *File) Table(e Elem, bits []uint64) Base {
	for _, t := range f.tables {
		if t.elem == e && slices.Equal(t.bits, bits) {
			return Base{table: t.name}
		}
	}
	t := table{fmt.Sprintf("table%d", len(f.tables)), e, bits}
	f.tables = append(f.tables, t)
	return Base{table: t.name}
}

// Kernel makes a kernel with a body that other kernels of the file can call. doc goes above it.
func (f *File) Kernel(name, doc string, body func(b *Builder)) (*Builder, error) {
	b := &Builder{ISA: f.ISA, file: f, name: name}
	body(b)
	b.point()
	if b.err != nil {
		return nil, b.err
	}
	a := b.allocate()
	if b.err != nil {
		return nil, b.err
	}
	b.Spills = a.spills
	if a.slots > f.Slots {
		return nil, fmt.Errorf("asm: %s: %d vectors without a register at a time, and place for %d", name, a.slots, f.Slots)
	}
	fmt.Fprintf(&f.text, "// %s\n", oneLine.Replace(strings.TrimSpace(doc)))
	if b.Spills > 0 {
		fmt.Fprintf(&f.text, "// %d vectors lie in the frame for want of registers.\n", b.Spills)
	}
	fmt.Fprintf(&f.text, "TEXT %s_%s<>(SB), NOSPLIT, $0-0\n", name, f.ISA)
	p := &printer{b: b, a: a, out: &f.text, open: map[*Loop]string{}}
	p.kernel()
	p.ins("RET")
	f.text.WriteByte('\n')
	return b, nil
}

// Export adds a function NAMEAVX2 or NAMEAVX512 that Go calls for a kernel. It flushes numbers below the
// normal range to zero while the kernel runs, which would otherwise be a hundred times slower on them.
func (f *File) Export(name string) {
	symbol := Symbol(name, f.ISA)
	fmt.Fprintf(&f.text, "// func %s(%s)\n", symbol, strings.Join(f.Args, ", "))
	fmt.Fprintf(&f.text, "TEXT ·%s(SB), 0, $8-%d\n", symbol, 8*len(f.Args))
	for i, a := range f.Args {
		word, _, _ := strings.Cut(a, " ")
		fmt.Fprintf(&f.text, "\tMOVQ\t%s+%d(FP), %s\n", word, 8*i, argRegisters[i])
	}
	fmt.Fprintf(&f.text, "\tSTMXCSR\told-8(SP)\n\tLDMXCSR\tflush<>(SB)\n\tCALL\t%s_%s<>(SB)\n\tLDMXCSR\told-8(SP)\n\tVZEROUPPER\n\tRET\n\n", name, f.ISA)
}

// Symbol is the Go name of an exported kernel.
func Symbol(name string, isa ISA) string { return name + strings.ToUpper(isa.String()) }

// String is the text of the file.
func (f *File) String() string {
	var b strings.Builder
	b.WriteString(f.Header)
	b.WriteString("\n#include \"textflag.h\"\n\n")
	b.WriteString("// All exceptions masked, flush to zero, denormals are zero.\nDATA flush<>+0(SB)/4, $0x9fc0\nGLOBL flush<>(SB), RODATA|NOPTR, $4\n\n")
	if len(f.consts) > 0 {
		b.WriteString("// Constants, in all lanes.\n")
	}
	for _, c := range f.consts {
		word := c.bits
		value := fmt.Sprint(math.Float64frombits(c.bits))
		if c.elem == F32 {
			word |= word << 32
			value = fmt.Sprint(math.Float32frombits(uint32(c.bits)))
		}
		for off := 0; off < f.ISA.Bytes(); off += 8 {
			fmt.Fprintf(&b, "DATA %s<>+%d(SB)/8, $0x%016x", c.name, off, word)
			if off == 0 {
				fmt.Fprintf(&b, " // %s", value)
			}
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "GLOBL %s<>(SB), RODATA|NOPTR, $%d\n", c.name, f.ISA.Bytes())
	}
	for _, t := range f.tables {
		n := t.elem.Bytes()
		for i, x := range t.bits {
			fmt.Fprintf(&b, "DATA %s<>+%d(SB)/%d, $0x%0*x\n", t.name, i*n, n, 2*n, x)
		}
		fmt.Fprintf(&b, "GLOBL %s<>(SB), RODATA|NOPTR, $%d\n", t.name, len(t.bits)*n)
	}
	b.WriteByte('\n')
	b.WriteString(strings.TrimRight(f.text.String(), "\n"))
	b.WriteByte('\n')
	return b.String()
}
