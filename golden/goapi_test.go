package golden

import (
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/golden/emittest"
	"ndec.dev/ndec/ir/plan"
)

// called is a program whose generated package goAPIMain calls as users do.
const called = `package called

net f(x [2]real, k [3]real) [2]real {
	return concat(x, k) |> Linear(4) |> tanh |> Linear(2)
}

system Arm {
	state q [2]real
	context k [3]real
	der(q) = f(q, k)
}

model Move(q [2]real [m], k label[3]) (end [2]real [m]) {
	return solve(Arm{q: q, k: onehot(k)}, over: 0..1, with: rk4{steps: 4}).q
}

system Cart {
	state x real
	input u real
	der(x) = u
}

model Drive(ks [3]time, us [3]real, x real) (end real) {
	return solve(Cart{x: x, u: signal(ks, us)}, over: 0..1, with: rk4{steps: 4}).x
}

// Twice calls a model, whose times are its own.
model Twice(ks [3]time, us [3]real) (end real) {
	return Drive(ks, us, Drive(ks, us, 0))
}

// Grouped takes steps of one length for all rows.
model Grouped(ks [3]time, us [3]real, k label[3]) (end real) {
	return solve(Cart{x: onehot(k)[1], u: signal(ks, us)}, over: 0..1, with: dopri5{rtol: 1e-5, atol: 1e-5, step_group: batch}).x
}

// Score has no solve.
model Score(k, l label[3]) (both [3]real, same real) {
	return onehot(k) + onehot(l), dot(onehot(k), onehot(l))
}

data Rides {
	ks [3]time
	us [3]real
	end real
	source: csv{path: "there_is_none.csv"}
}

train Ride {
	data: Rides
	batch: 2
	epochs: 1
	optimizer: sgd{lr: 0.1}
	minimize (Drive(ks, us, bias()) - end)^2
}

net bias() real {
	param b real = 0
	return b
}

data Log {
	q, goal [2]real
	k label[3]
	note real
	source: csv{path: "there_is_none.csv"}
}

train Fit {
	data: Log
	batch: 8
	epochs: 4
	optimizer: adam{lr: 0.05}
	minimize mse(Move(q, k), goal)
	seed: 1
}
`

const goAPIMain = `package main

import (
	"context"
	"errors"
	"log"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"ndec.dev/ndec/called"
	"ndec.dev/ndec/rt"
)

func want(what string, err, is error, text string) {
	if !errors.Is(err, is) || !strings.Contains(err.Error(), text) {
		log.Fatalf("%s: %v, want %q", what, err, text)
	}
}

// refusedRows has bad rows in batches: of a model without a solve, one in lanes, one whose rows go together, and beside a solve that fails.
func refusedRows(p *called.Params) {
	ctx := context.Background()
	var stats rt.BatchStats
	out := called.ScoreBatchOutput{Both: make([]float32, 12), Same: make([]float32, 4)}
	err := called.NewScore(p).Batch(ctx, out, called.ScoreBatchInput{K: []int32{0, 1, 3, 2}, L: []int32{0, -1, 7, 1}}, &stats)
	want("Score", err, rt.ErrData, "l, row 1: -1 is not a label 0..2")
	if len(stats.Refused) != 2 || stats.Refused[2].Error() != "k, row 2: 3 is not a label 0..2: bad data" {
		log.Fatal("Score: ", stats.Refused)
	}
	for i, x := range []float32{2, 0, 0, -1, -1, -1, -1, -1, -1, 0, 1, 1} {
		if got := out.Both[i]; x >= 0 && got != x || x < 0 && got == got {
			log.Fatal("Score: ", out)
		}
	}
	if err := called.NewScore(p).Batch(ctx, out, called.ScoreBatchInput{K: make([]int32, 4), L: make([]int32, 4)}, &stats); err != nil || stats.Refused != nil {
		log.Fatal("Score: ", err, stats.Refused)
	}

	const n = 100
	ks, us, xs, k := make([]float64, 3*n), make([]float32, 3*n), make([]float32, n), make([]int32, n)
	for i := range n {
		copy(ks[3*i:], []float64{0, 0.3, 1})
		copy(us[3*i:], []float32{1, float32(i), 2})
		xs[i], k[i] = float32(i)/n, int32(i%3)
	}
	batches := map[string]func(ks []float64, us, xs []float32, k []int32, stats *rt.BatchStats) ([]float32, error){
		"Drive": func(ks []float64, us, xs []float32, k []int32, stats *rt.BatchStats) ([]float32, error) {
			out := make([]float32, len(xs))
			return out, called.NewDrive(p).Batch(ctx, out, called.DriveBatchInput{Ks: ks, Us: us, X: xs}, stats)
		},
		"Grouped": func(ks []float64, us, xs []float32, k []int32, stats *rt.BatchStats) ([]float32, error) {
			out := make([]float32, len(xs))
			return out, called.NewGrouped(p).Batch(ctx, out, called.GroupedBatchInput{Ks: ks, Us: us, K: k}, stats)
		},
	}
	for name, batch := range batches {
		const first, second = 40, 97
		without := func(x []float32) []float32 {
			w := len(x) / n
			return slices.Concat(x[:first*w], x[(first+1)*w:second*w], x[(second+1)*w:])
		}
		for _, infinite := range []int{-1, 7, 50} {
			if infinite >= 0 && name == "Grouped" { // whose rows have a step of one length, and fail together
				continue
			}
			bad, us := slices.Clone(ks), slices.Clone(us)
			bad[3*first+1], bad[3*second] = 2, math.NaN()
			if infinite >= 0 {
				us[3*infinite+1] = float32(math.Inf(1))
			}
			var all, few rt.BatchStats
			got, err := batch(bad, us, xs, k, &all)
			ks := make([]float64, 3*(n-2))
			for i := range n - 2 {
				copy(ks[3*i:], []float64{0, 0.3, 1})
			}
			classes := slices.Concat(k[:first], k[first+1:second], k[second+1:])
			fine, fineErr := batch(ks, without(us), without(xs), classes, &few)
			var failed *rt.SolveError
			switch {
			case infinite == 7 && (!errors.As(err, &failed) || failed.Sample != 7):
				log.Fatal(name, ": ", err)
			case infinite != 7:
				want(name, err, rt.ErrBadTimes, "ks, row 40: ")
			}
			if (fineErr != nil) != (infinite >= 0) || got[first] == got[first] || got[second] == got[second] {
				log.Fatal(name, ": ", fineErr, got)
			}
			for i, x := range without(got) {
				if math.Float32bits(x) != math.Float32bits(fine[i]) {
					log.Fatal(name, ": row ", i, " of those that are left is ", x, ", ", fine[i], " without the others")
				}
			}
			st, of := &all.Sites[0], &few.Sites[0]
			if st.Status[first] != rt.BadTimes || st.Status[second] != rt.BadTimes || st.NFE[first] != 0 || len(all.Refused) != 2 ||
				!slices.Equal(of.NFE, slices.Concat(st.NFE[:first], st.NFE[first+1:second], st.NFE[second+1:])) ||
				!slices.Equal(of.Status, slices.Concat(st.Status[:first], st.Status[first+1:second], st.Status[second+1:])) {
				log.Fatal(name, ": ", all, few)
			}
		}
	}
}

func main() {
	log.SetFlags(0)
	ctx := context.Background()
	p := called.NewParams(1)
	m := called.NewMove(p)

	// Labels.
	for _, k := range []int32{-1, 3, 1 << 30} {
		_, err := m.Forward(called.MoveInput{K: k})
		want("Forward", err, rt.ErrData, "is not a label 0..2")
		ks := make([]int32, 40)
		ks[37] = k
		want("Batch", m.Batch(ctx, make([]float32, 80), called.MoveBatchInput{Q: make([]float32, 80), K: ks}, nil), rt.ErrData, "k, row 37: ")
	}

	// Times of signals.
	for _, ks := range [][3]float64{{0, 0.5, 0.4}, {0, math.NaN(), 1}, {1, 0.5, 0}} {
		_, err := called.NewDrive(p).Forward(called.DriveInput{Ks: ks})
		want("Drive", err, rt.ErrBadTimes, "ks, row 0: ")
		_, err = called.NewTwice(p).Forward(called.TwiceInput{Ks: ks})
		want("Twice", err, rt.ErrBadTimes, "ks, row 0: ")
		_, err = called.NewDrive(p).Trajectory(ctx, called.DriveInput{Ks: ks}, nil)
		want("Trajectory", err, rt.ErrBadTimes, "ks, row 0: ")
		rides := called.NewRidesTable(3)
		copy(rides.Columns[0].Data, []float64{0, 0.5, 1, 0, 0.5, 1})
		copy(rides.Columns[0].Row(2), ks[:])
		in := called.DriveBatchInput{Ks: rides.Columns[0].Data, Us: make([]float32, 9), X: make([]float32, 3)}
		want("rows of Drive", called.NewDrive(p).Batch(ctx, make([]float32, 3), in, nil), rt.ErrBadTimes, "ks, row 2: ")
		_, err = called.RideLossGrad(ctx, p, rides, new(called.Params))
		want("Ride", err, rt.ErrBadTimes, "ks, row 2: ")
	}
	if end, err := called.NewTwice(p).Forward(called.TwiceInput{Ks: [3]float64{0, 0.5, 0.5}, Us: [3]float32{1, 1, 1}}); err != nil || math.Abs(float64(end)-2) > 1e-6 {
		log.Fatal("equal times: ", end, err)
	}

	// Rows with such inputs fail as those do whose solves fail: the others are as they are without them.
	refusedRows(p)

	// Results lie where nothing else does.
	mem := make([]float32, 3*80)
	in := called.MoveBatchInput{Q: mem[:80], K: make([]int32, 40)}
	for _, lo := range []int{0, 1, 79} {
		want("in place", m.Batch(ctx, mem[lo:lo+80], in, nil), rt.ErrShape, "end and q share memory")
	}
	if err := m.Batch(ctx, mem[80:160], in, nil); err != nil {
		log.Fatal(err)
	}

	// Loss and gradient of tables.
	const n = 24
	rows := called.NewLogTable(n)
	for i := range n {
		rows.Columns[rows.Index("q")].Row(i)[0] = float64(i) / n
		rows.Columns[rows.Index("goal")].Row(i)[1] = 1
		rows.Columns[rows.Index("k")].Row(i)[0] = float64(i % 3)
	}
	grad := new(called.Params)
	before, err := called.FitLossGrad(ctx, p, rows, grad)
	if err != nil || before <= 0 || *grad == *new(called.Params) {
		log.Fatal("gradient: ", before, err)
	}
	bad := func(what string, is error, text string, change func(t *rt.Table)) {
		t := rows.Select([]int{0, 1, 2})
		change(t)
		_, err := called.FitLossGrad(ctx, p, t, grad)
		want(what, err, is, text)
	}
	bad("rows", rt.ErrShape, "numbers for 4 rows", func(t *rt.Table) { t.Rows = 4 })
	bad("no rows", rt.ErrShape, "numbers for -1 rows", func(t *rt.Table) { t.Rows = -1 })
	bad("width", rt.ErrShape, "column \"q\" has a Width of 0, want 2", func(t *rt.Table) { t.Columns[t.Index("q")].Width = 0 })
	bad("column", rt.ErrShape, "column \"goal\" is missing", func(t *rt.Table) { t.Columns[t.Index("goal")].Name = "goals" })
	bad("label", rt.ErrData, "is not a label 0..2", func(t *rt.Table) { t.Columns[t.Index("k")].Data[2] = 3 })
	_, err = called.FitLossGrad(ctx, p, nil, grad)
	want("no table", err, rt.ErrData, "no rows")
	_, err = called.FitLossGrad(ctx, p, rows, nil)
	want("no gradient", err, rt.ErrShape, "gradient has 0 numbers")
	without := rows.Select([]int{0, 1, 2})
	without.Columns = slices.DeleteFunc(without.Columns, func(c rt.Column) bool { return c.Name == "note" })

	// Training on rows of the program, and a step by hand.
	res, err := called.TrainFit(ctx, p, rt.TrainOptions{Data: rows, Test: rows})
	if err != nil || res.Steps != 12 || res.Test == nil {
		log.Fatal(res, err)
	}
	after, err := called.FitLossGrad(ctx, p, rows, grad)
	if err != nil || after >= before || math.Abs(after-res.Test.Loss) > 1e-5*after {
		log.Fatal("training: ", before, after, res.Test.Loss, err)
	}
	w := p.Flat()
	for i, g := range grad.Flat() {
		w[i] -= 0.01 * g
	}
	by, err := called.FitLossGrad(ctx, p, rows, grad)
	if err != nil || by >= after {
		log.Fatal("a step: ", by, err)
	}

	// Another gradient has the memory of the one before it, and goroutines have memory of their own.
	if n := testing.AllocsPerRun(50, func() { _, _ = called.FitLossGrad(ctx, p, rows, grad) }); n > 4 {
		log.Fatal("a gradient allocates ", n, " times")
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for _, few := range []*rt.Table{rows.First(1), rows} {
				for range 20 {
					g := new(called.Params)
					switch loss, err := called.FitLossGrad(ctx, p, few, g); {
					case err != nil:
						log.Fatal(err)
					case few == rows && (loss != by || *g != *grad):
						log.Fatal("beside others the loss is ", loss, ", alone ", by)
					}
				}
			}
		})
	}
	all.Wait()
	for what, c := range map[string]struct {
		o    rt.TrainOptions
		is   error
		text string
	}{
		"own":   {rt.TrainOptions{}, nil, "there_is_none.csv"},
		"empty": {rt.TrainOptions{Data: called.NewLogTable(0)}, rt.ErrData, "has no rows"},
		"test":  {rt.TrainOptions{Test: rows}, rt.ErrOption, "Val and Test go with"},
		"other": {rt.TrainOptions{Data: without}, rt.ErrShape, "TrainOptions.Data, as a table of data Log: column \"note\" is missing"},
	} {
		_, err := called.TrainFit(ctx, p, c.o)
		if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.text) {
			log.Fatalf("%s: %v, want %q", what, err, c.text)
		}
	}
}
`

// TestGoAPI: the generated package checks what it is given, trains on rows of the program, and says in its documentation what types do not.
func TestGoAPI(t *testing.T) {
	t.Parallel()
	res, ds := driver.Compile(map[string]string{"called.nde": called}, driver.Options{})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	var text strings.Builder
	for _, f := range res.Out {
		text.Write(f.Text)
	}
	for _, want := range []string{"Q [2]Real // [m]", "K int32   // label 0..2", "Q []Real  // rows of 2, [m]", "end has rows of 2, [m].", "q[2], goal[2], k (label 0..2), note. Its numbers are in Columns[i].Data"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the package does not say %q", want)
		}
	}
	emittest.Program{Main: map[string][]byte{"main.go": []byte(goAPIMain)}, Packages: map[string][]plan.File{"called": res.Out}}.Run(t, nil)
}

// TestTakenNames: what would be declared twice in the generated package is an error of ndec, not of the go command.
func TestTakenNames(t *testing.T) {
	for _, name := range []string{"TrainFit", "FitLossGrad", "MoveInput", "MoveBatchInput"} {
		_, ds := driver.Compile(map[string]string{"called.nde": called + "\nmodel " + name + "(x real) (y real) {\n\treturn x\n}\n"}, driver.Options{})
		if len(ds) == 0 || ds[0].Code != "NDE0240" {
			t.Errorf("model %s: %v", name, ds)
		}
	}
	if _, ds := driver.Compile(map[string]string{"called.nde": called + "\nmodel LogTable(x real) (y real) {\n\treturn x\n}\n"}, driver.Options{}); len(ds) == 0 || ds[0].Code != "NDE0240" {
		t.Errorf("model LogTable: %v", ds)
	}
}
