package rt

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
)

// unevenRow is what a row takes beside others in a step: much by row, and now and then more by step.
func unevenRow(row int, step uint64) uint64 { return uint64(row*7919%31)*6 + (uint64(row)+step)%7/6*18 }

// unevenObjective is the logistic one, whose rows take different numbers of evaluations.
func unevenObjective[R Float](failRow int) *Objective[R] {
	o := logisticObjective[R](failRow)
	o.Uneven = true
	o.NewWorker = func() Worker[R] { return &logistic[R]{failRow: failRow, uneven: true} }
	return o
}

// watched hands the rows of its shards on.
type watched[R Float] struct {
	Worker[R]
	see func(rows []int, key Key)
}

func (k *watched[R]) Shard(w, grad []R, t *Table, rows []int, key Key, out *ShardResult) {
	k.see(rows, key)
	k.Worker.Shard(w, grad, t, rows, key, out)
}

// TestOrder: rows that took more come first, of those alike the one that stood first, and none is lost.
func TestOrder(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, most := range []int32{0, 1, 70, 1023, 1024, 70_000, mostEffort} {
		o := newOrder(&Objective[float32]{Uneven: true}, &Recipe{}, 3000, &Tables{})
		for i := range o.known {
			o.known[i] = rnd.Int32N(most + 1)
		}
		o.known[17] = most
		for _, n := range []int{1, 2, 31, 500, 3000} {
			rows := rnd.Perm(3000)[:n]
			if n > 1 {
				rows[1] = 17
				rows = slices.Compact(rows)
			}
			got := slices.Clone(o.of(rows))
			top := int32(0)
			for _, r := range rows {
				top = max(top, o.known[r])
			}
			level := func(row int) int32 { return o.known[row] >> max(0, bitsOf(top)-effortBits) }
			want := slices.Clone(rows)
			slices.SortStableFunc(want, func(a, b int) int { return int(level(b)) - int(level(a)) })
			if !slices.Equal(got, want) {
				t.Fatalf("most %d, %d rows: %v\nwant %v", most, n, got, want)
			}
		}
	}
}

func bitsOf(x int32) (n int) {
	for ; x > 0; x >>= 1 {
		n++
	}
	return n
}

// TestOrderIsOfUnevenRows: where all rows take as long, none comes again, or the problem is one of least squares, rows stay as
// they are.
func TestOrderIsOfUnevenRows(t *testing.T) {
	pass := func(int) (*Table, error) { return nil, nil }
	for i, o := range []*order{
		newOrder(&Objective[float32]{}, &Recipe{Optimizer: SGD{}}, 5, &Tables{}),
		newOrder(&Objective[float32]{Uneven: true}, &Recipe{Optimizer: SGD{}}, 5, &Tables{Pass: pass}),
		newOrder(&Objective[float32]{Uneven: true}, &Recipe{Optimizer: LeastSquares{}}, 5, &Tables{}),
	} {
		if o != nil || !slices.Equal(o.of([]int{3, 1}), []int{3, 1}) {
			t.Errorf("%d: %+v", i, o)
		}
	}
}

// TestShardsHaveRowsAlike trains on rows of which a shard would have some of every kind: from the second step on shards differ
// much less within, the loss is that of before to rounding, batches have the same rows, and nothing depends on the number of workers.
func TestShardsHaveRowsAlike(t *testing.T) {
	type trained struct {
		w      []float32
		losses []float64
		waits  [2]int // of the first step and the others: evaluations for which rows of a shard wait, over those made, in percent
		rows   map[uint64][]int
	}
	train := func(ordered bool, workers, batch int) trained {
		out := trained{w: make([]float32, 3), rows: map[uint64][]int{}}
		InitParams(out.w, logisticLayout, 42)
		obj := unevenObjective[float32](-1)
		obj.Uneven = ordered
		var wait, work [2]int
		if workers == 1 {
			obj.NewWorker = func() Worker[float32] {
				return &watched[float32]{&logistic[float32]{failRow: -1, uneven: true}, func(rows []int, key Key) {
					out.rows[key.Step] = append(out.rows[key.Step], rows...)
					most, k := 0, min(1, int(key.Step)*batch/600)
					for _, r := range rows {
						n := 3 + int(unevenRow(r, key.Step))
						most, work[k] = max(most, n), work[k]+n
					}
					wait[k] += most * len(rows)
				}}
			}
		}
		r := &Recipe{Name: "Fit", Batch: batch, Epochs: 12, Optimizer: SGD{LR: 0.1}, Seed: 3}
		_, err := Train(t.Context(), out.w, logisticLayout, r, obj, Tables{Train: moonTable(t, 600)}, TrainOptions{Workers: workers, Events: &heard{step: func(i *StepInfo) { out.losses = append(out.losses, i.Loss) }}})
		if err != nil {
			t.Fatal(err)
		}
		for k := range wait {
			out.waits[k] = 100 * (wait[k] - work[k]) / max(1, work[k])
		}
		return out
	}
	for _, batch := range []int{600, 128} {
		before, after := train(false, 1, batch), train(true, 1, batch)
		if before.waits[1] < 60 || after.waits[0] != before.waits[0] || 2*after.waits[1] > before.waits[1] {
			t.Errorf("batch %d: rows wait %d %% of the time, and %d %% in order", batch, before.waits, after.waits)
		}
		for i, x := range before.losses {
			if math.Abs(after.losses[i]-x) > 1e-6 {
				t.Errorf("batch %d, step %d: loss %v in order, %v without", batch, i, after.losses[i], x)
			}
			a, b := slices.Clone(before.rows[uint64(i)]), slices.Clone(after.rows[uint64(i)])
			slices.Sort(a)
			slices.Sort(b)
			if !slices.Equal(a, b) {
				t.Errorf("batch %d, step %d: other rows", batch, i)
			}
		}
		for _, workers := range []int{2, 3, 7, 16} {
			if got := train(true, workers, batch); !reflect.DeepEqual(got.w, after.w) || !slices.Equal(got.losses, after.losses) {
				t.Errorf("batch %d, %d workers: %v, want %v", batch, workers, got.w, after.w)
			}
		}
	}
}

// heard hears of steps.
type heard struct {
	stopAt
	step func(*StepInfo)
}

func (h *heard) OnStep(i *StepInfo) { h.step(i) }

func TestOrderDoesNotAllocate(t *testing.T) {
	w := make([]float64, 3)
	r := &Recipe{Name: "Fit", Batch: 200, Steps: 1000, Optimizer: DefaultAdam()}
	tr, err := newTrainer(w, logisticLayout, r, unevenObjective[float64](-1), Tables{Train: moonTable(t, 512)}, TrainOptions{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	step := func() {
		if err := tr.step(i); err != nil {
			t.Fatal(err)
		}
		i++
	}
	for range 3 {
		step()
	}
	if n := testing.AllocsPerRun(50, step); n > 0 {
		t.Errorf("%v allocations per step", n)
	}
}

// TestFailedStepIsNotSeen: what a failing step found of its rows is forgotten, so that a checkpoint is that of the step before, and
// the error names the row of the data and its place in the batch as it was dealt.
func TestFailedStepIsNotSeen(t *testing.T) {
	w := make([]float64, 3)
	obj := unevenObjective[float64](-1)
	fail := -1
	obj.NewWorker = func() Worker[float64] {
		return &watched[float64]{&failing{logistic[float64]{failRow: -1, uneven: true}, &fail}, func([]int, Key) {}}
	}
	r := &Recipe{Name: "Fit", Epochs: 9, Optimizer: DefaultAdam()}
	tr, err := newTrainer(w, logisticLayout, r, obj, Tables{Train: moonTable(t, 100)}, TrainOptions{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		if err := tr.step(i); err != nil {
			t.Fatal(err)
		}
	}
	known := slices.Clone(tr.order.known)
	fail = 37
	var failed *SolveError
	if err := tr.step(2); !errors.As(err, &failed) || failed.Row != 37 || failed.Sample != 37 {
		t.Fatal(err)
	}
	if !slices.Equal(tr.order.known, known) {
		t.Error("the failed step is seen")
	}
}

// TestActiveInOrder: the samples that stay are those of largest loss, in whatever order they were computed.
func TestActiveInOrder(t *testing.T) {
	loss := map[int]float64{}
	obj := unevenObjective[float64](-1)
	obj.NewWorker = func() Worker[float64] { return &noting{logistic[float64]{failRow: -1, uneven: true}, loss} }
	r := &Recipe{Name: "Fit", Batch: 90, Steps: 30, Optimizer: SGD{LR: 0.1}, Active: Active{Keep: 0.3}}
	tr, err := newTrainer(make([]float64, 3), logisticLayout, r, obj, Tables{Train: moonTable(t, 200)}, TrainOptions{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 30 {
		clear(loss)
		if err := tr.step(i); err != nil {
			t.Fatal(err)
		}
		var all []float64
		for _, x := range loss {
			all = append(all, -x)
		}
		slices.Sort(all)
		for k, row := range tr.pool.batch[:tr.pool.stay] {
			if loss[row] != -all[k] {
				t.Fatalf("step %d: row %d stays with %v in place %d, which %v has", i, row, loss[row], k, -all[k])
			}
		}
	}
}

// noting is a worker that keeps the losses of rows.
type noting struct {
	logistic[float64]
	loss map[int]float64
}

func (k *noting) Shard(w, grad []float64, t *Table, rows []int, key Key, out *ShardResult) {
	k.logistic.Shard(w, grad, t, rows, key, out)
	for i, row := range rows {
		k.loss[row] = out.Losses[i]
	}
}

// failing is a worker that fails at a row, from some time on.
type failing struct {
	logistic[float64]
	row *int
}

func (k *failing) Shard(w, grad []float64, t *Table, rows []int, key Key, out *ShardResult) {
	k.failRow = *k.row
	k.logistic.Shard(w, grad, t, rows, key, out)
}

// TestOlderCheckpoint: one without efforts is resumed as if no row had been seen, and one whose efforts are no such numbers is refused.
func TestOlderCheckpoint(t *testing.T) {
	begin := func(ordered bool) string {
		dir := t.TempDir()
		w := make([]float32, 3)
		obj := unevenObjective[float32](-1)
		obj.Uneven = ordered
		r := resumeRecipes["adam"]
		r.Name = "adam"
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if _, err := Train(ctx, w, logisticLayout, &r, obj, resumeTables(t), TrainOptions{RunDir: dir, Events: &stopAt{4, cancel}}); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		return filepath.Join(dir, "checkpoints", lastName)
	}
	resume := func(path string) (*trainer[float32], error) {
		r := resumeRecipes["adam"]
		r.Name = "adam"
		return newTrainer(make([]float32, 3), logisticLayout, &r, unevenObjective[float32](-1), resumeTables(t), TrainOptions{Resume: path})
	}
	old, err := resume(begin(false))
	if err != nil {
		t.Fatal(err)
	}
	if slices.Max(old.order.known) != 0 {
		t.Error("rows have been seen")
	}
	path := begin(true)
	c, err := readCheckpoint(path)
	if err != nil {
		t.Fatal(err)
	}
	now, err := resume(path)
	if err != nil {
		t.Fatal(err)
	}
	if slices.Min(now.order.known) < 3 {
		t.Error("rows have not been seen")
	}
	for _, x := range []float64{-1, 0.5, math.NaN(), math.Inf(1), 2 * mostEffort} {
		for i := range c.tensors {
			if c.tensors[i].Name == effortsName {
				c.tensors[i].Data[5] = x
			}
		}
		if err := now.load(c); !errors.Is(err, ErrCheckpoint) {
			t.Errorf("effort %v: %v", x, err)
		}
	}
}
