package vmath

// bfloat rounds on the bits of x; only a NaN would turn into something else.
func bfloat(b *builder, x *Value) *Value {
	drop := b.mantissa() - 7
	odd := b.op(And, b.shiftR(x, drop), b.bits(1))
	y := b.op(AddBits, b.op(AddBits, x, b.bits(1<<(drop-1)-1)), odd)
	y = b.op(And, y, b.bits((1<<b.p.Width-1)&^(1<<drop-1)))
	return b.selectOf(b.op(Equal, x, x), y, x)
}
