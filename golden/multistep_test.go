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

// bouncing has events that reset, of times that the states and the clock decide, and one that stops, along a
// trajectory and to the end.
const bouncing = `package p

net push(q real) real {
	return [q] |> Linear(4) |> tanh |> Linear(1) |> scalar
}

system Ball {
	state h real
	state v real
	context loss real
	integral path = v^2
	der(h) = v
	der(v) = -1 + 0.1*push(h)
	when falling(h) {
		h = 0
		v = -(0.8 - 0.1*tanh(loss))*v
	}
	when every(0.35) { v = 0.9*v + 0.01 }
	when rising(h - 3) { stop }
}

model Fly(h, v, loss real) (e real) {
	path := solve(Ball{h: 1 + 0.1*h, v: 0.3*v, loss: loss}, from: 0, at: [0.2, 0.9, 1.7, 2.6], with: SOLVER)
	end := solve(Ball{h: 1 + 0.1*h, v: 0.3*v, loss: loss}, over: 0..2.2, with: SOLVER)
	return path.h[1] + path.v[2]*path.h[3] + path.path[3] + end.h + end.v^2 + end.t
}

data D {
	h, v, loss real
	source: csv{path: "d.csv"}
}

train Fit {
	data: D
	batch: full
	epochs: 1
	optimizer: adam
	minimize Fly(h, v, loss)
	seed: 7
}
`

func bouncingBy(solver string) string { return strings.ReplaceAll(bouncing, "SOLVER", solver) }

func init() {
	for name, text := range map[string]string{
		"adamsbashforth": withSolver("adams_bashforth{order: 3, steps: 9}"),
		"adamsmoulton":   withSolver("adams_moulton{order: 5, step: 0.07, sensitivity: checkpoint{every: 3}}"),
		"adamsstops":     withSolver("adams_bashforth{step: 0.07, step_at: [0.52, 0.9]}"),
		"adamsshort":     withSolver("adams_moulton{order: 12, steps: 7}"),
		"adamsevents":    bouncingBy("adams_moulton{steps: 40}"),
	} {
		bothWays[name] = text
	}
}

// TestMultistep: gradients of Adams methods are those of differences along the same steps, and results near those of
// a tight solve, with stops and events, which begin the memory anew.
func TestMultistep(t *testing.T) {
	const root = ", events: root{tol: 1e-13}}"
	for _, c := range []struct {
		program func(solver string) string
		solver  string
	}{
		{bouncingBy, "adams_bashforth{steps: 30" + root},
		{bouncingBy, "adams_moulton{order: 7, steps: 12" + root},
		{withSolver, "adams_moulton{order: 6, step: 0.06, step_at: [0.4, 0.77]}"},
	} {
		text := c.program(c.solver)
		t.Run(c.solver, func(t *testing.T) {
			loss := func(solver string) float64 {
				res, ds := driver.Compile(map[string]string{"a.nde": strings.ReplaceAll(text, c.solver, solver)}, driver.Options{Precision: "f64", Verify: true})
				if ds.HasErrors() {
					t.Fatal(ds)
				}
				_, a := interpreted(t, res.Module, 2, false)
				return a.Loss
			}
			if got, want := loss(c.solver), loss("tsit5{rtol: 1e-7, atol: 1e-9}"); !(math.Abs(got-want) < 2e-3*max(1, math.Abs(want))) {
				t.Errorf("loss %v, of tsit5 %v", got, want)
			}
			res, ds := driver.Compile(map[string]string{"a.nde": text}, driver.Options{Precision: "f64", Verify: true})
			if ds.HasErrors() {
				t.Fatal(ds)
			}
			gradientByDifferences(t, res.Module)
		})
	}
}

// gradientByDifferences compares the gradient of the first recipe of m, on one row, with central differences of the
// interpreted objective. Steps of methods without error control stay the same.
func gradientByDifferences(t *testing.T, m *ir.Module) {
	t.Helper()
	r := m.Recipes[0]
	weights, _ := weightsOf(m)
	var args []interp.Tensor
	for i, c := range r.Columns {
		x := make([]float64, c.Type.Len())
		for k := range x {
			x[k] = math.Sin(float64(1 + 3*k + 5*i))
		}
		args = append(args, interp.Of(x, c.Type.Shape...))
	}
	run := func(f *ir.Func) []interp.Tensor {
		mc, err := interp.New(m, weights)
		if err != nil {
			t.Fatal(err)
		}
		out, err := mc.Call(f, args...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	check := func(name string, x, g []float64) {
		for k := 0; k < len(x); k += 8 {
			const step = 1e-4
			old := x[k]
			x[k] = old + step
			up := run(r.Objective)[0].Data[0]
			x[k] = old - step
			down := run(r.Objective)[0].Data[0]
			x[k] = old
			if want := (up - down) / (2 * step); !(math.Abs(g[k]-want) <= 1e-6*max(1, math.Abs(want))) {
				t.Errorf("%s[%d]: gradient %.12g, by differences %.12g", name, k, g[k], want)
			}
		}
	}
	out := run(r.Grad)[len(r.Objective.Results):]
	for i, p := range r.Trained {
		check(p.Name, weights[p.Name], out[i].Data)
	}
	out = run(r.GradInputs)[len(r.Objective.Results):]
	for i, c := range r.Columns {
		check(fmt.Sprint("column ", c.Name), args[i].Data, out[i].Data)
	}
}
