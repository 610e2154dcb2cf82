package golden

import (
	"encoding/json"
	"math"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/golden/emittest"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/ir/plan"
	"ndec.dev/ndec/rt"
)

const simulated = `package p

system Truth {
	state q [2]real
	state v real
	context load real
	input u [2]real {
		interp: hold
	}
	der(q) = u - load*q
	der(v) = q[0]*v
	integral work = v
	output energy = sqnorm(q)
}

data Runs {
	ts [5]time
	q [5, 2]real
	start [2]real = q[0]
	speed [5]real = v
	energy [5]real
	load real
	u [5, 2]real
	source: simulate{
		of: Truth{q: normal(0, 2), v: 1, load: uniform(0.5, 1), u: uniform(-1, 1)}
		at: linspace(1, 3, 5)
		with: rk4{steps: 8}
		n: 7
		noise: 0.1
		seed: 5
	}
}
`

const simulatedMain = `package main

import (
	"encoding/json"
	"os"

	"ndec.dev/ndec/p"
)

func main() {
	t, err := p.Program().Data[0].Load(".")
	if err != nil {
		panic(err)
	}
	json.NewEncoder(os.Stdout).Encode(t)
}
`

// TestSimulate: rows are what the solve gives for what a sampler draws, with keyed noise on what depends on the solve.
func TestSimulate(t *testing.T) {
	res, ds := driver.Compile(map[string]string{"p.nde": simulated}, driver.Options{Precision: "f64"})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	program := emittest.Program{Main: map[string][]byte{"main.go": []byte(simulatedMain)}, Packages: map[string][]plan.File{"p": res.Out}}
	var got rt.Table
	if err := json.Unmarshal(program.Run(t, nil), &got); err != nil {
		t.Fatal(err)
	}
	const n = 7
	drawn, err := rt.Sampler{N: n, Seed: 5, Of: []rt.Sampled{{Column: "q", Normal: true, B: 2}, {Column: "load", A: 0.5, B: 1}, {Column: "u", A: -1, B: 1}}}.
		Load("", []rt.ColumnSpec{{Name: "q", Shape: []int{2}}, {Name: "load"}, {Name: "u", Shape: []int{5, 2}}})
	if err != nil {
		t.Fatal(err)
	}
	m := res.Module.Models[0]
	if own := res.Module.Own(); len(own) != 0 || m.Name != "RunsSimulation" {
		t.Errorf("models %v, of which the program declares %v", m.Name, own)
	}
	noisy := map[string]bool{"q": true, "start": true, "speed": true, "energy": true}
	for i := range n {
		mc, err := interp.New(res.Module, nil)
		if err != nil {
			t.Fatal(err)
		}
		var in []interp.Tensor
		for k, c := range drawn.Columns {
			in = append(in, interp.Of(c.Row(i), m.Inputs[k].Type.Shape...))
		}
		out, err := mc.Call(m.Func, in...)
		if err != nil {
			t.Fatal(err)
		}
		for k, c := range got.Columns {
			noise := rt.Key{Seed: 5, Row: uint64(i), Path: uint32(k), Site: 0x6e6f6973}.Stream()
			for j, x := range c.Row(i) {
				want := out[k].Data[j]
				if noisy[c.Name] {
					want += 0.1 * noise.Normal(uint64(j))
				}
				if !(math.Abs(x-want) <= 1e-12*(1+math.Abs(want))) {
					t.Errorf("row %d, %s[%d] is %v, want %v", i, c.Name, j, x, want)
				}
			}
		}
	}
	if ts := got.Columns[0].Row(0); ts[0] != 1 || ts[4] != 3 {
		t.Errorf("times %v", ts)
	}
}
