// Command main runs the emitted packages on the inputs it reads and writes what they give.
package main

import (
	"context"
	"encoding/gob"
	"fmt"
	"os"

	"ndec.dev/ndec/rt"
)

// Job is the work for one package, and Answer what came out. The test has the same types.
type Job struct {
	Weights []float64
	Columns [][]float64
	Rows    int
	Times   int
	FieldT  []float64
	FieldX  [][]float64
}

type Answer struct {
	Outputs               [][]float64
	NFE, Accepted, Reject [][]int
	Status                [][]int
	Stop                  [][]float64
	Loss                  float64
	Metrics               []float64
	Grad                  []float64
	Inputs                [][]float64
	Path                  [][]float64
	Field                 [][]float64
	Err                   string
}

func run[R rt.Float](p rt.Program[R], j Job) (a Answer) {
	defer func() {
		if r := recover(); r != nil {
			a.Err += fmt.Sprintf("panic: %v", r)
		}
	}()
	w := rt.Convert[R](j.Weights)
	table := func(specs []rt.ColumnSpec) *rt.Table {
		t := rt.NewTable(specs, j.Rows)
		for i := range t.Columns {
			copy(t.Columns[i].Data, j.Columns[i])
		}
		return t
	}
	m := p.Models[0]
	in, out := table(m.Inputs), rt.NewTable(m.Outputs, j.Rows)
	var stats rt.BatchStats
	if err := m.Batch(context.Background(), w, in, out, &stats, 2); err != nil {
		a.Err += "batch: " + err.Error() + "; "
	}
	for _, c := range out.Columns {
		a.Outputs = append(a.Outputs, c.Data)
	}
	for _, s := range stats.Sites {
		a.NFE, a.Accepted, a.Reject = append(a.NFE, s.NFE), append(a.Accepted, s.Accepted), append(a.Reject, s.Rejected)
		status := []int{}
		for _, x := range s.Status {
			status = append(status, int(x))
		}
		a.Status, a.Stop = append(a.Status, status), append(a.Stop, s.Time)
	}
	if j.Times > 0 {
		_, states, err := m.Paths[0](context.Background(), w, in, 0, j.Times)
		if err != nil {
			a.Err += "path: " + err.Error() + "; "
		}
		a.Path = states
	}
	if j.FieldT != nil {
		for _, x := range j.FieldX {
			a.Field = append(a.Field, make([]float64, len(x)))
		}
		if err := m.Fields[0](w, in, 0, j.FieldT, j.FieldX, a.Field); err != nil {
			a.Err += "field: " + err.Error() + "; "
		}
	}
	if len(p.Recipes) == 0 {
		return a
	}
	r := p.Recipes[0]
	grad := make([]R, len(w))
	ev, err := rt.LossGrad(context.Background(), w, grad, &r.Objective, in, 0, 0)
	if err != nil {
		a.Err += "loss: " + err.Error() + "; "
		return a
	}
	a.Loss, a.Grad = ev.Loss, rt.Convert[float64](grad)
	for _, name := range r.Objective.Metrics {
		a.Metrics = append(a.Metrics, ev.Metrics[name])
	}
	if r.Inputs != nil {
		bars := table(m.Inputs)
		if err := r.Inputs(w, in, bars); err != nil {
			a.Err += "inputs: " + err.Error()
		}
		for _, c := range bars.Columns {
			a.Inputs = append(a.Inputs, c.Data)
		}
	}
	return a
}

func main() {
	var jobs map[string]Job
	if err := gob.NewDecoder(os.Stdin).Decode(&jobs); err != nil {
		panic(err)
	}
	out := map[string]Answer{}
	for name, f := range packages {
		out[name] = f(jobs[name])
	}
	if err := gob.NewEncoder(os.Stdout).Encode(out); err != nil {
		panic(err)
	}
}
