package rt

import (
	"math"
	"math/bits"
)

// Philox4x32 is the counter-based generator Philox4x32-10 (Salmon, Moraes,
// Dror and Shaw, SC 2011): 128 random bits as a function of counter and key.
func Philox4x32(ctr [4]uint32, key [2]uint32) [4]uint32 {
	for range 10 {
		h0, l0 := bits.Mul32(0xD2511F53, ctr[0])
		h1, l1 := bits.Mul32(0xCD9E8D57, ctr[2])
		ctr = [4]uint32{h1 ^ ctr[1] ^ key[0], l1, h0 ^ ctr[3] ^ key[1], l0}
		key[0] += 0x9E3779B9
		key[1] += 0xBB67AE85
	}
	return ctr
}

// Key names a place at which numbers are drawn. A draw is a function of its
// key, so results do not depend on batch split, order or thread count.
type Key struct {
	Seed uint64 // of the run
	Row  uint64 // data row
	Step uint64 // training step
	Path uint32 // sample path of a stochastic solve
	Site uint32 // call site in the program
}

// Stream is the sequence of draws at one key; draws are read by index.
type Stream struct {
	key       [2]uint32
	row, step uint32
}

// Stream derives the draws of k.
func (k Key) Stream() Stream {
	b := Philox4x32([4]uint32{k.Site, k.Path, uint32(k.Step >> 32), uint32(k.Row >> 32)}, [2]uint32{uint32(k.Seed), uint32(k.Seed >> 32)})
	return Stream{key: [2]uint32{b[0], b[1]}, row: uint32(k.Row), step: uint32(k.Step)}
}

// Bits is 64 random bits, draw i.
func (s Stream) Bits(i uint64) uint64 {
	b := s.block(i >> 1)
	j := 2 * (i & 1)
	return uint64(b[j])<<32 | uint64(b[j+1])
}

func (s Stream) block(i uint64) [4]uint32 {
	return Philox4x32([4]uint32{uint32(i), uint32(i >> 32), s.row, s.step}, s.key)
}

// Uniform is draw i from [0, 1), a multiple of 2^-53.
func (s Stream) Uniform(i uint64) float64 { return unit(s.Bits(i)) }

func unit(b uint64) float64 { return float64(b>>11) * (1.0 / (1 << 53)) }

// Normal is draw i from N(0, 1), by Box and Muller: draws 2k and 2k+1 are the
// two coordinates of one point.
func (s Stream) Normal(i uint64) float64 {
	u := 1 - s.Uniform(i&^1) // (0, 1]
	r := math.Sqrt(-2 * Log64(u))
	sin, cos := SinCos64(2 * math.Pi * s.Uniform(i|1))
	if i&1 == 0 {
		return r * cos
	}
	return r * sin
}

// Int is draw i from 0..n-1 (n > 0), by the high word of a product: its bias
// is below n/2^64.
func (s Stream) Int(i uint64, n int) int {
	h, _ := bits.Mul64(s.Bits(i), uint64(n))
	return int(h)
}

// Permute fills p with a permutation of 0..len(p)-1 (Fisher and Yates), a
// function of seed and epoch alone.
func Permute(p []int, seed, epoch uint64) {
	const site = 0x70657231 // keeps shuffles apart from the draws of programs
	s := Key{Seed: seed, Step: epoch, Site: site}.Stream()
	for i := range p {
		p[i] = i
	}
	for i := len(p) - 1; i > 0; i-- {
		j := s.Int(uint64(i), i+1)
		p[i], p[j] = p[j], p[i]
	}
}
