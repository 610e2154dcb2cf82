package rt

import (
	"math"
	"slices"
	"testing"
)

// Samples with sweeps of different lengths meet those that are in the same solve, and one that has failed meets nobody any more.
func TestStepGroup(t *testing.T) {
	for range 20 {
		solves := []int{1, 3, 2, 0, 4} // of the sweep
		const failing = 2
		met := make([][]float64, len(solves))
		if err := InGroup(t.Context(), len(solves), func(i int, m *StepMember) {
			solve := func(x float64, failed bool) {
				m.Enter()
				met[i] = append(met[i], m.Most(x))
				m.Leave(failed)
			}
			solve(float64(i), false)
			for k := range solves[i] {
				solve(float64(10*k+i), i == failing && k == 1)
			}
			m.Await()
			solve(100+float64(i), false)
			m.Await() // of a sweep without solves
			if i == 4 {
				return // without the last one
			}
			solve(math.Inf(-i), false)
		}); err != nil {
			t.Fatal(err)
		}
		sweep := []float64{4, 14, 24, 34}
		for i, got := range met {
			want := append([]float64{4}, sweep[:solves[i]]...)
			switch i {
			case failing:
				want = append(want, 102, math.Inf(-failing))
			case 4:
				want = append(want, 104)
			default:
				want = append(want, 104, math.Inf(1))
			}
			if !slices.Equal(got, want) {
				t.Errorf("sample %d has met %v, want %v", i, got, want)
			}
		}
	}
}

// Blocks of samples bring what samples bring by themselves, but for those that have ended, and know whether one has failed.
func TestBlocksOfGroup(t *testing.T) {
	const n, width = 7, 3
	ends := []int{2, 1, 3, 0, 2, 3, 1} // meetings of each sample
	met := make([][]float64, n)
	if err := InGroup(t.Context(), n, func(i int, m *StepMember) {
		m.Enter()
		for k := range ends[i] {
			met[i] = append(met[i], m.RMS(float64(i+10*k)))
		}
		m.Leave(false)
		m.Enter()
		met[i] = append(met[i], m.Most(float64(i)))
		m.Leave(false)
	}); err != nil {
		t.Fatal(err)
	}
	for _, fails := range []bool{false, true} {
		blocks := make([][]float64, n)
		whole, err := InBlocks(t.Context(), n, width, func(lo, hi int, m *StepMember) {
			bring := func(of func(xs, live []float64), left func(i int) bool, x func(i int) float64) {
				var xs, live [width]float64
				for i := range hi - lo {
					xs[i] = x(lo + i)
					if left(lo + i) {
						live[i] = 1
					}
				}
				of(xs[:], live[:])
				for i, l := range live {
					if l != 0 {
						blocks[lo+i] = append(blocks[lo+i], xs[i])
					}
				}
			}
			m.Enter()
			for k := range slices.Max(ends[lo:hi]) {
				bring(m.RMSOfBlock, func(i int) bool { return k < ends[i] }, func(i int) float64 { return float64(i + 10*k) })
			}
			m.Leave(false)
			if fails && lo == width {
				m.Lose()
			}
			m.Enter()
			bring(m.MostOfBlock, func(int) bool { return true }, func(i int) float64 { return float64(i) })
			m.Leave(false)
			if !m.InBlocks() {
				t.Error("a block does not know that it is one")
			}
		})
		if err != nil || whole == fails {
			t.Errorf("fails: %v: a whole group: %v, %v", fails, whole, err)
		}
		for i := range n {
			if !slices.Equal(blocks[i], met[i]) {
				t.Errorf("sample %d of a block has met %v, alone %v", i, blocks[i], met[i])
			}
		}
	}
}
