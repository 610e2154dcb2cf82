package rt

import (
	"math"
	"testing"
)

// TestProducts: products have the bits of scalar loops, whatever their size, with what is not finite too.
func TestProducts(t *testing.T) {
	testProducts(t, MatVec32, VecMat32, AddOuter32)
	testProducts(t, MatVec64, VecMat64, AddOuter64)
}

func testProducts[R Float](t *testing.T, matVec, vecMat, addOuter func(a, b, c []R)) {
	s := Key{Seed: 8}.Stream()
	draw := uint64(0)
	vector := func(n int, special bool) []R {
		x := make([]R, n)
		for i := range x {
			draw++
			x[i] = R(s.Normal(draw))
			if special && draw%97 == 0 {
				x[i] = []R{R(math.NaN()), R(math.Inf(1)), 0, R(math.Copysign(0, -1)), 1e-42}[draw%5]
			}
		}
		return x
	}
	same := func(what string, n, k int, got, want []R) {
		t.Helper()
		for i := range want {
			if math.Float64bits(float64(got[i])) != math.Float64bits(float64(want[i])) && (got[i] == got[i] || want[i] == want[i]) {
				t.Fatalf("%s %d by %d, %T: element %d is %v, want %v", what, n, k, got[0], i, got[i], want[i])
			}
		}
	}
	for _, n := range []int{1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 40, 64, 100, 5003} {
		for _, k := range []int{1, 3, 4, 5, 8, 13, 16, 33, 64, 5001} {
			if n*k > 1<<20 {
				continue
			}
			special := (n+k)%3 == 0
			m, x, y := vector(n*k, special), vector(k, special), vector(n, special)
			want, got := make([]R, n), vector(n, false)
			for i := range n {
				for j := range k {
					want[i] += R(m[i*k+j] * x[j])
				}
			}
			matVec(got, m, x)
			same("matrix times vector", n, k, got, want)

			want, got = make([]R, k), vector(k, false)
			for i := range n {
				for j := range k {
					want[j] += R(y[i] * m[i*k+j])
				}
			}
			vecMat(got, y, m)
			same("vector times matrix", n, k, got, want)

			g := vector(n*k, special)
			want = append([]R(nil), g...)
			for i := range n {
				for j := range k {
					want[i*k+j] += R(y[i] * x[j])
				}
			}
			addOuter(g, y, x)
			same("outer product", n, k, g, want)
		}
	}
	matVec(nil, nil, nil)
	vecMat(nil, nil, nil)
	addOuter(nil, nil, nil)
}

func BenchmarkMatVec32(b *testing.B) { benchProduct(b, func(m, x, y []float32) { MatVec32(y, m, x) }) }
func BenchmarkVecMat32(b *testing.B) { benchProduct(b, func(m, x, y []float32) { VecMat32(y, x, m) }) }
func BenchmarkAddOuter32(b *testing.B) {
	benchProduct(b, func(m, x, y []float32) { AddOuter32(m, y, x) })
}

// benchProduct is for 64 by 64.
func benchProduct(b *testing.B, f func(m, x, y []float32)) {
	m, x, y := make([]float32, 64*64), make([]float32, 64), make([]float32, 64)
	for b.Loop() {
		f(m, x, y)
	}
}
