package sim

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
)

// Machine runs a program on memory.
type Machine struct {
	p       *Program
	vec     [32][64]byte
	mask    [8]uint64
	tiles   [8]tile
	gpr     map[string]uint64
	regions []region
	symbols map[string]uint64
	stack   []uint64
	calls   []*text
	zero    bool   // the last subtraction gave zero
	control uint32 // what is done with numbers below the normal range, as MXCSR has it
	ran     int    // instructions on vectors since the last pause
	// Count is the number of instructions that have run, by mnemonic.
	Count map[string]int
	// Pauses is how often Go could have stopped what ran, and Longest the most instructions on vectors between two such times, those of pauses left out.
	Pauses, Longest int
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

var argRegisters = []string{"AX", "BX", "DX", "R8", "R14"}

// Call runs the body of a kernel, such as "step_avx512", with pointers as arguments.
func (m *Machine) Call(name string, args ...uint64) error {
	for i, a := range args {
		m.gpr[argRegisters[i]] = a
	}
	m.control, m.ran = flushing, 0
	err := m.run(name)
	m.Longest = max(m.Longest, m.ran)
	if err == nil && m.control != flushing {
		err = fmt.Errorf("%s: ends with %#x in MXCSR", name, m.control)
	}
	return err
}

// What MXCSR has in kernels and outside of them.
const (
	flushing = 0x9fc0
	usual    = 0x1f80
)

// stop is Go's look whether it wants the goroutine elsewhere: there it would find its way along the stack, and leave nothing in registers. A pause is
// one here, though no other goroutine runs.
func (m *Machine) stop() error {
	for _, t := range m.calls {
		if !t.noPointers {
			return fmt.Errorf("stopped in what does not say that it has no pointers on the stack")
		}
	}
	if m.control != usual {
		return fmt.Errorf("stopped with %#x in MXCSR", m.control)
	}
	m.Pauses++
	m.Longest, m.ran = max(m.Longest, m.ran), 0
	for i := range m.vec {
		for j := range m.vec[i] {
			m.vec[i][j] = 0xff
		}
	}
	for i := range m.mask {
		m.mask[i] = ^uint64(0)
	}
	m.tiles = [8]tile{}
	for _, r := range gprs {
		m.gpr[r] = ^uint64(0) // no address
	}
	return nil
}

func (m *Machine) run(name string) error {
	t := m.p.texts[name]
	if t == nil {
		return fmt.Errorf("no function %s", name)
	}
	if len(m.calls) > 16 {
		return fmt.Errorf("%s: calls too deep", name)
	}
	m.calls = append(m.calls, t)
	defer func() { m.calls = m.calls[:len(m.calls)-1] }()
	if t.splits {
		if err := m.stop(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for pc := 0; pc < len(t.insts); pc++ {
		in := &t.insts[pc]
		m.Count[in.op]++
		var err error
		switch in.op {
		case "RET":
			return nil
		case "CALL":
			err = m.run(in.args[0].symbol)
		case "PUSHQ":
			var x uint64
			x, err = m.word(in.args[0])
			m.stack = append(m.stack, x)
		case "POPQ":
			n := len(m.stack) - 1
			if n < 0 {
				return fmt.Errorf("%s: line %d: nothing on the stack", name, in.line)
			}
			err = m.update(in.args[0], func(uint64) (uint64, error) { return m.stack[n], nil })
			m.stack = m.stack[:n]
		case "JNE", "JEQ":
			if m.zero == (in.op == "JEQ") {
				to, ok := t.labels[in.args[0].symbol]
				if !ok {
					err = fmt.Errorf("no label")
				}
				pc = to - 1
			}
		case "MOVQ":
			err = m.update(in.args[1], func(uint64) (uint64, error) { return m.word(in.args[0]) })
		case "LEAQ":
			m.gpr[in.args[1].reg], err = m.addressOf(in.args[0])
		case "ADDQ":
			err = m.update(in.args[1], func(old uint64) (uint64, error) {
				x, err := m.word(in.args[0])
				return old + x, err
			})
		case "TESTQ":
			var x, y uint64
			if x, err = m.word(in.args[0]); err == nil {
				y, err = m.word(in.args[1])
			}
			m.zero = x&y == 0
		case "LDMXCSR":
			var b []byte
			if b, err = m.read(in.args[0], 4); err == nil {
				m.control = binary.LittleEndian.Uint32(b)
			}
		case "VZEROUPPER":
			for i := range 16 {
				clear(m.vec[i][16:])
			}
		case "IMULQ":
			err = m.update(in.args[1], func(old uint64) (uint64, error) {
				x, err := m.word(in.args[0])
				return old * x, err
			})
		case "CVTTSD2SQ":
			err = m.update(in.args[1], func(uint64) (uint64, error) {
				x, err := m.word(in.args[0])
				return uint64(int64(math.Float64frombits(x))), err
			})
		case "CMPQ":
			var x, y uint64
			if x, err = m.word(in.args[0]); err == nil {
				y, err = m.word(in.args[1])
			}
			m.zero = x == y
		case "VPTEST", "KORTESTW":
			m.zero, err = m.none(in)
		case "DECQ":
			err = m.update(in.args[0], func(old uint64) (uint64, error) {
				m.zero = old == 1
				return old - 1, nil
			})
		default:
			switch {
			case in.tile != nil:
				err = m.onTiles(in.tile)
			case onMasks[in.op] != nil:
				err = m.masks(in)
			default:
				if !t.pauses {
					m.ran++
				}
				err = m.vector(in)
			}
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
	case memArg:
		b, err := m.read(a, 8)
		if err != nil {
			return 0, err
		}
		return binary.LittleEndian.Uint64(b), nil
	}
	return 0, fmt.Errorf("operand cannot be read")
}

// update gives a register or a word of memory a new value.
func (m *Machine) update(a arg, f func(old uint64) (uint64, error)) error {
	old, err := m.word(a)
	if err != nil {
		return err
	}
	x, err := f(old)
	if err != nil {
		return err
	}
	if a.kind == gprArg {
		m.gpr[a.reg] = x
		return nil
	}
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], x)
	return m.write(a, b[:])
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
		return at + uint64(a.n), nil
	}
	return 0, fmt.Errorf("operand has no address")
}

// read is n bytes of a register or of memory: these themselves, not a copy.
func (m *Machine) read(a arg, n int) ([]byte, error) {
	if a.kind == vecArg {
		return m.vec[a.n][:n], nil
	}
	at, err := m.addressOf(a)
	if err != nil {
		return nil, err
	}
	return m.bytes(at, n)
}

// write stores a result: a register's upper part becomes zero.
func (m *Machine) write(a arg, v []byte) error {
	if a.kind == vecArg {
		var r [64]byte
		copy(r[:a.width], v)
		m.vec[a.n] = r
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

// decoded is what an instruction on vectors does, found once.
type decoded struct {
	shuffle   func(m *Machine, in *inst, w int) error
	lane      func(operands) uint64
	width     int // bytes of its vectors
	size      int // bytes of an element
	immediate int64
	args      []arg // sources, immediates and masks not among them
	mask      int   // number of the mask register, or -1
	zeroed    bool
	spread    bool // an operand is one number in memory for all lanes
	blends    bool // where the mask is not set the result is the second operand
}

func decode(in *inst) (*decoded, error) {
	d := &decoded{width: width(in), size: 4, mask: -1}
	base, zeroed := strings.CutSuffix(in.op, ".Z")
	base, spread := strings.CutSuffix(base, ".BCST")
	d.zeroed, d.spread, d.blends = zeroed, spread || zeroed && strings.HasPrefix(base, "VBROADCAST"), strings.HasPrefix(base, "VBLENDM")
	if f, ok := shuffles[in.op]; ok {
		d.shuffle = f
		return d, nil
	}
	if strings.HasSuffix(base, "PD") || strings.HasSuffix(base, "SD") || strings.HasSuffix(base, "Q") && base != "VCVTTPS2DQ" {
		d.size = 8
	}
	d.args = in.args[:len(in.args)-1]
	if len(d.args) > 0 && d.args[0].kind == immArg {
		d.immediate, d.args = d.args[0].n, d.args[1:]
	}
	if n := len(d.args); n > 0 && d.args[n-1].kind == maskArg {
		d.mask, d.args = int(d.args[n-1].n), d.args[:n-1]
	}
	var ok bool
	if d.lane, ok = lanes[base]; !ok {
		return nil, fmt.Errorf("unknown instruction")
	}
	return d, nil
}

// source is an operand that is read. One number for all lanes has to be all of its constant.
func (m *Machine) source(d *decoded, a arg) ([]byte, error) {
	if !d.spread || a.kind == vecArg {
		return m.read(a, d.width)
	}
	if n := len(m.p.data[a.symbol]); a.kind == symArg && n != d.size {
		return nil, fmt.Errorf("%d bytes of %s, which has %d", d.size, a.symbol, n)
	}
	b, err := m.read(a, d.size)
	return bytes.Repeat(b, d.width/d.size), err
}

// vector runs an instruction on vectors.
func (m *Machine) vector(in *inst) error {
	if in.decoded == nil {
		d, err := decode(in)
		if err != nil {
			return err
		}
		in.decoded = d
	}
	d := in.decoded
	if d.shuffle != nil {
		return d.shuffle(m, in, d.width)
	}
	dst := in.args[len(in.args)-1]
	var src [4][]byte
	for k, a := range d.args {
		b, err := m.source(d, a)
		if err != nil {
			return err
		}
		src[k] = b
	}
	mask := ^uint64(0)
	if d.mask >= 0 {
		mask = m.mask[d.mask]
	}
	var none, out [64]byte
	old := none[:]
	if dst.kind == vecArg {
		old = m.vec[dst.n][:]
	}
	var bits uint64
	o := operands{imm: d.immediate, size: d.size}
	for i := 0; i < d.width/d.size; i++ {
		for k := range d.args {
			o.x[k] = get(src[k], i, d.size)
		}
		o.old = get(old, i, d.size)
		r := d.lane(o)
		if r != 0 {
			bits |= 1 << i
		}
		if mask>>i&1 == 0 {
			switch r = o.old; {
			case d.zeroed:
				r = 0
			case d.blends:
				r = o.x[1]
			}
		}
		put(out[:], i, d.size, r)
	}
	if dst.kind == maskArg {
		m.mask[dst.n] = bits
		return nil
	}
	return m.write(dst, out[:d.width])
}
