package vmath_test

import (
	"math"
	"testing"

	"ndec.dev/ndec/ir/vmath"
	"ndec.dev/ndec/ir/vmath/reference"
	"ndec.dev/ndec/rt"
)

// TestSoon: programs for those who wait for the result are within the same bounds, have the same special values, and wait less.
func TestSoon(t *testing.T) {
	for _, row := range vmath.Table() {
		ref, ok := reference.Functions[row.Name]
		if len(row.Args) > 1 || !ok {
			continue
		}
		t.Run(row.Name, func(t *testing.T) {
			t.Parallel()
			for _, width := range []int{32, 64} {
				p, q := vmath.OfSoon(row.Name, width), vmath.Of(row.Name, width)
				if d, e := depth(p), depth(q); d > e || row.Name == "Tanh" && d > e-1 {
					t.Errorf("%d bits: %d operations wait for each other, %d otherwise", width, d, e)
				}
			}
			p, q, far := vmath.OfSoon(row.Name, 32), vmath.Of(row.Name, 32), row.Far(32)
			worst, at := 0.0, float32(0)
			for b := uint64(0); b < 1<<32; b += 100003 {
				x := math.Float32frombits(uint32(b))
				if row.Name == "Softplus" && x < -87.3 || far > 0 && !(math.Abs(float64(x)) <= far) {
					continue
				}
				if e := reference.Ulps32(p.Eval32(x), ref.F64(float64(x))); e > worst || e != e {
					worst, at = e, x
				}
			}
			if !(worst <= row.Ulp32) {
				t.Errorf("%.3f ulp at %v", worst, at)
			}
			t.Logf("%.3f ulp at %v", worst, at)
			for _, x := range []float32{0, float32(math.Copysign(0, -1)), 1, -1, 1e-30, -1e-30, 20, -20, 3e38, -3e38, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())} {
				if y, z := p.Eval32(x), q.Eval32(x); (far == 0 || math.Abs(float64(x)) <= far) && !(math.Abs(float64(y-z)) <= 1e-5*math.Abs(float64(z))) && math.Float32bits(y) != math.Float32bits(z) && (y == y || z == z) {
					t.Errorf("%v at %v, not %v", y, x, z)
				}
			}
			p, worst = vmath.OfSoon(row.Name, 64), 0
			s, at64 := rt.Key{Seed: 4}.Stream(), 0.0
			for i := range uint64(400) {
				u := s.Uniform(2 * i)
				x := ref.Lo*(1-u) + ref.Hi*u
				if i%2 == 0 {
					big := math.Min(math.Max(math.Abs(ref.Lo), math.Abs(ref.Hi)), 1e300)
					x = math.Copysign(math.Exp(math.Log(1e-18)*(1-u)+math.Log(big)*u), s.Uniform(2*i+1)-0.5)
				}
				if far := row.Far(64); x < ref.Lo || x > ref.Hi || far > 0 && math.Abs(x) > far {
					continue
				}
				if e := reference.Ulps(p.Eval64(x), ref.Big(reference.Number(x))); e > worst || e != e {
					worst, at64 = e, x
				}
			}
			if !(worst <= row.Ulp64) {
				t.Errorf("%.3f ulp at %v", worst, at64)
			}
			t.Logf("%.3f ulp at %v", worst, at64)
		})
	}
}

// depth is the number of operations that wait for each other.
func depth(p *vmath.Program) int {
	at := make([]int, len(p.Code))
	for i, v := range p.Code {
		for _, a := range v.Args {
			at[i] = max(at[i], at[a.ID]+1)
		}
	}
	return at[p.Result.ID]
}
