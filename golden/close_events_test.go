package golden

import (
	"math"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir/interp"
)

// closeEvents has events that follow each other closely. Late sets y so that it falls through 0 in what is left of the step, which is shorter than tol.
// Teeth has the next event before the first fixed look of a step, after looks in front of it at which the guard has got its side.
const closeEvents = `
system Late {
	state x, y real
	context c real
	param p real = 0
	der(x) = 1 + 0.001*p
	der(y) = -1
	when rising(x - 0.39 - 0.006*c) { y = 0.003 }
	when falling(y) { y = 5 }
}
system Teeth {
	state y, n real
	context c real
	param p real = 0
	der(y) = -1 + 0.1*p - 0.3*y
	der(n) = y
	when falling(y) {
		y = 0.02 + 0.002*c
		n = n + 1
	}
}
solver Coarse = rk4{steps: 10, events: root{tol: 0.01}}
solver Finer = rk4{steps: 4, events: root{tol: 1e-3}}
model Ends(c real) (x, y real) {
	end := solve(Late{x: 0, y: 4 + 0*c, c: c}, over: 0..1, with: Coarse)
	return end.x, end.y
}
model Saws(c real) (y, n real) {
	end := solve(Teeth{y: 0.01, n: 0*c, c: c}, over: 0..1, with: Finer)
	return end.y, end.n
}
data Rows { c real
	source: csv{path: "rows.csv"}
}
train Fit {
	data: Rows
	x, y := Ends(c)
	z, n := Saws(c)
	minimize x + y + z + n
	epochs: 1
	optimizer: sgd{lr: 0.1}
}`

// TestCloseEvents: what is left of a step behind an event counts once, however short it is beside the tolerance of events.
func TestCloseEvents(t *testing.T) {
	t.Parallel()
	res, ds := driver.Compile(map[string]string{"m.nde": "package p\n" + closeEvents}, driver.Options{Precision: "f64", Until: "plan"})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	mc, err := interp.New(res.Module, map[string][]float64{"Late.p": {0}, "Teeth.p": {0}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []float64{-0.9, -0.83, -0.77, -0.7, -0.63, -0.5, -0.43, -.31, -.2, -.15, 0, 0.4} {
		out, err := mc.Call(res.Module.Models[0].Func, interp.Of([]float64{c}))
		if err != nil {
			t.Fatal(err)
		}
		if x := out[0].Data[0]; math.Abs(x-1) > 1e-12 {
			t.Errorf("with c = %g the clock is at %.17g after one unit of time", c, x)
		}
		if y := out[1].Data[0]; y < 4.3 || y > 4.5 {
			t.Errorf("with c = %g y ends at %g: the second event has not happened", c, y)
		}
	}
}
