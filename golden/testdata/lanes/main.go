// Command main evaluates models and gradients of packages on batches of several sizes.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"

	"ndec.dev/ndec/rt"
)

// Job is what to do with a package: rows for each model, and for each recipe.
type Job struct {
	Weights         []float64
	Models, Recipes map[string]*rt.Table
	// Sizes are numbers of rows; the last one is that of the tables.
	Sizes []int
}

// Answer has, for every model, its outputs, and for every recipe loss and gradient, on all rows. Err says where results
// for a row depend on the batch around it, or sums on the number of goroutines.
type Answer struct {
	Level   string
	Outputs map[string][][]float64
	Grads   map[string][]float64 // the loss first
	NFE     map[string][]int
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

// part is the last n rows of t, so that rows meet other neighbours at other places of a block.
func part(t *rt.Table, n int) *rt.Table {
	p := &rt.Table{Rows: n}
	for _, c := range t.Columns {
		c.Data = c.Data[(t.Rows-n)*c.Width:]
		p.Columns = append(p.Columns, c)
	}
	return p
}

func run[R rt.Float](p rt.Program[R], j Job) (a Answer) {
	ctx := context.Background()
	a = Answer{Level: rt.CPULevel().String(), Outputs: map[string][][]float64{}, Grads: map[string][]float64{}, NFE: map[string][]int{}}
	w := make([]R, len(j.Weights))
	for i, x := range j.Weights {
		w[i] = R(x)
	}
	for _, m := range p.Models {
		in := j.Models[m.Name]
		if in == nil {
			continue
		}
		var all *rt.Table
		for i := len(j.Sizes) - 1; i >= 0; i-- {
			n := j.Sizes[i]
			out := rt.NewTable(m.Outputs, n)
			var stats rt.BatchStats
			if err := m.Batch(ctx, w, part(in, n), out, &stats, 1+i%3); err != nil {
				a.Err = fmt.Sprintf("%s: %v", m.Name, err)
				return a
			}
			if all == nil {
				all = out
				for _, s := range stats.Sites {
					a.NFE[m.Name] = append(a.NFE[m.Name], s.NFE...)
				}
			}
			for k, c := range part(all, n).Columns {
				for e, x := range c.Data {
					if math.Float64bits(x) != math.Float64bits(out.Columns[k].Data[e]) {
						a.Err = fmt.Sprintf("%s: with %d rows %s is %v, with %d %v", m.Name, n, c.Name, out.Columns[k].Data[e], all.Rows, x)
						return a
					}
				}
			}
		}
		for _, c := range all.Columns {
			a.Outputs[m.Name] = append(a.Outputs[m.Name], c.Data)
		}
	}
	for i := range p.Recipes {
		r := &p.Recipes[i]
		in := j.Recipes[r.Recipe.Name]
		if in == nil {
			continue
		}
		for _, workers := range []int{1, 2, 3, 7, 16} {
			grad := make([]R, len(w))
			ev, err := rt.LossGrad(ctx, w, grad, &r.Objective, in, 1, workers)
			if err != nil {
				a.Err = fmt.Sprintf("%s: %v", r.Recipe.Name, err)
				return a
			}
			got := []float64{ev.Loss}
			for _, x := range grad {
				got = append(got, float64(x))
			}
			if old := a.Grads[r.Recipe.Name]; old != nil {
				for k := range old {
					if math.Float64bits(old[k]) != math.Float64bits(got[k]) {
						a.Err = fmt.Sprintf("%s: number %d of the gradient is %v by %d goroutines, %v by one", r.Recipe.Name, k, got[k], workers, old[k])
						return a
					}
				}
			}
			a.Grads[r.Recipe.Name] = got
		}
	}
	return a
}
