package rt

import (
	"math"
	"testing"
)

func TestFourAtOnce(t *testing.T) {
	s := Key{Seed: 4}.Stream()
	for i := uint64(0); i < 200000; i++ {
		var x [4]float32
		for k := range x {
			x[k] = math.Float32frombits(uint32(s.Bits(4*i + uint64(k))))
			if i%2 == 0 {
				x[k] = float32(30 * (s.Uniform(4*i+uint64(k)) - 0.5))
			}
		}
		var y [4]float32
		y[0], y[1], y[2], y[3] = Tanh32x4(x[0], x[1], x[2], x[3])
		for k := range x {
			if w := Tanh32(x[k]); math.Float32bits(w) != math.Float32bits(y[k]) && (w == w || y[k] == y[k]) {
				t.Fatalf("tanh %v: %v instead of %v", x[k], y[k], w)
			}
		}
	}
}
