package rt

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// logistic stands in for a generated package: two weights, a bias, the loss
// log(1+e^z) - y z.
var logisticLayout = []Tensor{
	{Name: "f.0.weight", Shape: []int{1, 2}, Init: Init{Kind: LinearDefault, FanIn: 2}, Net: "f"},
	{Name: "f.0.bias", Shape: []int{1}, Offset: 2, Init: Init{Kind: LinearDefault, FanIn: 2}, Net: "f"},
}

type logistic[R Float] struct {
	failRow int
	uneven  bool // evaluations differ by row and step, so that the order of rows matters
	st      [1]SolveStats
	sites   [1]Site
}

func (l *logistic[R]) Shard(w, grad []R, t *Table, rows []int, key Key, out *ShardResult) {
	x, y := &t.Columns[t.Index("x")], &t.Columns[t.Index("y")]
	for i, r := range rows {
		if r == l.failRow {
			out.Fail(&SolveError{Row: r, Status: MaxSteps, Where: "m.nde:3", Solve: "Flow"})
			continue
		}
		a, b, label := R(x.Row(r)[0]), R(x.Row(r)[1]), R(y.Data[r])
		z := R(w[0]*a) + R(w[1]*b) + w[2]
		loss := Softplus64(float64(z)) - float64(label*z)
		out.Loss += loss
		if out.Losses != nil {
			out.Losses[i] = loss
		}
		if (z > 0) == (label == 1) {
			out.Metrics[0]++
		}
		l.st[0].NFE = 3
		if l.uneven {
			l.st[0].NFE += int(unevenRow(r, key.Step))
		}
		out.Count(l.st[:], l.sites[:], r, r, nil)
		if grad != nil {
			d := R(Sigmoid64(float64(z))) - label
			grad[0] += R(d * a)
			grad[1] += R(d * b)
			grad[2] += d
		}
	}
}

func logisticObjective[R Float](failRow int) *Objective[R] {
	return &Objective[R]{Name: "Fit", Metrics: []string{"acc"}, Columns: []string{"x", "y"},
		NewWorker: func() Worker[R] { return &logistic[R]{failRow: failRow} }}
}

var pointCols = []ColumnSpec{{Name: "x", Shape: []int{2}}, {Name: "y", Classes: 2}}

func moonTable(t testing.TB, n int) *Table {
	t.Helper()
	table, err := Moons{N: n, Noise: 0.1, Seed: 1}.Load("", pointCols)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func fit[R Float](t *testing.T, workers int, opt TrainOptions) ([]R, *TrainResult) {
	t.Helper()
	w := make([]R, 3)
	InitParams(w, logisticLayout, 42)
	r := &Recipe{Name: "Fit", Batch: 300, Epochs: 40, Optimizer: Adam{LR: 0.05, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}, Schedule: Cosine{To: 0.001}, Clip: Clip{ClipNorm, 1}, Seed: 3, Keep: Keep{On: "val.loss"}}
	opt.Workers = workers
	all := moonTable(t, 1001).SplitRandom(9, 0.8, 0.2)
	res, err := Train(context.Background(), w, logisticLayout, r, logisticObjective[R](-1), Tables{Train: all[0], Val: all[1], Test: all[1]}, opt)
	if err != nil {
		t.Fatal(err)
	}
	return w, res
}

func TestTrainIsTheSameForAnyWorkers(t *testing.T) {
	w1, r1 := fit[float32](t, 1, TrainOptions{})
	if r1.Test.Metrics["acc"] < 0.8 || r1.Steps != 40*3 || r1.NFE != 3 {
		t.Errorf("result %+v, test %+v", r1, r1.Test)
	}
	for _, workers := range []int{1, 2, 7} {
		w, r := fit[float32](t, workers, TrainOptions{})
		if fmt.Sprint(w) != fmt.Sprint(w1) || math.Float64bits(r.Loss) != math.Float64bits(r1.Loss) {
			t.Errorf("%d workers: %v, loss %v; want %v, %v", workers, w, r.Loss, w1, r1.Loss)
		}
	}
}

func TestTrainDoesNotAllocatePerStep(t *testing.T) {
	w := make([]float64, 3)
	r := &Recipe{Name: "Fit", Batch: 200, Steps: 1000, Optimizer: DefaultAdam()}
	tr, err := newTrainer(w, logisticLayout, r, logisticObjective[float64](-1), Tables{Train: moonTable(t, 512)}, TrainOptions{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := tr.step(i); err != nil {
			t.Fatal(err)
		}
	}
	i := 3
	if n := testing.AllocsPerRun(50, func() {
		if err := tr.step(i); err != nil {
			t.Fatal(err)
		}
		i++
	}); n > 0 {
		t.Errorf("%v allocations per step", n)
	}
}

func TestTrainStopsAtFailedSample(t *testing.T) {
	for _, full := range []int{0, 100} {
		w := []float64{0, 0, 0}
		r := &Recipe{Name: "Fit", Batch: full, Epochs: 3, Optimizer: DefaultSGD()}
		_, err := Train(context.Background(), w, logisticLayout, r, logisticObjective[float64](77), Tables{Train: moonTable(t, 200)}, TrainOptions{})
		var e *SolveError
		if !errors.As(err, &e) || e.Row != 77 || !errors.Is(err, ErrMaxSteps) {
			t.Errorf("batch %d: %v", full, err)
		}
	}
	nan := moonTable(t, 200)
	nan.Columns[0].Data[2*131] = math.NaN()
	_, err := Train(context.Background(), make([]float64, 3), logisticLayout, &Recipe{Name: "Fit", Epochs: 1, Optimizer: DefaultSGD()}, logisticObjective[float64](-1), Tables{Train: nan}, TrainOptions{})
	var e *SolveError
	if !errors.As(err, &e) || e.Row != 131 || !errors.Is(err, ErrNonFinite) {
		t.Errorf("NaN data: %v", err)
	}
}

func TestCancelledTrainingLeavesCheckpoint(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	w := []float64{1, 2, 3}
	res, err := Train(ctx, w, logisticLayout, &Recipe{Name: "Fit", Epochs: 5, Optimizer: DefaultAdam()}, logisticObjective[float64](-1), Tables{Train: moonTable(t, 64)}, TrainOptions{RunDir: dir})
	if !errors.Is(err, context.Canceled) || res.Stopped != "interrupted" {
		t.Errorf("%v, %+v", err, res)
	}
	back := make([]float64, 3)
	if err := LoadFile(filepath.Join(dir, "checkpoints", "last", "weights.safetensors"), back, logisticLayout); err != nil || back[2] != 3 {
		t.Errorf("%v %v", err, back)
	}
}

func TestRunFolder(t *testing.T) {
	dir := t.TempDir()
	w, _ := fit[float32](t, 2, TrainOptions{RunDir: dir, Version: "v0"})
	for _, name := range []string{"metrics.csv", "metrics.jsonl", "summary.json", "checkpoints/last/train.safetensors", "checkpoints/last/state.json"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || len(b) == 0 {
			t.Errorf("%s: %v", name, err)
		}
		if name == "metrics.jsonl" {
			lines := bytes.Split(bytes.TrimSpace(b), []byte("\n"))
			if len(lines) != 40 {
				t.Errorf("%d lines", len(lines))
			}
			for _, l := range lines {
				var m map[string]float64
				if err := json.Unmarshal(l, &m); err != nil || m["val.acc"] == 0 {
					t.Errorf("%s: %v", l, err)
				}
			}
		}
	}
	back := make([]float32, 3)
	if err := LoadFile(filepath.Join(dir, "weights.safetensors"), back, logisticLayout); err != nil || fmt.Sprint(back) != fmt.Sprint(w) {
		t.Errorf("%v: %v, want %v", err, back, w)
	}
}

// Nodes are reused from sum to sum, and only the trained parameters are cleared and added.
func TestReductionIsTheFixedTree(t *testing.T) {
	r := reduction[float32]{params: 5, spans: []span{{1, 2}, {4, 5}}}
	for n := 1; n < 40; n++ {
		parts := make([]float32, n)
		r.start(n)
		for i := range parts {
			parts[i] = 1 / float32(3+i)
		}
		order := make([]int, n)
		Permute(order, uint64(n), 0)
		for _, i := range order {
			k := r.take()
			k.grad[1] += parts[i]
			k.grad[4] -= parts[i]
			r.put(i, k)
		}
		want := TreeSum(parts)
		if got := r.root.grad; !slices.Equal(got, []float32{0, want, 0, 0, -want}) {
			t.Errorf("n=%d: %v, want %v", n, got, want)
		}
	}
}
