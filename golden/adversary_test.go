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

const joint = `package p

net f(x [2]real) [2]real {
	return x |> Linear(4) |> tanh |> Linear(2)
}

net g(h real, x [2]real, dx [2]real) [2]real {
	return concat(x, dx, h) |> Linear(3) |> tanh |> Linear(2)
}

system Flow {
	state x [2]real
	der(x) = f(x)
}

solver Tight = rk4{steps: 24}

hypersolver Hyper for Flow {
	base: euler{steps: 4}
	residual(x) = g(h, x, der(x))
}

model Fast(x [2]real) (logits [2]real) {
	end := solve(Flow{x}, over: 0..1, with: Hyper)
	return end.x
}

data D {
	x [2]real
	y label[2]
	source: moons{n: 64}
}

train Joint {
	data: D
	batch: 16
	ADVERSARY
	minimize cross_entropy(Fast(x), y) + 0.1*residual_error(Hyper, Flow{x}, over: 0..1, reference: Tight) +
		0.1*trajectory_error(Hyper, Flow{x}, over: 0..1, steps: 3, reference: Tight)
	epochs: 1
	optimizer: adam
}
`

// TestJointTraining: a recipe trains a field and its hypersolver together. The gradient by the weights of both
// is that of central differences, with an adversary at the place that it has found.
func TestJointTraining(t *testing.T) {
	for _, adversary := range []string{"", "adversary: pgd{on: x, radius: 0.1, steps: 3, norm: l2}"} {
		res, ds := driver.Compile(map[string]string{"p.nde": strings.Replace(joint, "ADVERSARY", adversary, 1)}, driver.Options{Precision: "f64"})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		m, r := res.Module, res.Module.Recipes[0]
		params := map[string][]float64{}
		for k, p := range m.Params {
			for i := range p.Type.Len() {
				params[p.Name] = append(params[p.Name], 0.6*math.Sin(float64(5*i*i+3*k+1)))
			}
		}
		call := func(f *ir.Func, in []interp.Tensor) []interp.Tensor {
			mc, err := interp.New(m, params)
			if err != nil {
				t.Fatal(err)
			}
			out, err := mc.Call(f, in...)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		nets := map[string]int{}
		for row := range 2 {
			in := inputs(r, row)
			grad := call(r.Grad, in)[len(r.Objective.Results):]
			if r.Attack != nil {
				x := append([]float64(nil), in[0].Data...)
				for i, d := range call(r.Attack, in)[0].Data {
					x[i] += d
				}
				in[0].Data = x
			}
			for k, p := range r.Trained {
				nets[p.Net]++
				x := params[p.Name]
				for i := range x {
					const h = 1e-5
					old, want := x[i], 0.0
					for _, sign := range []float64{1, -1} {
						x[i] = old + sign*h
						want += sign * call(r.Objective, in)[0].Data[0] / (2 * h)
					}
					x[i] = old
					if d := math.Abs(grad[k].Data[i] - want); !(d <= 1e-7*math.Max(math.Abs(want), 1)) {
						t.Errorf("%q: d/d%s[%d] is %.12g, central differences give %.12g", adversary, p.Name, i, grad[k].Data[i], want)
					}
				}
			}
		}
		if nets["f"] == 0 || nets["g"] == 0 {
			t.Errorf("trained are %v, want f and g", nets)
		}
	}
}

// TestAdversaryOfHypersolver: the objective of a hypersolver is differentiated by its starts, through its
// reference too, though the field is frozen.
func TestAdversaryOfHypersolver(t *testing.T) {
	src := strings.Replace(joint, "ADVERSARY", "freeze: f\n\tadversary: pgd{on: x, radius: 0.1, steps: 5, rate: 0.04}", 1)
	src = strings.Replace(src, "cross_entropy(Fast(x), y) + 0.1*", "", 1)
	res, ds := driver.Compile(map[string]string{"p.nde": src}, driver.Options{Precision: "f64"})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	m, r := res.Module, res.Module.Recipes[0]
	params := map[string][]float64{}
	for k, p := range m.Params {
		for i := range p.Type.Len() {
			params[p.Name] = append(params[p.Name], 0.6*math.Sin(float64(5*i*i+3*k+1)))
		}
	}
	mc, err := interp.New(m, params)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Trained {
		if p.Net != "g" {
			t.Errorf("%s is trained", p.Name)
		}
	}
	for row := range 4 {
		in := inputs(r, row)
		loss := func(x []float64) float64 {
			out, err := mc.Call(r.Objective, interp.Of(x, 2), in[1])
			if err != nil {
				t.Fatal(err)
			}
			return out[0].Data[0]
		}
		out, err := mc.Call(r.Attack, in...)
		if err != nil {
			t.Fatal(err)
		}
		x := []float64{in[0].Data[0] + out[0].Data[0], in[0].Data[1] + out[0].Data[1]}
		if !(loss(x) > loss(in[0].Data)) {
			t.Errorf("row %d: the loss goes from %g to %g", row, loss(in[0].Data), loss(x))
		}
		// The gradient by the column is that of differences.
		grads, err := mc.Call(r.GradInputs, in...)
		if err != nil {
			t.Fatal(err)
		}
		bar := grads[len(r.Objective.Results)].Data
		for i := range x {
			const h = 1e-5
			up, down := append([]float64(nil), x...), append([]float64(nil), x...)
			up[i], down[i] = x[i]+h, x[i]-h
			if want := (loss(up) - loss(down)) / (2 * h); !(math.Abs(bar[i]-want) <= 1e-7*math.Max(1, math.Abs(want))) {
				t.Errorf("row %d: the cotangent of x[%d] is %g, differences give %g", row, i, bar[i], want)
			}
		}
	}
}
