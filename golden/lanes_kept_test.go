package golden

import (
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
)

// TestKept compares gradients of solves that keep what their way back takes: with more steps than the memory of a block holds that of, so
// that the others are made again, and with decisions in the field, which are taken again.
func TestKept(t *testing.T) {
	t.Parallel()
	run := newLaneRun(t)
	for name, c := range map[string]struct{ act, solver, want string }{
		"given":   {"square", "rk4{steps: 370}", "the first "},
		"chosen":  {"square", "dopri5{rtol: 1e-3, atol: 1e-3, max_step: 0.001, max_steps: 2000}", "the first "},
		"length":  {"square", "rk4{step: 0.0009}", "the first "},
		"decided": {"relu", "rk4{steps: 5}", "every step "},
	} {
		for _, precision := range []string{"f32", "f64"} {
			pkg := name + precision
			res, ds := driver.Compile(map[string]string{"m.nde": "package " + pkg + strings.NewReplacer("ACT", c.act, "SOLVER", c.solver).Replace(`
net f(x [2]real) [2]real { return x |> Linear(12) |> ACT |> Linear(12) |> ACT |> Linear(2) }
system Flow {
	state x [2]real
	context c real
	der(x) = f(x) - c*x
}
model End(x [2]real, c real) (y [2]real) { return solve(Flow{x, c: c}, over: 0..0.4, with: SOLVER).x }
data Rows { x [2]real
	c real
	source: csv{path: "rows.csv"}
}
train Fit {
	data: Rows
	minimize sqnorm(End(x, c))
	epochs: 1
	optimizer: sgd{lr: 0.1}
}`)}, driver.Options{Precision: precision, Package: pkg})
			if ds.HasErrors() {
				t.Fatal(ds)
			}
			for _, s := range res.Schedules() {
				if s.Name == "train Fit" && !strings.Contains(s.How, c.want) {
					t.Errorf("%s runs %s: want %skept", pkg, s.How, c.want)
				}
			}
			tol := 1e-9
			if precision == "f32" {
				tol = 1e-4
			}
			run.add(pkg, res, 40, tol)
		}
	}
	run.compare(t)
}
