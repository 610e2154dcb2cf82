package golden

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
)

const attacked = `package p

net f(x [3]real) [3]real {
	return x |> Linear(4) |> tanh |> Linear(3)
}

system Flow {
	state x [3]real
	der(x) = f(x)
}

model M(x [3]real) (y [3]real) {
	end := solve(Flow{x: x}, over: 0..1, with: dopri5{rtol: 1e-4, atol: 1e-5})
	return end.x
}

data D {
	x [3]real
	y label[3]
	source: csv{path: "d.csv"}
}

train Plain {
	data: D
	minimize cross_entropy(M(x), y) + 0.1*sqnorm(x)
	metric gap = norm(M(x))
	epochs: 1
	optimizer: sgd
}

train Hard {
	data: D
	adversary: pgd{on: x, radius: RADIUS, steps: STEPS, rate: RATE, norm: NORM}
	minimize cross_entropy(M(x), y) + 0.1*sqnorm(x)
	metric gap = norm(M(x))
	epochs: 1
	optimizer: sgd
}
`

// TestAdversaryDefinition compares attacks with projected gradient ascent written out here, over the
// gradient by x of the same recipe without an adversary; and what training sees with that recipe at
// the place found.
func TestAdversaryDefinition(t *testing.T) {
	for _, c := range []struct {
		norm         string
		radius, rate float64
		steps        int
	}{{"linf", 0.1, 0.04, 5}, {"linf", 0.3, 0, 7}, {"l2", 0.1, 0.04, 5}, {"l2", 0.25, 0, 4}, {"l2", 1e-3, 10, 3}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			src := strings.NewReplacer("RADIUS", fmt.Sprint(c.radius), "STEPS", fmt.Sprint(c.steps), "RATE", fmt.Sprint(c.rate), "NORM", c.norm).Replace(attacked)
			res, ds := driver.Compile(map[string]string{"p.nde": src}, driver.Options{Precision: "f64"})
			if ds.HasErrors() {
				t.Fatal(ds)
			}
			m := res.Module
			params := map[string][]float64{}
			for k, p := range m.Params {
				for i := range p.Type.Len() {
					params[p.Name] = append(params[p.Name], math.Sin(float64(5*i*i+3*k+1)))
				}
			}
			mc, err := interp.New(m, params)
			if err != nil {
				t.Fatal(err)
			}
			call := func(f *ir.Func, x []float64, y float64) []interp.Tensor {
				out, err := mc.Call(f, interp.Of(x, 3), interp.Scalar(y))
				if err != nil {
					t.Fatal(err)
				}
				return out
			}
			var plain, hard *ir.Recipe
			for _, r := range m.Recipes {
				if r.Name == "Hard" {
					hard = r
				} else {
					plain = r
				}
			}
			rate := c.rate
			if rate == 0 {
				rate = 2.5 * c.radius / float64(c.steps)
			}
			raised := 0
			for row := range 6 {
				y := float64(row % 3)
				x := make([]float64, 3)
				for i := range x {
					x[i] = 1.2 * math.Cos(float64(7*row+3*i+1))
				}
				at := func(delta []float64) []float64 {
					out := make([]float64, 3)
					for i := range out {
						out[i] = x[i] + delta[i]
					}
					return out
				}
				delta := make([]float64, 3)
				for range c.steps {
					out := call(plain.GradInputs, at(delta), y)
					ascend(delta, out[len(plain.Objective.Results)].Data, c.norm, c.radius, rate)
				}
				got := call(hard.Attack, x, y)
				if got[1].Data[0] != 0 {
					t.Errorf("row %d: ascent %v failed", row, got[1].Data[0])
				}
				for i, d := range got[0].Data {
					if !(math.Abs(d-delta[i]) <= 1e-12) {
						t.Errorf("row %d: δ is %v, want %v", row, got[0].Data, delta)
						break
					}
				}
				// Loss and gradient are those at the place found, metrics those of the sample.
				loss, near, here := call(hard.Grad, x, y), call(plain.Grad, at(got[0].Data), y), call(plain.Grad, x, y)
				if loss[0].Data[0] > here[0].Data[0] {
					raised++
				}
				same := func(what string, a, b interp.Tensor) {
					for i := range a.Data {
						if a.Data[i] != b.Data[i] {
							t.Errorf("row %d: %s is %v, want %v", row, what, a.Data, b.Data)
							return
						}
					}
				}
				same("loss", loss[0], near[0])
				same("metric", loss[1], here[1])
				for i := len(plain.Objective.Results); i < len(near); i++ {
					same("gradient", loss[i], near[i])
				}
				same("objective", call(hard.Objective, x, y)[0], here[0])
			}
			if raised < 6 {
				t.Errorf("the loss is raised in %d of 6 rows", raised)
			}
		})
	}
}

// ascend is one step of projected gradient ascent.
func ascend(delta, g []float64, norm string, radius, rate float64) {
	length := func(v []float64) float64 {
		s := 0.0
		for _, x := range v {
			s += x * x
		}
		return math.Sqrt(s)
	}
	if norm == "linf" {
		for i := range delta {
			if g[i] != 0 {
				delta[i] += math.Copysign(rate, g[i])
			}
			delta[i] = max(-radius, min(radius, delta[i]))
		}
		return
	}
	n := length(g)
	for i := range delta {
		delta[i] += rate * g[i] / n
	}
	if n := length(delta); n > radius {
		for i := range delta {
			delta[i] *= radius / n
		}
	}
}
