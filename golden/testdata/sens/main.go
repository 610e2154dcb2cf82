// Command main gives loss and gradients of the first recipe of every emitted package.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"ndec.dev/ndec/rt"
)

// Job is the work for one package, and Answer what came out. The test has the same types.
type Job struct {
	Weights []float64
	Columns map[string][]float64
	Rows    int
	Seed    uint64
}

type Answer struct {
	Loss, Eval float64 // in training, in evaluations
	NFE        float64 // of a sample in training
	Grad       []float64
	Inputs     map[string][]float64
	Err        string
}

func run[R rt.Float](p rt.Program[R], j Job) (a Answer) {
	r := p.Recipes[0]
	var specs []rt.ColumnSpec
	for _, d := range p.Data {
		if d.Name == r.Recipe.Data {
			specs = d.Columns
		}
	}
	t, bars := rt.NewTable(specs, j.Rows), rt.NewTable(specs, j.Rows)
	for i := range t.Columns {
		copy(t.Columns[i].Data, j.Columns[t.Columns[i].Name])
	}
	w := rt.Convert[R](j.Weights)
	grad := make([]R, len(w))
	ev, err := rt.LossGrad(context.Background(), w, grad, &r.Objective, t, j.Seed, 2)
	if err != nil {
		a.Err += "gradient: " + err.Error() + "; "
	}
	a.Loss, a.NFE, a.Grad = ev.Loss, ev.NFE, rt.Convert[float64](grad)
	if ev, err = rt.Evaluate(context.Background(), w, &r.Objective, t, j.Seed, 2); err != nil {
		a.Err += "evaluation: " + err.Error() + "; "
	}
	a.Eval = ev.Loss
	if err := r.Inputs(w, t, bars); err != nil {
		a.Err += "inputs: " + err.Error()
	}
	a.Inputs = map[string][]float64{}
	for _, c := range bars.Columns {
		a.Inputs[c.Name] = c.Data
	}
	return a
}

func main() {
	var jobs map[string]Job
	if err := json.NewDecoder(os.Stdin).Decode(&jobs); err != nil {
		panic(err)
	}
	out := map[string]Answer{}
	for name, f := range packages {
		out[name] = f(jobs[name])
	}
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
