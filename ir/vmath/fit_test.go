package vmath

import (
	"math"
	"testing"
)

// minimax is the polynomial c₀ + c₁x + … of a degree for which the largest w(x) |p(x) - f(x)| on [lo, hi] is
// least, by Remez' exchange of all points.
func minimax(f, w func(float64) float64, lo, hi float64, degree int) (c []float64, worst float64) {
	const grid = 20000
	n := degree + 2
	at := make([]float64, n)
	for i := range at {
		at[i] = lo + (hi-lo)*(1-math.Cos(math.Pi*float64(i)/float64(n-1)))/2
	}
	for range 30 {
		// Σ c_k x^k + ±e/w(x) = f(x) at the points.
		a := make([][]float64, n)
		for i, x := range at {
			a[i] = make([]float64, n+1)
			for k := range degree + 1 {
				a[i][k] = math.Pow(x, float64(k))
			}
			a[i][degree+1] = float64(1-2*(i&1)) / w(x)
			a[i][n] = f(x)
		}
		c = solve(a)[:degree+1]
		// The largest errors between changes of sign are the next points.
		var peaks []float64
		var best, bestAt float64
		worst = 0
		for i := range grid + 1 {
			x := lo + (hi-lo)*float64(i)/grid
			e := w(x) * (eval(c, x) - f(x))
			if e*best < 0 {
				peaks = append(peaks, bestAt)
				best = 0
			}
			if math.Abs(e) > math.Abs(best) {
				best, bestAt = e, x
			}
			worst = math.Max(worst, math.Abs(e))
		}
		peaks = append(peaks, bestAt)
		if len(peaks) != n {
			break
		}
		copy(at, peaks)
	}
	return c, worst
}

func eval(c []float64, x float64) float64 {
	p := 0.0
	for i := len(c) - 1; i >= 0; i-- {
		p = p*x + c[i]
	}
	return p
}

// solve eliminates with pivots; the last column is the right side.
func solve(a [][]float64) []float64 {
	n := len(a)
	for i := range n {
		p := i
		for r := i; r < n; r++ {
			if math.Abs(a[r][i]) > math.Abs(a[p][i]) {
				p = r
			}
		}
		a[i], a[p] = a[p], a[i]
		for r := range n {
			if r != i {
				m := a[r][i] / a[i][i]
				for k := i; k <= n; k++ {
					a[r][k] -= m * a[i][k]
				}
			}
		}
	}
	x := make([]float64, n)
	for i := range x {
		x[i] = a[i][n] / a[i][i]
	}
	return x
}

// TestFit derives the coefficients that are from nowhere else.
func TestFit(t *testing.T) {
	for _, c := range []struct {
		name   string
		f, w   func(float64) float64
		lo, hi float64
		have   []float64 // highest power first
		error  float64
	}{
		// erf(x)/x - 1 as a polynomial in x², relative to erf(x).
		{"erf near", func(z float64) float64 {
			if z < 1e-6 {
				return 2/math.Sqrt(math.Pi)*(1-z/3) - 1
			}
			return math.Erf(math.Sqrt(z))/math.Sqrt(z) - 1
		}, func(z float64) float64 { return 1 / (1.1284 - 0.3*z) }, 0, 1, erfNear32, 2e-8},
		// -log(erfc(a))/a as a polynomial in a, relative to what an error moves erf.
		{"erf far", func(a float64) float64 { return -math.Log(math.Erfc(a)) / a }, func(a float64) float64 { return a * math.Erfc(a) }, 1, 4.2, erfFar32, 2e-8},
	} {
		got, worst := minimax(c.f, c.w, c.lo, c.hi, len(c.have)-1)
		if worst > c.error {
			t.Errorf("%s: the best polynomial of degree %d is %.3g away", c.name, len(c.have)-1, worst)
		}
		for i, want := range got {
			if have := c.have[len(got)-1-i]; float32(have) != float32(want) {
				t.Errorf("%s: coefficient %d is %v, fitted %.9g", c.name, i, have, want)
			}
		}
	}
}
