package asm

// A vector of F32 stands beside two vectors of F64, of the lower and the upper half of its lanes.

// halves are the lower and the upper half of x, each in the lower half of a register.
func (b *Builder) halves(x Vec) (lo, hi operand) {
	x = b.inRegister(x)
	up := b.new(F32)
	op := "VEXTRACTF128"
	if b.ISA == AVX512 {
		op = "VEXTRACTF64X4"
	}
	b.emit(op, -1, up, imm(1), vec(x)).dst.part = halfPart
	return lower(x), lower(up)
}

// join is the vector of two halves.
func (b *Builder) join(lo, hi Vec) Vec {
	d := b.new(F32)
	op := "VINSERTF128"
	if b.ISA == AVX512 {
		op = "VINSERTF64X4"
	}
	b.emit(op, -1, d, imm(1), lower(hi), vec(lo))
	return d
}

// widen applies op, from the lower half of a register to a whole one, to both halves of x.
func (b *Builder) widen(op string, x Vec) (lo, hi Vec) {
	l, h := b.halves(x)
	lo, hi = b.new(F64), b.new(F64)
	b.emit(op, -1, lo, l)
	b.emit(op, -1, hi, h)
	return lo, hi
}

// narrow applies op, from a register to the lower half of one, to lo and hi.
func (b *Builder) narrow(op string, lo, hi Vec) Vec {
	l := b.new(F32)
	b.emit(op, -1, l, vec(lo)).dst.part = halfPart
	h := l
	if hi != lo {
		h = b.new(F32)
		b.emit(op, -1, h, vec(hi)).dst.part = halfPart
	}
	return b.join(l, h)
}

// ToF64 converts float32 to float64.
func (b *Builder) ToF64(x Vec) (lo, hi Vec) { return b.widen("VCVTPS2PD", x) }

// LowerToF64 converts the float32 in the lower half of the lanes.
func (b *Builder) LowerToF64(x Vec) Vec {
	d := b.new(F64)
	b.emit("VCVTPS2PD", -1, d, lower(b.inRegister(x)))
	return d
}

// ToF32 rounds float64 to float32.
func (b *Builder) ToF32(lo, hi Vec) Vec {
	return b.narrow(map[ISA]string{AVX2: "VCVTPD2PSY", AVX512: "VCVTPD2PS"}[b.ISA], lo, hi)
}

// WidenMask makes a mask beside F32 one beside F64; it also extends the sign of integers.
func (b *Builder) WidenMask(x Vec) (lo, hi Vec) {
	if b.ISA == AVX2 {
		return b.widen("VPMOVSXDQ", x)
	}
	lo, hi = b.new(F64), b.new(F64)
	b.emit("", -1, lo, vec(x), imm(0)).kind = doubleInst
	b.emit("", -1, hi, vec(x), imm(1)).kind = doubleInst
	return lo, hi
}

// double is what a doubleInst does with vectors.
func (b *Builder) double(in inst) []inst {
	x, out := in.src[0], []inst(nil)
	if in.src[1].num == 1 {
		up := b.new(F32)
		out = append(out, inst{op: "VEXTRACTF64X4", mem: -1, n: 2, src: [maxOperands]operand{imm(1), x}, dst: lower(up)})
		x = vec(up)
	}
	x.part = halfPart
	return append(out, inst{op: "VPMOVSXDQ", mem: -1, n: 1, src: [maxOperands]operand{x}, dst: in.dst})
}

// NarrowMask makes a mask beside F64 one beside F32; it also takes the lower bits of integers.
func (b *Builder) NarrowMask(lo, hi Vec) Vec {
	if b.ISA == AVX512 {
		d := b.new(F32)
		b.emit("", -1, d, vec(lo), vec(hi)).kind = halveInst
		return d
	}
	t, d := b.new(F32), b.new(F32)
	b.emit("VSHUFPS", -1, t, imm(0x88), vec(hi), vec(lo)) // even words, per 128 bits: lo hi lo hi
	b.emit("VPERMPD", -1, d, imm(0xd8), vec(t))
	return d
}

// halve is what a halveInst does with vectors.
func (b *Builder) halve(in inst) []inst {
	part := func(x operand) (operand, inst) {
		d := lower(b.new(F32))
		return d, inst{op: "VPMOVQD", mem: -1, n: 1, src: [maxOperands]operand{x}, dst: d}
	}
	lo, first := part(in.src[0])
	hi, second := part(in.src[1])
	return []inst{first, second, {op: "VINSERTF64X4", mem: -1, n: 3, src: [maxOperands]operand{imm(1), hi, vec(lo.vec())}, dst: in.dst}}
}

// IntToF32 converts integers of 32 bits.
func (b *Builder) IntToF32(x Vec) Vec {
	d := b.new(F32)
	b.emit("VCVTDQ2PS", 0, d, vec(x))
	return d
}

// F32ToInt converts to integers of 32 bits, towards zero; what does not fit is the smallest one.
func (b *Builder) F32ToInt(x Vec) Vec {
	d := b.new(F32)
	b.emit("VCVTTPS2DQ", 0, d, vec(x))
	return d
}

// IntToF64 converts integers of 32 bits to float64.
func (b *Builder) IntToF64(x Vec) (lo, hi Vec) { return b.widen("VCVTDQ2PD", x) }

// F64ToInt converts to integers of 32 bits, towards zero; what does not fit is the smallest one.
func (b *Builder) F64ToInt(lo, hi Vec) Vec {
	return b.narrow(map[ISA]string{AVX2: "VCVTTPD2DQY", AVX512: "VCVTTPD2DQ"}[b.ISA], lo, hi)
}
