package rt

import (
	"math"
	"math/big"
	"testing"
)

// Roots of whole degree are right to two units in the last place: y^n x is 1 but for that.
func TestRoots(t *testing.T) {
	s := Key{Seed: 9}.Stream()
	for n := 1; n < rootDegrees; n++ {
		root := rootOf(n)
		worst := 0.0
		for i := uint64(0); i < 3000; i++ {
			x := math.Exp(1400 * (s.Uniform(i) - 0.5))
			switch {
			case i%8 < 3:
				x = math.Exp(6 * (s.Uniform(i) - 0.5))
			case i%8 == 3 && n > 1:
				x = math.Ldexp(1+s.Uniform(i), -1040) // below the normal range, where math.Pow is wrong
			}
			y := root.at(x)
			p := new(big.Float).SetPrec(400).SetFloat64(x)
			for range n {
				p.Mul(p, big.NewFloat(y))
			}
			off, _ := p.Sub(p, big.NewFloat(1)).Float64()
			worst = max(worst, math.Abs(off)/float64(n)*0x1p53)
		}
		if worst > 4 { // half units of the largest of a binade
			t.Errorf("root of degree %d is off by %.2f half units", n, worst)
		}
		for _, x := range []float64{0, math.Inf(1), math.NaN(), -1} {
			got, want := root.at(x), math.Pow(x, -1/float64(n))
			if n == 1 && x < 0 {
				continue
			}
			if math.Abs(got-want) > 1e-12*want || math.IsNaN(got) != math.IsNaN(want) {
				t.Errorf("root of degree %d of %v is %v instead of %v", n, x, got, want)
			}
		}
	}
}

func BenchmarkRoot(b *testing.B) {
	x := 0.7
	b.Run("root", func(b *testing.B) {
		r := rootOf(5)
		for b.Loop() {
			x = 0.3 + r.at(x)*0.5
		}
	})
	b.Run("pow", func(b *testing.B) {
		for b.Loop() {
			x = 0.3 + Pow64(x, -0.2)*0.5
		}
	})
}
