// Command main measures the models and recipes of example packages on one core, in processor time.
package main

import (
	"context"
	"encoding/json"
	"os"
	"syscall"
	"time"

	"ndec.dev/ndec/rt"
)

// Job is what to measure of a package.
type Job struct {
	Weights []float64
	Inputs  map[string]*rt.Table // by model
	Dir     string               // where data paths start
	Seconds float64              // for each measurement, about
}

// Timed is the time of a sample in seconds, in a batch of so many rows, or why there is none.
type Timed struct {
	Seconds float64
	Rows    int
	Err     string
}

// Answer has the times of models, forward, and of recipes, loss and gradient.
type Answer struct {
	Level           string
	Models, Recipes map[string]Timed
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

// used is the processor time of the process.
func used() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// timed is the least time of a sample; on gives what to run on some rows. There are as many rows, up to most, as the seconds have room for.
func timed(most int, seconds float64, on func(rows int) func() error) (t Timed) {
	run := func(f func() error) float64 {
		begun := used()
		if err := f(); err != nil {
			t.Err = err.Error()
		}
		return (used() - begun).Seconds()
	}
	few := min(most, rt.ShardRows)
	if rt.CPULevel() == rt.Generic { // has no blocks
		few = min(most, 4)
	}
	f := on(few)
	run(f)
	t.Seconds = run(f) / float64(few)
	t.Rows = few * max(1, min(most/few, int(seconds/(t.Seconds*float64(few)+1e-9))))
	if t.Rows > few {
		f = on(t.Rows)
		t.Seconds = run(f) / float64(t.Rows)
	}
	for begun := used(); (used()-begun).Seconds() < seconds && t.Err == ""; {
		t.Seconds = min(t.Seconds, run(f)/float64(t.Rows))
	}
	return t
}

// first are the first rows of a table.
func first(t *rt.Table, rows int) *rt.Table {
	p := &rt.Table{Rows: rows}
	for _, c := range t.Columns {
		c.Data = c.Data[:rows*c.Width]
		p.Columns = append(p.Columns, c)
	}
	return p
}

func run[R rt.Float](p rt.Program[R], j Job) (a Answer) {
	a = Answer{Level: rt.CPULevel().String(), Models: map[string]Timed{}, Recipes: map[string]Timed{}}
	w := make([]R, len(j.Weights))
	for i, x := range j.Weights {
		w[i] = R(x)
	}
	for _, m := range p.Models {
		in := j.Inputs[m.Name]
		if in == nil {
			continue
		}
		a.Models[m.Name] = timed(in.Rows, j.Seconds, func(n int) func() error {
			rows := m.Rows(w, first(in, n))
			return func() error { return rows.Batch(context.Background(), nil, 1) }
		})
	}
	for i := range p.Recipes {
		r := &p.Recipes[i]
		tables, err := rt.LoadTables(j.Dir, &r.Recipe, p.Data, p.Layout)
		if err != nil {
			a.Recipes[r.Recipe.Name] = Timed{Err: err.Error()}
			continue
		}
		worker, gradient := r.Objective.NewWorker(), make([]R, len(w))
		a.Recipes[r.Recipe.Name] = timed(1024, j.Seconds, func(n int) func() error {
			at := make([]int, n)
			for i := range at {
				at[i] = i % tables.Train.Rows
			}
			return func() error {
				for k := 0; k < n; k += rt.ShardRows {
					out := &rt.ShardResult{Metrics: make([]float64, len(r.Objective.Metrics))}
					worker.Shard(w, gradient, tables.Train, at[k:min(n, k+rt.ShardRows)], rt.Key{Seed: 7}, out)
					if out.Failed != nil {
						return out.Failed
					}
				}
				return nil
			}
		})
	}
	return a
}
