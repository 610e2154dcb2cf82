package rt

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestAddLanes(t *testing.T) {
	t.Run("float32", testAddLanes[float32])
	t.Run("float64", testAddLanes[float64])
}

// testAddLanes wants the bits of sums of one group after the other, on every level of the processor, and zeros where the numbers were.
func testAddLanes[R Float](t *testing.T) {
	highest := level
	defer func() { level = highest }()
	rng := rand.New(rand.NewPCG(1, 2))
	for l := Generic; l <= highest; l++ {
		level = l
		for _, n := range []int{1, 2, 4, 8, 16, 32} {
			for _, groups := range []int{0, 1, 3, 4, 8, 13, 21, 64} {
				dst, src := make([]R, groups+1), make([]R, groups*n+1)
				for i := range dst {
					dst[i] = R(rng.NormFloat64())
				}
				for i := range src {
					src[i] = R(rng.NormFloat64())
				}
				want, last := slices.Clone(dst), src[groups*n]
				for i := range groups {
					var s R
					for _, x := range src[i*n : (i+1)*n] {
						s += x
					}
					want[i] += s
				}
				AddLanes(dst[:groups], src[:groups*n], n)
				if !slices.Equal(dst, want) {
					t.Errorf("level %v, %d groups of %d: %v, want %v", l, groups, n, dst, want)
				}
				if slices.ContainsFunc(src[:groups*n], func(x R) bool { return x != 0 }) || src[groups*n] != last {
					t.Errorf("level %v, %d groups of %d leave %v", l, groups, n, src)
				}
			}
		}
	}
}

func BenchmarkAddLanes(b *testing.B) {
	dst, src := make([]float32, 354), make([]float32, 354*16)
	for b.Loop() {
		AddLanes(dst, src, 16)
	}
}
