package rt

import (
	"math"
	"math/bits"
)

// twoOverPi holds 2/π as a binary fraction, most significant word first.
var twoOverPi = [...]uint64{
	0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561,
	0xb7246e3a424dd2e0, 0x06492eea09d1921c, 0xfe1deb1cb129a73e, 0xe88235f52ebb4484,
	0xe99c7026b45f7e41, 0x3991d639835339f4, 0x9c845f8bbdf9283b, 0x1ff897ffde05980f,
	0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d, 0x7527bac7ebe5f17b,
	0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b6bab, 0xf0cfbc209af4361d,
}

// payneHanek multiplies the mantissa of x with the window of 2/π whose bits
// still matter modulo 4 (Payne and Hanek, 1983).
func payneHanek(x float64) (n uint64, r, tail float64) {
	b := math.Float64bits(x)
	e := int(b>>52) - 1075 // x = m 2^e
	m := b&(1<<52-1) | 1<<52
	// Bit i of 2/π has weight 2^-(i+1); those with e-(i+1) ≥ 2 add multiples
	// of 4. Start at bit e-2, and below zero shift in zeros.
	first := e - 2
	var w [3]uint64
	for i := range w {
		w[i] = fractionBits(first + 64*i)
	}
	// product = m * w, modulo 2^192; w has weight 2^(-first-192), m 2^e, so
	// the product's top two bits count quarter turns.
	h2, l2 := bits.Mul64(m, w[2])
	h1, l1 := bits.Mul64(m, w[1])
	p0 := m * w[0]
	mid, carry := bits.Add64(l1, h2, 0)
	top, _ := bits.Add64(p0, h1, carry)
	_ = l2
	n = top >> 62
	frac := top<<2 | mid>>62
	low := mid << 2
	neg := frac>>63 == 1
	if neg {
		n++
		low, carry = bits.Sub64(0, low, 0)
		frac, _ = bits.Sub64(0, frac, carry)
	}
	z := bits.LeadingZeros64(frac)
	if z == 64 {
		return n & 3, 0, 0 // no double is that close to a multiple of π/2
	}
	frac = frac<<z | low>>(64-z)
	hi := math.Ldexp(float64(frac>>11), -53-z)
	lo := math.Ldexp(float64(frac&(1<<11-1)), -64-z)
	if neg {
		hi, lo = -hi, -lo
	}
	// (hi+lo) π/2 in double-double: only the leading terms matter.
	const piHi, piLo = 1.5707963267948966, 6.123233995736766e-17
	h := float64(hi * piHi)
	t := productError(hi, piHi, h) + float64(hi*piLo) + float64(lo*piHi)
	r = h + t
	return n & 3, r, (h - r) + t
}

// productError is a*b - p for p = fl(a*b), by Dekker's splitting.
func productError(a, b, p float64) float64 {
	const split = 1<<27 + 1
	as := float64(a * split)
	bs := float64(b * split)
	ah := as - (as - a)
	bh := bs - (bs - b)
	al, bl := a-ah, b-bh
	return ((float64(ah*bh) - p) + float64(ah*bl) + float64(al*bh)) + float64(al*bl)
}

// fractionBits is the 64 bits of 2/π from bit i on (bits before 0 are zero).
func fractionBits(i int) uint64 {
	word := func(k int) uint64 {
		if k < 0 || k >= len(twoOverPi) {
			return 0
		}
		return twoOverPi[k]
	}
	k, s := i>>6, uint(i&63)
	if s == 0 {
		return word(k)
	}
	return word(k)<<s | word(k+1)>>(64-s)
}

// turned writes |x| as n π/2 + r + tail, and gives sine and cosine of r + tail.
func turned(x float64) (n uint64, sin, cos float64) {
	if x != x || math.IsInf(x, 0) {
		return 0, math.NaN(), math.NaN()
	}
	n, r, tail := payneHanek(math.Abs(x))
	s, c := Sin64(r), Cos64(r)
	return n, mad64(tail, c, s), mad64(-tail, s, c)
}

// Sin64Far is Sin64 of a number of any size that is not small, within 2 ulp.
func Sin64Far(x float64) float64 {
	n, s, c := turned(x)
	if n&1 == 1 {
		s = c
	}
	if n&2 != 0 != (x < 0) {
		return -s
	}
	return s
}

// Cos64Far is Cos64 of a number of any size that is not small, within 2 ulp.
func Cos64Far(x float64) float64 {
	n, s, c := turned(x)
	if n&1 == 1 {
		c = s
	}
	if (n+1)&2 != 0 {
		return -c
	}
	return c
}

// Tan64Far is Tan64 of a number of any size that is not small, within 4 ulp.
func Tan64Far(x float64) float64 { return Sin64Far(x) / Cos64Far(x) }

// SinCos64 is sine and cosine.
func SinCos64(x float64) (sin, cos float64) { return Sin64(x), Cos64(x) }
