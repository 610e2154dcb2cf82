// Command main evaluates models and gradients of packages on batches of several sizes.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/metrics"
	"slices"
	"strconv"
	"sync"

	"ndec.dev/ndec/rt"
)

// Job is what to do with a package: rows for each model, and for each recipe.
type Job struct {
	Weights         []float64
	Models, Recipes map[string]*rt.Table
	// Sizes are numbers of rows; the last one is that of the tables.
	Sizes []int
	// Keyed says that a row depends on its place in the batch, since random numbers do.
	Keyed bool
}

// Answer has, for every model, its outputs, and for every recipe loss and gradient, on all rows. Err says where results
// for a row depend on the batch around it, or sums on the number of goroutines.
type Answer struct {
	Level   string
	Outputs map[string][][]float64
	Grads   map[string][]float64 // the loss first
	NFE     map[string][]int
	Steps   map[string][]int     // accepted and rejected ones of each sample
	Lengths map[string][]float64 // of the last step
	// Odd are outputs for rows with NaN, infinities, numbers below the normal range and signed zeros, as text, and the
	// error. Spread says how far each moves, but for the error, where the last digit of weights and ordinary inputs does. Pause is the longest time in seconds that the garbage collector took to stop the batches of a model.
	Odd    map[string][]string
	Spread map[string][]float64
	// Moves and GradMoves say how far ordinary numbers move where the last digits of weights and inputs do.
	Moves     map[string][][]float64
	GradMoves map[string][]float64
	Pause     float64
	Err       string
}

func main() {
	var jobs map[string]Job
	if err := json.NewDecoder(os.Stdin).Decode(&jobs); err != nil {
		panic(err)
	}
	out := map[string]Answer{}
	for name, j := range jobs {
		a := packages[name](j)
		if what := a.notFinite(); what != "" { // JSON has no such numbers
			a = Answer{Level: a.Level, Err: what}
		}
		out[name] = a
	}
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		panic(err)
	}
}

// notFinite names the first number that is not finite; "" if there is none.
func (a *Answer) notFinite() string {
	bad := func(xs []float64) int {
		return slices.IndexFunc(xs, func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) })
	}
	for m, outs := range a.Outputs {
		for i, xs := range outs {
			if k := bad(xs); k >= 0 {
				return fmt.Sprintf("number %d of output %d of %s is %v", k, i, m, xs[k])
			}
		}
	}
	for r, g := range a.Grads {
		if k := bad(g); k >= 0 {
			return fmt.Sprintf("number %d of the gradient of %s is %v", k, r, g[k])
		}
	}
	return ""
}

// part is the last n rows of t, so that rows meet other neighbours at other places of a block, or the first ones.
func part(t *rt.Table, n int, first bool) *rt.Table {
	p := &rt.Table{Rows: n}
	for _, c := range t.Columns {
		from := t.Rows - n
		if first {
			from = 0
		}
		c.Data = c.Data[from*c.Width:][:n*c.Width]
		p.Columns = append(p.Columns, c)
	}
	return p
}

func run[R rt.Float](p rt.Program[R], j Job) (a Answer) {
	ctx := context.Background()
	a = Answer{Level: rt.CPULevel().String(), Outputs: map[string][][]float64{}, Grads: map[string][]float64{}, NFE: map[string][]int{}, Steps: map[string][]int{}, Lengths: map[string][]float64{}, Odd: map[string][]string{}, Spread: map[string][]float64{}, Moves: map[string][][]float64{}, GradMoves: map[string][]float64{}}
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
			if err := m.Batch(ctx, w, part(in, n, j.Keyed), out, &stats, 1+i%3); err != nil {
				a.Err = fmt.Sprintf("%s: %v", m.Name, err)
				return a
			}
			if all == nil {
				all = out
				for _, s := range stats.Sites {
					a.NFE[m.Name] = append(a.NFE[m.Name], s.NFE...)
					for i, n := range s.Accepted {
						a.Steps[m.Name] = append(a.Steps[m.Name], n, s.Rejected[i])
					}
					a.Lengths[m.Name] = append(a.Lengths[m.Name], s.H...)
				}
			}
			for k, c := range part(all, n, j.Keyed).Columns {
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
	for _, m := range p.Models {
		if in := j.Models[m.Name]; in != nil {
			inputs, weights := odd(&m, w, in, nudge{}), oddWeights(&m, w, in, nudge{})
			a.Odd[m.Name] = append(inputs, weights...)
			if rt.CPULevel() == rt.Generic {
				var movedInputs, movedWeights [][]string
				for i := range uint64(8) {
					n := nudge{rand.New(rand.NewPCG(i, 1))}
					movedInputs = append(movedInputs, odd(&m, nudged(n, w), in, n)[1:])
					movedWeights = append(movedWeights, oddWeights(&m, w, in, n))
				}
				moves := spread(weights, movedWeights)
				mostOfRows(m.Outputs, moves)
				a.Spread[m.Name] = append(spread(inputs[1:], movedInputs), moves...)
				a.Moves[m.Name] = moved(&m, w, in)
			}
			a.Pause = max(a.Pause, pause(&m, w, in))
			if a.Err = crowd(&m, w, in); a.Err != "" {
				return a
			}
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
		if rt.CPULevel() == rt.Generic {
			a.GradMoves[r.Recipe.Name] = movedGrad(r, w, in, a.Grads[r.Recipe.Name])
		}
	}
	return a
}

// notOrdinary are numbers that kernels may treat in another way than scalar functions.
var notOrdinary = []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e-310, -1e-42, math.Copysign(0, -1), 1e30, -1e300}

// values are the outputs for the first rows of a table as text, and the error.
func values[R rt.Float](m *rt.Model[R], w []R, rows *rt.Table) []string {
	out := rt.NewTable(m.Outputs, rows.Rows)
	var stats rt.BatchStats
	text := []string{fmt.Sprint(m.Batch(context.Background(), w, rows, out, &stats, 1))}
	for _, c := range out.Columns {
		for _, x := range c.Data {
			text = append(text, fmt.Sprint(x))
		}
	}
	return text
}

// oddWeights evaluates a model with weights one of which is no ordinary number; without the errors.
func oddWeights[R rt.Float](m *rt.Model[R], w []R, in *rt.Table, n nudge) (text []string) {
	for i, x := range notOrdinary {
		if len(w) > 0 {
			changed := append([]R(nil), w...)
			changed[(7*i+3)%len(w)] = R(x)
			text = append(text, values(m, nudged(n, changed), nudgedRows[R](n, part(in, oddWeightRows, true)))[1:]...)
		}
	}
	return text
}

// crowd evaluates a model on many goroutines at a time, each on other rows, and says where one has other numbers than
// without the others.
func crowd[R rt.Float](m *rt.Model[R], w []R, in *rt.Table) string {
	const callers = 6
	var want, got [callers][]string
	of := func(i int) []string { return values(m, w, part(in, 11*(i+1)%in.Rows, i%2 == 0)) }
	for i := range callers {
		want[i] = of(i)
	}
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			for range 3 {
				got[i] = of(i)
			}
		})
	}
	all.Wait()
	for i := range callers {
		if !slices.Equal(got[i], want[i]) {
			return fmt.Sprintf("%s: other numbers beside other callers", m.Name)
		}
	}
	return ""
}

// odd evaluates a model on rows one of whose numbers is no ordinary one.
func odd[R rt.Float](m *rt.Model[R], w []R, in *rt.Table, n nudge) []string {
	rows := &rt.Table{Rows: 37}
	for c, col := range in.Columns {
		col.Data = append([]float64(nil), col.Data[:37*col.Width]...)
		for r := range rows.Rows {
			if r%len(in.Columns) == c && col.Classes == 0 && r%5 != 4 {
				col.Data[r*col.Width+r%col.Width] = notOrdinary[r%len(notOrdinary)]
			}
		}
		rows.Columns = append(rows.Columns, col)
	}
	return values(m, w, nudgedRows[R](n, rows))
}

// nudge moves numbers by two units in the last place at most; without a source it leaves them.
type nudge struct{ *rand.Rand }

// nudged are numbers that have moved.
func nudged[R rt.Float](n nudge, xs []R) []R {
	if n.Rand == nil {
		return xs
	}
	unit := R(1) // in the last place of 1
	for 1+unit/2 != 1 {
		unit /= 2
	}
	out := make([]R, len(xs))
	for i, x := range xs {
		out[i] = x * (1 + R(n.IntN(5)-2)*unit)
	}
	return out
}

// nudgedRows are rows all of whose numbers but labels have moved.
func nudgedRows[R rt.Float](n nudge, t *rt.Table) *rt.Table {
	out := &rt.Table{Rows: t.Rows}
	for _, c := range t.Columns {
		if c.Classes == 0 {
			xs := make([]R, len(c.Data))
			for i, x := range c.Data {
				xs[i] = R(x)
			}
			c.Data = make([]float64, len(xs))
			for i, x := range nudged(n, xs) {
				c.Data[i] = float64(x)
			}
		}
		out.Columns = append(out.Columns, c)
	}
	return out
}

// nudges are how often ordinary numbers move.
const nudges = 4

// moved is how far the outputs for the rows of a table move.
func moved[R rt.Float](m *rt.Model[R], w []R, in *rt.Table) (far [][]float64) {
	of := func(n nudge) []rt.Column {
		out := rt.NewTable(m.Outputs, in.Rows)
		_ = m.Batch(context.Background(), nudged(n, w), nudgedRows[R](n, in), out, new(rt.BatchStats), 1)
		return out.Columns
	}
	was := of(nudge{})
	for _, c := range was {
		far = append(far, make([]float64, len(c.Data)))
	}
	for i := range uint64(nudges) {
		for k, c := range of(nudge{rand.New(rand.NewPCG(i, 2))}) {
			farther(far[k], was[k].Data, c.Data)
		}
	}
	return far
}

// movedGrad is how far loss and gradient do.
func movedGrad[R rt.Float](r *rt.RecipeEntry[R], w []R, in *rt.Table, was []float64) []float64 {
	far := make([]float64, len(was))
	for i := range uint64(nudges) {
		n := nudge{rand.New(rand.NewPCG(i, 3))}
		grad := make([]R, len(w))
		ev, err := rt.LossGrad(context.Background(), nudged(n, w), grad, &r.Objective, nudgedRows[R](n, in), 1, 1)
		if err != nil {
			continue
		}
		now := []float64{ev.Loss}
		for _, x := range grad {
			now = append(now, float64(x))
		}
		farther(far, was, now)
	}
	return far
}

// farther makes far the larger one of what it is and the distances of two lists.
func farther(far, was, now []float64) {
	for i := range far {
		switch d := math.Abs(now[i] - was[i]); {
		case math.IsNaN(d) || math.IsInf(d, 0):
			far[i] = math.MaxFloat64
		default:
			far[i] = max(far[i], d)
		}
	}
}

// oddWeightRows are the rows that are evaluated with each odd weight.
const oddWeightRows = 5

// mostOfRows makes a number of each row with an odd weight the largest of all rows: where a few digits are left, they move in steps.
func mostOfRows(outputs []rt.ColumnSpec, moves []float64) {
	for len(moves) > 0 {
		for _, c := range outputs {
			width := c.Width()
			for e := range width {
				most := 0.0
				for row := range oddWeightRows {
					most = max(most, moves[row*width+e])
				}
				for row := range oddWeightRows {
					moves[row*width+e] = most
				}
			}
			moves = moves[oddWeightRows*width:]
		}
	}
}

// spread is how far numbers move from what they were; the largest number where that is none.
func spread(was []string, now [][]string) []float64 {
	out := make([]float64, len(was))
	for i := range out {
		x, _ := strconv.ParseFloat(was[i], 64)
		for _, texts := range now {
			if texts[i] == was[i] {
				continue
			}
			y, _ := strconv.ParseFloat(texts[i], 64)
			d := math.Abs(y - x)
			if math.IsNaN(d) || math.IsInf(d, 0) {
				d = math.MaxFloat64
			}
			out[i] = max(out[i], d)
		}
	}
	return out
}

// pause collects garbage beside batches of a model, and gives the longest time in seconds until all goroutines stood.
func pause[R rt.Float](m *rt.Model[R], w []R, in *rt.Table) float64 {
	done := make(chan bool)
	go func() {
		out := rt.NewTable(m.Outputs, in.Rows)
		for range 20 {
			var stats rt.BatchStats
			_ = m.Batch(context.Background(), w, in, out, &stats, 1)
		}
		close(done)
	}()
	for run := true; run; {
		runtime.GC()
		select {
		case <-done:
			run = false
		default:
		}
	}
	sample := []metrics.Sample{{Name: "/sched/pauses/stopping/gc:seconds"}}
	metrics.Read(sample)
	h := sample[0].Value.Float64Histogram()
	for i := len(h.Counts) - 1; i >= 0; i-- {
		if h.Counts[i] > 0 {
			return h.Buckets[i]
		}
	}
	return 0
}
