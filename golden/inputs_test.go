package golden

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/ir/plan"
)

// drivenProgram has a signal of each kind in a solve along its knots, with values that depend on parameters, and
// the end of one that runs backwards.
const drivenProgram = `package sens

net f(x [2]real) [2]real {
	return x |> Linear(3) |> tanh |> Linear(2)
}

system Driven {
	state x [2]real
	input u [2]real {
		interp: hold
	}
	input v real
	input w [2]real {
		interp: cubic
	}
	param k real = 0.3
	integral work = k * u[0] * x[1]
	der(x) = f(x) + u*v - k*w*x
}

solver Fwd = SOLVER

model Path(x [2]real, c real) (y [4, 2]real, w [4]real) {
	ts := [0.0, 0.3, 0.7, 1.0]
	gain := sin(c)
	us := [[1.0, 0.5], [-1, 2], [0.5, 0], [3, -1]] * gain
	path := solve(Driven{x: x, u: signal(ts, us), v: signal([0.0, 0.25, 1.0], [1.0, c, -1]), w: signal(ts, us @ diag(f(x)))}, from: 0, at: ts, with: Fwd)
	return path.x, path.work
}

model Back(x [2]real, c real) [2]real {
	ts := [0.0, 0.5, 1.0]
	us := [[1.0, c], [-1, 2], [0.5, 0]]
	end := solve(Driven{x: x, u: signal(ts, us), v: c, w: signal(ts, us)}, over: 1..0, with: Fwd)
	return end.x
}

data D {
	x [2]real
	c real
	source: csv{path: "d.csv"}
}

train Fit {
	data: D
	batch: full
	epochs: 3
	optimizer: adam{lr: 0.01}
	ys, ws := Path(x, c)
	minimize sum(sin(ys)) + ws[1]*ws[3] + sqnorm(Back(x, c))
	metric end = ys[3, 0]
}
`

// TestInputGradients compares the gradients of a solve with signals: backprop with central differences on the same
// steps, the sensitivities with backprop.
func TestInputGradients(t *testing.T) {
	t.Parallel()
	source := func(solver string) string { return strings.Replace(drivenProgram, "SOLVER", solver, 1) }
	for _, s := range []string{"rk4{steps: 6}", "dopri5{rtol: 1e-4, atol: 1e-4}"} {
		res, ds := driver.Compile(map[string]string{"sens.nde": source(s)}, driver.Options{Precision: "f64"})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		params := map[string][]float64{}
		for _, p := range res.Module.Params {
			for i := range p.Type.Len() {
				params[p.Name] = append(params[p.Name], 0.7*math.Sin(float64(5*i*i+3*i+len(p.Name)+1)))
			}
		}
		in := []interp.Tensor{interp.Of([]float64{0.7, -0.4}, 2), interp.Scalar(0.9)}
		checkGradient(t, res.Module, res.Module.Recipes[0], params, in)
		// nfe_backward of an accepted step: where there are output times, dense output reads the last stage of dopri5, too.
		want := map[bool]string{true: "7, 6", false: "4, 4"}[strings.HasPrefix(s, "dopri5")]
		found := slices.ContainsFunc(res.Out, func(f plan.File) bool {
			return bytes.Contains(f.Text, []byte("var fitBackward = []int{"+want+"}"))
		})
		if !found {
			t.Errorf("%s: not %s evaluations of the field's derivative for an accepted step of the solves", s, want)
		}
	}
	for s, tol := range map[string]float64{"vern7{rtol: 1e-9, atol: 1e-9, sensitivity: S}": 1e-7, "rk4{steps: 24, sensitivity: S}": 1e-4} {
		with := func(sensitivity string) string { return source(strings.Replace(s, "S}", sensitivity+"}", 1)) }
		_, wantParams, wantColumns := gradients(t, with("backprop"))
		for _, row := range []struct {
			sensitivity string
			tol         float64
		}{{"adjoint", tol}, {"adjoint{seminorm: false}", tol}, {"adjoint{restart: solved}", tol}, {"interpolated", tol}, {"checkpoint{every: 3}", 1e-12}, {"forward", 1e-12}} {
			_, params, columns := gradients(t, with(row.sensitivity))
			if d := apart(t, params, wantParams); d > row.tol {
				t.Errorf("%s, %s: gradients by parameters %.2g from backprop, want at most %g", s, row.sensitivity, d, row.tol)
			}
			if d := apart(t, columns, wantColumns); d > row.tol {
				t.Errorf("%s, %s: gradients by columns %.2g from backprop, want at most %g", s, row.sensitivity, d, row.tol)
			}
		}
	}
}

// TestInputAdjoints: an adjoint looks a held input up once in a step, and gives what its evaluations say of it to the input once.
func TestInputAdjoints(t *testing.T) {
	for _, sensitivity := range []string{"adjoint", "quadrature", "interpolated"} {
		res, ds := driver.Compile(map[string]string{"p.nde": `package p

net f(x [2]real) [2]real { return x |> Linear(3) |> tanh |> Linear(2) }

system Driven {
	state x [2]real
	input u [2]real { interp: hold }
	der(x) = f(x) + u*x
}

data D {
	x [2]real
	us [5, 2]real
	source: csv{path: "d.csv"}
}

train Fit {
	data: D
	end := solve(Driven{x: x, u: signal(linspace(0, 1, 5), us @ diag(f(x)))}, over: 0..1, with: rk4{steps: 4, sensitivity: ` + sensitivity + `})
	minimize sqnorm(end.x)
	epochs: 1
	optimizer: adam
}
`}, driver.Options{})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		var count func(f *ir.Func, op ir.Op) int
		count = func(f *ir.Func, op ir.Op) (n int) {
			for _, v := range f.Values {
				if v.Op == op {
					n++
				}
				if v.Op == ir.OpCall {
					n += count(v.Attr.Func, op)
				}
			}
			return n
		}
		found := false
		for _, f := range res.Module.Funcs {
			for _, v := range f.Values {
				if v.Op != ir.OpRev {
					continue
				}
				found = true
				// The way back over the step looks up once for its stages and once where it gives to the input; that of adjoint and quadrature makes the
				// stages again by a function of its own, which looks up as a step does.
				located, scattered := count(v.Attr.Rev.StepVJP, ir.OpLocate), count(v.Attr.Rev.StepVJP, ir.OpScatter)
				if located > 3 || scattered != 1 {
					t.Errorf("%s: a step of the way back looks up %d times and gives to the input %d times, want at most 3 and 1", sensitivity, located, scattered)
				}
			}
		}
		if !found {
			t.Errorf("%s: no way back", sensitivity)
		}
	}
}

const drivenHyper = `package p

net f(x [2]real) [2]real {
	return x |> Linear(3) |> tanh |> Linear(2)
}

net g(h real, x, dx, u [2]real) [2]real {
	return concat(x, dx, u, h) |> Linear(2)
}

system Driven {
	state x [2]real
	input u [2]real {
		interp: hold
	}
	der(x) = f(x) + u
}

hypersolver H for Driven {
	base: heun
	residual(x) = g(h, x, der(x), u)
}

data D {
	x [2]real
	ts [3]time
	us [3, 2]real
	source: csv{path: "d.csv"}
}

model M(x [2]real, ts [3]time, us [3, 2]real) [2]real {
	return solve(Driven{x: x, u: signal(ts, us)}, over: 0..1, with: H{steps: 4}).x
}

train Fit {
	data: D
	batch: full
	freeze: f
	minimize residual_error(H, Driven{x, u: signal(ts, us)}, over: 0..1, steps: 4, reference: rk4{steps: 20}) +
		trajectory_error(H, Driven{x, u: signal(ts, us)}, over: 0..1, steps: 4, reference: rk4{steps: 20}) + sqnorm(M(x, ts, us))
	epochs: 2
	optimizer: adam
}
`

// TestInputHypersolver: a residual reads the input of its system, in solves and in the objectives, whose gradient is right.
func TestInputHypersolver(t *testing.T) {
	res, ds := driver.Compile(map[string]string{"p.nde": drivenHyper}, driver.Options{Precision: "f64"})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	params := map[string][]float64{}
	for _, p := range res.Module.Params {
		for i := range p.Type.Len() {
			params[p.Name] = append(params[p.Name], 0.3*math.Sin(float64(5*i*i+3*i+len(p.Name)+1)))
		}
	}
	in := []interp.Tensor{interp.Of([]float64{0.7, -0.4}, 2), interp.Of([]float64{0, 0.4, 1}, 3), interp.Of([]float64{1, 0, -1, 2, 3, -4}, 3, 2)}
	checkGradient(t, res.Module, res.Module.Recipes[0], params, in)
	// The residual makes a difference, and it depends on the input in the weights of u alone.
	mc, err := interp.New(res.Module, params)
	if err != nil {
		t.Fatal(err)
	}
	end := func() float64 {
		out, err := mc.Call(res.Module.Models[0].Func, in...)
		if err != nil {
			t.Fatal(err)
		}
		return out[0].Data[0]
	}
	before := end()
	for i := range 2 {
		params["g.0.weight"][7*i+4] += 1
	}
	if after := end(); after == before {
		t.Error("the weight of an input in a residual changes nothing")
	}
}

// TestInputMethods compares solves with signals by methods that random programs do not draw: lanes with the scalar functions, and these with the
// interpreter, gradients included. What follows from the held value alone is a net.
func TestInputMethods(t *testing.T) {
	t.Parallel()
	run := newLaneRun(t)
	run.ownBits = true // of the field of one sample, where a model does not run in lanes
	results := map[string]*driver.Result{}
	for name, solver := range map[string]string{"leapfrog": "leapfrog{steps: 9}", "yoshida": "yoshida4{step: 0.13, sensitivity: checkpoint{every: 2}}", "rkn": "rkn4{steps: 7}",
		"rknadaptive": "rkn64{rtol: 1e-7, atol: 1e-7}", "grid": "rk4{per_sample: 3}", "gridback": "rk4{per_sample: 3, sensitivity: adjoint}", "together": "tsit5{rtol: 1e-7, atol: 1e-7, step_group: batch, sensitivity: quadrature}"} {
		text := `package inputs` + name + `

net push(u [2]real) [1]real { return u |> Linear(9) |> tanh |> Linear(1) }
net bend(q [1]real) [1]real { return q |> Linear(12) |> silu |> Linear(1) }

system Cart {
	state q, p [1]real
	input u [2]real { interp: hold }
	input w real
	context c real
	der(q) = p
	der(p) = bend(q) + push(u)*exp(0.1*c) - 2*q + w
}

model Drive(q, p [1]real, c real, us [4, 2]real, ws [4]real) (qs [4, 1]real) {
	ts := [0.0, 0.3, 0.45, 1.2]
	return solve(Cart{q: q, p: p, u: signal(ts, us), w: signal(ts, ws), c: c}, from: 0, at: [0.2, 0.3, 0.7, 1.1], with: ` + solver + `).q
}

data Rows {
	q, p [1]real
	c real
	us [4, 2]real
	ws [4]real
	source: csv{path: "rows.csv"}
}

train Fit {
	data: Rows
	minimize sqnorm(Drive(q, p, c, us, ws))
	epochs: 1
	optimizer: sgd{lr: 0.1}
}
`
		pkg := "inputs" + name
		res, ds := driver.Compile(map[string]string{"m.nde": text}, driver.Options{Precision: "f64", Package: pkg})
		if ds.HasErrors() {
			t.Fatalf("%s: %v", name, ds)
		}
		results[pkg] = res
		if strings.Contains(solver, "rtol") {
			run.addRounded(pkg, res, 37, 1e-9, 5e-6)
		} else {
			run.add(pkg, res, 37, 1e-9)
		}
	}
	scalar := run.compare(t)
	for pkg, res := range results {
		if err := scalar[pkg].Err; err != "" {
			t.Errorf("%s: %s", pkg, err)
		} else if err := againstInterpreter(res.Module, run.jobs[pkg], scalar[pkg]); err != nil {
			t.Errorf("%s: %v", pkg, err)
		}
	}
}
