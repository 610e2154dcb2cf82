package asm

// pair is the mnemonic of an operation for each element.
type pair struct{ f32, f64 string }

func (p pair) of(e Elem) string { return e.pick(p.f32, p.f64) }

// The instructions that both ISAs have under one name; the wide forms without AVX512DQ work on bits.
var (
	rowAdd  = pair{"VADDPS", "VADDPD"}
	rowSub  = pair{"VSUBPS", "VSUBPD"}
	rowMul  = pair{"VMULPS", "VMULPD"}
	rowDiv  = pair{"VDIVPS", "VDIVPD"}
	rowMin  = pair{"VMINPS", "VMINPD"}
	rowMax  = pair{"VMAXPS", "VMAXPD"}
	rowSqrt = pair{"VSQRTPS", "VSQRTPD"}
	rowIAdd = pair{"VPADDD", "VPADDQ"}
	rowISub = pair{"VPSUBD", "VPSUBQ"}
	rowShl  = pair{"VPSLLD", "VPSLLQ"}
	rowShr  = pair{"VPSRLD", "VPSRLQ"}
)

// bitwise operations: AVX2 has them for floats, AVX-512F for integers.
var (
	rowAnd  = [...]pair{AVX2: {"VANDPS", "VANDPD"}, AVX512: {"VPANDD", "VPANDQ"}}
	rowAndN = [...]pair{AVX2: {"VANDNPS", "VANDNPD"}, AVX512: {"VPANDND", "VPANDNQ"}}
	rowOr   = [...]pair{AVX2: {"VORPS", "VORPD"}, AVX512: {"VPORD", "VPORQ"}}
	rowXor  = [...]pair{AVX2: {"VXORPS", "VXORPD"}, AVX512: {"VPXORD", "VPXORQ"}}
)

// binary is op(x, y); Go's order has the second operand first, and that one may lie in memory.
func (b *Builder) binary(p pair, e Elem, x, y Vec) Vec {
	d := b.new(e)
	b.emit(p.of(e), 0, d, vec(y), vec(x))
	return d
}

// commute is binary with a constant moved to where it may lie in memory.
func (b *Builder) commute(p pair, e Elem, x, y Vec) Vec {
	if b.konst(x) {
		x, y = y, x
	}
	d := b.new(e)
	b.emit(p.of(e), 0, d, vec(y), vec(x)).either = true
	return d
}

// Add is x + y.
func (b *Builder) Add(e Elem, x, y Vec) Vec { return b.commute(rowAdd, e, x, y) }

// Sub is x - y.
func (b *Builder) Sub(e Elem, x, y Vec) Vec { return b.binary(rowSub, e, x, y) }

// Mul is x y.
func (b *Builder) Mul(e Elem, x, y Vec) Vec { return b.commute(rowMul, e, x, y) }

// Div is x / y.
func (b *Builder) Div(e Elem, x, y Vec) Vec { return b.binary(rowDiv, e, x, y) }

// Sqrt is √x.
func (b *Builder) Sqrt(e Elem, x Vec) Vec {
	d := b.new(e)
	b.emit(rowSqrt.of(e), 0, d, vec(x))
	return d
}

// FMA is x y + z, rounded once.
func (b *Builder) FMA(e Elem, x, y, z Vec) Vec { return b.fma("VFMADD", e, x, y, z) }

// FNMA is z - x y, rounded once.
func (b *Builder) FNMA(e Elem, x, y, z Vec) Vec { return b.fma("VFNMADD", e, x, y, z) }

func (b *Builder) fma(stem string, e Elem, x, y, z Vec) Vec {
	if b.konst(x) {
		x, y = y, x
	}
	x = b.inRegister(x)
	if b.konst(y) && b.konst(z) {
		z = b.inRegister(z)
	}
	d := b.new(e)
	b.add(inst{kind: fmaInst, op: stem, mem: -1, dst: vec(d)}, vec(x), vec(y), vec(z))
	return d
}

// Accumulate adds x y to the Var acc, rounded once.
func (b *Builder) Accumulate(e Elem, acc, x, y Vec) {
	if b.konst(x) {
		x, y = y, x
	}
	in := b.emit("VFMADD231"+e.pick("PS", "PD"), 0, acc, vec(y), vec(x))
	in.rmw, in.either = true, true
}

// AccumulateAt adds x times the vector at m to the Var acc.
func (b *Builder) AccumulateAt(e Elem, acc, x Vec, m Mem) {
	b.emit("VFMADD231"+e.pick("PS", "PD"), 0, acc, b.address(m), vec(x)).rmw = true
}

// MulAt is x times the vector at m.
func (b *Builder) MulAt(e Elem, x Vec, m Mem) Vec {
	d := b.new(e)
	b.emit(rowMul.of(e), 0, d, b.address(m), vec(x))
	return d
}

// AddTo adds x to the Var acc.
func (b *Builder) AddTo(e Elem, acc, x Vec) {
	b.emit(rowAdd.of(e), 0, acc, vec(x), vec(acc)).either = true
}

// ClampBelow is x where x > lo, and lo elsewhere; NaN stays NaN. lo must not be zero.
func (b *Builder) ClampBelow(e Elem, x, lo Vec) Vec { return b.binary(rowMax, e, lo, x) }

// ClampAbove is x where x < hi, and hi elsewhere; NaN stays NaN. hi must not be zero.
func (b *Builder) ClampAbove(e Elem, x, hi Vec) Vec { return b.binary(rowMin, e, hi, x) }

// Min is the smaller one; NaN if one of them is, and -0 is smaller than +0.
func (b *Builder) Min(e Elem, x, y Vec) Vec {
	// The instruction gives its second operand for NaN and for equal zeros: both orders together have the
	// sign bit and the NaN of either.
	return b.Or(e, b.binary(rowMin, e, x, y), b.binary(rowMin, e, y, x))
}

// Max is the larger one; NaN if one of them is, and +0 is larger than -0.
func (b *Builder) Max(e Elem, x, y Vec) Vec {
	both := b.And(e, b.binary(rowMax, e, x, y), b.binary(rowMax, e, y, x))
	return b.Or(e, both, b.Cmp(e, Unordered, x, y))
}

// And is the bitwise x and y.
func (b *Builder) And(e Elem, x, y Vec) Vec { return b.commute(rowAnd[b.ISA], e, x, y) }

// AndNot is the bitwise y without the bits of x.
func (b *Builder) AndNot(e Elem, x, y Vec) Vec { return b.binary(rowAndN[b.ISA], e, x, y) }

// Or is the bitwise x or y.
func (b *Builder) Or(e Elem, x, y Vec) Vec { return b.commute(rowOr[b.ISA], e, x, y) }

// Xor is the bitwise difference of x and y.
func (b *Builder) Xor(e Elem, x, y Vec) Vec { return b.commute(rowXor[b.ISA], e, x, y) }

// IAdd adds the bits of x and y as integers.
func (b *Builder) IAdd(e Elem, x, y Vec) Vec { return b.commute(rowIAdd, e, x, y) }

// ISub subtracts the bits of y from those of x as integers.
func (b *Builder) ISub(e Elem, x, y Vec) Vec { return b.binary(rowISub, e, x, y) }

// MulWords is the product, of 64 bits, of the lower words of x and y: lanes have 64 bits.
func (b *Builder) MulWords(x, y Vec) Vec { return b.commute(pair{f64: "VPMULUDQ"}, F64, x, y) }

// Shl moves the bits up by n.
func (b *Builder) Shl(e Elem, x Vec, n int) Vec { return b.shift(rowShl, e, x, n) }

// Shr moves the bits down by n and fills with zeros.
func (b *Builder) Shr(e Elem, x Vec, n int) Vec { return b.shift(rowShr, e, x, n) }

func (b *Builder) shift(p pair, e Elem, x Vec, n int) Vec {
	d := b.new(e)
	b.emit(p.of(e), -1, d, imm(n), vec(b.inRegister(x)))
	return d
}

// Predicate is a comparison of floats.
type Predicate int

// Predicates, by their number in the instruction. All but NotEqual and Unordered are false for NaN.
const (
	Equal     Predicate = 0x00
	NotEqual  Predicate = 0x04
	Less      Predicate = 0x11
	LessEqual Predicate = 0x12
	Unordered Predicate = 0x03

	notLessEqual Predicate = 0x16 // true for NaN
)

// Cmp is a mask of where x and y compare.
func (b *Builder) Cmp(e Elem, p Predicate, x, y Vec) Vec {
	op := e.pick("VCMPPS", "VCMPPD")
	d := b.new(e)
	if b.ISA == AVX2 {
		b.emit(op, 1, d, imm(int(p)), vec(y), vec(x))
		return d
	}
	b.emit(op, 1, d, imm(int(p)), vec(y), vec(x)).dst = fixed("K1")
	return b.fromK(e, d)
}

// fromK makes the mask register K1 a mask of full width: all ones, zeroed where the bit is not set. It comes from memory, since
// an instruction that makes ones of a register would wait for what the register held before.
func (b *Builder) fromK(e Elem, d Vec) Vec {
	i := b.emit(e.pick("VBROADCASTSS.Z", "VBROADCASTSD.Z"), 0, d, vec(b.Ones(e)))
	i.masked = true
	return d
}

// compareK sets the mask register k of AVX-512 where x and y compare.
func (b *Builder) compareK(e Elem, p Predicate, x, y Vec, k int) {
	b.emit(e.pick("VCMPPS", "VCMPPD"), 1, b.new(e), imm(int(p)), vec(y), vec(x)).dst = fixed(maskNames[k])
}

// testK sets the mask register k of AVX-512 where x and y have a bit in common.
func (b *Builder) testK(e Elem, x, y Vec, k int) {
	b.emit(e.pick("VPTESTMD", "VPTESTMQ"), 0, b.new(e), vec(y), vec(x)).dst = fixed(maskNames[k])
}

// blend is x where the mask register k of AVX-512 is set, else y.
func (b *Builder) blend(e Elem, k int, x, y Vec) Vec {
	d := b.new(e)
	b.emit(e.pick("VBLENDMPS", "VBLENDMPD"), 0, d, vec(x), vec(y), fixed(maskNames[k]))
	return d
}

var maskNames = [...]string{"K0", "K1", "K2", "K3", "K4", "K5", "K6", "K7"}

// scale is x times two to the power of the whole numbers n, an instruction of AVX-512.
func (b *Builder) scale(e Elem, x, n Vec) Vec {
	return b.binary(pair{"VSCALEFPS", "VSCALEFPD"}, e, x, n)
}

// ICmpEqual is a mask of where the integers x and y are equal.
func (b *Builder) ICmpEqual(e Elem, x, y Vec) Vec {
	op := e.pick("VPCMPEQD", "VPCMPEQQ")
	if b.konst(x) {
		x, y = y, x
	}
	d := b.new(e)
	i := b.emit(op, 0, d, vec(y), vec(x))
	if b.ISA == AVX2 {
		return d
	}
	i.dst = fixed("K1")
	return b.fromK(e, d)
}

// ICmpGreater is a mask of where the integer x is greater than y.
func (b *Builder) ICmpGreater(e Elem, x, y Vec) Vec {
	d := b.new(e)
	i := b.emit(e.pick("VPCMPGTD", "VPCMPGTQ"), 0, d, vec(y), vec(x))
	if b.ISA == AVX2 {
		return d
	}
	i.dst = fixed("K1")
	return b.fromK(e, d)
}

// Select is x where the mask is set, else y.
func (b *Builder) Select(e Elem, mask, x, y Vec) Vec {
	d := b.new(e)
	y = b.inRegister(y)
	b.add(inst{kind: selectInst, op: e.pick("VBLENDVPS", "VBLENDVPD"), mem: 1, dst: vec(d)}, vec(b.inRegister(mask)), vec(x), vec(y))
	return d
}

// Pick takes for each index the number of that place in two vectors, one behind the other; of an index the lowest five bits count. AVX-512
// alone has it.
func (b *Builder) Pick(index, low, high Vec) Vec {
	if b.ISA != AVX512 {
		b.fail("VPERMI2PS without AVX-512")
	}
	d := b.Var(F32, index)
	b.emit("VPERMI2PS", 0, d, vec(high), vec(low)).rmw = true
	return d
}

// Rounding is a direction of rounding to a whole number.
type Rounding int

// Directions, by their number in the instruction.
const (
	Nearest Rounding = 0 // ties to even
	Down    Rounding = 1
	Up      Rounding = 2
	Zero    Rounding = 3
)

// Round is x rounded to a whole number.
func (b *Builder) Round(e Elem, r Rounding, x Vec) Vec {
	op, n := e.pick("VROUNDPS", "VROUNDPD"), int(r)|8
	if b.ISA == AVX512 {
		op = e.pick("VRNDSCALEPS", "VRNDSCALEPD")
	}
	d := b.new(e)
	b.emit(op, 1, d, imm(n), vec(x))
	return d
}

// Abs is x without its sign.
func (b *Builder) Abs(e Elem, x Vec) Vec {
	return b.And(e, x, b.Bits(e, []uint64{0x7fffffff, 0x7fffffffffffffff}[e]))
}

// SignBit is the sign bit of x alone.
func (b *Builder) SignBit(e Elem, x Vec) Vec { return b.And(e, x, b.signBit(e)) }

// Neg is -x, zero and NaN with their sign.
func (b *Builder) Neg(e Elem, x Vec) Vec { return b.Xor(e, x, b.signBit(e)) }

func (b *Builder) signBit(e Elem) Vec {
	return b.Bits(e, []uint64{0x80000000, 0x8000000000000000}[e])
}

// Ones is a mask that is set everywhere.
func (b *Builder) Ones(e Elem) Vec {
	return b.Bits(e, allOnes[e])
}

var allOnes = [...]uint64{F32: 0xffffffff, F64: 0xffffffffffffffff}

// SumLanes is the sum of the numbers of all lanes, in every lane: of lanes half a vector apart, then a quarter, and so
// on, so that all lanes have the same bits.
func (b *Builder) SumLanes(e Elem, x Vec) Vec {
	for _, s := range laneSwaps[b.ISA][e] {
		y := b.new(e)
		b.emit(s.op, -1, y, imm(s.imm), vec(x), vec(x))
		x = b.Add(e, x, y)
	}
	return x
}

// LeastLane is the smallest number of all lanes, none of which is NaN, in every lane.
func (b *Builder) LeastLane(e Elem, x Vec) Vec {
	for _, s := range laneSwaps[b.ISA][e] {
		y := b.new(e)
		b.emit(s.op, -1, y, imm(s.imm), vec(x), vec(x))
		x = b.binary(rowMin, e, x, y)
	}
	return x
}

// laneSwaps exchange halves of a vector, of its quarters, and so on.
var laneSwaps = [...][2][]struct {
	op  string
	imm int
}{
	AVX2: {
		F32: {{"VPERM2F128", 0x01}, {"VSHUFPS", 0x4e}, {"VSHUFPS", 0xb1}},
		F64: {{"VPERM2F128", 0x01}, {"VSHUFPD", 0x05}},
	},
	AVX512: {
		F32: {{"VSHUFF32X4", 0x4e}, {"VSHUFF32X4", 0xb1}, {"VSHUFPS", 0x4e}, {"VSHUFPS", 0xb1}},
		F64: {{"VSHUFF64X2", 0x4e}, {"VSHUFF64X2", 0xb1}, {"VSHUFPD", 0x55}},
	},
}
