package lower_test

import (
	"fmt"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
)

// TestTogether: step_group: batch is compiled in models and recipes, and refused where the samples of a batch are not known to meet.
func TestTogether(t *testing.T) {
	const program = `package p

net f(x real) real { return scalar([x] |> Linear(2) |> tanh |> Linear(1)) }

system S {
	state x real
	der(x) = f(x)
	EVENT
}

data D {
	x, y real
	source: csv{path: "d.csv"}
}

train Fit {
	data: D
	batch: full
	epochs: 1
	optimizer: OPTIMIZER
	ADVERSARY
	minimize (solve(S{x}, over: 0..1, with: dopri5{rtol: 1e-4, step_group: batch}).x - y)^2
}
`
	for _, c := range []struct{ name, event, optimizer, adversary, want string }{
		{"plain", "", "adam", "", ""},
		{"events", "when falling(x) {\n\t\tx = -x\n\t}", "adam", "", "with events in recipe Fit"},
		{"adversary", "", "adam", "adversary: pgd{on: x, radius: 0.1, steps: 2}", "with an adversary in recipe Fit"},
	} {
		_, ds := driver.Compile(map[string]string{"p.nde": strings.NewReplacer("EVENT", c.event, "OPTIMIZER", c.optimizer, "ADVERSARY", c.adversary).Replace(program)}, driver.Options{})
		switch {
		case c.want == "" && ds.HasErrors():
			t.Errorf("%s: %v", c.name, ds)
		case c.want != "" && !(strings.Contains(fmt.Sprint(ds), c.want) && strings.Contains(fmt.Sprint(ds), "NDE0803")):
			t.Errorf("%s: %v", c.name, ds)
		}
	}
}
