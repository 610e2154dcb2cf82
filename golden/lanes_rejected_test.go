package golden

import (
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
)

// TestRejectedAttempts: the last sample of a batch overflows in its first attempts. Lanes that have no sample do what that one does, and
// what they leave of a step that others take must not reach sums over samples, where zero times it would be no number.
func TestRejectedAttempts(t *testing.T) {
	t.Parallel()
	run := newLaneRun(t)
	for name, sens := range map[string]string{"kept": "backprop", "remade": "checkpoint{every: 3}"} {
		for _, precision := range []string{"f32", "f64"} {
			pkg := name + precision
			res, ds := driver.Compile(map[string]string{"m.nde": "package " + pkg + strings.Replace(`
net f(x [2]real) [2]real { return x |> Linear(20) |> tanh |> Linear(2) }
system Steep {
	state x [2]real
	context c real
	der(x) = 0.1*f(x) - c*c*x*x*x
}
solver S = dopri5{rtol: 1e-5, atol: 1e-5, first_step: 1, sensitivity: SENS}
model End(x [2]real, c real) (y [2]real) { return solve(Steep{x, c: c}, over: 0..1, with: S).x }
data Rows { x [2]real
	c real
	source: csv{path: "rows.csv"}
}
train Fit {
	data: Rows
	minimize sqnorm(End(x, c))
	epochs: 1
	optimizer: sgd{lr: 0.1}
}`, "SENS", sens, 1)}, driver.Options{Precision: precision, Package: pkg})
			if ds.HasErrors() {
				t.Fatal(ds)
			}
			tol := 1e-9
			if precision == "f32" {
				tol = 1e-4
			}
			run.add(pkg, res, 40, tol)
			table := run.jobs[pkg].Recipes["Fit"]
			for _, c := range table.Columns {
				for i := range c.Data {
					switch last := i >= len(c.Data)-c.Width; {
					case c.Name == "c" && last:
						c.Data[i] = 200
					case c.Name == "c":
						c.Data[i] = 1
					case last:
						c.Data[i] = 0.9
					}
				}
			}
		}
	}
	run.compare(t)
}
