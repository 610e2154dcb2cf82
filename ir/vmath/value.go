package vmath

import "math"

// Op is an operation on numbers of one precision, on their bits, or on masks.
type Op uint8

// Operations. A mask is what comparisons give; in a vector it is a lane of ones or zeros.
const (
	Arg      Op = iota // an argument
	Const              // a number, by its bits
	Add                // a + b
	Sub                // a - b
	Mul                // a b
	Div                // a / b
	MulAdd             // a b + c: rounded once or twice, the program is within its bound either way
	MulSub             // c - a b, in the same way
	Sqrt               // √a
	Min                // a where a < b, else b: a NaN in b survives
	Max                // a where a > b, else b: a NaN in b survives
	And                // bits
	Or                 // bits
	Xor                // bits
	AddBits            // bits as integers, modulo 2^n
	SubBits            // bits as integers, modulo 2^n
	ShiftL             // bits to the left
	ShiftR             // bits to the right, zeros from the left
	Less               // mask: a < b
	Equal              // mask: a = b
	Negative           // mask: the sign bit of a is set
	Select             // b where the mask a holds, else c
)

var opNames = [...]string{"arg", "const", "add", "sub", "mul", "div", "muladd", "mulsub", "sqrt", "min", "max", "and", "or", "xor",
	"addbits", "subbits", "shiftl", "shiftr", "less", "equal", "negative", "select"}

func (o Op) String() string { return opNames[o] }

// IsMask reports whether the operation gives a mask.
func (o Op) IsMask() bool { return o == Less || o == Equal || o == Negative }

// IsBits reports whether the result is best held as an integer.
func (o Op) IsBits() bool {
	return o == And || o == Or || o == Xor || o == AddBits || o == SubBits || o == ShiftL || o == ShiftR
}

// Value is an operation of a program.
type Value struct {
	Op   Op
	Args []*Value
	Bits uint64 // of a Const; the distance of a shift
	Name string // for printed text; "" for none
	ID   int    // place in the program
	// Scale, if not nil, is a shorter way to the value, for processors that have it.
	Scale *Scale
}

// Scale is X 2^(N+Extra), rounded once; N is a whole number.
type Scale struct {
	X, N  *Value
	Extra int
}

// Program computes one function of one precision.
type Program struct {
	Row    *Row
	Width  int // 32 or 64 bits
	Args   []*Value
	Code   []*Value // in order, arguments and constants included
	Result *Value
}

// Build makes the program of a row for a width of 32 or 64 bits.
func (r *Row) Build(width int) *Program { return r.make(width, false) }

// BuildSoon is Build for one who waits for the result: it takes some more operations, of which fewer wait for each other. The
// bounds are those of Build, the bits are not.
func (r *Row) BuildSoon(width int) *Program { return r.make(width, true) }

func (r *Row) make(width int, soon bool) *Program {
	p := &Program{Row: r, Width: width}
	b := &builder{p: p, consts: map[uint64]*Value{}, soon: soon}
	for _, name := range r.Args {
		p.Args = append(p.Args, b.emit(&Value{Op: Arg, Name: name}))
	}
	p.Result = r.build(b, p.Args)
	p.dropDead()
	return p
}

// Slots is the time that the program takes for a vector of numbers, in half cycles of a processor that starts
// two vector operations a cycle: one for an operation, and what was measured for a division or a root.
func (p *Program) Slots() int {
	n := 0
	for _, v := range p.Code {
		switch v.Op {
		case Arg, Const:
		case Div, Sqrt:
			n += DivSlots(p.Width)
		default:
			n++
		}
	}
	return n
}

// DivSlots is the time of a division, or of a root, in half cycles: for vectors of 256 bits.
func DivSlots(width int) int {
	if width == 32 {
		return 10
	}
	return 16
}

// dropDead removes operations that the result does not need.
func (p *Program) dropDead() {
	need := map[*Value]bool{p.Result: true}
	for i := len(p.Code) - 1; i >= 0; i-- {
		if need[p.Code[i]] {
			for _, a := range p.Code[i].Args {
				need[a] = true
			}
		}
	}
	code := p.Code[:0]
	for _, v := range p.Code {
		if need[v] || v.Op == Arg {
			v.ID = len(code)
			code = append(code, v)
		}
	}
	p.Code = code
}

// builder appends operations to a program.
type builder struct {
	p      *Program
	consts map[uint64]*Value
	soon   bool // see BuildSoon
}

func (b *builder) emit(v *Value) *Value {
	v.ID = len(b.p.Code)
	b.p.Code = append(b.p.Code, v)
	return v
}

func (b *builder) op(o Op, args ...*Value) *Value { return b.emit(&Value{Op: o, Args: args}) }

func (b *builder) bits(x uint64) *Value {
	if v, ok := b.consts[x]; ok {
		return v
	}
	v := b.emit(&Value{Op: Const, Bits: x})
	b.consts[x] = v
	return v
}

// num is a constant, rounded to the precision.
func (b *builder) num(x float64) *Value {
	if b.p.Width == 32 {
		return b.bits(uint64(math.Float32bits(float32(x))))
	}
	return b.bits(math.Float64bits(x))
}

// by is a for 32 bits and z for 64.
func by[T any](b *builder, a, z T) T {
	if b.p.Width == 32 {
		return a
	}
	return z
}

// let names a value for the reader of printed text.
func let(name string, v *Value) *Value {
	v.Name = name
	return v
}

func (b *builder) add(x, y *Value) *Value       { return b.op(Add, x, y) }
func (b *builder) sub(x, y *Value) *Value       { return b.op(Sub, x, y) }
func (b *builder) mul(x, y *Value) *Value       { return b.op(Mul, x, y) }
func (b *builder) div(x, y *Value) *Value       { return b.op(Div, x, y) }
func (b *builder) mulAdd(x, y, z *Value) *Value { return b.op(MulAdd, x, y, z) }
func (b *builder) mulSub(x, y, z *Value) *Value { return b.op(MulSub, x, y, z) } // z - xy
func (b *builder) less(x, y *Value) *Value      { return b.op(Less, x, y) }
func (b *builder) selectOf(m, x, y *Value) *Value {
	return b.op(Select, m, x, y)
}

// clamp holds x in [lo, hi]; a NaN stays one.
func (b *builder) clamp(x *Value, lo, hi float64) *Value {
	return b.op(Max, b.num(lo), b.op(Min, b.num(hi), x))
}

func (b *builder) shiftL(x *Value, n int) *Value {
	return b.emit(&Value{Op: ShiftL, Args: []*Value{x}, Bits: uint64(n)})
}

func (b *builder) shiftR(x *Value, n int) *Value {
	return b.emit(&Value{Op: ShiftR, Args: []*Value{x}, Bits: uint64(n)})
}

func (b *builder) signMask() *Value { return b.bits(1 << (b.p.Width - 1)) }

// abs is |x|.
func (b *builder) abs(x *Value) *Value { return b.op(And, x, b.bits(1<<(b.p.Width-1)-1)) }

// signOf is the sign bit of x alone.
func (b *builder) signOf(x *Value) *Value { return b.op(And, x, b.signMask()) }

// withSign is x, which is not negative, with a sign bit.
func (b *builder) withSign(x, sign *Value) *Value { return b.op(Or, x, sign) }

// mantissa is the number of bits of the fraction.
func (b *builder) mantissa() int { return by(b, 23, 52) }

// poly is the polynomial with coefficients c, highest power first.
func (b *builder) poly(name string, x *Value, c []float64) *Value {
	if b.soon && len(c) > 3 {
		return b.pairs(name, x, c)
	}
	p := b.num(c[0])
	for _, a := range c[1:] {
		p = let(name, b.mulAdd(p, x, b.num(a)))
	}
	return p
}

// pairs is poly by pairs of terms, pairs of these, and so on (Estrin 1960): what waits is their depth. The last term, which
// is the largest one mostly, is added last.
func (b *builder) pairs(name string, x *Value, c []float64) *Value {
	var sum func(c []float64) *Value
	sum = func(c []float64) *Value {
		if len(c) == 1 {
			return b.num(c[0])
		}
		n, power := 1, x // terms of the lower part, and the power that is common to the upper one
		for ; 2*n < len(c); n *= 2 {
			power = b.square(power)
		}
		upper := sum(c[:len(c)-n])
		return let(name, b.mulAdd(upper, power, sum(c[len(c)-n:])))
	}
	last := len(c) - 1
	return let(name, b.mulAdd(sum(c[:last]), x, b.num(c[last])))
}

// square is x x, made once.
func (b *builder) square(x *Value) *Value {
	for _, v := range b.p.Code {
		if v.Op == Mul && v.Args[0] == x && v.Args[1] == x {
			return v
		}
	}
	return b.mul(x, x)
}
