package rt

import (
	"math"
	"testing"
)

// TestInitParams: start values have mean and deviation of their distribution, keep their constraint, and are a
// function of seed, name and index alone.
func TestInitParams(t *testing.T) {
	const n = 20_000
	root2 := math.Sqrt2
	positive := Transform{Kind: Above}
	for _, c := range []struct {
		name            string
		init            Init
		where           Transform
		mean, deviation float64
	}{
		{"uniform", Init{Kind: Uniform, A: -1, B: 3}, Transform{}, 1, 4 / math.Sqrt(12)},
		{"normal", Init{Kind: Normal, A: 2, B: 0.5}, Transform{}, 2, 0.5},
		{"linear", Init{Kind: LinearDefault, FanIn: 4}, Transform{}, 0, 1 / math.Sqrt(12)},
		{"laplace", Init{Kind: Laplace, A: -1, B: 2}, Transform{}, -1, 2 * root2},
		{"rademacher", Init{Kind: Rademacher}, Transform{}, 0, 1},
		// A half-normal, an exponential distribution, half of a uniform one, the upper of two numbers, and the
		// normal distribution between -1 and 1, of variance 1 - 2 φ(1)/(Φ(1)-Φ(-1)).
		{"half normal", Init{Kind: Normal, B: 1}, positive, math.Sqrt(2 / math.Pi), math.Sqrt(1 - 2/math.Pi)},
		{"exponential", Init{Kind: Laplace, B: 3}, positive, 3, 3},
		{"half uniform", Init{Kind: Uniform, A: -1, B: 1}, Transform{Kind: Below}, -0.5, 1 / math.Sqrt(12)},
		{"upper", Init{Kind: Rademacher}, positive, 1, 0},
		{"middle", Init{Kind: Normal, B: 1}, Transform{Kind: Between, Lo: -1, Hi: 1}, 0,
			math.Sqrt(1 - 2*math.Exp(-0.5)/math.Sqrt(2*math.Pi)/math.Erf(1/root2))},
	} {
		layout := []Tensor{{Name: "w", Shape: []int{n}, Init: c.init, Transform: c.where}}
		w := make([]float64, n)
		InitParams(w, layout, 7)
		mean, square := 0.0, 0.0
		for _, x := range w {
			if !c.where.allows(x) {
				t.Fatalf("%s: %v is outside the range", c.name, x)
			}
			mean += x / n
			square += x * x / n
		}
		// Five standard errors of a mean, and more than that of a deviation.
		const rounding = 1e-6
		if tol := 5*c.deviation/math.Sqrt(n) + rounding; math.Abs(mean-c.mean) > tol {
			t.Errorf("%s: mean %v, want %v within %v", c.name, mean, c.mean, tol)
		}
		if d := math.Sqrt(square - mean*mean); math.Abs(d-c.deviation) > 0.05*c.deviation+rounding {
			t.Errorf("%s: deviation %v, want %v", c.name, d, c.deviation)
		}
		// Another tensor before it, and the numbers in float32, change nothing.
		more := make([]float32, n+3)
		InitParams(more, []Tensor{{Name: "v", Shape: []int{3}, Init: c.init}, {Name: "w", Shape: []int{n}, Offset: 3, Init: c.init, Transform: c.where}}, 7)
		for i, x := range w {
			if more[3+i] != float32(x) {
				t.Fatalf("%s[%d]: %v in float32, %v in float64", c.name, i, more[3+i], x)
			}
		}
	}
}
