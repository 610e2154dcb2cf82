package rt

import (
	"math"
	"testing"
)

// A singular matrix has the log-determinant -∞ and no solution.
func TestSingular(t *testing.T) {
	for _, a := range [][]float32{
		make([]float32, 9),
		{1, 2, 0, 2, 4, 0, 0, 0, 1},
		{1, 0, 0, 0, 0, 0, 0, 0, 1},
	} {
		if d := LogDet(3, a); !math.IsInf(float64(d), -1) {
			t.Errorf("LogDet %v = %v, want -Inf", a, d)
		}
		x, inverse := make([]float32, 3), make([]float32, 9)
		LinSolve(3, a, []float32{0, 1, 0}, x)
		Inv(3, a, inverse)
		for _, v := range append(x, inverse...) {
			if f := float64(v); !math.IsNaN(f) && !math.IsInf(f, 0) {
				t.Errorf("a solution with the singular %v has the element %v", a, v)
			}
		}
	}
}

// Conversions to whole numbers do not depend on the machine.
func TestInt32(t *testing.T) {
	for x, want := range map[float64]int32{
		math.Inf(1): math.MaxInt32, math.Inf(-1): math.MinInt32, -2.7: -2, 2.7: 2, 1e20: math.MaxInt32,
	} {
		if got := Int32(x); got != want {
			t.Errorf("Int32(%v) = %d, want %d", x, got, want)
		}
	}
	if got := Int32(float32(math.NaN())); got != 0 {
		t.Errorf("Int32(NaN) = %d, want 0", got)
	}
}
