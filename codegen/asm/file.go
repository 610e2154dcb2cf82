package asm

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"strconv"
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
	Rest   int      // place, from the first of them, for all registers while a kernel pauses: RestBytes
	// Work is how long a run of another kernel takes, in half cycles. Of files with pauses.
	Work func(kernel string) int
	// Place appends what lies so many bytes from an argument, for comments in the text; nothing where there is nothing to say.
	Place func(b []byte, arg, off int) []byte

	pool  pool
	parts [][]byte        // texts of kernels, what stands above and behind each among them
	pause map[string]bool // kernels that do

	// What the last kernel needed, for the next one.
	insts []inst
	spare []inst // see masks.go
	vecs  []vecInfo
	life  []interval
	where allocation
}

// pool holds the constants and tables that kernels read, each once.
type pool struct {
	consts []constant
	tables []table
	known  map[string]bool
}

// first reports whether name is new.
func (p *pool) first(name string) bool {
	if p.known == nil {
		p.known = map[string]bool{}
	}
	if p.known[name] {
		return false
	}
	p.known[name] = true
	return true
}

// constant is the symbol of a constant, which instructions read in place. AVX2 wants a whole vector. AVX-512 reads one number
// for all lanes: vectors of 64 bytes would lie across two lines of the cache, since Go places data at multiples of 32.
func (b *Builder) constant(v Vec) string {
	i := &b.consts[b.vecs[v].konst-1]
	if i.name == "" {
		i.name = fmt.Sprintf("f%d_%0*x", 8*i.elem.Bytes(), 2*i.elem.Bytes(), i.bits)
		b.pool.consts = append(b.pool.consts, *i)
	}
	return i.name
}

// table is an array of numbers that loops read one by one.
type table struct {
	name string
	elem Elem
	bits []uint64
}

// Table is a table of numbers, by their bits.
func (b *Builder) Table(e Elem, bits []uint64) Base {
	// The name is made of the numbers, so that kernels of a file share tables.
	h := fnv.New64a()
	h.Write([]byte{byte(e)})
	for _, x := range bits {
		h.Write(binary.LittleEndian.AppendUint64(nil, x))
	}
	t := table{fmt.Sprintf("table_%016x", h.Sum64()), e, bits}
	if b.pool.first(t.name) {
		b.pool.tables = append(b.pool.tables, t)
	}
	return Base{table: t.name}
}

// Code is a compiled kernel: its text, and the constants that it reads.
type Code struct {
	// Spills is the number of vectors without a register.
	Spills int
	// Longest is how long it runs without a pause at most, in half cycles if nothing waits, what it calls included; 0 if it has none.
	Longest int

	pauses bool
	name   string
	text   []byte
	entry  []byte // of what is taken in registers, see Takes
	pool   pool
}

// Lines is the length of the text.
func (c *Code) Lines() int { return bytes.Count(c.text, []byte{'\n'}) }

// lineBytes are those of an instruction in the text, about.
const lineBytes = 36

// Compile makes a kernel, which Add puts into this file or into one of the same layout. One at a time.
func (f *File) Compile(name string, body func(b *Builder)) (*Code, error) {
	b := &Builder{ISA: f.ISA.Vectors(), AMX: f.ISA == AMX, file: f, name: name, insts: f.insts[:0], vecs: f.vecs[:0]}
	defer func() { f.insts, f.vecs = b.insts, b.vecs }()
	body(b)
	run := b.pauses()
	b.inMaskRegisters()
	b.point()
	if b.err != nil {
		return nil, b.err
	}
	a := b.allocate()
	if b.err != nil {
		return nil, b.err
	}
	if a.slots > f.Slots {
		return nil, fmt.Errorf("asm: %s: %d vectors without a register at a time, and place for %d", name, a.slots, f.Slots)
	}
	p := &printer{b: b, a: a, out: make([]byte, 0, lineBytes*len(b.insts))}
	p.kernel()
	p.ins("RET")
	return &Code{a.spills, max(run.head, run.longest, run.tail), b.Hold > 0, name, p.out, b.entry(name), b.pool}, nil
}

// Add prints a kernel that other kernels of the file can call. doc goes above it.
func (f *File) Add(c *Code, doc string) {
	for _, k := range c.pool.consts {
		if f.pool.first(k.name) {
			f.pool.consts = append(f.pool.consts, k)
		}
	}
	for _, t := range c.pool.tables {
		if f.pool.first(t.name) {
			f.pool.tables = append(f.pool.tables, t)
		}
	}
	head := fmt.Appendf(nil, "// %s\n", oneLine.Replace(strings.TrimSpace(doc)))
	if c.Spills > 0 {
		head = fmt.Appendf(head, "// %d vectors lie in the frame for want of registers.\n", c.Spills)
	}
	name := c.name
	if len(c.entry) > 0 {
		name += "In"
	}
	head = fmt.Appendf(head, "TEXT %s_%s<>(SB), NOSPLIT, $0-0\n", name, f.ISA)
	if c.pauses {
		if f.pause == nil {
			f.pause = map[string]bool{}
		}
		f.pause[c.name] = true
		head = append(head, noPointers...)
	}
	f.parts = append(f.parts, head, c.text, []byte{'\n'})
	if len(c.entry) > 0 {
		head = fmt.Appendf(nil, "// %s is %s with arguments that lie in the frame.\nTEXT %s_%s<>(SB), NOSPLIT, $0-0\n", c.name, name, c.name, f.ISA)
		if c.pauses {
			head = append(head, noPointers...)
		}
		f.parts = append(f.parts, head, c.entry, []byte{'\n'})
	}
}

// Export adds a function NAMEAVX2, NAMEAVX512 or NAMEAMX that Go calls for a kernel. It flushes numbers below the
// normal range to zero while the kernel runs, which would otherwise be a hundred times slower on them. Tiles live while it runs: Go
// does not preempt it.
func (f *File) Export(name string) {
	symbol := Symbol(name, f.ISA)
	t := fmt.Appendf(nil, "// func %s(%s)\n", symbol, strings.Join(f.Args, ", "))
	t = fmt.Appendf(t, "TEXT ·%s(SB), 0, $8-%d\n", symbol, 8*len(f.Args))
	if f.pause[name] {
		t = append(t, noPointers...)
	}
	for i, a := range f.Args {
		word, _, _ := strings.Cut(a, " ")
		t = fmt.Appendf(t, "\tMOVQ\t%s+%d(FP), %s\n", word, 8*i, argRegisters[i])
	}
	begin, end := "", ""
	if f.ISA == AMX {
		begin, end = beginTiles(), endTiles()
	}
	t = fmt.Appendf(t, "\tSTMXCSR\told-8(SP)\n\tLDMXCSR\tflush<>(SB)\n%s\tCALL\t%s_%s<>(SB)\n%s\tLDMXCSR\told-8(SP)\n\tVZEROUPPER\n\tRET\n\n", begin, name, f.ISA, end)
	f.parts = append(f.parts, t)
}

// Symbol is the Go name of an exported kernel.
func Symbol(name string, isa ISA) string { return name + strings.ToUpper(isa.String()) }

// String is the text of the file.
func (f *File) String() string { return string(f.Text()) }

// Text is the text of the file.
func (f *File) Text() []byte {
	size := len(f.Header) + 1<<10 + ([]int{AVX2: 4, AVX512: 1}[f.ISA.Vectors()]*64+128)*len(f.pool.consts)
	for _, t := range f.pool.tables {
		size += (len(t.bits) + 1) * 64
	}
	for _, p := range f.parts {
		size += len(p)
	}
	b := make([]byte, 0, size)
	b = append(b, f.Header...)
	b = append(b, "\n#include \"textflag.h\"\n"...)
	if len(f.pause) > 0 {
		b = append(b, "#include \"funcdata.h\"\n"...)
	}
	b = append(b, '\n')
	b = append(b, f.registers()...)
	b = append(b, "// All exceptions masked, flush to zero, denormals are zero.\nDATA flush<>+0(SB)/4, $0x9fc0\nGLOBL flush<>(SB), RODATA|NOPTR, $4\n\n"...)
	if len(f.pause) > 0 {
		b = append(b, usual...)
	}
	if f.ISA == AMX {
		b = append(b, tileShapes...)
	}
	if len(f.pool.consts) > 0 {
		b = append(b, []string{AVX2: "// Constants, in all lanes.\n", AVX512: "// Constants, each for all lanes.\n"}[f.ISA.Vectors()]...)
	}
	for _, c := range f.pool.consts {
		word, n, size := c.bits, 8, f.ISA.Bytes()
		value := fmt.Sprint(math.Float64frombits(c.bits))
		if c.elem == F32 {
			value = fmt.Sprint(math.Float32frombits(uint32(c.bits)))
		}
		switch {
		case f.ISA.Vectors() == AVX512:
			n = c.elem.Bytes()
			size = n
		case c.elem == F32:
			word |= word << 32
		}
		for off := 0; off < size; off += n {
			b = data(b, c.name, off, n, word)
			if off == 0 {
				b = append(append(b, " // "...), value...)
			}
			b = append(b, '\n')
		}
		b = fmt.Appendf(b, "GLOBL %s<>(SB), RODATA|NOPTR, $%d\n", c.name, size)
	}
	for _, t := range f.pool.tables {
		n := t.elem.Bytes()
		for i, x := range t.bits {
			b = append(data(b, t.name, i*n, n, x), '\n')
		}
		b = fmt.Appendf(b, "GLOBL %s<>(SB), RODATA|NOPTR, $%d\n", t.name, len(t.bits)*n)
	}
	b = append(b, '\n')
	for _, p := range f.parts {
		b = append(b, p...)
	}
	if len(f.pause) > 0 {
		b = append(b, f.pausing()...)
	}
	return append(bytes.TrimRight(b, "\n"), '\n')
}

// registers says what lies in registers in every kernel.
func (f *File) registers() []byte {
	b := []byte("// In every kernel:")
	for i, a := range f.Args {
		name, _, _ := strings.Cut(a, " ")
		b = fmt.Appendf(b, " %s points to %s,", argRegisters[i], name)
	}
	return append(b, ` other registers count and point in loops. Behind an
// instruction stands what it reads or writes: KERNEL.NAME[ELEMENT] | VECTOR, in a loop the first of them. Its own places a
// kernel names without KERNEL, and the first vector of a block without VECTOR.

`...)
}

// data appends the line that sets the n bytes at an offset from a symbol, without its end.
func data(b []byte, symbol string, off, n int, x uint64) []byte {
	b = append(append(b, "DATA "...), symbol...)
	b = strconv.AppendInt(append(b, "<>+"...), int64(off), 10)
	b = strconv.AppendInt(append(b, "(SB)/"...), int64(n), 10)
	b = append(b, ", $0x"...)
	for i := 2*n - 1; i >= 0; i-- {
		b = append(b, "0123456789abcdef"[x>>(4*i)&15])
	}
	return b
}
