package moons_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"ndec.dev/ndec/generated/moons"
	"ndec.dev/ndec/rt"
)

var update = flag.Bool("update", false, "train testdata/weights.safetensors again")

const weightsFile = "testdata/weights.safetensors"

// flat lists the parameters.
func flat(p *moons.Params) []moons.Real {
	return slices.Concat(p.F0Weight[:], p.F0Bias[:], p.F2Weight[:], p.F2Bias[:])
}

// trainAll runs the recipes in the order of the data.
func trainAll(t *testing.T, p *moons.Params) {
	t.Helper()
	for _, train := range []func(context.Context, *moons.Params, rt.TrainOptions) (*rt.TrainResult, error){moons.TrainFit, moons.TrainFitTiny, moons.TrainFitHyper} {
		if _, err := train(context.Background(), p, rt.TrainOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWeights trains with -update, and sees that the committed weights classify fresh points.
func TestWeights(t *testing.T) {
	if *update {
		p := moons.NewParams(42)
		trainAll(t, p)
		if err := p.SaveFile(weightsFile); err != nil {
			t.Fatal(err)
		}
	}
	p := new(moons.Params)
	if err := p.LoadFile(weightsFile); err != nil {
		t.Fatal(err)
	}
	data, err := rt.Moons{N: 4096, Noise: 0.1, Seed: 7}.Load(".", []rt.ColumnSpec{{Name: "x", Shape: []int{2}}, {Name: "y", Classes: 2}})
	if err != nil {
		t.Fatal(err)
	}
	x := rt.Convert[moons.Real](data.Columns[0].Data)
	scores := make([]moons.Real, len(x))
	if err := moons.NewMoons(p).Batch(context.Background(), scores, x, nil); err != nil {
		t.Fatal(err)
	}
	right := 0
	for i, y := range data.Columns[1].Data {
		if (scores[2*i+1] > scores[2*i]) == (y == 1) {
			right++
		}
	}
	if acc := float64(right) / float64(data.Rows); acc < 0.99 {
		t.Errorf("accuracy %g on fresh points, want at least 0.99", acc)
	}
}

// TestSameBits trains with several numbers of threads, and twice with one: the weights are the same bits.
func TestSameBits(t *testing.T) {
	train := func(workers, procs int) []moons.Real {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		p := moons.NewParams(42)
		if _, err := moons.TrainFit(context.Background(), p, rt.TrainOptions{Epochs: 5, Workers: workers}); err != nil {
			t.Fatal(err)
		}
		return flat(p)
	}
	want := train(1, 1)
	if slices.Equal(want, flat(moons.NewParams(42))) {
		t.Fatal("training changes nothing")
	}
	for _, n := range []struct{ workers, procs int }{{1, 1}, {2, 2}, {7, 7}, {7, 2}, {0, 3}} {
		got := train(n.workers, n.procs)
		for i := range want {
			if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
				t.Errorf("%d workers on %d threads: weight %d is %x, want %x", n.workers, n.procs, i, math.Float32bits(got[i]), math.Float32bits(want[i]))
				break
			}
		}
	}
}

// waiting is a worker that adds up what the rows of its shards take, and what they would if all took as much as the one that takes the most.
type waiting struct {
	rt.Worker[moons.Real]
	work, wait *int
}

func (k *waiting) Shard(w, grad []moons.Real, t *rt.Table, rows []int, key rt.Key, out *rt.ShardResult) {
	most := 0
	out.Record = func(st []rt.SolveStats, _ []rt.Site, _ int) {
		most, *k.work = max(most, st[0].NFE), *k.work+st[0].NFE
	}
	k.Worker.Shard(w, grad, t, rows, key, out)
	*k.wait += most * len(rows)
}

// TestOrder trains with rows in order of their steps and without: shards wait less for their last row, and the losses are the same to rounding.
func TestOrder(t *testing.T) {
	e := moons.Program().Recipes[0]
	e.Recipe.Batch = 256 // rows of a whole batch are as they lie along the moons: neighbours take as many steps
	if !e.Objective.Uneven {
		t.Fatal("the samples of an adaptive solve take different numbers of steps")
	}
	train := func(ordered bool) (losses []float64, work, wait int) {
		obj := e.Objective
		obj.Uneven = ordered
		obj.NewWorker = func() rt.Worker[moons.Real] { return &waiting{e.Objective.NewWorker(), &work, &wait} }
		p := moons.Program()
		w := make([]moons.Real, rt.LayoutLen(p.Layout))
		rt.InitParams(w, p.Layout, e.Recipe.Seed)
		tables, err := rt.LoadTables("", &e.Recipe, p.Data, p.Layout)
		if err != nil {
			t.Fatal(err)
		}
		tables.Test = nil
		if _, err := rt.Train(context.Background(), w, p.Layout, &e.Recipe, &obj, tables, rt.TrainOptions{Epochs: 30, Workers: 1, Events: &heard{losses: &losses}}); err != nil {
			t.Fatal(err)
		}
		return losses, work, wait
	}
	before, work, wait := train(false)
	after, workInOrder, waitInOrder := train(true)
	for i, x := range before {
		if math.Abs(after[i]-x) > 1e-4*x {
			t.Errorf("step %d: loss %v in order, %v without", i, after[i], x)
		}
	}
	if lost, left := float64(wait)/float64(work)-1, float64(waitInOrder)/float64(workInOrder)-1; left > 0.7*lost {
		t.Errorf("rows wait %.3f of the time in order, %.3f without", left, lost)
	}
}

// heard takes the losses of steps.
type heard struct{ losses *[]float64 }

func (h *heard) OnStep(i *rt.StepInfo) { *h.losses = append(*h.losses, i.Loss) }
func (h *heard) OnEpoch(*rt.StepInfo)  {}
func (h *heard) OnEval(*rt.EvalInfo)   {}
func (h *heard) OnEnd(*rt.TrainResult) {}

// TestSameRows sees that the result of a row depends neither on its neighbours nor on the workers, and that
// Forward agrees.
func TestSameRows(t *testing.T) {
	m := moons.NewMoons(moons.NewParams(1))
	x, _ := points(1000)
	want := make([]moons.Real, len(x))
	if err := m.Batch(context.Background(), want, x, nil, rt.Workers(1)); err != nil {
		t.Fatal(err)
	}
	for _, workers := range []int{2, 7} {
		got := make([]moons.Real, len(x))
		if err := m.Batch(context.Background(), got, x, nil, rt.Workers(workers)); err != nil || !slices.Equal(got, want) {
			t.Errorf("%d workers give other rows, %v", workers, err)
		}
	}
	for _, n := range []int{1, 2, 63, 65} {
		got := make([]moons.Real, 2*n)
		if err := m.Batch(context.Background(), got, x[200:200+2*n], nil); err != nil || !slices.Equal(got, want[200:200+2*n]) {
			t.Errorf("rows in a batch of %d differ, %v", n, err)
		}
	}
	for i := range 50 {
		y, err := m.Forward([2]moons.Real(x[2*i:]))
		// A batch may be computed by vector instructions, which round products and sums together.
		if err != nil || !near(y[0], want[2*i]) || !near(y[1], want[2*i+1]) {
			t.Errorf("Forward of row %d is %v, in a batch %v, %v", i, y, want[2*i:2*i+2], err)
		}
	}
}

// TestFastSmall: with that option a small batch is within rounding of Forward, a larger one has the bits that it has without.
func TestFastSmall(t *testing.T) {
	m := moons.NewMoons(moons.NewParams(1))
	ctx := context.Background()
	for _, n := range []int{1, 3, 7, 12, 13, 40} {
		x, fast := points(n)
		plain := make([]moons.Real, len(x))
		var stats rt.BatchStats
		if err := m.Batch(ctx, fast, x, &stats, rt.FastSmall(), rt.Workers(2)); err != nil {
			t.Fatal(err)
		}
		if err := m.Batch(ctx, plain, x, nil); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			want, got := [2]moons.Real(plain[2*i:]), [2]moons.Real(fast[2*i:])
			same := got == want
			if n < 13 {
				var err error
				if want, err = m.Forward([2]moons.Real(x[2*i:])); err != nil {
					t.Fatal(err)
				}
				same = near(got[0], want[0]) && near(got[1], want[1])
			}
			if !same || stats.Sites[0].NFE[i] == 0 {
				t.Errorf("row %d of %d is %v, want %v", i, n, got, want)
			}
		}
	}
}

func near(x, y moons.Real) bool { return math.Abs(float64(x-y)) <= 1e-6*max(1, math.Abs(float64(y))) }

// points lists n inputs, and gives room for the outputs.
func points(n int) (x, out []moons.Real) {
	x = make([]moons.Real, 2*n)
	for i := range x {
		x[i] = moons.Real(2 * math.Sin(float64(3*i*i+i)))
	}
	return x, make([]moons.Real, 2*n)
}

// TestNoAllocation: Forward never allocates, Batch not after its first call.
func TestNoAllocation(t *testing.T) {
	m := moons.NewMoons(moons.NewParams(1))
	if n := testing.AllocsPerRun(100, func() {
		if _, err := m.Forward([2]moons.Real{0.3, -0.5}); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("Forward allocates %g times", n)
	}
	x, out := points(512)
	var stats rt.BatchStats
	ctx := context.Background()
	for _, workers := range []int{1, 3} {
		if n := testing.AllocsPerRun(20, func() {
			if err := m.Batch(ctx, out, x, &stats, rt.Workers(workers)); err != nil {
				t.Error(err)
			}
		}); n != 0 {
			t.Errorf("Batch with %d workers allocates %g times", workers, n)
		}
	}
}

// TestFailure: a field that is not finite ends with a status that says where, and a training run that fails
// leaves the weights as they were before the step.
func TestFailure(t *testing.T) {
	p := moons.NewParams(1)
	p.F2Bias[0] = moons.Real(math.NaN())
	_, err := moons.NewMoons(p).Forward([2]moons.Real{1, 1})
	var failed *rt.SolveError
	if !errors.As(err, &failed) || failed.Status != rt.NonFinite {
		t.Errorf("Forward of a field that is NaN gives %v", err)
	}
	if err != nil && !strings.Contains(err.Error(), "moons.nde:19") {
		t.Errorf("the error does not name the line: %v", err)
	}
	before := flat(p)
	_, err = moons.TrainFit(context.Background(), p, rt.TrainOptions{Epochs: 1})
	if !errors.As(err, &failed) {
		t.Errorf("training gives %v", err)
	}
	for i, w := range flat(p) {
		if math.Float32bits(w) != math.Float32bits(before[i]) {
			t.Errorf("weight %d is %v after a failed step, was %v", i, w, before[i])
		}
	}
}

func ExampleParams_Named() {
	p := moons.NewParams(42)
	for name, v := range p.Named() {
		fmt.Println(name, v.Shape)
	}
	// Output:
	// f.0.weight [16 2]
	// f.0.bias [16]
	// f.2.weight [2 16]
	// f.2.bias [2]
	// tiny.0.weight [2 5]
	// tiny.0.bias [2]
	// g.0.weight [64 5]
	// g.0.bias [64]
	// g.1.weight [1]
	// g.2.weight [64 64]
	// g.2.bias [64]
	// g.3.weight [1]
	// g.4.weight [2 64]
	// g.4.bias [2]
}
