package rt_test

import (
	"testing"

	"ndec.dev/ndec/rt"
)

// TestAddRows adds padded rows to a gradient and leaves zeros in their place.
func TestAddRows(t *testing.T) {
	dst := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18}
	src := make([]float64, 2*16)
	for i := range src {
		src[i] = 100 * float64(i)
	}
	rt.AddRows(dst, src, 9)
	for i := range dst {
		if want := float64(i+1) + 100*float64(i/9*16+i%9); dst[i] != want {
			t.Errorf("number %d is %v, want %v", i, dst[i], want)
		}
	}
	for i, x := range src {
		if i%16 < 9 && x != 0 {
			t.Errorf("sum %d is left as %v", i, x)
		}
	}
}
