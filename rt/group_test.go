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
