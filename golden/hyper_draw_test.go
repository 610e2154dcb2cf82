package golden

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/golden/emittest"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/ir/plan"
)

// drawnSteps fits a hypersolver with both objectives over a drawn number of steps; the field is trained too.
const drawnSteps = `package drawn

net f(x [2]real) [2]real {
	return x |> Linear(3) |> tanh |> Linear(2)
}

net g(h real, x, dx [2]real, c real) [2]real {
	return concat(x, dx, h, c) |> Linear(3) |> tanh |> Linear(2)
}

system Flow {
	state x [2]real
	state e real = 1
	context c real
	der(x) = f(x) * c + t
	der(e) = -x[0] * e
	integral work = e
}

hypersolver H for Flow {
	base: heun
	residual(x) = g(h, x, der(x), c)
}

data D {
	x [2]real
	c real
	source: csv{path: "d.csv"}
}

train R {
	data: D
	minimize residual_error(H, Flow{x: x, c: c}, over: 0..1, steps: 2..6, reference: rk4{steps: 24}) +
		0.3*trajectory_error(H, Flow{x: x, c: c}, over: 0..1, steps: 2..6, reference: rk4{steps: 24})
	metric same = trajectory_error(H, Flow{x: x, c: c}, over: 0..1, steps: 2..6, reference: rk4{steps: 24})
	epochs: 1
	optimizer: adam{lr: 0.1}
	seed: 5
}
`

const drawnStepsMain = `package main

import (
	"context"
	"encoding/json"
	"os"

	"ndec.dev/ndec/drawn"
	"ndec.dev/ndec/rt"
)

func main() {
	p, g := drawn.NewParams(3), drawn.NewParams(3)
	t := rt.NewTable([]rt.ColumnSpec{{Name: "x", Shape: []int{2}}, {Name: "c"}}, 2)
	copy(t.Columns[0].Data, []float64{0.5, -1, 0.25, 2})
	copy(t.Columns[1].Data, []float64{0.75, -0.5})
	loss, err := drawn.RLossGrad(context.Background(), p, t, g)
	if err != nil {
		panic(err)
	}
	var w, d [][]float64
	for _, v := range p.Named() {
		w = append(w, append([]float64{}, v.Data...))
	}
	for _, v := range g.Named() {
		d = append(d, append([]float64{}, v.Data...))
	}
	json.NewEncoder(os.Stdout).Encode(map[string]any{"Loss": loss, "Weights": w, "Grad": d})
}
`

// TestDrawnSteps: objectives over a drawn number of steps share their reference and have a gradient, which central
// differences confirm; emitted code agrees with the interpreter.
func TestDrawnSteps(t *testing.T) {
	res, ds := driver.Compile(map[string]string{"drawn.nde": drawnSteps}, driver.Options{Precision: "f64"})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	m := res.Module
	r := m.Recipes[0]
	if n := len(solvesOf(r.Objective)); n != 1 {
		t.Errorf("the objective has %d solves, want one reference for all terms", n)
	}
	key := make([]float64, ir.KeyWords)
	key[ir.KeySeedLow] = 5
	program := emittest.Program{Main: map[string][]byte{"main.go": []byte(drawnStepsMain)}, Packages: map[string][]plan.File{"drawn": res.Out}}
	var got struct {
		Loss          float64
		Weights, Grad [][]float64
	}
	if err := json.NewDecoder(bytes.NewReader(program.Run(t, nil))).Decode(&got); err != nil {
		t.Fatal(err)
	}
	params := map[string][]float64{}
	for i, p := range m.Params {
		params[p.Name] = got.Weights[i]
	}
	mc, err := interp.New(m, params)
	if err != nil {
		t.Fatal(err)
	}
	loss := 0.0
	grad := make([][]float64, len(m.Params))
	for row, x := range [][]float64{{0.5, -1, 0.75}, {0.25, 2, -0.5}} {
		key[ir.KeyRow] = float64(row)
		in := []interp.Tensor{interp.Of(x[:2], 2), interp.Scalar(x[2]), interp.Of(append([]float64(nil), key...), ir.KeyWords)}
		checkGradient(t, m, r, params, in)
		out, err := mc.Call(r.Grad, in...)
		if err != nil {
			t.Fatal(err)
		}
		loss += out[0].Data[0] / 2
		for i, d := range out[len(r.Objective.Results):] {
			at := r.Trained[i].Index
			if grad[at] == nil {
				grad[at] = make([]float64, len(d.Data))
			}
			for k, v := range d.Data {
				grad[at][k] += v / 2
			}
		}
	}
	if math.Abs(loss-got.Loss) > 1e-12*math.Abs(loss) {
		t.Errorf("loss %v, interpreted %v", got.Loss, loss)
	}
	for i, p := range m.Params {
		for k, want := range grad[i] {
			if math.Abs(got.Grad[i][k]-want) > 1e-12*max(1, math.Abs(want)) {
				t.Errorf("d/d%s[%d] is %v, interpreted %v", p.Name, k, got.Grad[i][k], want)
			}
		}
	}
}
