// Command main evaluates the models of example packages and trains their recipes for a few steps.
package main

import (
	"context"
	"encoding/json"
	"os"

	"ndec.dev/ndec/rt"
)

// Job is what to do with a package.
type Job struct {
	Weights []float64
	Inputs  map[string]*rt.Table // by model
	Dir     string               // where data paths start
	Steps   int
}

// Answer is what came out: the outputs of models, and per recipe the loss on its rows before and after training.
type Answer struct {
	Outputs map[string]*rt.Table
	Losses  map[string][]float64
	Starts  map[string]*rt.Evaluation // of recipes, on all of their rows
	Err     string
}

func main() {
	var jobs map[string]Job
	if err := json.NewDecoder(os.Stdin).Decode(&jobs); err != nil {
		panic(err)
	}
	out := map[string]Answer{}
	for name, j := range jobs {
		out[name] = packages[name](j)
	}
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		panic(err)
	}
}

// numbers are weights in the precision of a package.
func numbers[R rt.Float](xs []float64) []R {
	out := make([]R, len(xs))
	for i, x := range xs {
		out[i] = R(x)
	}
	return out
}

func run[R rt.Float](p rt.Program[R], j Job) (a Answer) {
	ctx := context.Background()
	a = Answer{Outputs: map[string]*rt.Table{}, Losses: map[string][]float64{}, Starts: map[string]*rt.Evaluation{}}
	for _, m := range p.Models {
		in := j.Inputs[m.Name]
		if in == nil {
			continue
		}
		rows := m.Rows(numbers[R](j.Weights), in)
		if err := rows.Batch(ctx, nil, 0); err != nil {
			a.Err = m.Name + ": " + err.Error()
			return a
		}
		a.Outputs[m.Name] = rt.NewTable(m.Outputs, in.Rows)
		rows.Store(a.Outputs[m.Name])
	}
	for i := range p.Recipes {
		r := &p.Recipes[i]
		w := numbers[R](j.Weights)
		tables, err := rt.LoadTables(j.Dir, &r.Recipe, p.Data, p.Layout)
		if err != nil {
			a.Err = r.Recipe.Name + ": " + err.Error()
			return a
		}
		if a.Starts[r.Recipe.Name], err = rt.Evaluate(ctx, w, &r.Objective, tables.Train, r.Recipe.Seed, 0); err != nil {
			a.Err = r.Recipe.Name + ": " + err.Error()
			return a
		}
		loss := func() float64 {
			ev, err := rt.LossGrad(ctx, w, make([]R, len(w)), &r.Objective, tables.Train, 1, 0)
			if err != nil {
				a.Err = r.Recipe.Name + ": " + err.Error()
				return 0
			}
			return ev.Loss
		}
		res, err := rt.Train(ctx, w, p.Layout, &r.Recipe, &r.Objective, tables, rt.TrainOptions{Steps: 1, Dir: j.Dir})
		_ = res
		if err == nil {
			a.Losses[r.Recipe.Name] = append(a.Losses[r.Recipe.Name], loss())
			_, err = rt.Train(ctx, w, p.Layout, &r.Recipe, &r.Objective, tables, rt.TrainOptions{Steps: j.Steps, Dir: j.Dir})
		}
		if err != nil {
			a.Err = r.Recipe.Name + ": " + err.Error()
			return a
		}
		a.Losses[r.Recipe.Name] = append(a.Losses[r.Recipe.Name], loss())
	}
	return a
}
