package rt

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestEarly(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		stop   Early
		min    int
		values []float64
		at     int // epoch of the stop, 0 for none
	}{
		{Early{}, 0, []float64{1, 2, 3, 4}, 0},
		{Early{On: "loss", Patience: 2}, 0, []float64{3, 2, 2, 2, 1}, 4},
		{Early{On: "loss", Patience: 0}, 0, []float64{3, 2, 2}, 3},
		{Early{On: "loss", Patience: 2, MinDelta: 0.5}, 0, []float64{3, 2.8, 2.6, 2.4}, 3},
		{Early{On: "loss", Patience: 2, Mode: "max"}, 0, []float64{3, 4, 4, 5, 4, 4}, 6},
		{Early{On: "loss", Patience: 1}, 4, []float64{1, 2, 3, 4, 5}, 4},
		{Early{On: "loss", Patience: 2}, 0, []float64{nan, nan, 1, nan, nan}, 2},
		{Early{On: "loss", Patience: 9, Below: 0.5}, 0, []float64{2, 1, 0.4}, 3},
		{Early{On: "loss", Patience: 9, Above: 0.5, Mode: "max"}, 2, []float64{0.9, 0.9}, 2},
	} {
		tr := &trainer[float64]{recipe: &Recipe{Stop: c.stop, MinEpochs: c.min}, watch: newWatch()}
		at := 0
		for e, v := range c.values {
			tr.info.Epoch, tr.info.Loss = e, v
			if tr.watchFigures(true, nil) {
				at = e + 1
				break
			}
		}
		if at != c.at {
			t.Errorf("%+v over %v: stop in epoch %d, want %d", c.stop, c.values, at, c.at)
		}
	}
}

func TestPlateau(t *testing.T) {
	// As torch.optim.lr_scheduler.ReduceLROnPlateau with patience 2 and factor 0.5.
	tr := &trainer[float64]{recipe: &Recipe{Schedule: Warmup{Steps: 3, Then: Plateau{On: "loss", Gamma: 0.5, Patience: 2}}}, watch: newWatch()}
	want := []float64{1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25}
	for e, v := range []float64{2, 1, 1, 0.99999, 1, 1, 1, 1, 0.5, 0.6} {
		tr.info.Epoch, tr.info.Loss = e, v
		tr.watchFigures(true, nil)
		if float64(tr.watch.Rate) != want[e] {
			t.Errorf("epoch %d: factor %v, want %v", e+1, tr.watch.Rate, want[e])
		}
	}
}

// The best states are kept by rank, those at distances all of them, and a run anew begins with none.
func TestKeptCheckpoints(t *testing.T) {
	list := func(dir string) []string {
		entries, err := os.ReadDir(filepath.Join(dir, "checkpoints"))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	dir := t.TempDir()
	if _, _, err := run[float32](t, context.Background(), "every", TrainOptions{RunDir: dir}); err != nil {
		t.Fatal(err)
	}
	// 420 rows in steps of 200: three an epoch.
	want := []string{"epoch-2", "epoch-4", "epoch-6", "epoch-8", "last", "step-10", "step-15", "step-20", "step-25", "step-5"}
	if got := list(dir); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	for _, name := range want {
		if s, err := readCheckpoint(filepath.Join(dir, "checkpoints", name)); err != nil {
			t.Error(err)
		} else if n, _ := strconv.Atoi(strings.TrimLeft(name, "stepoch-")); name != "last" && s.Step != n && s.Step != 3*n {
			t.Errorf("%s is of step %d", name, s.Step)
		}
	}
	w, res, err := run[float32](t, context.Background(), "best of three", TrainOptions{RunDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	s, err := readCheckpoint(filepath.Join(dir, "checkpoints", "last"))
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"last"}
	for i, k := range s.Watch.Kept {
		names = append(names, k.Name)
		if i > 0 && float64(k.Value) < float64(s.Watch.Kept[i-1].Value) {
			t.Errorf("not by rank: %v", s.Watch.Kept)
		}
	}
	got := list(dir)
	slices.Sort(names)
	if !reflect.DeepEqual(got, names) || len(names) != 4 {
		t.Errorf("%v, want %v", got, names)
	}
	best := make([]float32, 3)
	if err := LoadFile(filepath.Join(dir, "checkpoints", s.Watch.Kept[0].Name, "weights.safetensors"), best, logisticLayout); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(best, w) || res.Val.Loss < float64(s.Watch.Kept[0].Value) {
		t.Errorf("the weights of the run %v are not those of its best checkpoint %v", w, best)
	}
}

func TestRank(t *testing.T) {
	w := newWatch()
	left := ""
	for i, v := range []float64{3, math.NaN(), 1, 3, 2, 5, 0} {
		if _, leaves := w.rank(strconv.Itoa(i), v, false, 3); leaves != "" {
			left += leaves
		}
	}
	if fmt.Sprint(w.Kept) != "[{6 0} {2 1} {4 2}]" || left != "30" {
		t.Errorf("%v, left %s", w.Kept, left)
	}
	w = newWatch()
	for i, v := range []float64{3, 1, 3, 2, 5} {
		w.rank(strconv.Itoa(i), v, true, 2)
	}
	if fmt.Sprint(w.Kept) != "[{4 5} {0 3}]" {
		t.Errorf("%v", w.Kept)
	}
}

// weightsAt remembers the weights after every step.
type weightsAt struct {
	stopAt
	w   []float64
	all [][]float64
}

func (s *weightsAt) OnStep(*StepInfo) { s.all = append(s.all, slices.Clone(s.w)) }

// The average is that of the formula over the weights of the steps, which it does not change, and it is what
// is validated, saved and left.
func TestAverage(t *testing.T) {
	train := func(average EMA, events *weightsAt, dir string) []float64 {
		events.w = make([]float64, 3)
		InitParams(events.w, logisticLayout, 42)
		r := Recipe{Name: "Fit", Batch: 100, Epochs: 3, Optimizer: SGD{LR: 1}, Average: average}
		tables := resumeTables(t)
		res, err := Train(context.Background(), events.w, logisticLayout, &r, logisticObjective[float64](-1), tables, TrainOptions{Events: events, RunDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		// Validation and test have the same rows here, and the test follows what is kept.
		if res.Val.Loss != res.Test.Loss {
			t.Errorf("validated %v, tested %v", res.Val.Loss, res.Test.Loss)
		}
		return events.w
	}
	var plain, averaged weightsAt
	dir := t.TempDir()
	train(EMA{}, &plain, "")
	got := train(EMA{0.9}, &averaged, dir)
	if !reflect.DeepEqual(plain.all, averaged.all) {
		t.Error("the average changes the steps")
	}
	want := slices.Clone(plain.all[0])
	for _, w := range plain.all[1:] {
		for i := range want {
			want[i] = 0.9*want[i] + 0.1*w[i]
		}
	}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-13 {
			t.Errorf("%v, want %v", got, want)
		}
	}
	for _, file := range []string{"weights.safetensors", "checkpoints/last/weights.safetensors"} {
		saved := make([]float64, 3)
		if err := LoadFile(filepath.Join(dir, file), saved, logisticLayout); err != nil || !slices.Equal(saved, got) {
			t.Errorf("%s holds %v, want %v (%v)", file, saved, got, err)
		}
	}
}

// Four batches of 50 are one of 200, bit for bit.
func TestAccumulate(t *testing.T) {
	train := func(r Recipe) []float32 {
		w := make([]float32, 3)
		InitParams(w, logisticLayout, 42)
		r.Name, r.Epochs, r.Optimizer = "Fit", 4, DefaultAdam()
		if _, err := Train(context.Background(), w, logisticLayout, &r, logisticObjective[float32](-1), resumeTables(t), TrainOptions{}); err != nil {
			t.Fatal(err)
		}
		return w
	}
	if a, b := train(Recipe{Batch: 50, Accumulate: 4}), train(Recipe{Batch: 200}); !slices.Equal(a, b) {
		t.Errorf("%v, want %v", a, b)
	}
	if a, b := train(Recipe{Batch: 50, Accumulate: math.MaxInt32}), train(Recipe{}); !slices.Equal(a, b) {
		t.Errorf("all rows: %v, want %v", a, b)
	}
}

func TestWatchedFiguresMustExist(t *testing.T) {
	tables := resumeTables(t)
	tables.Val = nil
	for _, r := range []Recipe{{Keep: Keep{On: "val.acc"}}, {Keep: Keep{On: "auc"}}, {Stop: Early{On: "val.loss"}}, {Schedule: Plateau{On: "val.f1"}}} {
		r.Name, r.Epochs, r.Optimizer = "Fit", 1, DefaultAdam()
		if _, err := Train(context.Background(), make([]float64, 3), logisticLayout, &r, logisticObjective[float64](-1), tables, TrainOptions{}); !errors.Is(err, ErrOption) {
			t.Errorf("%+v: %v", r, err)
		}
	}
}
