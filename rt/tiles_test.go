package rt

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestPackTiles: the three parts of a number add up to it, each has its place in the block of its row and column, and what is beyond the
// edges of the matrix is zero. The kernel that packs a block gives the bits of the loop.
func TestPackTiles(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, size := range [][2]int{{32, 32}, {64, 96}, {33, 70}, {48, 31}, {5, 40}, {100, 16}} {
		for _, turned := range []bool{false, true} {
			m, n := size[0], size[1]
			x := make([]float32, m*n)
			for i := range x {
				x[i] = float32(rnd.NormFloat64() * math.Exp2(float64(rnd.IntN(200)-100)))
			}
			if turned {
				m, n = n, m
			}
			y := make([]float32, PackedTiles(m, n))
			for i := range y {
				y[i] = float32(math.NaN())
			}
			PackTiles(y, x, size[0], size[1], turned)
			sides := (n + 31) / 32
			for i := range (m + 31) / 32 * 32 {
				for j := range sides * 32 {
					want := float32(0)
					switch {
					case i >= m || j >= n:
					case turned:
						want = x[j*m+i]
					default:
						want = x[i*n+j]
					}
					got := float32(0)
					for part := range 3 {
						at := (i/32*sides+j/32)*packedBlock + part*packedPart + (i%16*2+i%32/16)*packedRow + j%32/2
						bits := math.Float32bits(y[at])
						if j%2 == 0 {
							bits <<= 16
						}
						got += math.Float32frombits(bits &^ 0xffff)
					}
					if got != want {
						t.Fatalf("%v, turned %v: element %d, %d: %v, want %v", size, turned, i, j, got, want)
					}
				}
			}
		}
	}
	var block [blockSide * blockSide]float32
	for i := range block {
		block[i] = math.Float32frombits(rnd.Uint32())
	}
	block[0], block[1], block[2] = float32(math.Inf(1)), float32(math.Copysign(0, -1)), float32(math.NaN())
	var got, want [packedBlock]float32
	packBlock(&got, &block)
	packRows(&want, &block)
	for i := range want {
		if g, w := math.Float32bits(got[i]), math.Float32bits(want[i]); g != w {
			t.Errorf("number %d of a packed block: %08x, want %08x", i, g, w)
		}
	}
}

func BenchmarkPackTiles(b *testing.B) {
	const n = 128
	x, y := make([]float32, n*n), make([]float32, PackedTiles(n, n))
	for name, turned := range map[string]bool{"rows": false, "turned": true} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(4 * n * n)
			for range b.N {
				PackTiles(y, x, n, n, turned)
			}
		})
	}
}
