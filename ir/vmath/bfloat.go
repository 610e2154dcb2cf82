package vmath

import "math"

// bfloat rounds on the bits of x; only a NaN would turn into something else.
func bfloat(b *builder, x *Value) *Value {
	drop := b.mantissa() - 7
	odd := b.op(And, b.shiftR(x, drop), b.bits(1))
	y := b.op(AddBits, b.op(AddBits, x, b.bits(1<<(drop-1)-1)), odd)
	y = b.op(And, y, b.bits((1<<b.p.Width-1)&^(1<<drop-1)))
	return b.selectOf(b.op(Equal, x, x), y, x)
}

// half rounds on the bits of x where it is a normal float16, and by a sum where it is smaller.
func half(b *builder, x *Value) *Value {
	drop := b.mantissa() - 10
	size := let("size", b.abs(x))
	odd := b.op(And, b.shiftR(size, drop), b.bits(1))
	y := b.op(AddBits, b.op(AddBits, size, b.bits(1<<(drop-1)-1)), odd)
	y = let("y", b.op(And, y, b.bits((1<<b.p.Width-1)&^(1<<drop-1))))
	y = b.selectOf(b.less(y, b.num(1<<16)), y, b.num(math.Inf(1)))
	last := b.num(by[float64](b, 0.75, 3<<27)) // its last bit is 2^-24
	y = b.selectOf(b.less(size, b.num(0x1p-14)), b.sub(b.add(size, last), last), y)
	return b.selectOf(b.op(Equal, x, x), b.withSign(y, b.signOf(x)), x)
}

// binade takes the exponent of x.
func binade(b *builder, x *Value) *Value {
	size := let("size", b.abs(x))
	power := b.op(Min, b.op(And, size, b.num(math.Inf(1))), b.num(0x1p126))
	in := b.less(size, b.num(math.Inf(1)))
	power = b.selectOf(in, power, b.num(1))
	power = b.selectOf(b.less(size, b.num(0x1p-126)), b.num(1), power)
	return b.selectOf(b.op(Equal, x, x), power, x)
}
