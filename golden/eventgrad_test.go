package golden

import (
	"math"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir/interp"
)

const kicked = `package m

net f(x real) real {
	param a real = 0.8
	param b real = -0.4
	return a*x + b
}

system S {
	state x, v real
	der(x) = v
	der(v) = -4*x + f(x)
	NOISE
	when EVENT {
		v = -0.7*v
		x = x + 0.01 - 0.1*v*f(v)
	}
}

net g(h, x, v real) real {
	param c real = 0.3
	return c*h + f(x)*v
}

hypersolver Fast for S {
	base: heun
	residual(v) = g(h, x, v)
}

data Rows {
	x real
	source: csv{path: "x.csv"}
}

train Fit {
	data: Rows
	batch: full
	epochs: 1
	optimizer: adam
	end := solve(S{x, v: 0.1}, over: 0..1.7, with: SOLVER)
	minimize end.x^2 + end.x*end.v
}
`

// TestGradientThroughEvents: gradients of noisy solves and of hypersolvers through events are central differences of the loss. Events at given times cut steps
// at given places, so these are exact; the time of others moves by the equation, which the steps follow up to their error.
func TestGradientThroughEvents(t *testing.T) {
	t.Parallel()
	noise := "calculus: stratonovich\n\tnoise(v) = 0.2*f(v)"
	for _, c := range []struct {
		name, noise, event, solver string
		tol                        float64
	}{
		{"noise", noise, "every(0.3)", "euler_heun{steps: 20}", 1e-8},
		{"hypersolver", "", "every(0.3)", "Fast{steps: 9}", 1e-8},
		{"hypersolver at a crossing", "", "falling(x)", "Fast{steps: 200}", 1e-4},
	} {
		program := strings.NewReplacer("NOISE", c.noise, "EVENT", c.event, "SOLVER", c.solver).Replace(kicked)
		if c.noise != "" {
			program = program[:strings.Index(program, "net g")] + program[strings.Index(program, "data Rows"):]
		}
		res, ds := driver.Compile(map[string]string{"m.nde": program}, driver.Options{Precision: "f64", Until: "opt"})
		if ds.HasErrors() {
			t.Fatalf("%s: %v", c.name, ds)
		}
		r := res.Module.Recipes[0]
		args := []interp.Tensor{interp.Of([]float64{0.9})}
		if r.Keyed() {
			args = append(args, interp.Of([]float64{1, 2, 3, 4, 5, 6}, 6))
		}
		params := map[string][]float64{}
		for _, p := range res.Module.Params {
			params[p.Name] = []float64{map[string]float64{"f.a": 0.8, "f.b": -0.4, "g.c": 0.3}[p.Name]}
		}
		loss := func() float64 {
			mc, err := interp.New(res.Module, params)
			if err != nil {
				t.Fatal(err)
			}
			out, err := mc.Call(r.Objective, args...)
			if err != nil || len(mc.Failed) > 0 {
				t.Fatalf("%s: %v, %v", c.name, err, mc.Failed)
			}
			return out[0].Data[0]
		}
		mc, err := interp.New(res.Module, params)
		if err != nil {
			t.Fatal(err)
		}
		out, err := mc.Call(r.Grad, args...)
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range r.Trained {
			const h = 1e-5
			w := params[p.Name]
			at := w[0]
			w[0] = at + h
			up := loss()
			w[0] = at - h
			down := loss()
			w[0] = at
			got, want := out[len(r.Objective.Results)+i].Data[0], (up-down)/(2*h)
			if math.Abs(got-want) > c.tol*(1+math.Abs(want)) || want == 0 {
				t.Errorf("%s: derivative by %s is %v, by differences %v", c.name, p.Name, got, want)
			}
		}
	}
}
