package golden

import (
	"math"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir"
)

// pendulums is a separable system along a trajectory, with an integral, a context and times that are inputs.
const pendulums = `package p

net push(q real) real {
	return [q] |> Linear(4) |> tanh |> Linear(1) |> scalar
}

system Pendulum {
	state q, p [2]real
	context g real
	integral work = sqnorm(p)
	der(q) = p
	der(p) = g*sin(q) + push(q[0])*sin(t)
}

model Swing(q, p [2]real, g, late real) (e real) {
	path := solve(Pendulum{q: q, p: p, g: g}, from: 0, at: [0.1, 0.55, 1.0], with: SOLVER)
	end := solve(Pendulum{q: q, p: p, g: g}, over: 0..late, with: SOLVER)
	return sum(path.q[1] * cos(path.p[2])) + path.work[1] + sqnorm(end.q) + end.work
}

data D {
	q, p [2]real
	g, late real
	source: csv{path: "d.csv"}
}

train Fit {
	data: D
	batch: full
	epochs: 1
	optimizer: adam
	minimize Swing(q, p, g, late)
	seed: 7
}
`

func pendulumsWith(solver string) string { return strings.ReplaceAll(pendulums, "SOLVER", solver) }

func init() {
	bothWays["reversiblealf"] = withSolver("alf{steps: 9, sensitivity: reversible}")
	bothWays["reversibleheun"] = withSolver("reversible_heun{step: 0.17, sensitivity: reversible}")
	bothWays["reversibleleap"] = pendulumsWith("leapfrog{steps: 9, sensitivity: reversible}")
}

// TestReversible: gradients are those of backprop to rounding, of fixed and adaptive steps, of methods
// with memory and of symmetric splittings, for states, parameters, contexts and times.
func TestReversible(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ solver, program string }{
		{"alf{steps: 40, SENS}", "flow"},
		{"alf{step: 0.07, SENS}", "flow"},
		{"alf{rtol: 1e-5, atol: 1e-7, SENS}", "flow"},
		{"reversible_heun{steps: 40, SENS}", "flow"},
		{"reversible_heun{rtol: 1e-5, atol: 1e-7, SENS}", "flow"},
		{"leapfrog{steps: 40, SENS}", "pendulums"},
		{"yoshida4{step: 0.03, SENS}", "pendulums"},
		{"mclachlan4{steps: 11, SENS}", "pendulums"},
	} {
		t.Run(c.solver, func(t *testing.T) {
			grads := func(sensitivity string) answer {
				solver := strings.Replace(c.solver, "SENS", "sensitivity: "+sensitivity, 1)
				text := withSolver(solver)
				if c.program == "pendulums" {
					text = pendulumsWith(solver)
				}
				res, ds := driver.Compile(map[string]string{"a.nde": text}, driver.Options{Precision: "f64"})
				if ds.HasErrors() {
					t.Fatal(ds)
				}
				undone := 0
				for _, s := range res.Module.Solves {
					if s.Undo {
						undone++
					}
				}
				if (undone > 0) != (sensitivity == "reversible") {
					t.Errorf("%s: %d solves are undone", sensitivity, undone)
				}
				_, a := interpreted(t, res.Module, 2, false)
				return a
			}
			want, got := grads("backprop"), grads("reversible")
			compare := func(name string, g, w []float64) {
				scale, worst := 0.0, 0.0
				for i := range w {
					scale, worst = max(scale, math.Abs(w[i])), max(worst, math.Abs(g[i]-w[i]))
				}
				if len(g) != len(w) || scale == 0 || !(worst <= 1e-12*scale) {
					t.Errorf("%s: %.2g from backprop, largest %.2g", name, worst, scale)
				}
			}
			compare("parameters", got.Grad, want.Grad)
			for name := range want.Inputs {
				compare(name, got.Inputs[name], want.Inputs[name])
			}
			if got.Loss != want.Loss {
				t.Errorf("loss %v, of backprop %v", got.Loss, want.Loss)
			}
		})
	}
}

// TestReversibleSecond: a gradient by undone steps is differentiated again as that of recorded ones.
func TestReversibleSecond(t *testing.T) {
	text := func(how string) string {
		s := strings.Replace(nested, "SOLVER", "alf{steps: 12, sensitivity: "+how+"}", 1)
		return strings.Replace(s, "package nested", "package p", 1)
	}
	var got [2]answer
	for i, how := range []string{"backprop", "reversible"} {
		res, ds := driver.Compile(map[string]string{"a.nde": text(how)}, driver.Options{Precision: "f64"})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		rev := 0
		for _, f := range res.Module.Funcs {
			for _, v := range f.Values {
				if v.Op == ir.OpRev {
					rev++
				}
			}
		}
		if rev == 0 {
			t.Error("no sweep")
		}
		_, got[i] = interpreted(t, res.Module, 1, false)
	}
	for k := range got[0].Grad {
		if d := math.Abs(got[0].Grad[k] - got[1].Grad[k]); !(d <= 1e-11*(1+math.Abs(got[0].Grad[k]))) {
			t.Errorf("number %d is %v, of backprop %v", k, got[1].Grad[k], got[0].Grad[k])
		}
	}
}
