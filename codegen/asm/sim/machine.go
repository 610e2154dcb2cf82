package sim

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// Machine runs a program on memory.
type Machine struct {
	p       *Program
	vec     [32][64]byte
	mask    [8]uint64
	gpr     map[string]uint64
	regions []region
	symbols map[string]uint64
	zero    bool // the last subtraction gave zero
	// Count is the number of instructions that have run, by mnemonic.
	Count map[string]int
}

type region struct {
	at   uint64
	data []byte
}

// Machine is a machine with the constants of the program in its memory.
func (p *Program) Machine() *Machine {
	m := &Machine{p: p, gpr: map[string]uint64{}, symbols: map[string]uint64{}, Count: map[string]int{}}
	for name, d := range p.data {
		m.symbols[name] = m.Map(d)
	}
	return m
}

// Map puts data into memory and gives its address. The machine reads and writes data itself.
func (m *Machine) Map(data []byte) uint64 {
	at := uint64(1) << 32
	if n := len(m.regions); n > 0 {
		last := m.regions[n-1]
		at = (last.at + uint64(len(last.data)) + 1<<12) &^ (1<<12 - 1)
	}
	m.regions = append(m.regions, region{at, data})
	return at
}

// bytes is memory of a size; it fails outside of what was mapped.
func (m *Machine) bytes(at uint64, n int) ([]byte, error) {
	for _, r := range m.regions {
		if at >= r.at && at+uint64(n) <= r.at+uint64(len(r.data)) {
			return r.data[at-r.at:][:n], nil
		}
	}
	return nil, fmt.Errorf("address %#x: %d bytes that are not mapped", at, n)
}

var argRegisters = []string{"AX", "BX", "DX", "R8"}

// Call runs the body of a kernel, such as "step_avx512", with pointers as arguments.
func (m *Machine) Call(name string, args ...uint64) error {
	for i, a := range args {
		m.gpr[argRegisters[i]] = a
	}
	return m.run(name, 0)
}

func (m *Machine) run(name string, depth int) error {
	t := m.p.texts[name]
	if t == nil {
		return fmt.Errorf("no function %s", name)
	}
	if depth > 16 {
		return fmt.Errorf("%s: calls too deep", name)
	}
	for pc := 0; pc < len(t.insts); pc++ {
		in := &t.insts[pc]
		m.Count[in.op]++
		var err error
		switch in.op {
		case "RET":
			return nil
		case "CALL":
			err = m.run(in.args[0].symbol, depth+1)
		case "JNE":
			if !m.zero {
				to, ok := t.labels[in.args[0].symbol]
				if !ok {
					err = fmt.Errorf("no label")
				}
				pc = to - 1
			}
		case "MOVQ":
			m.gpr[in.args[1].reg], err = m.word(in.args[0])
		case "LEAQ":
			m.gpr[in.args[1].reg], err = m.addressOf(in.args[0])
		case "ADDQ":
			var x uint64
			x, err = m.word(in.args[0])
			m.gpr[in.args[1].reg] += x
		case "DECQ":
			m.gpr[in.args[0].reg]--
			m.zero = m.gpr[in.args[0].reg] == 0
		default:
			err = m.vector(in)
		}
		if err != nil {
			return fmt.Errorf("%s: line %d: %s: %w", name, in.line, in.op, err)
		}
	}
	return fmt.Errorf("%s: no RET", name)
}

func (m *Machine) word(a arg) (uint64, error) {
	switch a.kind {
	case immArg:
		return uint64(a.n), nil
	case gprArg:
		return m.gpr[a.reg], nil
	}
	return 0, fmt.Errorf("operand cannot be read")
}

func (m *Machine) addressOf(a arg) (uint64, error) {
	switch a.kind {
	case memArg:
		return m.gpr[a.reg] + uint64(a.n), nil
	case symArg:
		at, ok := m.symbols[a.symbol]
		if !ok {
			return 0, fmt.Errorf("no symbol %s", a.symbol)
		}
		return at, nil
	}
	return 0, fmt.Errorf("operand has no address")
}

// read is n bytes of a register or of memory.
func (m *Machine) read(a arg, n int) ([]byte, error) {
	if a.kind == vecArg {
		return append([]byte(nil), m.vec[a.n][:n]...), nil
	}
	at, err := m.addressOf(a)
	if err != nil {
		return nil, err
	}
	b, err := m.bytes(at, n)
	return append([]byte(nil), b...), err
}

// write stores a result: a register's upper part becomes zero.
func (m *Machine) write(a arg, v []byte) error {
	if a.kind == vecArg {
		m.vec[a.n] = [64]byte{}
		copy(m.vec[a.n][:a.width], v)
		return nil
	}
	at, err := m.addressOf(a)
	if err != nil {
		return err
	}
	b, err := m.bytes(at, len(v))
	copy(b, v)
	return err
}

func get(b []byte, i, size int) uint64 {
	if size == 4 {
		return uint64(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return binary.LittleEndian.Uint64(b[8*i:])
}

func put(b []byte, i, size int, v uint64) {
	if size == 4 {
		binary.LittleEndian.PutUint32(b[4*i:], uint32(v))
	} else {
		binary.LittleEndian.PutUint64(b[8*i:], v)
	}
}

// width is the size of the vectors of an instruction: that of its widest register.
func width(in *inst) int {
	w := 0
	for _, a := range in.args {
		w = max(w, a.width)
	}
	return w
}

// vector runs an instruction on vectors.
func (m *Machine) vector(in *inst) error {
	op, w := in.op, width(in)
	dst := in.args[len(in.args)-1]
	if f, ok := shuffles[op]; ok {
		return f(m, in, w)
	}
	base, zeroed := strings.CutSuffix(op, ".Z")
	size := 4
	if strings.HasSuffix(base, "PD") || strings.HasSuffix(base, "Q") && base != "VCVTTPS2DQ" {
		size = 8
	}
	var immediate int64
	args := in.args[:len(in.args)-1]
	if len(args) > 0 && args[0].kind == immArg {
		immediate, args = args[0].n, args[1:]
	}
	mask := ^uint64(0)
	if n := len(args); n > 0 && args[n-1].kind == maskArg {
		mask, args = m.mask[args[n-1].n], args[:n-1]
	}
	f, ok := lanes[base]
	if !ok {
		return fmt.Errorf("unknown instruction")
	}
	var src [][]byte
	for _, a := range args {
		b, err := m.read(a, w)
		if err != nil {
			return err
		}
		src = append(src, b)
	}
	old := make([]byte, w)
	if dst.kind == vecArg {
		old, _ = m.read(dst, w)
	}
	out := make([]byte, w)
	var bits uint64
	var x [4]uint64
	for i := 0; i < w/size; i++ {
		for k, s := range src {
			x[k] = get(s, i, size)
		}
		r := f(operands{x: x, old: get(old, i, size), imm: immediate, size: size})
		if r != 0 {
			bits |= 1 << i
		}
		if mask>>i&1 == 0 {
			if r = get(old, i, size); zeroed {
				r = 0
			}
		}
		put(out, i, size, r)
	}
	if dst.kind == maskArg {
		m.mask[dst.n] = bits
		return nil
	}
	return m.write(dst, out)
}
