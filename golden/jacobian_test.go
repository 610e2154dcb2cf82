package golden

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/golden/emittest"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/ir/plan"
)

// stepping is a model predictive controller's step with its derivatives.
const stepping = `package arm

net friction(q, v [2]real) [2]real {
	return concat(sin(q), v) |> Linear(6) |> softplus |> Linear(2)
}

system Arm {
	state q, v [2]real
	context u [2]real
	context load real
	der(q) = v
	der(v) = (u - friction(q, v) - 9.81*sin(q)) / (1 + load)
}

// Step is one control period.
model Step(q, v, u [2]real, load, unused real) (qn, vn [2]real, kind [2]real) {
	end := solve(Arm{q: q, v: v, u: u, load: load}, over: 0..0.01, with: rk4{steps: 2})
	return end.q, end.v, u
}

target go{jacobians: [Step]}
`

const steppingMain = `package main

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"ndec.dev/ndec/arm"
)

func main() {
	p := arm.NewParams(5)
	m := arm.NewStepJacobian(p)
	in := arm.StepJacobianInput{Q: [2]arm.Real{0.3, -0.8}, V: [2]arm.Real{0.5, 0.1}, U: [2]arm.Real{1, -2}, Load: 0.4, Unused: 3}
	out, err := m.Forward(in)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	allocs := testing.AllocsPerRun(50, func() { _, _ = m.Forward(in) })
	err = json.NewEncoder(os.Stdout).Encode(map[string]any{"Out": out, "Allocs": allocs})
	if err != nil {
		panic(err)
	}
}
`

// TestJacobians compares the Jacobians of a target with central differences of the model, from Go, where they are
// computed without allocation, and in the interpreter.
func TestJacobians(t *testing.T) {
	res, ds := driver.Compile(map[string]string{"arm.nde": stepping}, driver.Options{Precision: "f64"})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	m := res.Module
	step, jac := m.Models[0], m.Models[1]
	if jac.Name != "StepJacobian" {
		t.Fatalf("the second model is %s", jac.Name)
	}
	weights, _ := weightsOf(m)
	mc, err := interp.New(m, weights)
	if err != nil {
		t.Fatal(err)
	}
	in := []interp.Tensor{interp.Of([]float64{0.3, -0.8}, 2), interp.Of([]float64{0.5, 0.1}, 2), interp.Of([]float64{1, -2}, 2), interp.Scalar(0.4), interp.Scalar(3)}
	out, err := mc.Call(jac.Func, in...)
	if err != nil {
		t.Fatal(err)
	}
	outputs := len(step.Outputs)
	k := outputs
	for o := range step.Outputs {
		for i, x := range in {
			got := out[k]
			if name := jac.Outputs[k].Name; name != step.Outputs[o].Name+"_by_"+step.Inputs[i].Name {
				t.Errorf("output %d is called %s", k, name)
			}
			k++
			for j := range x.Data {
				old, h := x.Data[j], 1e-5
				at := func(v float64) []float64 {
					x.Data[j] = v
					y, err := mc.Call(step.Func, in...)
					if err != nil {
						t.Fatal(err)
					}
					out := slices.Clone(y[o].Data) // an output may be an input
					x.Data[j] = old
					return out
				}
				up, down := at(old+h), at(old-h)
				for r := range up {
					if d := math.Abs(got.Data[r*len(x.Data)+j] - (up[r]-down[r])/(2*h)); !(d <= 1e-9) {
						t.Errorf("%s[%d, %d] is off by %g", jac.Outputs[k-1].Name, r, j, d)
					}
				}
			}
		}
	}
	if k != len(jac.Outputs) {
		t.Errorf("%d outputs, want %d", len(jac.Outputs), k)
	}

	text := emittest.Program{Main: map[string][]byte{"main.go": []byte(steppingMain)}, Packages: map[string][]plan.File{"arm": res.Out}}.Run(t, nil)
	var got struct {
		Out struct {
			Qn, Vn, Kind                   [2]float64
			QnByQ, VnByU, KindByU, KindByQ [2][2]float64
			VnByLoad, QnByUnused           [2]float64
		}
		Allocs float64
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	o := got.Out
	if got.Allocs != 0 {
		t.Errorf("%v allocations", got.Allocs)
	}
	if o.KindByU != [2][2]float64{{1, 0}, {0, 1}} || o.KindByQ != [2][2]float64{} || o.QnByUnused != [2]float64{} {
		t.Errorf("Jacobians of an input: %v %v %v", o.KindByU, o.KindByQ, o.QnByUnused)
	}
	// dq is v h to first order, dv is u h over the mass.
	if math.Abs(o.QnByQ[0][0]-1) > 0.01 || math.Abs(o.VnByU[1][1]-0.01/1.4) > 1e-4 || o.VnByLoad[0] == 0 {
		t.Errorf("Jacobians %v %v %v", o.QnByQ, o.VnByU, o.VnByLoad)
	}
}
