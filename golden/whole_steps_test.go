package golden

import (
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
)

// TestWholeSteps sees that a step of a small solve with events is one kernel, with the search, outputs and what happens at events, and that it is not where Go
// has something to do between these.
func TestWholeSteps(t *testing.T) {
	for _, c := range []struct {
		name, solver string
		whole        bool
	}{
		{"alone", "dopri5{rtol: 1e-5, atol: 1e-6, events: root{tol: 1e-6, max: 50}}", true},
		{"fixed", "rk4{steps: 20, events: root{tol: 1e-6, max: 50}}", false},
	} {
		res, ds := driver.Compile(map[string]string{"m.nde": `package m

system Ball {
	state h, v real
	der(h) = v
	der(v) = -9.81
	when falling(h) {
		v = -0.5*v
	}
	when rising(h - 100) {
		stop
	}
}

solver Fwd = ` + c.solver + `

model Fall(h0 real, ts [4]time) (h [4]real) {
	return solve(Ball{h: h0, v: 0}, from: 0, at: ts, with: Fwd).h
}
`}, driver.Options{Package: "m"})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		text := ""
		for _, f := range res.Out {
			if strings.HasSuffix(f.Name, "_lanes_amd64.go") {
				text = string(f.Text)
			}
		}
		_, loop, _ := strings.Cut(text, "for k := 0; running > 0;")
		loop, _, _ = strings.Cut(loop, "\n\t}\n")
		if whole := strings.Count(loop, "kernel.") == 1 && strings.Contains(loop, "Lanewhole("); whole != c.whole {
			t.Errorf("%s: a step is one kernel: %v, want %v:\n%s", c.name, whole, c.whole, loop)
		}
	}
}
