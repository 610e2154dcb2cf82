package golden

import (
	"math"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
)

// priced are programs with SOLVER for a solver without its closing brace, and what explain --cost has to know of them.
var priced = map[string]struct{ text, solver string }{
	"net":    {strings.NewReplacer("PACKAGE", "p", "FREEZE", "").Replace(deep), "rk4{steps: 36"},
	"factor": {strings.NewReplacer("PACKAGE", "p", "FREEZE", "freeze: f").Replace(deep), "midpoint{steps: 25"},
	"undone": {strings.NewReplacer("PACKAGE", "p", "FREEZE", "").Replace(deep), "alf{steps: 36"},
	"flow": {`package p

net v(z [2]real, t real) [2]real {
	return concat(z, t) |> Linear(16) |> softplus |> Linear(2)
}

system Flow {
	state z [2]real
	state l real = 0
	f := v(z, real(t))
	der(z) = f
	der(l) = -div(f, z)
}

data D {
	x [2]real
	y label[2]
	source: moons{n: 16, noise: 0.1, seed: 1}
}

train Fit {
	data: D
	batch: full
	epochs: 1
	optimizer: adam
	end := solve(Flow{z: x}, over: 1..0, with: SOLVER)
	minimize sqnorm(end.z) + end.l
}
`, "rk4{steps: 16"},
	"energy": {`package p

net V(q [2]real) real {
	return q |> Linear(24) |> tanh |> Linear()
}

system Motion {
	state q, p [2]real
	context load real
	der(q) = p
	der(p) = -grad(V(q), q) - 0.1*load*q
}

data D {
	x [2]real
	y label[2]
	source: moons{n: 16, noise: 0.1, seed: 1}
}

train Fit {
	data: D
	batch: full
	epochs: 1
	optimizer: adam
	end := solve(Motion{q: x, p: 0*x, load: x[0]}, over: 0..2, with: SOLVER)
	minimize sqnorm(end.q)
}
`, "leapfrog{steps: 16"},
}

// multiplied is the number of multiply-adds of matrix products of an operator.
func multiplied(v *ir.Value) int {
	switch v.Op {
	case ir.OpMatVec:
		return v.Args[0].Type.Len()
	case ir.OpVecMat:
		return v.Args[1].Type.Len()
	case ir.OpOuter:
		return v.Type.Len()
	case ir.OpMatMul:
		return v.Type.Len() * v.Args[0].Type.Shape[1]
	}
	return 0
}

// TestSensitivityCosts: what explain --cost says of each sensitivity of a program before it runs is what a run takes: multiply-adds
// counted while a gradient is evaluated, and bytes of the tapes of the emitted program.
func TestSensitivityCosts(t *testing.T) {
	emitted, said := map[string]string{}, map[string]driver.SensitivityCost{}
	for name, p := range priced {
		costs, ds := driver.Sensitivities(map[string]string{"a.nde": strings.ReplaceAll(p.text, "SOLVER", p.solver+"}")}, driver.Options{Precision: "f64"})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		compiled := 0
		for _, c := range costs {
			if c.Refused != "" {
				t.Logf("%s: %s refused: %s", name, c.Sensitivity, c.Refused)
				continue
			}
			compiled++
			text := strings.ReplaceAll(p.text, "SOLVER", p.solver+", sensitivity: "+c.Sensitivity+"}")
			key := strings.NewReplacer("{", "", "}", "", ":", "", " ", "").Replace(name + c.Sensitivity)
			if name == "net" || name == "undone" { // the tapes of others are made in the same way
				emitted[key], said[key] = text, c
			}
			res, ds := driver.Compile(map[string]string{"a.nde": text}, driver.Options{Precision: "f64", Until: "opt"})
			if ds.HasErrors() {
				t.Fatal(ds)
			}
			weights, _ := weightsOf(res.Module)
			count := func(f *ir.Func) (products int) {
				mc, err := interp.New(res.Module, weights)
				if err != nil {
					t.Fatal(err)
				}
				mc.OnOp = func(_ *ir.Func, v *ir.Value) { products += multiplied(v) }
				if _, err := mc.Call(f, interp.Of([]float64{0.3, -0.7}, 2), interp.Scalar(1)); err != nil {
					t.Fatal(err)
				}
				return products
			}
			r := res.Module.Recipes[0]
			steps := 0
			for _, s := range res.Module.Solves {
				steps = max(steps, s.Steps)
			}
			loss, both := count(r.Objective), count(r.Grad)
			back := both - loss
			if strings.HasPrefix(c.Sensitivity, "checkpoint") { // the interpreter keeps all states
				back += loss
			}
			t.Logf("%s %s: %d multiply-adds forward, %d back, said to be %d and %d", name, c.Sensitivity, loss, back, steps*c.Step.MulAdds, steps*c.Back.MulAdds)
			if d := math.Abs(float64(loss-steps*c.Step.MulAdds)) / float64(loss); d > 0.05 {
				t.Errorf("%s %s: a solve takes %d multiply-adds, said to be %d", name, c.Sensitivity, loss, steps*c.Step.MulAdds)
			}
			if d := math.Abs(float64(back-steps*c.Back.MulAdds)) / float64(back); d > 0.1 {
				t.Errorf("%s %s: the way back takes %d multiply-adds, said to be %d", name, c.Sensitivity, back, steps*c.Back.MulAdds)
			}
		}
		if compiled < 3 {
			t.Errorf("%s: %d sensitivities only", name, compiled)
		}
	}
	for key, got := range held(t, emitted, "f64") {
		memory := said[key].Memory()
		t.Logf("%s: %d bytes on tapes, %d set aside, said to be %d", key, got.Used, got.Held, memory)
		// Slices grow ahead of need; those of checkpoints are cut on the way back.
		if memory < 0 || got.Used > memory+32 || got.Held > 2*memory+64 || got.Held+32 < memory {
			t.Errorf("%s: a worker keeps %d bytes, and sets %d aside, said to be %d", key, got.Used, got.Held, memory)
		}
	}
}
