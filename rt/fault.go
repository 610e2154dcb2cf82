package rt

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Fault is where training ended because something was not finite or a sample failed, with all that it takes to
// compute it again.
type Fault struct {
	Recipe string `json:"recipe"`
	Split  string `json:"split"` // train, or val or test of an evaluation
	What   string `json:"what"`  // "samples", "loss", "metric acc"
	Metric int    `json:"metric"`
	Step   int    `json:"step"` // from 0, as in errors
	Epoch  int    `json:"epoch"`
	Seed   uint64 `json:"seed"` // of random draws, with DrawStep
	// DrawStep is the step that draws are keyed by: Step, or EvalStep.
	DrawStep uint64 `json:"draw_step"`
	// Sample is the place in the batch of the first sample that is concerned and Row its row of the data, whose
	// columns are in Columns, a safetensors file; -1 where every sample by itself is finite and what is made of
	// them is not.
	Sample  int    `json:"sample"`
	Row     int    `json:"row"`
	Columns []byte `json:"columns,omitempty"`
	// Means are the bits of those of the metric terms, of a metric: JSON has no numbers that are not finite.
	Means []uint64 `json:"means,omitempty"`
	// Weights are those of the step, a safetensors file in float64.
	Weights []byte `json:"weights"`
}

// reckoning is what the trainer computed when something was not finite.
type reckoning[R Float] struct {
	split string
	step  int
	w     []R
	table *Table
	rows  []int
	draws uint64
}

// String says in errors what it was.
func (on reckoning[R]) String() string {
	if on.split == "train" {
		return fmt.Sprintf("step %d", on.step)
	}
	return on.split
}

// training is that of a step over rows.
func (t *trainer[R]) training(step int, rows []int) reckoning[R] {
	return reckoning[R]{"train", step, t.w, t.tables.Train, rows, uint64(step)}
}

// report tells whoever listens of values that are not finite; i is the place of the sample among the rows, or -1.
func (t *trainer[R]) report(on reckoning[R], f Fault, i int) error {
	if t.opt.OnFault == nil {
		return nil
	}
	f.Recipe, f.Split, f.Step, f.Epoch, f.Seed, f.DrawStep = t.recipe.Name, on.split, on.step, on.step/t.plan.batches, t.plan.seed, on.draws
	f.Sample, f.Row = i, -1
	var b bytes.Buffer
	if i >= 0 {
		f.Row = on.rows[i]
		var list []NamedData[float64]
		for k := range on.table.Columns {
			c := &on.table.Columns[k]
			list = append(list, NamedData[float64]{c.Name, []int{c.Width}, c.Row(f.Row)})
		}
		if err := EncodeTensors(&b, list, nil); err != nil {
			return err
		}
		f.Columns = bytes.Clone(b.Bytes())
		b.Reset()
	}
	wide := make([]float64, len(on.w))
	for k, x := range on.w {
		wide[k] = float64(x)
	}
	if err := SaveTensors(&b, wide, t.layout, t.opt.Version); err != nil {
		return err
	}
	f.Weights = b.Bytes()
	t.opt.OnFault(&f)
	return nil
}

// culprit is the place among the rows of the first one for which bad holds, or -1.
func (t *trainer[R]) culprit(on reckoning[R], grads bool, bad func(*node[R]) bool) (int, error) {
	for i := range on.rows {
		n, err := t.ev.sum(on.w, on.table, on.rows[i:i+1], Key{Seed: t.plan.seed, Step: on.draws}, grads)
		if err != nil {
			return -1, err
		}
		if bad(n) {
			return i, nil
		}
	}
	return -1, nil
}

// failed reports the failure of a sample and is its error, with where it happened.
func (t *trainer[R]) failed(on reckoning[R], failure *SolveError, where string) error {
	failure.Sample = slices.Index(on.rows, failure.Row)
	err := fmt.Errorf("recipe %s, %s: %w", t.recipe.Name, where, failure)
	return errors.Join(err, t.report(on, Fault{What: "samples"}, failure.Sample))
}

// nonFinite is the error of a loss or gradient that is not finite, with the first row whose own is not.
func (t *trainer[R]) nonFinite(on reckoning[R], loss float64) error {
	i, err := t.culprit(on, on.split == "train", func(n *node[R]) bool { return !finite(n.res.Loss) || !Finite(n.grad) })
	if err != nil {
		return err
	}
	if err := t.report(on, Fault{What: "loss"}, i); err != nil {
		return err
	}
	return fmt.Errorf("recipe %s, %s: loss %v: %w", t.recipe.Name, on, loss, t.notFinite(on, i))
}

// notFinite is the error of what is not finite, at row number i of the batch or, with -1, of no single one.
func (t *trainer[R]) notFinite(on reckoning[R], i int) *SolveError {
	e := &SolveError{Sample: i, Row: -1, Status: NonFinite, Where: t.recipe.where()}
	if i >= 0 {
		e.Row = on.rows[i]
	}
	return e
}

// checkMetrics complains about the first metric that is not finite. terms are the sums that metrics are made of.
func (t *trainer[R]) checkMetrics(on reckoning[R], terms, metrics []float64) error {
	k := slices.IndexFunc(metrics, func(m float64) bool { return !finite(m) })
	if k < 0 {
		return nil
	}
	f := Fault{What: "metric " + t.ev.obj.Metrics[k], Metric: k}
	term := -1
	for j, x := range terms {
		f.Means = append(f.Means, math.Float64bits(x/float64(len(on.rows))))
		if !finite(x) && (term < 0 || j == k) {
			term = j
		}
	}
	value, i := metrics[k], -1
	if term >= 0 {
		var err error
		if i, err = t.culprit(on, false, func(n *node[R]) bool { return !finite(n.res.Metrics[term]) }); err != nil {
			return err
		}
	}
	if err := t.report(on, f, i); err != nil {
		return err
	}
	return fmt.Errorf("recipe %s, %s: %s is %v: %w", t.recipe.Name, on, f.What, value, t.notFinite(on, i))
}

// checkUpdate complains about trained weights that an update has made infinite.
func (t *trainer[R]) checkUpdate(step int, lr float64) error {
	for _, s := range t.spans {
		for k := s.lo; k < s.hi; k++ {
			if finite(float64(t.w[k])) {
				continue
			}
			p := t.layout[slices.IndexFunc(t.layout, func(p Tensor) bool { return k < p.Offset+p.Len() })]
			return fmt.Errorf("recipe %s, step %d: the update makes element %d of %s %v, from a gradient of %.6g at learning rate %g; a smaller lr or clip: may keep it finite: %w",
				t.recipe.Name, step, k-p.Offset, p.Name, t.w[k], t.grad[k], lr, ErrNonFinite)
		}
	}
	return nil
}

// evaluated reports what was wrong with an evaluation on another table: a failed sample and, where asked, a loss or metric
// that is not finite.
func (t *trainer[R]) evaluated(on reckoning[R], v *Evaluation, cause error) error {
	var failure *SolveError
	switch {
	case errors.As(cause, &failure):
		return t.failed(on, failure, on.split)
	case cause != nil:
		return fmt.Errorf("recipe %s, %s: %w", t.recipe.Name, on.split, cause)
	case !t.opt.CheckFinite:
		return nil
	case !finite(v.Loss):
		return t.nonFinite(on, v.Loss)
	}
	terms := t.ev.red.root.res.Metrics
	return t.checkMetrics(on, terms, t.ev.obj.metrics(terms, len(on.rows)))
}
