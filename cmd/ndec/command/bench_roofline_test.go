package command

import (
	"slices"
	"testing"

	"ndec.dev/ndec/rt"
)

// Rounds beside a peak far below the greatest that any case or kernel has seen do not count, unless there is no other.
func TestFairRounds(t *testing.T) {
	cases := []rt.BenchFigures{{Peaks: [][]float64{{50, 98, 91}, {60}}}, {WholePeaks: []float64{100, 12}}, {}}
	if got := greatestPeak(cases); got != 100 {
		t.Errorf("the greatest peak is %v", got)
	}
	if got := fairRounds(cases[0].Peaks[0], 100); !slices.Equal(got, []int{1, 2}) {
		t.Errorf("rounds %v", got)
	}
	if got := fairRounds([]float64{50, 60}, 100); !slices.Equal(got, []int{0, 1}) {
		t.Errorf("rounds %v where none is fair", got)
	}
	// A kernel's figures are those of the fair rounds: 200 operations in 2 seconds.
	f := rt.BenchFigures{Calls: []int{1, 1, 1}, Whole: []float64{9, 4, 4}, WholePeaks: []float64{10, 100, 100},
		Kernels: []rt.KernelFigures{{KernelClock: rt.KernelClock{MulAdds: 100, Slots: 150, Samples: 1}, Runs: []int{1, 1, 1}, Times: []float64{8, 2, 2}}}}
	k := roofKernels(&f, 100)[0]
	if k.Time != 2 || k.Part != 0.5 || k.Flops != 100 || k.Share != 1 || k.Runs != 1 {
		t.Errorf("%+v", k)
	}
}
