package codegen_test

import (
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
)

// TestUneven: an objective says that samples take steps of their own where a solve of its gradient lets them, forward or back, for the
// loss or for a metric, and only there.
func TestUneven(t *testing.T) {
	const head = `package uneven

net f(x [2]real) [2]real { return x |> Linear(3) |> tanh |> Linear(2) }

system Flow {
	state x [2]real
	der(x) = f(x)WHEN
}

model M(x [2]real, e time) [2]real { return solve(Flow{x}, over: 0..SPAN, with: SOLVER).x }

data Points {
	x [2]real
	e time
	source: csv{path: "points.csv"}
}

train Fit {
	data: Points
	minimize sqnorm(LOSS)
	metric far = norm(METRIC)
	optimizer: sgd{lr: 0.1}
	epochs: 1
}
`
	for _, c := range []struct {
		span, solver, loss, metric, when string
		want                             bool
	}{
		{"1", "dopri5", "M(x, e)", "x", "", true},
		{"e", "dopri5", "M(x, e)", "x", "", true},
		{"1", "dopri5{step_group: batch}", "M(x, e)", "x", "", false},
		{"1", "rk4{steps: 9}", "M(x, e)", "x", "", false},
		{"e", "rk4{steps: 9}", "M(x, e)", "x", "", false},
		{"1", "rk4{step: 0.1}", "M(x, e)", "x", "", false},
		{"e", "rk4{step: 0.1}", "M(x, e)", "x", "", true},
		{"1", "rk4{steps: 9, sensitivity: adjoint{with: dopri5}}", "M(x, e)", "x", "", true},
		{"1", "rk4{steps: 9, sensitivity: adjoint}", "M(x, e)", "x", "", false},
		{"1", "dopri5", "f(x)", "M(x, e)", "", true},
		{"1", "dopri5", "f(x)", "x", "", false},
		{"1", "rk4{steps: 9}", "M(x, e)", "x", "\n\twhen falling(x[0]) { x = -x }", true},
	} {
		text := strings.NewReplacer("SPAN", c.span, "SOLVER", c.solver, "LOSS", c.loss, "METRIC", c.metric, "WHEN", c.when).Replace(head)
		res, ds := driver.Compile(map[string]string{"uneven.nde": text}, driver.Options{})
		if ds.HasErrors() {
			t.Fatalf("%+v: %v", c, ds)
		}
		got := false
		for _, f := range res.Out {
			got = got || strings.Contains(string(f.Text), "Uneven: ")
		}
		if got != c.want {
			t.Errorf("%+v: uneven %t", c, got)
		}
	}
}
