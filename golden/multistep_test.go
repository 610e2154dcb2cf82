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
		"persample":      withSolver("rk4_38{per_sample: 3}"),
		"persamplekept":  withSolver("adams_bashforth{order: 3, per_sample: 5, step_at: [0.52], sensitivity: checkpoint{every: 4}}"),
		"persampleevent": bouncingBy("bosh3{per_sample: 9}"),
		"asdiffeq":       withSolver("dopri5{rtol: 1e-4, atol: 1e-5, compat: torchdiffeq}"),
		"asdiffeqkept":   withSolver("tsit5{rtol: 1e-4, atol: 1e-5, compat: torchdiffeq, sensitivity: checkpoint{every: 3}}"),
		"asdyn":          withSolver("dopri5{rtol: 1e-4, atol: 1e-5, compat: torchdyn}"),
		"h211b":          withSolver("bosh3{rtol: 1e-4, atols: [1e-5, 1e-2], control: h211b}"),
		"h312b":          withSolver("heun_euler{rtols: [1e-3, 1e-2], atol: 1e-5, step_at: [0.6], control: h312b{b: 6}}"),
		"h312bevents":    bouncingBy("dopri5{control: h312b}"),
	} {
		bothWays[name] = text
	}
	for _, name := range []string{"asdiffeq", "asdiffeqkept", "asdyn", "h211b", "h312b", "h312bevents"} {
		wide[name] = true
	}
}

// TestMultistep: gradients of Adams methods are those of differences along the same steps, and results near those of
// a tight solve, with stops and events, which begin the memory anew.
func TestMultistep(t *testing.T) {
	t.Parallel()
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
				res, ds := driver.Compile(map[string]string{"a.nde": strings.ReplaceAll(text, c.solver, solver)}, driver.Options{Precision: "f64"})
				if ds.HasErrors() {
					t.Fatal(ds)
				}
				_, a := interpreted(t, res.Module, 2, false)
				return a.Loss
			}
			if got, want := loss(c.solver), loss("tsit5{rtol: 1e-7, atol: 1e-9}"); !(math.Abs(got-want) < 2e-3*max(1, math.Abs(want))) {
				t.Errorf("loss %v, of tsit5 %v", got, want)
			}
			res, ds := driver.Compile(map[string]string{"a.nde": text}, driver.Options{Precision: "f64"})
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

// TestStepsOfTorch: compiled solves with compat: take the steps of those libraries, as many as tables of their runs on
// problems of DETEST say (Hull, Enright, Fellen, Sedgwick 1972): torchdiffeq 0.2.5, and torchdyn's loop.
func TestStepsOfTorch(t *testing.T) {
	const text = `package p

system A3 {
	state y real
	der(y) = y*cos(t)
}

system D5 {
	state p, v [2]real
	der(p) = v
	der(v) = -p / (sqnorm(p)^1.5)
}

system E2 {
	state x, v real
	der(x) = v
	der(v) = (1 - x^2)*v - x
}

model M(y real) (a, d, e real) {
	first := solve(A3{y: y}, over: 0..20, with: SOLVER)
	second := solve(D5{p: [0.1*y, 0], v: [0, sqrt(19)*y]}, over: 0..20, with: SOLVER)
	third := solve(E2{x: 2*y, v: 0}, over: 0..20, with: SOLVER)
	return first.y, second.p[0], third.x
}
`
	for _, c := range []struct {
		solver string
		nfe    [3]float64
		err    float64 // of A3 at the end, as printed; 0: not known
	}{
		{"dopri5{rtol: 1e-3, atol: 1e-3, compat: torchdiffeq}", [3]float64{140, 554, 404}, 1.716421e-03},
		{"dopri5{rtol: 1e-6, atol: 1e-6, compat: torchdiffeq}", [3]float64{464, 1268, 1118}, 4.952653e-06},
		{"dopri5{rtol: 1e-9, atol: 1e-9, compat: torchdiffeq}", [3]float64{1490, 3950, 3392}, 2.041468e-08},
		{"dopri5{rtol: 1e-3, atol: 1e-3, compat: torchdyn}", [3]float64{134, 536, 398}, 0},
		{"dopri5{rtol: 1e-6, atol: 1e-6, compat: torchdyn}", [3]float64{452, 1274, 1118}, 0},
		{"tsit5{rtol: 1e-6, atol: 1e-6, compat: torchdyn}", [3]float64{530, 1454, 1094}, 0},
	} {
		res, ds := driver.Compile(map[string]string{"a.nde": strings.ReplaceAll(text, "SOLVER", c.solver)}, driver.Options{Precision: "f64"})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		mc, err := interp.New(res.Module, nil)
		if err != nil {
			t.Fatal(err)
		}
		out, err := mc.Call(res.Module.Models[0].Func, interp.Of([]float64{1}))
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range c.nfe {
			if got := out[3+i*ir.NumStats+ir.StatNFE].Data[0]; got != want {
				t.Errorf("%s: problem %d took %v evaluations, not %v", c.solver, i, got, want)
			}
		}
		if got := math.Abs(out[0].Data[0] - math.Exp(math.Sin(20))); c.err > 0 && !(math.Abs(got-c.err) <= 1e-5*c.err+2e-11) { // their reference is off by 1e-11
			t.Errorf("%s: the error is %.7g, not %.7g", c.solver, got, c.err)
		}
	}
}
