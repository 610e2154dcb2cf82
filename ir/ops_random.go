package ir

import (
	"fmt"
	"math/bits"
)

// Random numbers are functions of a key: a vector of float64 words, each a whole number, that says for
// whom they are drawn. Models and objectives that draw have it as their last argument.
const (
	KeySeedLow  = iota // seed of the run, lower 32 bits
	KeySeedHigh        // and upper ones
	KeyRow             // data row, or place in the batch
	KeyStep            // training step; EvalStep where nothing is trained
	KeyPath            // sample path of a stochastic solve
	KeyScope           // mixes the sites of the callers in
	KeyWords
)

// EvalStep is the training step of evaluations: later than any, so that what changes during training
// is at its end, and apart from what training draws.
const EvalStep = 1 << 52

// KeyType is the type of a key, and KeyName the name of the argument.
var KeyType = Tensor(F64, KeyWords)

// KeyName is the name of the argument that holds a key.
const KeyName = "key"

func init() {
	register(Info{Op: OpUniform, Name: "uniform", Arity: 2, Class: ClassRandom,
		Formula: "u_i = ⌊b_i/2¹¹⌋ 2⁻⁵³", Doc: "uniform numbers in [0, 1) by Philox4x32-10, draws offset, offset+1, … at a key and site",
		Shape: func(a []Type, at *Attr) (Type, error) {
			if !a[0].Equal(KeyType) || !a[1].Equal(Scalar(F64)) {
				return Type{}, fmt.Errorf("wants a key %s and an offset f64, not %s and %s", KeyType, a[0], a[1])
			}
			if len(at.Ints) == 0 || at.Index < 0 {
				return Type{}, fmt.Errorf("wants a shape with axes and a site, not %v and %d", at.Ints, at.Index)
			}
			if err := positive(at.Ints); err != nil {
				return Type{}, err
			}
			return Tensor(F64, at.Ints...), nil
		},
		Eval: func(a []Datum, at *Attr, out []float64) {
			var key [KeyWords]float64
			copy(key[:], a[0].Data)
			for i := range out {
				out[i] = uniform(&key, uint32(at.Index), uint64(a[1].Data[0])+uint64(i))
			}
		}})
}

// uniform is draw i. The words seed, row and step go through Philox once, so that those of one seed
// never coincide; the result keys the blocks, which path, site and index count. rt.Draw is the same.
func uniform(key *[KeyWords]float64, site uint32, i uint64) float64 {
	row, step := uint64(key[KeyRow]), uint64(key[KeyStep])
	k := philox([4]uint32{uint32(row), uint32(row >> 32), uint32(step), uint32(step >> 32)},
		[2]uint32{uint32(key[KeySeedLow]), uint32(key[KeySeedHigh])})
	b := philox([4]uint32{uint32(i >> 1), uint32(key[KeyPath]), site ^ uint32(key[KeyScope]), k[2]}, [2]uint32{k[0], k[1]})
	j := 2 * (i & 1)
	return float64((uint64(b[j])<<32|uint64(b[j+1]))>>11) * 0x1p-53
}

// philox is Philox4x32-10 (Salmon, Moraes, Dror, Shaw, SC 2011).
func philox(ctr [4]uint32, key [2]uint32) [4]uint32 {
	for range 10 {
		h0, l0 := bits.Mul32(0xD2511F53, ctr[0])
		h1, l1 := bits.Mul32(0xCD9E8D57, ctr[2])
		ctr = [4]uint32{h1 ^ ctr[1] ^ key[0], l1, h0 ^ ctr[3] ^ key[1], l0}
		key[0] += 0x9E3779B9
		key[1] += 0xBB67AE85
	}
	return ctr
}

// Site is the site of draws at a place of the program, by the name of the place (FNV-1a, 31 bits).
func Site(place string) int {
	h := uint32(2166136261)
	for i := 0; i < len(place); i++ {
		h = (h ^ uint32(place[i])) * 16777619
	}
	return int(h >> 1)
}

// Uniform draws numbers of [0, 1): draws offset, offset+1, … at the key and site.
func (b *Builder) Uniform(key *Value, site int, offset *Value, shape ...int) *Value {
	return b.Emit(OpUniform, Attr{Index: site, Ints: shape}, key, offset)
}

// Gauss draws n standard normal numbers by Box and Muller: draws 2k and 2k+1, u and v, give
// √(-2 ln(1-u)) (cos 2πv, sin 2πv).
func (b *Builder) Gauss(key *Value, site int, offset *Value, n int) *Value {
	m := (n + 1) / 2
	u := b.Uniform(key, site, offset, m, 2)
	column := func(j int) *Value { return b.Reshape(b.Slice(u, 0, m, j, j+1), m) }
	r := b.Unary(OpSqrt, b.Mul(b.Const(-2, F64), b.Unary(OpLog, b.Sub(b.Const(1, F64), column(0)))))
	a := b.Mul(b.Const(twoPi, F64), column(1))
	pair := func(op Op) *Value { return b.Reshape(b.Mul(r, b.Unary(op, a)), m, 1) }
	z := b.Reshape(b.Concat(1, pair(OpCos), pair(OpSin)), 2*m)
	return b.Slice(z, 0, n)
}

const twoPi = 6.283185307179586

// WithWord is a key with one word replaced by a scalar f64.
func (b *Builder) WithWord(key *Value, word int, x *Value) *Value {
	parts := []*Value{b.Reshape(x, 1)}
	if word > 0 {
		parts = append([]*Value{b.Slice(key, 0, word)}, parts...)
	}
	if word < KeyWords-1 {
		parts = append(parts, b.Slice(key, word+1, KeyWords))
	}
	return b.Concat(0, parts...)
}

// BatchKey is the key of draws that all samples of a batch share.
func (b *Builder) BatchKey(key *Value) *Value {
	const nobody = 1<<53 - 1
	return b.WithWord(key, KeyRow, b.Const(nobody, F64))
}

// ScopedKey is the key of a model that is called again at another place, whose draws differ from
// those of the first call.
func (b *Builder) ScopedKey(key *Value, place string) *Value {
	// 69069 times a 32-bit number is exact in float64.
	old := b.Mul(b.At(key, KeyScope), b.Const(69069, F64))
	mixed := b.Binary(OpMod, b.Add(old, b.Const(float64(Site(place)), F64)), b.Const(1<<32, F64))
	return b.WithWord(key, KeyScope, mixed)
}
