package asm

import "slices"

// Turn is a square of as many vectors as a vector has lanes, turned over: number i of vector k becomes number k of vector i.
//
// Neighbours are interleaved, number by number and then, of 32 bits, pair by pair, which turns over what lies in each quarter of 128
// bits. What is left is a square of such quarters.
func (b *Builder) Turn(e Elem, rows []Vec) []Vec {
	in := 16 / e.Bytes() // numbers of a quarter
	known := map[Vec]Vec{}
	rows = slices.Clone(rows)
	for i, v := range rows { // shuffles of pairs would read a constant of 32 bits as one of 64
		if _, ok := known[v]; !ok {
			known[v] = b.inRegister(v)
		}
		rows[i] = known[v]
	}
	vs := make([]Vec, len(rows))
	pairs := func(lo, hi pair, x, y Vec) (Vec, Vec) { return b.binary(lo, e, x, y), b.binary(hi, e, x, y) }
	for g := 0; g < len(rows); g += in {
		r := rows[g : g+in]
		if e == F64 {
			vs[g], vs[g+1] = pairs(rowUnpackLow, rowUnpackHigh, r[0], r[1])
			continue
		}
		a, c := pairs(rowUnpackLow, rowUnpackHigh, r[0], r[1])
		d, f := pairs(rowUnpackLow, rowUnpackHigh, r[2], r[3])
		vs[g], vs[g+1] = pairs(rowPairLow, rowPairHigh, a, d)
		vs[g+2], vs[g+3] = pairs(rowPairLow, rowPairHigh, c, f)
	}
	quarters := func(x, y Vec, n int) Vec {
		d := b.new(e)
		b.emit(quarterPicks[b.ISA].op.of(e), -1, d, imm(quarterPicks[b.ISA].imm[n]), vec(y), vec(x))
		return d
	}
	out := make([]Vec, len(rows))
	for i := range in { // number i of each quarter
		if b.ISA == AVX2 {
			out[i], out[in+i] = quarters(vs[i], vs[in+i], 0), quarters(vs[i], vs[in+i], 1)
			continue
		}
		x, y, z, w := vs[i], vs[in+i], vs[2*in+i], vs[3*in+i]
		for odd := range 2 {
			p, q := quarters(x, y, odd), quarters(z, w, odd)
			out[odd*in+i], out[(2+odd)*in+i] = quarters(p, q, 0), quarters(p, q, 1)
		}
	}
	return out
}

// Alternate takes the numbers in even places of x and then those of y, or with odd 1 those in odd places. It takes apart what lies in each quarter
// of 128 bits, which leaves pairs, or single numbers of 64 bits, of x and y in turn, and then sorts these.
func (b *Builder) Alternate(e Elem, x, y Vec, odd int) Vec {
	var t Vec
	if e == F32 {
		t = b.new(e)
		b.emit("VSHUFPS", -1, t, imm([2]int{0x88, 0xdd}[odd]), vec(y), vec(x))
	} else {
		t = b.binary([2]pair{rowUnpackLow, rowUnpackHigh}[odd], e, x, y)
	}
	d := b.new(e)
	b.emit("VPERMPD", -1, d, imm(0xd8), vec(t))
	if b.ISA == AVX2 {
		return d
	}
	sorted := b.new(e)
	b.emit("VSHUFF64X2", -1, sorted, imm(0xd8), vec(d), vec(d))
	return sorted
}

// Interleaving of numbers, and of pairs of numbers of 32 bits, within each quarter.
var (
	rowUnpackLow  = pair{"VUNPCKLPS", "VUNPCKLPD"}
	rowUnpackHigh = pair{"VUNPCKHPS", "VUNPCKHPD"}
	rowPairLow    = pair{f32: "VUNPCKLPD"}
	rowPairHigh   = pair{f32: "VUNPCKHPD"}
)

// quarterPicks take the quarters of even numbers of two vectors, and those of odd ones; of AVX2, where a vector has two.
var quarterPicks = [...]struct {
	op  pair
	imm [2]int
}{
	AVX2:   {pair{"VPERM2F128", "VPERM2F128"}, [2]int{0x20, 0x31}},
	AVX512: {pair{"VSHUFF32X4", "VSHUFF64X2"}, [2]int{0x88, 0xdd}},
}
