package rt

import "math"

// Small operators that generated code calls where Go has no expression for them.

// Indicator is 1 for true and 0 for false.
func Indicator[R Float | ~int32](c bool) R {
	if c {
		return 1
	}
	return 0
}

// Abs32 is |x|.
func Abs32(x float32) float32 { return float32(math.Abs(float64(x))) }

// Abs64 is |x|.
func Abs64(x float64) float64 { return math.Abs(x) }

// AbsInt is |x|.
func AbsInt(x int32) int32 { return max(x, -x) }

// SignInt is -1, 0 or 1.
func SignInt(x int32) int32 { return sign(x) }

// Int32 is the whole part of x, held within the range; a NaN gives 0. A Go conversion leaves what lies
// outside to the machine.
func Int32[R Float](x R) int32 {
	if x != x {
		return 0
	}
	return int32(min(max(float64(x), math.MinInt32), math.MaxInt32))
}

// Sign32 is -1, 0 or 1; a NaN stays one.
func Sign32(x float32) float32 { return sign(x) }

// Sign64 is -1, 0 or 1; a NaN stays one.
func Sign64(x float64) float64 { return sign(x) }

func sign[R Float | ~int32](x R) R {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x
}

// Floor32 is ⌊x⌋.
func Floor32(x float32) float32 { return float32(math.Floor(float64(x))) }

// Floor64 is ⌊x⌋.
func Floor64(x float64) float64 { return math.Floor(x) }

// Mod32 is x - y⌊x/y⌋: the remainder with the sign of y.
func Mod32(x, y float32) float32 { return x - float32(y*Floor32(x/y)) }

// Mod64 is x - y⌊x/y⌋: the remainder with the sign of y.
func Mod64(x, y float64) float64 { return x - float64(y*math.Floor(x/y)) }

// Argmax is the index of the largest element, the first among equals.
func Argmax[R Float](xs []R) int {
	best := 0
	for i, x := range xs {
		if x > xs[best] {
			best = i
		}
	}
	return best
}

// Cumsum stores in dst the running sums of src along an axis of length n whose neighbours are
// stride elements apart.
func Cumsum[R Float](dst, src []R, n, stride int) {
	for k := range dst {
		dst[k] = src[k]
		if k/stride%n > 0 {
			dst[k] += dst[k-stride]
		}
	}
}

// Take stores in dst the rows of x at the places; a place outside is the nearest inside.
func Take[R any](dst, x []R, places []int32) {
	row := len(dst) / len(places)
	n := len(x) / row
	for j, i := range places {
		k := min(max(int(i), 0), n-1)
		copy(dst[j*row:(j+1)*row], x[k*row:])
	}
}

// Scatter adds the rows of x up in dst at the places, which is zero elsewhere.
func Scatter[R Float](dst, x []R, places []int32) {
	clear(dst)
	row := len(x) / len(places)
	n := len(dst) / row
	for j, i := range places {
		k := min(max(int(i), 0), n-1)
		for e, v := range x[j*row : (j+1)*row] {
			dst[k*row+e] += v
		}
	}
}

// Locate gives the place of t among ascending times, from 0: the last i ≤ last with ts[i] ≤ t, and 0 before the
// first. A time that is not a number has place 0.
func Locate[R Float](place []int32, ts []R, t R, last int) {
	lo, hi := 0, last // ts[lo] ≤ t, as far as there is such a place, and ts[hi+1] > t
	for lo < hi {
		mid := (lo + hi + 1) / 2
		if ts[mid] <= t {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	place[0] = int32(lo)
}

// LinSolve solves A x = b for a small row-major A [n,n] by elimination with partial pivoting. A
// singular matrix gives NaN.
func LinSolve[R Float](n int, a, b, x []R) {
	copy(x, b)
	eliminateCopy(n, a, x, 1)
}

// Inv is the inverse of a small row-major matrix [n,n]; NaN where it is singular.
func Inv[R Float](n int, a, x []R) {
	for i := range x {
		x[i] = Indicator[R](i/n == i%n)
	}
	eliminateCopy(n, a, x, n)
}

// LogDet is ln |det A| of a small row-major matrix [n,n]: -∞ where it is singular.
func LogDet[R Float](n int, a []R) R {
	return R(eliminateCopy(n, a, nil, 0))
}

// eliminateCopy is eliminate on a copy of a, which is on the stack up to 16 by 16.
func eliminateCopy[R Float](n int, a, b []R, m int) (logdet float64) {
	switch {
	case len(a) <= 16:
		var lu [16]R
		return eliminate(n, lu[:copy(lu[:], a)], b, m)
	case len(a) <= 256:
		var lu [256]R
		return eliminate(n, lu[:copy(lu[:], a)], b, m)
	}
	return eliminate(n, append([]R(nil), a...), b, m)
}

// eliminate solves A X = B in place, B of shape [n,m], and gives ln |det A|.
func eliminate[R Float](n int, a, b []R, m int) (logdet float64) {
	for c := 0; c < n; c++ {
		p := c
		for r := c + 1; r < n; r++ {
			if abs(a[r*n+c]) > abs(a[p*n+c]) {
				p = r
			}
		}
		if p != c {
			for j := 0; j < n; j++ {
				a[c*n+j], a[p*n+j] = a[p*n+j], a[c*n+j]
			}
			for j := 0; j < m; j++ {
				b[c*m+j], b[p*m+j] = b[p*m+j], b[c*m+j]
			}
		}
		if a[c*n+c] == 0 {
			for i := range b {
				b[i] = R(math.NaN())
			}
			return math.Inf(-1)
		}
		logdet += Log64(math.Abs(float64(a[c*n+c])))
		for r := c + 1; r < n; r++ {
			f := a[r*n+c] / a[c*n+c]
			for j := c; j < n; j++ {
				a[r*n+j] -= R(f * a[c*n+j])
			}
			for j := 0; j < m; j++ {
				b[r*m+j] -= R(f * b[c*m+j])
			}
		}
	}
	for c := n - 1; c >= 0; c-- {
		for j := 0; j < m; j++ {
			s := b[c*m+j]
			for k := c + 1; k < n; k++ {
				s -= R(a[c*n+k] * b[k*m+j])
			}
			b[c*m+j] = s / a[c*n+c]
		}
	}
	return logdet
}

func abs[R Float](x R) R { return max(x, -x) }
