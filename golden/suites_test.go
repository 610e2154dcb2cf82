package golden

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/golden/emittest"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/ir/plan"
)

// What torchdiffeq and torchdyn ask of gradients in their own tests (tests/gradient_tests.py of
// rtqichen/torchdiffeq, test/test_sensitivity.py of DiffEqML/torchdyn): the problems, spans and tolerances.

const fourProblems = `package p

net spiral(y [2]real) [2]real {
	return y^3 |> Linear(8) |> tanh |> Linear(2)
}

system Constant {
	state y [1]real
	param a real = 0.2
	param b real = 3
	der(y) = a + (y - (a*real(t) + b))^5
}

system Matrix {
	state y [10]real
	param A [10, 10]real ~ normal(0, 0.1)
	der(y) = A @ y
}

system Sine {
	state y [1]real
	der(y) = 2*y/real(t) + real(t)^4*sin(2*real(t)) - real(t)^2 + 4*real(t)^3
}

system Exp {
	state y [1]real
	param unused real = 1
	output z = unused * y
	der(y) = 0*y - 0.1*exp(-0.1*real(t))
}

system Spiral {
	state y [2]real
	der(y) = spiral(y)
}

solver Fwd = dopri5{rtol: 1e-9, atol: 1e-12, sensitivity: HOW}

data D {
	y [N]real
	ts [10]time
	source: csv{path: "d.csv"}
}

const N = SIZE

train Fit {
	data: D
	batch: full
	epochs: 1
	optimizer: adam
	path := solve(SYSTEM{y: y}, from: FROM, at: ts, with: Fwd)
	minimize sum(path.y * transpose(expand(linspace(0.3, 1.2, 10), N, 10)))
}
`

// TestProblemsOfTorchdiffeq: the adjoint against backprop, by starts, output times and parameters, with the
// tolerances of torchdiffeq's gradient tests.
func TestProblemsOfTorchdiffeq(t *testing.T) {
	for _, c := range []struct {
		system     string
		size       int
		start      []float64
		from, to   float64
		y, ts, par float64 // tolerances, relative to the largest component where that is above 1
	}{
		{"Constant", 1, []float64{3.2}, 1, 8, 1e-12, 1e-12, 1e-12},
		{"Matrix", 10, []float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 1, 8, 1e-5, 1e-5, 1e-5},
		{"Sine", 1, []float64{1.1}, 1, 8, 5e-3, 5e-3, 5e-3},
		{"Exp", 1, []float64{0.9}, 1, 8, 1e-2, 1e-2, 1e-2},
		{"Spiral", 2, []float64{2, 0}, 0, 25, 3e-4, 1e-4, 2e-3},
	} {
		t.Run(c.system, func(t *testing.T) {
			ts := make([]float64, 10)
			for k := range ts {
				ts[k] = c.from + (c.to-c.from)*float64(k)/9
			}
			grads := func(how string) (y, times []float64, params map[string][]float64) {
				text := strings.NewReplacer("SYSTEM", c.system, "SIZE", fmt.Sprint(c.size), "HOW", how, "FROM", fmt.Sprint(c.from)).Replace(fourProblems)
				res, ds := driver.Compile(map[string]string{"a.nde": text}, driver.Options{Precision: "f64"})
				if ds.HasErrors() {
					t.Fatal(ds)
				}
				weights, _ := weightsOf(res.Module)
				weights["Constant.a"], weights["Constant.b"] = []float64{0.2}, []float64{3}
				for i, a := 0, weights["Matrix.A"]; i < 10 && len(a) == 100; i++ { // antisymmetric, as there
					for j := range i {
						u := 0.1 * math.Sin(float64(7*i+3*j+1))
						a[10*i+j], a[10*j+i] = u, -u
					}
					a[11*i] = 0
				}
				mc, err := interp.New(res.Module, weights)
				if err != nil {
					t.Fatal(err)
				}
				r := res.Module.Recipes[0]
				in := []interp.Tensor{interp.Of(c.start, c.size), interp.Of(ts, 10)}
				out, err := mc.Call(r.Grad, in...)
				if err != nil {
					t.Fatal(err)
				}
				params = map[string][]float64{}
				for i, p := range r.Trained {
					params[p.Name] = out[len(r.Objective.Results)+i].Data
				}
				if out, err = mc.Call(r.GradInputs, in...); err != nil {
					t.Fatal(err)
				}
				return out[len(r.Objective.Results)].Data, out[len(r.Objective.Results)+1].Data, params
			}
			y, times, params := grads("adjoint")
			wantY, wantTimes, wantParams := grads("backprop")
			off := func(what string, got, want []float64, tol float64) {
				scale := 1.0 // the derivative by b of the first problem is zero
				for _, w := range want {
					scale = max(scale, math.Abs(w))
				}
				for i, w := range want {
					if d := math.Abs(got[i]-w) / scale; !(d <= tol) {
						t.Errorf("%s[%d]: %.2g apart, want at most %g", what, i, d, tol)
					}
				}
				if len(got) != len(want) {
					t.Errorf("%s: %d numbers, want %d", what, len(got), len(want))
				}
			}
			off("start", y, wantY, c.y)
			off("times", times, wantTimes, c.ts)
			for name, want := range wantParams {
				off(name, params[name], want, c.par)
			}
		})
	}
}

const vanDerPol = `package PACKAGE

system Pol {
	state u, v real
	context mu real
	der(u) = v
	der(v) = mu*(1 - u^2)*v - u
}

data D {
	u, v, mu real
	source: csv{path: "d.csv"}
}

train Fit {
	data: D
	batch: full
	epochs: 1
	optimizer: adam
	path := solve(Pol{u: u, v: v, mu: mu}, from: 0, at: linspace(0, 1, 100), with: SOLVER)
	minimize sum(path.u) + sum(path.v)
}
`

// vanDerPolTogether has the starts as one state, so that steps are those of all of them, by a norm over all of them.
var vanDerPolTogether = strings.NewReplacer("u, v real", "u, v [1024]real", "u, v, mu real", "u, v [1024]real\n\tmu real", "mu*(1 - u^2)*v", "(mu*v)*(1 - u^2)").Replace(vanDerPol)

// TestVanDerPolOfTorchdyn: gradients by 1,024 starts for each of two stiffnesses along 100 times at tolerance 1e-4, of the
// mean over the times of both states, each within 1e-3 of those at 1e-11. Their mean errors beside those of torchdiffeq's adjoint with
// dopri5 at the same tolerance (testdata/sens/torchdiffeq_errors.py) are those of the states along the way, so that steps decide: a batch of
// torchdiffeq takes steps that are right for its starts together (20 and 32 evaluations), ndec those of each start. Like is compared with like:
//
//   - one solve over all starts, with torchdiffeq's batch: below it, with the same evaluations;
//   - solves of single starts, with its solves of single starts: the same with its steps (compat); with those of ndec, which do
//     not pass the end, at most 3 % above in a tenth fewer evaluations;
//   - steps of each start by norm: max and tsit5, with the batch: below it, in fewer evaluations.
func TestVanDerPolOfTorchdyn(t *testing.T) {
	t.Parallel()
	const starts, single = 1024, 16 // every 16th was solved alone
	const always, stiff = 0, 0.5
	tolerance := "{rtol: 1e-4, atol: 1e-4, "
	type bound struct {
		against string  // what torchdiffeq did, "" where it is not compared
		times   float64 // its mean error
		from    float64 // stiffness
	}
	cases := []struct {
		name, solver string
		together     bool
		bound
	}{
		{"reference", "dopri5{rtol: 1e-11, atol: 1e-11}", false, bound{}},
		{"a", "dopri5" + tolerance + "sensitivity: adjoint}", false, bound{"alone", 1.03, always}},
		{"b", "tsit5" + tolerance + "sensitivity: adjoint}", false, bound{"alone", 1, stiff}},
		{"c", "dopri5" + tolerance + "sensitivity: interpolated}", false, bound{}},
		{"d", "tsit5" + tolerance + "sensitivity: interpolated}", false, bound{}},
		{"e", "dopri5" + tolerance + "sensitivity: quadrature}", false, bound{"alone", 1.03, always}},
		{"f", "dopri5" + tolerance + "compat: torchdiffeq, sensitivity: adjoint}", false, bound{"alone", 1.001, always}},
		{"g", "tsit5" + tolerance + "norm: max, sensitivity: adjoint}", false, bound{"batch", 1, always}},
		{"h", "dopri5" + tolerance + "sensitivity: adjoint}", true, bound{"batch", 1, always}},
		{"i", "tsit5" + tolerance + "sensitivity: adjoint}", true, bound{"batch", 1, stiff}},
	}
	type figures struct{ Mean, Worst, Evaluations float64 }
	var theirs struct {
		Cases []struct {
			Mu           float64
			Batch, Alone figures
			First        []float64
		}
	}
	text, err := os.ReadFile("testdata/sens/torchdiffeq_errors.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &theirs); err != nil {
		t.Fatal(err)
	}
	j := job{Columns: map[string][]float64{}, Rows: starts * len(theirs.Cases)}
	one := job{Columns: map[string][]float64{}, Rows: len(theirs.Cases)}
	for _, c := range theirs.Cases {
		one.Columns["mu"] = append(one.Columns["mu"], c.Mu)
		for k := range starts {
			x := float64(k)
			j.Columns["u"] = append(j.Columns["u"], 2*math.Sin(3*x+1))
			j.Columns["v"] = append(j.Columns["v"], 2*math.Cos(5*x*x))
			j.Columns["mu"] = append(j.Columns["mu"], c.Mu)
		}
	}
	one.Columns["u"], one.Columns["v"] = j.Columns["u"], j.Columns["v"]
	main, err := os.ReadFile("testdata/sens/main.go")
	if err != nil {
		t.Fatal(err)
	}
	var imports, table strings.Builder
	jobs := map[string]job{}
	p := emittest.Program{Main: map[string][]byte{"main.go": main}, Packages: map[string][]plan.File{}}
	for _, c := range cases {
		text := vanDerPol
		jobs[c.name] = j
		if c.together {
			text, jobs[c.name] = vanDerPolTogether, one
		}
		res, ds := driver.Compile(map[string]string{c.name + ".nde": strings.NewReplacer("PACKAGE", c.name, "SOLVER", c.solver).Replace(text)}, driver.Options{Precision: "f64"})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		p.Packages[c.name] = res.Out
		fmt.Fprintf(&imports, "\t\"ndec.dev/ndec/%s\"\n", c.name)
		fmt.Fprintf(&table, "\t%q: func(j Job) Answer { return run(%s.Program(), j) },\n", c.name, c.name)
	}
	p.Main["packages.go"] = []byte("package main\n\nimport (\n" + imports.String() + ")\n\nvar packages = map[string]func(Job) Answer{\n" + table.String() + "}\n")
	in, err := json.Marshal(jobs)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]answer
	if err := json.Unmarshal(p.Run(t, in), &got); err != nil {
		t.Fatal(err)
	}
	want := got["reference"]
	for m, their := range theirs.Cases {
		for i, column := range []string{"u", "v"} {
			if d := math.Abs(want.Inputs[column][m*starts]*float64(j.Rows)/100 - their.First[i]); !(d <= 1e-9) {
				t.Errorf("stiffness %g: the reference by %s is %.2g from torchdiffeq's", their.Mu, column, d)
			}
		}
		for _, c := range cases {
			a := got[c.name]
			if a.Err != "" {
				t.Errorf("%s: %s", c.solver, a.Err)
				continue
			}
			// off is the largest and the mean error over every step-th start.
			off := func(step int) (worst, mean float64) {
				for _, column := range []string{"u", "v"} {
					for row := m * starts; row < (m+1)*starts; row += step {
						d := math.Abs(a.Inputs[column][row]*float64(jobs[c.name].Rows)-want.Inputs[column][row]*float64(j.Rows)) / 100
						worst, mean = max(worst, d), mean+d*float64(step)/(2*starts)
					}
				}
				return worst, mean
			}
			worst, mean := off(1)
			if !(worst <= 1e-3) {
				t.Errorf("stiffness %g, %s: a gradient is off by %.2g", their.Mu, c.solver, worst)
			}
			by := their.Batch
			if c.against == "alone" {
				by = their.Alone
				_, mean = off(single)
			}
			t.Logf("stiffness %g, %s, together %v: mean %.3g, worst %.2g; torchdiffeq's mean %s %.3g", their.Mu, c.solver, c.together, mean, worst, c.against, by.Mean)
			if c.against != "" && their.Mu >= c.from && !(mean <= c.times*by.Mean) {
				t.Errorf("stiffness %g, %s: gradients are off by %.3g in the mean, torchdiffeq's %s by %.3g", their.Mu, c.solver, mean, c.against, by.Mean)
			}
		}
	}
	for _, c := range cases { // evaluations of both stiffnesses
		theirs := (theirs.Cases[0].Batch.Evaluations + theirs.Cases[1].Batch.Evaluations) / 2
		t.Logf("%s, together %v: %.1f evaluations, torchdiffeq's batch %.1f", c.solver, c.together, got[c.name].NFE, theirs)
		if n := got[c.name].NFE; c.name != "reference" && n > theirs {
			t.Errorf("%s takes %.1f evaluations, torchdiffeq's batch %.1f", c.solver, n, theirs)
		}
	}
}
