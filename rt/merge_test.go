package rt

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestMergeLanes(t *testing.T) {
	t.Run("float32", testMergeLanes[float32])
	t.Run("float64", testMergeLanes[float64])
}

// testMergeLanes compares rows with those merged one number at a time, on every level of the processor.
func testMergeLanes[R Float](t *testing.T) {
	width := 32
	if _, ok := any(R(0)).(float64); ok {
		width = 16
	}
	highest := level
	defer func() { level = highest }()
	rng := rand.New(rand.NewPCG(1, 2))
	for l := Generic; l <= highest; l++ {
		level = l
		for _, rows := range []int{1, 2, 7} {
			for _, lanes := range []uint32{0, 1, 1<<width - 1, 0x80018001 & (1<<width - 1), 0x5a5a0ff0 & (1<<width - 1)} {
				to, from := make([]R, rows*width+1), make([]R, rows*width)
				for i := range to {
					to[i] = R(rng.NormFloat64())
				}
				for i := range from {
					from[i] = R(rng.NormFloat64())
				}
				want := slices.Clone(to)
				for i := range from {
					if lanes>>(i%width)&1 != 0 {
						want[i] = from[i]
					}
				}
				MergeLanes(to[:rows*width], from, lanes)
				if !slices.Equal(to, want) {
					t.Errorf("level %v, %d rows, lanes %x: %v, want %v", l, rows, lanes, to, want)
				}
				other := 0 // the first lane that stays
				for lanes>>other&1 != 0 && other < width {
					other++
				}
				if other == width {
					continue
				}
				for i := range from {
					if lanes>>(i%width)&1 != 0 {
						want[i] = want[i/width*width+other]
					}
				}
				FillLanes(to[:rows*width], lanes)
				if !slices.Equal(to, want) {
					t.Errorf("level %v, %d rows, filled lanes %x: %v, want %v", l, rows, lanes, to, want)
				}
			}
		}
	}
	if got := LanesWith(3, []int{3, 0, 3, 4}); got != 5 {
		t.Errorf("LanesWith is %b, want 101", got)
	}
}
