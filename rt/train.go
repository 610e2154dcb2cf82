package rt

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"
)

// trainer is one run of a recipe.
type trainer[R Float] struct {
	recipe  *Recipe
	opt     TrainOptions
	layout  []Tensor
	w, grad []R
	free    []R      // what the optimiser moves; w where nothing is constrained
	bound   []Tensor // the constrained ones
	best    []R
	mean    []R // running average of w; nil without
	watch   watch
	data    string // dataHash of the training table
	whole   bool   // no step is half done: a checkpoint may be written
	plan    plan
	ev      *evaluator[R]
	mom     *moments[R]
	held    *held[R] // weights and moments on a device; nil where they are here
	tables  Tables
	spans   []span
	perm    []int
	pool    *pool  // of an active recipe, instead of perm
	order   *order // of the rows of a batch
	folder  *runFolder
	values  []float64
	absent  []bool
	info    StepInfo
	res     *TrainResult
	started time.Time // less the time of interrupted runs
	begun   time.Time
}

// Train runs a recipe and leaves the trained weights in w. The result depends
// on weights, data, recipe and seed, never on the number of workers.
//
// A failed sample or a loss that is not finite ends it with a *SolveError, and
// the weights are those before the failing step. When ctx ends, training stops
// after the step and the context's error comes with the result so far. A run that goes on from
// a checkpoint (TrainOptions.Resume) ends with the bits of one that was never interrupted.
func Train[R Float](ctx context.Context, w []R, layout []Tensor, recipe *Recipe, obj *Objective[R], tables Tables, opt TrainOptions) (*TrainResult, error) {
	if opt.RunDir != "" {
		reserved, err := reserve(opt.RunDir)
		if err != nil {
			return nil, err
		}
		defer reserved.Close()
	}
	t, err := newTrainer(w, layout, recipe, obj, tables, opt)
	if err != nil {
		return nil, err
	}
	if _, ok := recipe.Optimizer.(LeastSquares); ok {
		err = t.leastSquares(ctx)
	} else {
		err = t.loop(ctx)
	}
	if e := t.finish(err); err == nil {
		err = e
	}
	if e := t.ev.close(); err == nil {
		err = e
	}
	if t.folder != nil {
		if e := t.folder.close(); err == nil {
			err = e
		}
	}
	if t.opt.Events != nil {
		t.opt.Events.OnEnd(t.res)
	}
	return t.res, err
}

func newTrainer[R Float](w []R, layout []Tensor, recipe *Recipe, obj *Objective[R], tables Tables, opt TrainOptions) (*trainer[R], error) {
	if len(w) != LayoutLen(layout) {
		return nil, fmt.Errorf("%d weights for a layout of %d: %w", len(w), LayoutLen(layout), ErrShape)
	}
	if recipe.Optimizer == nil {
		return nil, fmt.Errorf("recipe %s has no optimizer", recipe.Name)
	}
	if opt.Limit < 0 || opt.Epochs < 0 || opt.Steps < 0 {
		return nil, fmt.Errorf("recipe %s: limits and lengths cannot be negative", recipe.Name)
	}
	for _, table := range []*Table{tables.Train, tables.Val, tables.Test} {
		if table == nil && table != tables.Train {
			continue
		}
		if err := checkColumns(obj.Columns, table); err != nil {
			return nil, fmt.Errorf("recipe %s: %w", recipe.Name, err)
		}
	}
	t := &trainer[R]{recipe: recipe, layout: layout, w: w, tables: tables, begun: time.Now(), whole: true, watch: newWatch()}
	t.started = t.begun
	var from *interrupted
	if opt.RunDir != "" || opt.Resume != "" {
		if err := tables.Train.reading(func() { t.data = dataHash(tables.Train) }); err != nil {
			return nil, fmt.Errorf("recipe %s: %w", recipe.Name, err)
		}
	}
	if opt.Resume != "" {
		var err error
		if from, err = readCheckpoint(opt.Resume); err == nil {
			err = from.adopt(&opt, recipe, layout, t.data)
		}
		if err != nil {
			return nil, err
		}
	} else if opt.InitWeights != "" {
		if err := LoadFile(opt.InitWeights, w, layout); err != nil {
			return nil, err
		}
	}
	if from == nil {
		adopt(w, layout, tables.Stats)
	}
	if err := recipe.checkFigures(obj.Metrics, tables.Val != nil); err != nil {
		return nil, err
	}
	t.opt = opt
	t.grad = make([]R, len(w))
	t.plan = recipe.plan(tables.Train.Rows, &opt)
	if t.plan.steps <= 0 {
		return nil, fmt.Errorf("recipe %s has neither epochs nor steps", recipe.Name)
	}
	t.spans = recipe.spans(layout)
	t.bound = constrained(layout, t.spans)
	var err error
	if t.free, err = freeNumbers(w, t.bound); err != nil {
		return nil, fmt.Errorf("recipe %s: %w", recipe.Name, err)
	}
	t.perm = allRows(tables.Train.Rows)[:t.plan.rows]
	if t.plan.keep > 0 {
		if tables.Pass != nil {
			return nil, fmt.Errorf("recipe %s keeps samples of a batch, and its data have new rows in every epoch", recipe.Name)
		}
		t.pool = newPool(t.plan, t.plan.keep)
	}
	t.order = newOrder(obj, recipe, t.plan.rows, &tables)
	t.ev = newEvaluator(obj, len(w), WorkerCount(Workers(opt.Workers)))
	t.ev.red.spans = t.spans
	t.mom = newMoments[R](recipe.Optimizer, len(w), t.spans)
	t.res = &TrainResult{Recipe: recipe.Name, Metrics: map[string]float64{}, RunDir: opt.RunDir}
	for _, s := range t.spans {
		t.res.Parameters += s.hi - s.lo
	}
	t.info = StepInfo{Recipe: recipe.Name, Steps: t.plan.steps, Epochs: t.plan.epochs, Batches: t.plan.batches, MetricNames: obj.Metrics}
	if from != nil {
		if err := t.load(from); err != nil {
			return nil, err
		}
		if epoch, batch := t.at(from.Step); batch != 0 {
			Permute(t.perm, t.plan.seed, uint64(epoch))
			if err := t.pass(epoch); err != nil {
				return nil, err
			}
		}
	}
	if err := t.hold(); err != nil {
		return nil, errors.Join(err, t.ev.close())
	}
	if opt.RunDir != "" {
		columns := []string{"step", "epoch", "loss", "lr", "grad_norm", "nfe", "nfe_backward", "samples_per_s"}
		columns = append(columns, obj.Metrics...)
		columns = append(columns, "val.loss")
		for _, m := range obj.Metrics {
			columns = append(columns, "val."+m)
		}
		t.values, t.absent = make([]float64, len(columns)), make([]bool, len(columns))
		sweep(opt.RunDir, from == nil)
		var earlier logs
		if from != nil {
			earlier = from.logs
		}
		if t.folder, err = openRunFolder(opt.RunDir, columns, opt.CheckpointEvery, earlier); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// at is epoch and batch of a step, both from 0.
func (t *trainer[R]) at(step int) (epoch, batch int) {
	return step / t.plan.batches, step % t.plan.batches
}

// loop makes the planned steps that have not been made.
func (t *trainer[R]) loop(ctx context.Context) error {
	for step := t.info.Step; step < t.plan.steps && t.res.Stopped != "early"; step++ {
		if why := stopReason(ctx, t.begun, t.opt.MaxTime); why != "" {
			t.res.Stopped = why
			return ctx.Err()
		}
		if err := t.advance(step); err != nil {
			t.res.Stopped = "failed"
			return err
		}
	}
	if t.res.Stopped == "" {
		t.res.Stopped = "done"
	}
	return nil
}

// advance is a step with all that follows from it: validation, figures that are watched, logs and
// checkpoint.
func (t *trainer[R]) advance(step int) error {
	if err := t.step(step); err != nil {
		return err
	}
	t.whole = false
	last := step == t.plan.steps-1
	epochEnd := (step+1)%t.plan.batches == 0 || last
	var val *Evaluation
	if every := max(t.recipe.ValEvery, 1); epochEnd && t.tables.Val != nil && ((t.info.Epoch+1)%every == 0 || last) {
		var err error
		if val, err = t.evaluate("val", t.tables.Val); err != nil {
			return err
		}
		t.res.Val = val
	}
	if t.recipe.Keep.On != "" { // the best weights are kept here
		if err := t.fetch(); err != nil {
			return err
		}
	}
	if t.watchFigures(epochEnd, val) {
		t.res.Stopped = "early"
	}
	var write, remove []string
	if t.folder != nil {
		write, remove = t.keep(epochEnd, val)
	}
	if err := t.log(step, epochEnd, val); err != nil {
		return err
	}
	t.whole = true
	for _, name := range write {
		if err := t.checkpoint(name); err != nil {
			return err
		}
	}
	for _, name := range remove {
		if err := os.RemoveAll(filepath.Join(t.folder.dir, "checkpoints", name)); err != nil {
			return err
		}
	}
	if epochEnd && t.opt.Events != nil {
		t.opt.Events.OnEpoch(&t.info)
	}
	if t.folder != nil && time.Since(t.folder.saved) >= t.folder.every {
		return t.checkpoint(lastName)
	}
	return nil
}

// step is one gradient and one update.
func (t *trainer[R]) step(step int) error {
	begun := time.Now()
	epoch, batch := t.at(step)
	if batch == 0 {
		if t.plan.batches > 1 {
			Permute(t.perm, t.plan.seed, uint64(epoch))
		}
		if err := t.pass(epoch); err != nil {
			return err
		}
	}
	rows := t.rows(batch)
	ordered := t.order.of(rows)
	t.ev.efforts = t.order.efforts()
	n, err := t.ev.sum(t.w, t.tables.Train, ordered, Key{Seed: t.plan.seed, Step: uint64(step)}, true)
	t.ev.losses, t.ev.efforts = nil, nil
	if err != nil {
		return fmt.Errorf("recipe %s, step %d: %w", t.recipe.Name, step, err)
	}
	r := &n.res
	if r.Failed != nil {
		if err := t.release(); err != nil {
			return err
		}
		return t.failed(t.training(step, rows), r.Failed, fmt.Sprintf("step %d: %d of %d samples failed", step, r.FailedCount, len(rows)))
	}
	loss := r.Loss / float64(len(rows))
	norm := t.meanGradient(n.grad, len(rows))
	if !finite(loss) || !finite(norm) {
		if err := t.release(); err != nil {
			return err
		}
		return t.nonFinite(t.training(step, rows), loss)
	}
	var before []R
	if t.opt.CheckFinite {
		if err := t.checkMetrics(t.training(step, rows), r.Metrics, t.ev.obj.metrics(r.Metrics, len(rows))); err != nil {
			return err
		}
		before = Copied(nil, t.w)
	}
	lr := t.recipe.Optimizer.Rate()
	if s := t.recipe.Schedule; s != nil {
		lr *= s.Factor(lr, Progress{Step: step, Steps: t.plan.steps, Epoch: epoch, Epochs: t.plan.epochs})
	}
	lr *= float64(t.watch.Rate)
	if err := t.move(lr); err != nil {
		return err
	}
	if t.opt.CheckFinite {
		if err := t.checkUpdate(step, lr); err != nil {
			Copy(t.w, before)
			t.whole = false // moments have moved
			return err
		}
	}
	t.average()
	t.order.see(rows)
	if t.pool != nil {
		t.pool.rank(ordered)
	}

	i := &t.info
	i.Step, i.Epoch, i.Batch = step+1, epoch, batch+1
	i.Loss, i.LR, i.GradNorm = loss, lr, norm
	i.NFE, i.BackwardNFE = float64(r.NFE)/float64(len(rows)), float64(r.BackwardNFE)/float64(len(rows))
	i.Elapsed = time.Since(t.started)
	i.SamplesPerSec = float64(len(rows)) / max(time.Since(begun).Seconds(), 1e-9)
	i.Metrics = t.metrics(r.Metrics, len(rows))
	if t.opt.Events != nil {
		t.opt.Events.OnStep(i)
	}
	return nil
}

// meanGradient is the mean gradient of n rows, bounded, in t.grad, or on the device; it gives the norm from before.
func (t *trainer[R]) meanGradient(sum []R, n int) float64 {
	if t.held != nil {
		return t.held.norm
	}
	rows := R(n)
	for _, s := range t.spans {
		for i, g := range sum[s.lo:s.hi] {
			t.grad[s.lo+i] = g / rows
		}
	}
	toFree(t.grad, t.free, t.bound)
	return clip(t.recipe.Clip, t.grad, t.spans)
}

// move is the update of weights and moments at rate lr; on a device of their running average as well.
func (t *trainer[R]) move(lr float64) error {
	if t.held != nil {
		return t.moveHeld(lr)
	}
	t.mom.step(t.free, t.grad, lr)
	toOwn(t.w, t.free, t.bound)
	return nil
}

// pass makes the rows of an epoch, where they are others in every one.
func (t *trainer[R]) pass(epoch int) error {
	if epoch == 0 || t.tables.Pass == nil {
		return nil
	}
	table, err := t.tables.Pass(epoch)
	if err == nil && table.Rows != t.tables.Train.Rows {
		err = fmt.Errorf("pass %d over the data has %d rows, the first one %d: %w", epoch, table.Rows, t.tables.Train.Rows, ErrData)
	}
	if err != nil {
		return fmt.Errorf("recipe %s: %w", t.recipe.Name, err)
	}
	t.tables.Train = table
	return nil
}

// rows are those of a batch of the epoch, or of the next one of an active recipe, whose losses are noted.
func (t *trainer[R]) rows(batch int) []int {
	if t.pool != nil {
		t.ev.losses = t.pool.losses
		return t.pool.next(t.plan.batch)
	}
	lo := batch * t.plan.batch
	return t.perm[lo:min(lo+t.plan.batch, t.plan.rows)]
}

// metrics is Objective.metrics without allocation where metrics are means.
func (t *trainer[R]) metrics(sum []float64, n int) []float64 {
	if t.ev.obj.Combine != nil {
		return t.ev.obj.metrics(sum, n)
	}
	out := Copied(t.info.Metrics, sum)
	for i := range out {
		out[i] /= float64(n)
	}
	return out
}

// limited is the rows of a table that the options leave.
func (t *trainer[R]) limited(table *Table) []int {
	rows := allRows(table.Rows)
	if t.opt.Limit > 0 && t.opt.Limit < len(rows) {
		rows = rows[:t.opt.Limit]
	}
	return rows
}

func (t *trainer[R]) evaluate(split string, table *Table) (*Evaluation, error) {
	if err := t.fetch(); err != nil {
		return nil, err
	}
	rows := t.limited(table)
	v, err := evaluate(t.ev, t.judged(), table, rows, t.plan.seed)
	if err = t.evaluated(reckoning[R]{split, t.info.Step, t.judged(), table, rows, EvalStep}, v, err); err != nil {
		return v, err
	}
	if t.opt.Events != nil {
		t.opt.Events.OnEval(&EvalInfo{Recipe: t.recipe.Name, Split: split, Step: t.info.Step, Epoch: t.info.Epoch, Evaluation: v})
	}
	return v, nil
}

// log writes a line if one is due.
func (t *trainer[R]) log(step int, epochEnd bool, val *Evaluation) error {
	if t.folder == nil {
		return nil
	}
	due := epochEnd
	if e := t.recipe.LogEvery; e > 0 {
		due = (step+1)%e == 0 || val != nil
	}
	if due {
		i := &t.info
		v := append(t.values[:0], float64(i.Step), float64(i.Epoch), i.Loss, i.LR, i.GradNorm, i.NFE, i.BackwardNFE, i.SamplesPerSec)
		v = append(v, i.Metrics...)
		mark := len(v)
		v = append(v, math.NaN())
		for range i.MetricNames {
			v = append(v, math.NaN())
		}
		if val != nil {
			v[mark] = val.Loss
			for k, m := range i.MetricNames {
				v[mark+1+k] = val.Metrics[m]
			}
		}
		for k := range v {
			t.absent[k] = k >= mark && val == nil
		}
		return t.folder.log(v, t.absent)
	}
	return nil
}

// finish writes the checkpoint, tests the weights that are kept and writes the
// files of the run; cause is why the loop ended.
func (t *trainer[R]) finish(cause error) error {
	i := &t.info
	t.res.Steps, t.res.Epochs = i.Step, i.Step/t.plan.batches
	t.res.Loss, t.res.NFE, t.res.BackwardNFE = i.Loss, i.NFE, i.BackwardNFE
	for k, v := range i.Metrics {
		t.res.Metrics[i.MetricNames[k]] = v
	}
	errs := []error{t.fetch()}
	if t.folder != nil && t.whole {
		errs = append(errs, t.checkpoint(lastName))
	}
	switch {
	case t.best != nil:
		Copy(t.w, t.best)
	case t.mean != nil:
		Copy(t.w, t.mean)
	}
	if cause == nil && t.tables.Test != nil {
		v, err := t.evaluate("test", t.tables.Test)
		t.res.Test = v
		errs = append(errs, err)
	}
	t.res.Seconds = time.Since(t.started).Seconds()
	if t.folder != nil {
		errs = append(errs, SaveFile(filepath.Join(t.opt.RunDir, "weights.safetensors"), t.w, t.layout, t.opt.Version),
			writeJSON(filepath.Join(t.opt.RunDir, "summary.json"), t.res))
	}
	return errors.Join(errs...)
}
