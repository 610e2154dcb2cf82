package golden

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/ir/method"
)

// What else torchdiffeq and torchdyn ask in their own tests: tests/odeint_tests.py, gradient_tests.py, event_tests.py and
// norm_tests.py of rtqichen/torchdiffeq, test/test_sensitivity.py of DiffEqML/torchdyn. Tolerances are theirs or tighter.

// solved is a program whose recipe, if it has one, is the first.
type solved struct {
	t *testing.T
	m *ir.Module
	r *ir.Recipe
	w map[string][]float64
}

func solvedBy(t *testing.T, text string, pairs ...string) *solved {
	t.Helper()
	res, ds := driver.Compile(map[string]string{"a.nde": strings.NewReplacer(pairs...).Replace(text)}, driver.Options{Precision: "f64", Until: "opt"})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	w, _ := weightsOf(res.Module)
	p := &solved{t: t, m: res.Module, w: w}
	if len(res.Module.Recipes) > 0 {
		p.r = res.Module.Recipes[0]
	}
	return p
}

// call runs f and says whether a solve failed.
func (p *solved) call(f *ir.Func, in ...interp.Tensor) (out []interp.Tensor, failed bool) {
	p.t.Helper()
	mc, err := interp.New(p.m, p.w)
	if err != nil {
		p.t.Fatal(err)
	}
	out, err = mc.Call(f, in...)
	if err != nil {
		p.t.Fatal(err)
	}
	return out, len(mc.Failed) > 0
}

// end is the results of the first model.
func (p *solved) end(in ...interp.Tensor) []interp.Tensor {
	p.t.Helper()
	out, failed := p.call(p.m.Models[0].Func, in...)
	if failed {
		p.t.Fatal("a solve failed")
	}
	return out
}

// inputs is the gradient of the recipe by its columns.
func (p *solved) inputs(in ...interp.Tensor) []interp.Tensor {
	p.t.Helper()
	out, failed := p.call(p.r.GradInputs, in...)
	if failed {
		p.t.Fatal("a solve failed")
	}
	return out[len(p.r.Objective.Results):]
}

// backward counts the evaluations of the backward solves of the gradient by the columns.
func (p *solved) backward(in ...interp.Tensor) float64 {
	p.t.Helper()
	f := p.r.GradInputs
	b := ir.Extend(f, p.m.Real)
	n := len(f.Results)
	for _, v := range slices.Clone(f.Values) {
		if v.Op == ir.OpSolve && strings.Contains(v.Attr.Solve.Name, ".adjoint") {
			f.Results = append(f.Results, b.Result(v, len(v.Attr.Solve.States)+ir.StatNFE))
		}
	}
	if len(f.Results) == n {
		p.t.Fatal("no backward solve")
	}
	out, _ := p.call(f, in...)
	sum := 0.0
	for _, o := range out[n:] {
		sum += o.Data[0]
	}
	f.Results = f.Results[:n]
	return sum
}

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol) {
		t.Errorf("%s is %.12g, want %.12g within %g", what, got, want, tol)
	}
}

const jumping = `package p

system Jump {
	state x [2]real
	der(x) = select(t < 0.5, -0.5*x, x^2)
}

solver Fwd = METHOD{rtol: 1e-7, atol: 1e-6, sensitivity: HOW JUMP}

data D {
	x [2]real
	source: csv{path: "d.csv"}
}

model M(x [2]real) (y [2]real, nfe real) {
	end := solve(Jump{x: x}, over: 0..1, with: Fwd)
	return end.x, real(end.nfe)
}

train Fit {
	data: D
	batch: full
	epochs: 1
	optimizer: adam
	y, nfe := M(x)
	minimize sum(y)
}
`

// TestJumpsOfTorchdiffeq: a field that jumps costs fewer evaluations, forward and backward, where jump_at says when; value
// and gradient are those of the exact solution (TestDiscontinuities).
func TestJumpsOfTorchdiffeq(t *testing.T) {
	x := []float64{1, 1.2}
	in := interp.Of(x, 2)
	exact := func(x float64) (y, slope float64) {
		at := x * math.Exp(-0.25)
		y = 1 / (1/at - 0.5)
		return y, y * y / (at * at) * math.Exp(-0.25)
	}
	for _, name := range []string{"heun_euler", "fehlberg2", "bosh3", "tsit5", "dopri5", "dopri8"} { // those of torchdiffeq
		for _, how := range []string{"backprop", "adjoint", "quadrature", "interpolated"} {
			if name != "dopri5" && how != "backprop" && how != "adjoint" {
				continue
			}
			tol := 2e-5
			if name == "fehlberg2" {
				tol = 1e-3 // of order 1 in its error estimate
			}
			plain := solvedBy(t, jumping, "METHOD", name, "HOW", how, "JUMP", "")
			told := solvedBy(t, jumping, "METHOD", name, "HOW", how, "JUMP", ", jump_at: [0.5]")
			what := name + " " + how
			out := told.end(in)
			if few, many := out[1].Data[0], plain.end(in)[1].Data[0]; !(few < many) {
				t.Errorf("%s: %v evaluations with jump_at, %v without", what, few, many)
			}
			grad := told.inputs(in)[0]
			for i := range x {
				y, slope := exact(x[i])
				near(t, what, out[0].Data[i], y, tol)
				near(t, what+", gradient", grad.Data[i], slope, max(3e-4, 2*tol))
			}
			if how == "adjoint" || how == "quadrature" {
				if few, many := told.backward(in), plain.backward(in); !(few < many) {
					t.Errorf("%s: %v evaluations backward with jump_at, %v without", what, few, many)
				}
			}
		}
	}
}

// TestPerturbOfTorchdiffeq: a field is never evaluated at a jump itself, forward or backward, where a stage would be.
func TestPerturbOfTorchdiffeq(t *testing.T) {
	const text = `package p

system Decay {
	state x real
	der(x) = select(t == 0.5, 1e200*x, -x)
}

data D {
	x real
	source: csv{path: "d.csv"}
}

train Fit {
	data: D
	batch: full
	epochs: 1
	optimizer: adam
	minimize solve(Decay{x: x}, over: 0..1, with: SOLVER, sensitivity: HOW JUMP}).x
}
`
	for _, solver := range []string{"rk4{steps: 20", "rk4{steps: 21", "euler{steps: 2000", "dopri5{rtol: 1e-8, atol: 1e-8, first_step: 0.5, min_step: 0.5", "tsit5{rtol: 1e-8, atol: 1e-8"} {
		for _, how := range []string{"backprop", "checkpoint{every: 3}", "adjoint", "quadrature", "interpolated", "forward"} {
			p := solvedBy(t, text, "SOLVER", strings.Replace(solver, ", first_step: 0.5, min_step: 0.5", "", 1), "HOW", how, "JUMP", ", jump_at: [0.5]")
			near(t, solver+"} "+how, p.inputs(interp.Scalar(1.5))[0].Data[0], math.Exp(-1), 2e-4)
		}
		if p := solvedBy(t, text, "SOLVER", solver, "HOW", "backprop", "JUMP", ""); strings.HasPrefix(solver, "rk4") {
			if out, failed := p.call(p.r.GradInputs, interp.Scalar(1.5)); !failed && math.Abs(out[len(out)-1].Data[0]) < 1e9 {
				t.Errorf("%s} has no stage at the jump, so that this test looks at nothing", solver)
			}
		}
	}
}

// TestGridOfTorchdiffeq: ten steps of Euler's method are 1.1^10, and so is the gradient (test_odeint_grid_constructor).
func TestGridOfTorchdiffeq(t *testing.T) {
	const text = `package p

system Growth {
	state x real
	der(x) = x
}

model M(x real) real {
	return solve(Growth{x: x}, over: 0..1, with: euler{steps: 10}).x
}

data D {
	x real
	source: csv{path: "d.csv"}
}

train Fit {
	data: D
	batch: full
	epochs: 1
	optimizer: adam
	minimize solve(Growth{x: x}, over: 0..1, with: euler{steps: 10, sensitivity: HOW}).x
}
`
	for _, how := range []string{"backprop", "checkpoint{every: 3}", "adjoint", "quadrature{points: 1}", "forward"} {
		p := solvedBy(t, text, "HOW", how)
		near(t, "value", p.end(interp.Scalar(1))[0].Data[0], math.Pow(1.1, 10), 1e-13)
		near(t, "gradient by "+how, p.inputs(interp.Scalar(1))[0].Data[0], math.Pow(1.1, 10), 1e-13)
	}
}

const linear = `package p

system Linear {
	state y [10]real
	param A [10, 10]real ~ normal(0, 0.1)
	der(y) = A @ y
}

system Parts {
	state y, z [5]real
	param A [10, 10]real ~ normal(0, 0.1)
	both := A @ concat(y, z)
	der(y) = both[:5]
	der(z) = both[5:]
}

model M(y [10]real) (end [10]real, nfe real) {
	end := solve(Linear{y: y}, over: 1..8, with: SOLVER)
	return end.y, real(end.nfe)
}

model Tuple(y [10]real) (end [10]real, nfe real) {
	end := solve(Parts{y: y[:5], z: y[5:]}, over: 1..8, with: SOLVER)
	return concat(end.y, end.z), real(end.nfe)
}

data D {
	y [10]real
	source: csv{path: "d.csv"}
}

train Fit {
	data: D
	batch: full
	epochs: 1
	optimizer: adam
	end, nfe := M(y)
	minimize sum(end)
}
`

func linearBy(t *testing.T, solver string) *solved {
	t.Helper()
	p := solvedBy(t, linear, "SOLVER", solver)
	for _, name := range []string{"Linear.A", "Parts.A"} { // antisymmetric, as there
		a := p.w[name]
		for i := range 10 {
			for j := range i {
				u := 0.1 * math.Sin(float64(7*i+3*j+1))
				a[10*i+j], a[10*j+i] = u, -u
			}
			a[11*i] = 0
		}
	}
	return p
}

// TestStepBoundsOfTorchdiffeq: with min_step 2 the linear problem takes fewer than 50 evaluations, without more than 100,
// whether max_step bounds them or not (test_min_max_step).
func TestStepBoundsOfTorchdiffeq(t *testing.T) {
	ones := interp.Of([]float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 10)
	for _, name := range []string{"dopri5", "bosh3"} {
		for _, bound := range []string{"", ", max_step: 5"} {
			solver := name + "{rtol: 1e-7, atol: 1e-9" + bound
			if n := linearBy(t, solver+", min_step: 2}").end(ones)[1].Data[0]; !(n < 50) {
				t.Errorf("%s, min_step: 2} takes %v evaluations", solver, n)
			}
			if n := linearBy(t, solver+"}").end(ones)[1].Data[0]; !(n > 100) {
				t.Errorf("%s} takes %v evaluations", solver, n)
			}
		}
	}
}

// TestNormsOfTorchdiffeq: a state in two parts has the steps and values of the whole, the larger norm takes no fewer
// evaluations, and the seminorm of an adjoint no more (norm_tests.py).
func TestNormsOfTorchdiffeq(t *testing.T) {
	ones := interp.Of([]float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 10)
	mean := linearBy(t, "dopri5{rtol: 1e-6, atol: 1e-8, sensitivity: adjoint}")
	whole := mean.end(ones)
	parts, _ := mean.call(mean.m.Models[1].Func, ones)
	for i, y := range whole[0].Data {
		near(t, "in two parts", parts[0].Data[i], y, 1e-13)
	}
	near(t, "evaluations in two parts", parts[1].Data[0], whole[1].Data[0], 0)
	largest := linearBy(t, "dopri5{rtol: 1e-6, atol: 1e-8, norm: max, sensitivity: adjoint}")
	if few, many := whole[1].Data[0], largest.end(ones)[1].Data[0]; !(few <= many) {
		t.Errorf("%v evaluations with the mean, %v with the largest", few, many)
	}
	all := linearBy(t, "dopri5{rtol: 1e-6, atol: 1e-8, sensitivity: adjoint{seminorm: false}}")
	few, many := mean.paramsBackward(ones), all.paramsBackward(ones)
	if !(few <= many) {
		t.Errorf("%v evaluations with the seminorm, %v without", few, many)
	}
	got, _ := all.call(all.r.Grad, ones)
	want, _ := mean.call(mean.r.Grad, ones)
	for i, g := range want[len(want)-1].Data {
		near(t, "gradient without the seminorm", got[len(got)-1].Data[i], g, 1e-4)
	}
}

// paramsBackward is backward of the gradient by the parameters.
func (p *solved) paramsBackward(in ...interp.Tensor) float64 {
	was := p.r.GradInputs
	p.r.GradInputs = p.r.Grad
	defer func() { p.r.GradInputs = was }()
	return p.backward(in...)
}

// TestNoIntegrationOfTorchdiffeq: equal times give the start, its gradient is the identity, and parameters get zero
// (TestNoIntegration).
func TestNoIntegrationOfTorchdiffeq(t *testing.T) {
	y := make([]float64, 10)
	for i := range y {
		y[i] = math.Sin(float64(i + 1))
	}
	in := interp.Of(y, 10)
	for _, how := range []string{"backprop", "checkpoint{every: 2}", "adjoint", "quadrature", "interpolated", "forward"} {
		p := solvedBy(t, strings.ReplaceAll(linear, "over: 1..8", "over: 1..1"), "SOLVER", "dopri5{rtol: 1e-7, atol: 1e-9, sensitivity: "+how+"}")
		for i, x := range p.end(in)[0].Data {
			near(t, how, x, y[i], 0)
		}
		for _, g := range p.inputs(in)[0].Data {
			near(t, how+", gradient", g, 1, 1e-12)
		}
		out, _ := p.call(p.r.Grad, in)
		for _, g := range out[len(p.r.Objective.Results)].Data {
			near(t, how+", gradient by A", g, 0, 1e-12)
		}
	}
}

const timedSuite = `package p

system Swing {
	state q, p real
	param k real = 1.3
	der(q) = p
	der(p) = -k*sin(q)
}

data D {
	q, p real
	from, to real
	source: csv{path: "d.csv"}
}

model Slope(q, p real) (dq, dp real) {
	return p, -1.3*sin(q)
}

model End(q, p, from, to real) (q1, p1 real) {
	end := solve(Swing{q: q, p: p}, over: from..to, with: SOLVER)
	return end.q, end.p
}

train Fit {
	data: D
	batch: full
	epochs: 1
	optimizer: adam
	end := solve(Swing{q: q, p: p}, over: from..to, with: SOLVER)
	minimize sin(end.q) + 0.3*end.p^2
}
`

// TestTimesOfTorchdiffeq: for all methods, the gradient by the time of the end is the cotangent there times the field, by
// the time of the start minus that of the start times the field there, and that by the start is that of the steps
// (gradient_tests.py, gradcheck by y0 and t; torchdyn's end-time gradient).
func TestTimesOfTorchdiffeq(t *testing.T) {
	tried := 0
	for _, r := range method.Rows(method.Solver) {
		if r.Later || r.Family == method.Stochastic {
			continue
		}
		tried++
		solver := r.Name + "{steps: 8, sensitivity: HOW}"
		if r.Name == "shooting" {
			solver = "shooting{segments: 8, sensitivity: HOW}"
		}
		hows := []string{"backprop"}
		if r.Name == "bosh3" || r.Name == "dopri5" { // the rule is one for all of them
			hows = append(hows, "checkpoint{every: 3}", "forward", "adjoint", "quadrature", "interpolated")
		}
		if r.Undoes() {
			hows = append(hows, "reversible")
		}
		x := []float64{0.7, -0.4, 0.2, 1.3}
		in := func() (ts []interp.Tensor) {
			for _, v := range x {
				ts = append(ts, interp.Scalar(v))
			}
			return ts
		}
		for _, how := range hows {
			p := solvedBy(t, timedSuite, "SOLVER", strings.Replace(solver, "HOW", how, 1))
			p.w["Swing.k"] = []float64{1.3}
			end, _ := p.call(p.m.Models[1].Func, in()...)
			q1, p1 := end[0].Data[0], end[1].Data[0]
			byQ, byP := math.Cos(q1), 0.6*p1
			g := p.inputs(in()...)
			what := r.Name + " " + how
			near(t, what+", end time", g[3].Data[0], byQ*p1-byP*1.3*math.Sin(q1), 1e-12)
			tol := 1e-12
			if r.Remember != nil || r.Memory != nil {
				tol = 0.02 // memory is made at the start, too: equal up to the error of the method
			}
			near(t, what+", start time", g[2].Data[0], -(g[0].Data[0]*x[1] - g[1].Data[0]*1.3*math.Sin(x[0])), tol)
			if how != "backprop" {
				continue
			}
			for i := range 2 {
				slope := func(h float64) float64 {
					at := func(d float64) float64 {
						old := x[i]
						x[i] = old + d
						defer func() { x[i] = old }()
						out, _ := p.call(p.r.Objective, in()...)
						return out[0].Data[0]
					}
					return (at(h) - at(-h)) / (2 * h)
				}
				near(t, fmt.Sprintf("%s, start %d", what, i), g[i].Data[0], (4*slope(5e-4)-slope(1e-3))/3, 1e-9)
			}
		}
	}
	if tried < 20 {
		t.Errorf("%d methods only", tried)
	}
}

// TestIntegralLossOfTorchdyn: the gradient of the integral of 0.1 x₀ along 100 times by autograd through rk4 and by adjoints with
// dopri5 at 1e-4 and 1e-5 are 1e-4 apart at most, in the mean (test_sensitivity.py, test_odeint_intloss).
func TestIntegralLossOfTorchdyn(t *testing.T) {
	const text = `package p

net f(x [2]real) [2]real {
	return x |> Linear(16) |> tanh |> Linear(2)
}

system Flow {
	state x [2]real
	integral cost = 0.1*x[0]
	der(x) = f(x)
}

data D {
	x [2]real
	source: csv{path: "d.csv"}
}

train Fit {
	data: D
	batch: full
	epochs: 1
	optimizer: adam
	minimize solve(Flow{x: x}, over: 0..1, with: SOLVER).cost
}
`
	want := solvedBy(t, text, "SOLVER", "rk4{steps: 99}")
	for _, how := range []string{"adjoint", "quadrature", "interpolated"} {
		p := solvedBy(t, text, "SOLVER", "dopri5{rtol: 1e-4, atol: 1e-5, sensitivity: "+how+"}")
		mean := 0.0
		const starts = 12
		for k := range starts {
			in := interp.Of([]float64{2 * math.Sin(float64(3*k+1)), 2 * math.Cos(float64(5*k))}, 2)
			g, w := p.inputs(in)[0].Data, want.inputs(in)[0].Data
			mean += (math.Abs(g[0]-w[0]) + math.Abs(g[1]-w[1])) / (2 * starts)
		}
		if !(mean <= 1e-4) {
			t.Errorf("%s: gradients of the integral are %.2g apart", how, mean)
		}
	}
}

const eventSuite = `package p

system Constant {
	state y real
	context goal real
	param a real = 0.2
	param b real = 3
	der(y) = a + (y - (a*real(t) + b))^5
	when rising(y - goal) {
		stop
	}
}

system Sine {
	state y real
	context goal real
	der(y) = 2*y/real(t) + real(t)^4*sin(2*real(t)) - real(t)^2 + 4*real(t)^3
	when crossing(y - goal) {
		stop
	}
}

model M(y, goal real) (end, at real) {
	end := solve(SYSTEM{y: y, goal: goal}, over: 1..8, with: SOLVER)
	return end.y, real(end.t)
}

data D {
	y, goal real
	source: csv{path: "d.csv"}
}

train Fit {
	data: D
	batch: full
	epochs: 1
	optimizer: adam
	end, at := M(y, goal)
	minimize at
}
`

// TestEventsOfTorchdiffeq: time and state of an event that ends the solve, to 1e-4 and 5e-3 of Euler's method, and the
// gradient of that time by the goal, 1/f there, by every sensitivity that goes through events (event_tests.py).
func TestEventsOfTorchdiffeq(t *testing.T) {
	sine := func(t float64) float64 {
		return -t*t*t*t/2*math.Cos(2*t) + t*t*t/2*math.Sin(2*t) + t*t/4*math.Cos(2*t) - t*t*t + 2*t*t*t*t + (math.Pi-0.25)*t*t
	}
	when := 1 + 14.0/9
	for _, c := range []struct {
		system, solver string
		y, goal, slope float64
		tol            float64
	}{
		{"Constant", "dopri5{rtol: 1e-7, atol: 1e-9", 3.2, 0.2*when + 3, 0.2, 1e-4},
		{"Constant", "tsit5{rtol: 1e-7, atol: 1e-9", 3.2, 0.2*when + 3, 0.2, 1e-4},
		{"Constant", "euler{step: 0.01", 3.2, 0.2*when + 3, 0.2, 5e-3},
		{"Constant", "rk4_38{step: 0.01", 3.2, 0.2*when + 3, 0.2, 1e-4},
		{"Sine", "dopri8{rtol: 1e-7, atol: 1e-9", sine(1), sine(when), 0, 1e-4},
		{"Sine", "bosh3{rtol: 1e-7, atol: 1e-9", sine(1), sine(when), 0, 1e-4},
		{"Sine", "midpoint{step: 0.01", sine(1), sine(when), 0, 5e-3},
		{"Sine", "rk4_38{step: 0.01", sine(1), sine(when), 0, 1e-4},
	} {
		slope := c.slope
		if slope == 0 {
			slope = (sine(when+1e-4) - sine(when-1e-4)) / 2e-4
		}
		for _, how := range eventSensitivities {
			p := solvedBy(t, eventSuite, "SYSTEM", c.system, "SOLVER", c.solver+", sensitivity: "+how+"}")
			p.w["Constant.a"], p.w["Constant.b"] = []float64{0.2}, []float64{3}
			in := []interp.Tensor{interp.Scalar(c.y), interp.Scalar(c.goal)}
			out := p.end(in...)
			what := c.system + " " + c.solver + "} " + how
			near(t, what, out[0].Data[0], c.goal, c.tol*max(1, c.goal))
			near(t, what+", time", out[1].Data[0], when, c.tol)
			near(t, what+", gradient of the time", p.inputs(in...)[1].Data[0]*slope, 1, c.tol)
		}
	}
}

// eventSensitivities go through an event that ends a solve, its time included.
var eventSensitivities = []string{"backprop", "checkpoint{every: 3}", "interpolated", "adjoint", "quadrature"}
