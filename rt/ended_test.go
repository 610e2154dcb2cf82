package rt

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestEnded compares what has ended with a count of one sample after the other, on every level of the processor.
func TestEnded(t *testing.T) {
	highest := level
	defer func() { level = highest }()
	rng := rand.New(rand.NewPCG(1, 2))
	for l := Generic; l <= highest; l++ {
		level = l
		for _, n := range []int{4, 8, 16, 32} {
			for range 50 {
				accepted, want := make([]int, n), make([]int, n)
				code, at, end, live := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
				lanes := uint32(0)
				for i := range n {
					accepted[i] = rng.IntN(1000)
					code[i], live[i] = float64(rng.IntN(3)), float64(rng.IntN(2))
					at[i], end[i] = []float64{-1, 0, 1}[rng.IntN(3)], []float64{-1, math.Copysign(0, -1), 1, math.NaN()}[rng.IntN(4)]
					want[i] = accepted[i]
					if code[i] == 1 {
						want[i]++
					}
					if arrived := code[i] == 1 && at[i] == end[i]; live[i] == 1 && (arrived || code[i] == 2) {
						lanes |= 1 << i
					}
				}
				if got := Ended(accepted, code, at, end, live); got != lanes || !slices.Equal(accepted, want) {
					t.Errorf("level %v, %d samples: ended %x, want %x; accepted %v, want %v", l, n, got, lanes, accepted, want)
				}
			}
		}
	}
}
