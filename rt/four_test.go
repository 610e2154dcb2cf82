package rt

import (
	"math"
	"testing"
)

// TestFourAtOnce: functions of four numbers have the bits of those of one.
func TestFourAtOnce(t *testing.T) {
	s := Key{Seed: 4}.Stream()
	type four[R Float] = func(a, b, c, d R) (_, _, _, _ R)
	for name, c := range map[string]struct {
		one32  func(float32) float32
		four32 four[float32]
		one64  func(float64) float64
		four64 four[float64]
	}{
		"tanh": {Tanh32, Tanh32x4, Tanh64, Tanh64x4},
		"exp":  {Exp32, Exp32x4, Exp64, Exp64x4},
	} {
		for i := uint64(0); i < 50000; i++ {
			var x [4]float64
			for k := range x {
				x[k] = math.Float64frombits(s.Bits(4*i + uint64(k)))
				if i%2 == 0 {
					x[k] = 60 * (s.Uniform(4*i+uint64(k)) - 0.5)
				}
			}
			a, b, cc, d := c.four64(x[0], x[1], x[2], x[3])
			a32, b32, c32, d32 := c.four32(float32(x[0]), float32(x[1]), float32(x[2]), float32(x[3]))
			for k, y := range []float64{a, b, cc, d} {
				if w := c.one64(x[k]); w != y && (w == w || y == y) {
					t.Fatalf("%s of %v: %v instead of %v", name, x[k], y, w)
				}
			}
			for k, y := range []float32{a32, b32, c32, d32} {
				if w := c.one32(float32(x[k])); w != y && (w == w || y == y) {
					t.Fatalf("%s of %v: %v instead of %v", name, float32(x[k]), y, w)
				}
			}
		}
	}
}
