package diff

import (
	"math"
	"testing"
)

// Gauss' formula with n points is exact up to degree 2n-1, and not beyond.
func TestGauss(t *testing.T) {
	for n := 1; n <= 16; n++ {
		xs, ws := gauss(n)
		for degree := 0; degree <= 2*n; degree++ {
			sum := 0.0
			for i, x := range xs {
				sum += ws[i] * math.Pow(2*x-1, float64(degree))
			}
			want := 0.0
			if degree%2 == 0 {
				want = 1 / float64(degree+1)
			}
			off := math.Abs(sum - want)
			if degree < 2*n && off > 1e-14 {
				t.Errorf("%d points, degree %d: off by %g", n, degree, off)
			}
			if degree == 2*n && n <= 8 && off < 1e-10 {
				t.Errorf("%d points are exact for degree %d", n, degree)
			}
		}
		for i := 1; i < n; i++ {
			if xs[i] <= xs[i-1] {
				t.Errorf("%d points: node %d is not above the one before it", n, i)
			}
		}
	}
}
