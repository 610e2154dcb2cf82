package command

import (
	"math"
	"testing"
)

// The error of a difference is estimated honestly: the true one is not above it, and it is small where the function is
// smooth, whatever its scale.
func TestDifferentiate(t *testing.T) {
	for _, c := range []struct {
		name      string
		f         func(float64) float64
		x, want   float64
		good, bad float64 // the estimate lies between them
	}{
		{"sin", math.Sin, 1, math.Cos(1), 0, 1e-10},
		{"steep", func(x float64) float64 { return math.Sin(300 * x) }, 0.1, 300 * math.Cos(30), 0, 1e-6},
		{"large", func(x float64) float64 { return 1e6 + math.Exp(x) }, 2, math.Exp(2), 1e-12, 1e-5},
		{"far", func(x float64) float64 { return x * x / 1000 }, 1000, 2, 0, 1e-9},
		{"bound", func(x float64) float64 { return math.Log(x) }, 1e-3, 1000, 0, 1e-5},
		{"flat", func(float64) float64 { return 3 }, 1, 0, 0, 1e-9},
		{"noise", func(x float64) float64 { return x + 1e-7*math.Sin(1.2345e9*x) }, 1, 1, 1e-7, 1},
		{"step", func(x float64) float64 { return x + 1e-3*math.Floor(x*3e6) }, 1, 1, 1e-2, 1e9},
		{"kink", func(x float64) float64 { return math.Max(x, 1) }, 1 + 1e-5, 1, 0, 1e-6}, // which small steps do not see
	} {
		got, err := differentiate(func(x float64) (float64, error) { return c.f(x), nil }, c.x, 1e-11*math.Abs(c.want))
		if err != nil {
			t.Fatal(err)
		}
		if off := math.Abs(got.value - c.want); !(off <= 3*got.err) && c.name != "step" {
			t.Errorf("%s: %.12g, which is off by %.2g, above the estimate %.2g", c.name, got.value, off, got.err)
		}
		if !(c.good <= got.err && got.err <= c.bad) {
			t.Errorf("%s: estimated error %.2g, want between %g and %g", c.name, got.err, c.good, c.bad)
		}
	}
}
