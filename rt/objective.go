package rt

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
)

// ShardRows is the number of rows that one worker handles at a time. It is
// part of what a training run means: sums are formed shard by shard.
const ShardRows = 32

// Objective is a recipe's loss, as generated code gives it.
type Objective[R Float] struct {
	Name    string
	Metrics []string // names, in the order of ShardResult.Metrics after Combine
	Terms   int      // numbers in ShardResult.Metrics; 0 means len(Metrics)
	Columns []string // data columns that it reads
	Linear  []string // parameters that LeastSquares fits, in the order of DesignWorker; nil otherwise
	// NewWorker makes a workspace for one goroutine, which does not allocate
	// after its first call.
	NewWorker func() Worker[R]
	// Together: the samples of a batch take steps of one length (step_group: batch). Each has a worker of its own, which is a StepWorker.
	Together bool
	// Uneven: a sample may take more evaluations than another one, so that their order in a batch matters for time.
	Uneven bool
	// NewBatch makes a worker that takes whole batches instead, on a device; nil on the CPU.
	NewBatch func() BatchWorker[R]
	// Sites are the solves that the loss runs, GradSites those that the gradient runs (nil: the same), and
	// Backward, for each of them, the evaluations of the field's derivative for an accepted step.
	Sites, GradSites []Site
	Backward         []int
	// Combine turns mean terms into metrics, for those that are functions of
	// means (rmse); nil if every metric is a mean.
	Combine func(avg []float64) []float64
}

// Worker computes shards on one goroutine.
type Worker[R Float] interface {
	// Shard sums loss and metric terms over the rows into out (empty when
	// called), and if grad is not nil adds the gradient of the SUM of losses.
	// rows are rows of t; key holds seed and step, the worker sets row and site.
	Shard(w []R, grad []R, t *Table, rows []int, key Key, out *ShardResult)
}

// StepWorker computes samples of a batch that takes steps of one length.
type StepWorker[R Float] interface {
	Worker[R]
	// Join makes it a member of the batch, before each Shard of one row, or of a block of rows.
	Join(member *StepMember)
	// Block is the number of rows that it takes at a time; 0 where it takes one row alone.
	Block() int
}

// ShardResult is what a shard adds up.
type ShardResult struct {
	Loss                                 float64
	Metrics                              []float64
	NFE, Accepted, Rejected, BackwardNFE int64
	Failed                               *SolveError // failed sample of lowest row
	FailedCount                          int
	Losses                               []float64 // if not nil: of each row, in their order
	Efforts                              []int32   // if not nil: by row of the table, what it took (effort)
	// Record, if set, is given the statistics of every row's solves; they are valid during the call.
	Record func(st []SolveStats, sites []Site, row int)
}

func (r *ShardResult) reset() {
	Clear(r.Metrics)
	*r = ShardResult{Metrics: r.Metrics}
}

// Fail records a failed sample.
func (r *ShardResult) Fail(e *SolveError) {
	r.FailedCount++
	if r.Failed == nil || e.Row < r.Failed.Row {
		r.Failed = e
	}
}

// add puts the rows of o after those of r.
func (r *ShardResult) add(o *ShardResult) {
	r.Loss += o.Loss
	for i, v := range o.Metrics {
		r.Metrics[i] += v
	}
	r.NFE += o.NFE
	r.Accepted += o.Accepted
	r.Rejected += o.Rejected
	r.BackwardNFE += o.BackwardNFE
	r.FailedCount += o.FailedCount
	if o.Failed != nil && (r.Failed == nil || o.Failed.Row < r.Failed.Row) {
		r.Failed = o.Failed
	}
}

// terms is the length of ShardResult.Metrics.
func (o *Objective[R]) terms() int {
	if o.Terms > 0 {
		return o.Terms
	}
	return len(o.Metrics)
}

// metrics turns summed terms over n rows into metric values.
func (o *Objective[R]) metrics(sum []float64, n int) []float64 {
	avg := make([]float64, len(sum))
	for i, v := range sum {
		avg[i] = v / float64(n)
	}
	if o.Combine != nil {
		return o.Combine(avg)
	}
	return avg
}

// evaluator runs an objective over sets of rows with fixed shards.
type evaluator[R Float] struct {
	obj     *Objective[R]
	crew    Crew
	workers []Worker[R]
	members []StepWorker[R] // by sample or block, where the samples of a batch go together
	batch   BatchWorker[R]  // on a device, instead of workers
	red     reduction[R]
	shard   func(worker, lo, hi int)

	w     []R
	table *Table
	rows  []int
	key   Key
	grads bool
	lost  atomic.Pointer[error] // numbers of the table that a goroutine did not find
	// losses, if not nil, are given the loss of each row.
	losses []float64
	// efforts, if not nil, are given what each row took, by its number.
	efforts []int32
	// record, if set, is given the statistics of every sample of a batch that goes together, from any goroutine.
	record func(st []SolveStats, sites []Site, row int)
}

func newEvaluator[R Float](obj *Objective[R], params, workers int) *evaluator[R] {
	e := &evaluator[R]{obj: obj, workers: make([]Worker[R], max(1, workers))}
	e.red.metrics, e.red.params, e.red.spans = obj.terms(), params, []span{{0, params}}
	if workers <= runtime.GOMAXPROCS(0) { // else helpers that linger would keep others from working
		e.crew.Linger = lingerTime
	}
	if obj.NewBatch != nil {
		e.batch = obj.NewBatch()
	}
	e.shard = func(worker, lo, hi int) {
		if e.workers[worker] == nil {
			e.workers[worker] = e.obj.NewWorker()
		}
		n := e.red.take()
		var g []R
		if e.grads {
			g = n.grad
		}
		if e.losses != nil {
			n.res.Losses = e.losses[lo:hi]
		}
		n.res.Efforts = e.efforts
		if err := e.table.reading(func() { e.workers[worker].Shard(e.w, g, e.table, e.rows[lo:hi], e.key, &n.res) }); err != nil {
			e.lose(err)
			return
		}
		e.red.put(lo/ShardRows, n)
	}
	return e
}

// lose keeps the error of a goroutine that did not find numbers of the table.
func (e *evaluator[R]) lose(err error) { e.lost.Store(&err) }

// close frees what the evaluator holds on a device.
func (e *evaluator[R]) close() error {
	if e.batch == nil {
		return nil
	}
	return e.batch.Close()
}

// sum is loss, terms and gradient summed over rows; the node is valid until
// the next call. It runs to the end once begun, so that a step is whole. The error is that of a device.
func (e *evaluator[R]) sum(w []R, t *Table, rows []int, key Key, grads bool) (*node[R], error) {
	e.w, e.table, e.rows, e.key, e.grads = w, t, rows, key, grads
	if e.batch != nil {
		e.red.recycle()
		n := e.red.take()
		e.red.root = n
		n.res.Losses, n.res.Efforts = e.losses, e.efforts
		var g []R
		if grads {
			g = n.grad
		}
		var err error
		lost := t.reading(func() { err = e.batch.Batch(w, g, t, rows, key, &n.res) })
		return n, cmp.Or(lost, err)
	}
	if e.obj.Together {
		return e.together()
	}
	e.red.start((len(rows) + ShardRows - 1) / ShardRows)
	if err := e.crew.ForEach(context.Background(), len(e.workers), len(rows), ShardRows, e.shard); err != nil {
		return nil, fmt.Errorf("a context that cannot end has ended: %w", err)
	}
	if lost := e.lost.Load(); lost != nil {
		return nil, *lost
	}
	return e.red.root, nil
}

// together is sum for samples that take steps of one length, by blocks of them where vectors run these, and sample by sample where one fails. Each block
// or sample has a gradient of its own; they are added in the tree of TreeSum.
func (e *evaluator[R]) together() (*node[R], error) {
	n := len(e.rows)
	if err := e.join(1); err != nil {
		return nil, err
	}
	whole := false
	if width := e.members[0].Block(); width > 0 {
		if err := e.join((n + width - 1) / width); err != nil {
			return nil, err
		}
		e.red.start((n + width - 1) / width)
		var err error
		whole, err = InBlocks(context.Background(), n, width, func(lo, hi int, member *StepMember) { e.part(lo/width, lo, hi, member) })
		if err != nil {
			return nil, err
		}
	}
	if !whole {
		if err := e.join(n); err != nil {
			return nil, err
		}
		e.red.start(n)
		if err := InGroup(context.Background(), n, func(i int, member *StepMember) { e.part(i, i, i+1, member) }); err != nil {
			return nil, err
		}
	}
	if lost := e.lost.Load(); lost != nil {
		return nil, *lost
	}
	return e.red.root, nil
}

// join makes workers for so many members of a batch that goes together.
func (e *evaluator[R]) join(members int) error {
	for len(e.members) < members {
		w, ok := e.obj.NewWorker().(StepWorker[R])
		if !ok {
			return fmt.Errorf("recipe %s: its worker takes no part in a batch whose samples go together: %w", e.obj.Name, ErrShape)
		}
		e.members = append(e.members, w)
	}
	return nil
}

// part is what member number i of such a batch adds, with rows lo to hi.
func (e *evaluator[R]) part(i, lo, hi int, member *StepMember) {
	one := e.red.take()
	var g []R
	if e.grads {
		g = one.grad
	}
	if e.losses != nil {
		one.res.Losses = e.losses[lo:hi]
	}
	one.res.Record = e.record
	e.members[i].Join(member)
	if err := e.table.reading(func() { e.members[i].Shard(e.w, g, e.table, e.rows[lo:hi], e.key, &one.res) }); err != nil {
		e.lose(err)
		return
	}
	e.red.put(i, one)
}

// Evaluation is an objective on a table, averaged over its rows.
type Evaluation struct {
	Loss        float64            `json:"loss"`
	Metrics     map[string]float64 `json:"metrics"`
	Rows        int                `json:"rows"`
	NFE         float64            `json:"nfe"` // mean per row
	FailedCount int                `json:"failed,omitempty"`
}

// Evaluate is loss and metrics on all rows of t, without a gradient. If samples
// fail the error is that of the first (a *SolveError) and the rest is summed.
func Evaluate[R Float](ctx context.Context, w []R, obj *Objective[R], t *Table, seed uint64, workers int) (*Evaluation, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := checkColumns(obj.Columns, t); err != nil {
		return nil, err
	}
	e := newEvaluator(obj, 0, WorkerCount(Workers(workers)))
	v, err := evaluate(e, w, t, allRows(t.Rows), seed)
	if cerr := e.close(); err == nil {
		err = cerr
	}
	return v, err
}

func evaluate[R Float](e *evaluator[R], w []R, t *Table, rows []int, seed uint64) (*Evaluation, error) {
	n, err := e.sum(w, t, rows, Key{Seed: seed, Step: EvalStep}, false)
	if err != nil {
		return nil, err
	}
	return e.evaluation(n, len(rows))
}

func (e *evaluator[R]) evaluation(n *node[R], rows int) (*Evaluation, error) {
	v := &Evaluation{Loss: n.res.Loss / float64(rows), Metrics: map[string]float64{}, Rows: rows,
		NFE: float64(n.res.NFE) / float64(rows), FailedCount: n.res.FailedCount}
	for i, m := range e.obj.metrics(n.res.Metrics, rows) {
		v.Metrics[e.obj.Metrics[i]] = m
	}
	if n.res.Failed != nil {
		return v, n.res.Failed
	}
	return v, nil
}

func allRows(n int) []int { return firstRows(nil, n) }

// firstRows is 0 to n-1, in the memory of rows if they fit.
func firstRows(rows []int, n int) []int {
	if cap(rows) < n {
		rows = make([]int, n)
	}
	rows = rows[:n]
	for i := range rows {
		rows[i] = i
	}
	return rows
}

func checkColumns(names []string, t *Table) error {
	if t == nil || t.Rows == 0 {
		return fmt.Errorf("the table has no rows: %w", ErrData)
	}
	for _, n := range names {
		if t.Index(n) < 0 {
			return fmt.Errorf("column %q is missing: %w", n, ErrShape)
		}
	}
	return nil
}
