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

// EvalStep is the Step of evaluations: later than any training step, so that what changes during
// training is at its end, and apart from what training draws.
const EvalStep = 1 << 52

// Words is k as the vector that generated functions take: seed (lower and upper 32 bits), row, step,
// path and the scope of a call.
func (k Key) Words() [6]float64 {
	return [6]float64{float64(uint32(k.Seed)), float64(k.Seed >> 32), float64(k.Row), float64(k.Step), float64(k.Path), 0}
}

// At is k for a data row.
func (k Key) At(row int) Key {
	k.Row = uint64(row)
	return k
}

// Draw fills dst with uniform numbers of [0, 1), draws offset, offset+1, … at a key and site of the
// program. Seed, row and step go through Philox once, so that those of one seed never coincide; the
// result keys the blocks, which path, site and index count.
func Draw(dst []float64, key *[6]float64, site uint32, offset float64) {
	row, step := uint64(key[2]), uint64(key[3])
	k := Philox4x32([4]uint32{uint32(row), uint32(row >> 32), uint32(step), uint32(step >> 32)}, [2]uint32{uint32(key[0]), uint32(key[1])})
	i := uint64(offset)
	var b [4]uint32
	for e := range dst {
		if e == 0 || i&1 == 0 {
			b = Philox4x32([4]uint32{uint32(i >> 1), uint32(key[4]), site ^ uint32(key[5]), k[2]}, [2]uint32{k[0], k[1]})
		}
		j := 2 * (i & 1)
		dst[e] = unit(uint64(b[j])<<32 | uint64(b[j+1]))
		i++
	}
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
