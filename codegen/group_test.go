package codegen_test

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/rt"
)

// together is a batch of three as samples that take steps of one length, and as one system, whose norm goes over all of them by itself.
const together = `package together

fn rate(x [2]real, t real) [2]real { return [x[1], -9*sin(x[0]) + cos(3*t)] }

system One {
	state x [2]real
	integral w = sqnorm(x)
	der(x) = rate(x, real(t))
}

system Three {
	state a, b, c [2]real
	integral w = sqnorm(a)
	der(a) = rate(a, real(t))
	der(b) = rate(b, real(t))
	der(c) = rate(c, real(t))
}

solver Batch = dopri5{rtol: 1e-5, first_step: 0.1, step_group: batch}
solver Largest = tsit5{rtol: 1e-5, first_step: 0.4, norm: max, control: pi, step_group: batch}
solver Chosen = dopri5{rtol: 1e-5, step_group: batch}

model Mean(x [2]real) (y [2]real, w real) {
	end := solve(One{x}, over: 0..2, with: Batch)
	return end.x, end.w
}

model Stacked(a, b, c [2]real) (a1, b1, c1 [2]real, w real) {
	end := solve(Three{a, b, c}, over: 0..2, with: dopri5{rtol: 1e-5, first_step: 0.1})
	return end.a, end.b, end.c, end.w
}

model Most(x [2]real) (y [2]real, w real) {
	first := solve(One{x}, over: 0..1, with: Largest)
	end := solve(One{x: first.x}, over: 1..2, with: Largest)
	return end.x, first.w + end.w
}

model StackedMost(a, b, c [2]real) (a1, b1, c1 [2]real, w real) {
	first := solve(Three{a, b, c}, over: 0..1, with: tsit5{rtol: 1e-5, first_step: 0.4, norm: max, control: pi})
	end := solve(Three{a: first.a, b: first.b, c: first.c}, over: 1..2, with: tsit5{rtol: 1e-5, first_step: 0.4, norm: max, control: pi})
	return end.a, end.b, end.c, first.w + end.w
}

model Guessed(x [2]real) (y [2]real, w real) {
	end := solve(One{x}, over: 0..2, with: Chosen)
	return end.x, end.w
}

model StackedGuessed(a, b, c [2]real) (a1, b1, c1 [2]real, w real) {
	end := solve(Three{a, b, c}, over: 0..2, with: dopri5{rtol: 1e-5})
	return end.a, end.b, end.c, end.w
}

net bend(x [2]real) [2]real { return x |> Linear(3) |> tanh |> Linear(2) }

system Net {
	state x [2]real
	der(x) = bend(x) + [x[1], -9*sin(x[0])]
}

system Nets {
	state a, b, c [2]real
	der(a) = bend(a) + [a[1], -9*sin(a[0])]
	der(b) = bend(b) + [b[1], -9*sin(b[0])]
	der(c) = bend(c) + [c[1], -9*sin(c[0])]
}

data Rows {
	x [2]real
	source: csv{path: "x.csv"}
}

data Row {
	a, b, c [2]real
	source: csv{path: "abc.csv"}
}

train Back {
	data: Rows
	batch: full
	epochs: 1
	optimizer: adam
	minimize sqnorm(solve(Net{x}, over: 0..2, with: dopri5{rtol: 1e-4, step_group: batch}).x)
}

train BackStacked {
	data: Row
	batch: full
	epochs: 1
	optimizer: adam
	end := solve(Nets{a, b, c}, over: 0..2, with: dopri5{rtol: 1e-4})
	minimize sqnorm(end.a) + sqnorm(end.b) + sqnorm(end.c)
}

train Adjoint {
	data: Rows
	batch: full
	epochs: 1
	optimizer: adam
	path := solve(Net{x}, from: 0, at: linspace(1, 2, 3), with: dopri5{rtol: 1e-4, step_group: batch, sensitivity: adjoint})
	minimize sum(path.x)
}

train AdjointStacked {
	data: Row
	batch: full
	epochs: 1
	optimizer: adam
	path := solve(Nets{a, b, c}, from: 0, at: linspace(1, 2, 3), with: dopri5{rtol: 1e-4, sensitivity: adjoint})
	minimize sum(path.a) + sum(path.b) + sum(path.c)
}

model Spans(x [2]real, from, to time) (y [2]real) {
	return solve(One{x}, over: from..to, with: Chosen).x
}

// Shots solves in a loop.
model Shots(x, z [2]real) (y [4, 2]real) {
	return multishoot(One{x: stack(x, x, z, z)}, at: linspace(0, 3, 4), group: 2, with: Chosen).x
}

model StackedShots(a, d, b, e, c, f [2]real) (a1, b1, c1 [4, 2]real) {
	end := multishoot(Three{a: stack(a, a, d, d), b: stack(b, b, e, e), c: stack(c, c, f, f)}, at: linspace(0, 3, 4), group: 2, with: dopri5{rtol: 1e-5})
	return end.a, end.b, end.c
}

// Ball bounces as often as its height has it.
system Ball {
	state q, v real
	der(q) = v
	der(v) = -9.81 - 0.1*tanh(push(q))
	when falling(q) {
		v = -0.8 * v
	}
}

net push(q real) real {
	param a real = 0.7
	param b real = -0.3
	return a*q + b
}

data Heights {
	q real
	source: csv{path: "q.csv"}
}

train Bounce {
	data: Heights
	batch: full
	epochs: 1
	optimizer: adam
	end := solve(Ball{q, v: 0}, over: 0..1, with: dopri5{rtol: 1e-7, atol: 1e-7, control: pi, step_group: batch})
	minimize end.q^2 + end.v
}

train BounceAdjoint {
	data: Heights
	batch: full
	epochs: 1
	optimizer: adam
	end := solve(Ball{q, v: 0}, over: 0..1, with: dopri5{rtol: 1e-7, atol: 1e-7, control: pi, step_group: batch, sensitivity: adjoint})
	minimize end.q^2 + end.v
}

train BounceWith {
	data: Heights
	batch: full
	epochs: 1
	optimizer: adam
	end := solve(Ball{q, v: 0}, over: 0..1, with: dopri5{rtol: 1e-7, atol: 1e-7, sensitivity: adjoint{with: tsit5{rtol: 1e-8, atol: 1e-8, step_group: batch}}})
	minimize end.q^2 + end.v
}

train Attacked {
	data: Rows
	batch: full
	adversary: pgd{on: x, radius: 0.3, steps: 3}
	epochs: 1
	optimizer: adam
	minimize sqnorm(solve(Net{x}, over: 0..2, with: dopri5{rtol: 1e-4, step_group: batch}).x)
}

net tiny(h real, x [2]real, dx [2]real) [2]real {
	return concat(x, dx, h) |> Linear(2, init: zeros)
}

hypersolver Fast for Net {
	base: euler{steps: 4}
	residual(x) = tiny(h, x, der(x))
}

train Fitted {
	data: Rows
	batch: full
	freeze: bend
	minimize residual_error(Fast, Net{x}, over: 0..2, reference: dopri5{rtol: 1e-4, step_group: batch})
	optimizer: lstsq
}

train FittedFine {
	data: Rows
	batch: full
	freeze: bend
	minimize residual_error(Fast, Net{x}, over: 0..2, reference: dopri5{rtol: 1e-9, atol: 1e-9})
	optimizer: lstsq
}
`

const togetherTest = `package together

import (
	"errors"
	"math"
	"testing"

	"ndec.dev/ndec/rt"
)

var xs = []Real{1, 0, 0.1, 0.2, 3, -2}

func TestTogether(t *testing.T) {
	p := NewParams(1)
	for range 3 {
		var stats, want rt.BatchStats
		y, w := make([]Real, 6), make([]Real, 3)
		if err := NewMean(p).Batch(t.Context(), MeanBatchOutput{Y: y, W: w}, xs, &stats); err != nil {
			t.Fatal(err)
		}
		s := StackedBatchOutput{make([]Real, 2), make([]Real, 2), make([]Real, 2), make([]Real, 1)}
		if err := NewStacked(p).Batch(t.Context(), s, StackedBatchInput{xs[:2], xs[2:4], xs[4:]}, &want); err != nil {
			t.Fatal(err)
		}
		check(t, y, w, s.A1, s.B1, s.C1, s.W, &stats, &want, 1e-12)
		if n := INTERPRETED; stats.Sites[0].NFE[0] != n {
			t.Errorf("%d evaluations, %d interpreted", stats.Sites[0].NFE[0], n)
		}
		if err := NewMost(p).Batch(t.Context(), MostBatchOutput{Y: y, W: w}, xs, &stats); err != nil {
			t.Fatal(err)
		}
		most := StackedMostBatchOutput(s)
		if err := NewStackedMost(p).Batch(t.Context(), most, StackedMostBatchInput{xs[:2], xs[2:4], xs[4:]}, &want); err != nil {
			t.Fatal(err)
		}
		check(t, y, w, s.A1, s.B1, s.C1, s.W, &stats, &want, 1e-10) // the other runs in lanes, whose powers differ in the last bit
		if err := NewGuessed(p).Batch(t.Context(), GuessedBatchOutput{Y: y, W: w}, xs, &stats); err != nil {
			t.Fatal(err)
		}
		for i, v := range []float64{ENDS} {
			if math.Abs(float64(y[i])-v) > 1e-12*(1+math.Abs(v)) {
				t.Errorf("number %d is %v, interpreted %v", i, y[i], v)
			}
		}
		guessed := StackedGuessedBatchOutput(s)
		if err := NewStackedGuessed(p).Batch(t.Context(), guessed, StackedGuessedBatchInput{xs[:2], xs[2:4], xs[4:]}, &want); err != nil {
			t.Fatal(err)
		}
		check(t, y, w, s.A1, s.B1, s.C1, s.W, &stats, &want, 1e-10)
	}
	// A sample alone is its own batch.
	var stats rt.BatchStats
	if err := NewMean(p).Batch(t.Context(), MeanBatchOutput{Y: make([]Real, 2), W: make([]Real, 1)}, xs[:2], &stats); err != nil {
		t.Fatal(err)
	}
	one, err := NewMean(p).Forward([2]Real{1, 0})
	if err != nil || math.IsNaN(float64(one.Y[0])) {
		t.Fatal(one, err)
	}
}

func check(t *testing.T, y, w, a, b, c, w1 []Real, got, want *rt.BatchStats, tol float64) {
	t.Helper()
	for i, x := range append(append(append([]Real(nil), a...), b...), c...) {
		if math.Abs(float64(y[i]-x)) > tol {
			t.Errorf("number %d is %v instead of %v", i, y[i], x)
		}
	}
	if math.Abs(float64(w[0]-w1[0])) > tol*10 {
		t.Errorf("integral %v instead of %v", w[0], w1[0])
	}
	for k, site := range got.Sites {
		for i := range site.NFE {
			o := want.Sites[k]
			if site.NFE[i] != o.NFE[0] || site.Accepted[i] != o.Accepted[0] || site.Rejected[i] != o.Rejected[0] || math.Abs(site.H[i]-o.H[0]) > tol || site.Rejected[i] == 0 {
				t.Errorf("solve %d, sample %d: %d evaluations, %d and %d steps, the last %v; %d, %d, %d, %v as one system", k, i, site.NFE[i], site.Accepted[i], site.Rejected[i], site.H[i], o.NFE[0], o.Accepted[0], o.Rejected[0], o.H[0])
			}
		}
	}
}

// TestRecipes: the gradient of a mini-batch that goes together is that of one system with all samples, and no threads are seen in its bits.
func TestRecipes(t *testing.T) {
	w := NewParams(1).Flat()
	rows := rt.NewTable([]rt.ColumnSpec{{Name: "x", Shape: []int{2}}}, 3)
	copy(rows.Columns[0].Data, xs)
	row := rt.NewTable([]rt.ColumnSpec{{Name: "a", Shape: []int{2}}, {Name: "b", Shape: []int{2}}, {Name: "c", Shape: []int{2}}}, 1)
	for i := range row.Columns {
		copy(row.Columns[i].Data, xs[2*i:2*i+2])
	}
	for _, c := range []struct {
		name      string
		of, whole *rt.Objective[Real]
		in, ins   func(weights []Real, t, out *rt.Table) error
	}{{"back", &backObjective, &backStackedObjective, backInputs, backStackedInputs}, {"adjoint", &adjointObjective, &adjointStackedObjective, adjointInputs, adjointStackedInputs}} {
		got, again, want := make([]Real, len(w)), make([]Real, len(w)), make([]Real, len(w))
		ev, err := rt.LossGrad(t.Context(), w, got, c.of, rows, 1, 2)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rt.LossGrad(t.Context(), w, again, c.of, rows, 1, 1); err != nil {
			t.Fatal(err)
		}
		one, err := rt.LossGrad(t.Context(), w, want, c.whole, row, 1, 1)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(3*ev.Loss-one.Loss) > 1e-9 || ev.NFE != one.NFE {
			t.Errorf("%s: loss %v by %v evaluations, as one system %v by %v", c.name, 3*ev.Loss, ev.NFE, one.Loss, one.NFE)
		}
		for i := range got {
			if math.Abs(float64(3*got[i]-want[i])) > 1e-8*(1+math.Abs(float64(want[i]))) || got[i] != again[i] {
				t.Errorf("%s: derivative %d is %v, as one system %v, by other threads %v", c.name, i, 3*got[i], want[i], again[i])
			}
		}
		bars, bar := rt.NewTable([]rt.ColumnSpec{{Name: "x", Shape: []int{2}}}, 3), rt.NewTable([]rt.ColumnSpec{{Name: "a", Shape: []int{2}}, {Name: "b", Shape: []int{2}}, {Name: "c", Shape: []int{2}}}, 1)
		if err := errors.Join(c.in(w, rows, bars), c.ins(w, row, bar)); err != nil {
			t.Fatal(err)
		}
		for i, x := range bars.Columns[0].Data {
			if y := bar.Columns[i/2].Data[i%2]; math.Abs(3*x-y) > 1e-8*(1+math.Abs(y)) {
				t.Errorf("%s: derivative by number %d is %v, as one system %v", c.name, i, 3*x, y)
			}
		}
	}
}

// Solves in a loop are those of one system with all samples.
func TestShots(t *testing.T) {
	xs, zs := []Real{1, 0, 0.1, 0.2, 3, -2}, []Real{0.5, 1, -1, 0.3, 0, 2}
	var stats, want rt.BatchStats
	y := make([]Real, 24)
	if err := NewShots(NewParams(1)).Batch(t.Context(), y, ShotsBatchInput{xs, zs}, &stats); err != nil {
		t.Fatal(err)
	}
	s := StackedShotsBatchOutput{make([]Real, 8), make([]Real, 8), make([]Real, 8)}
	if err := NewStackedShots(NewParams(1)).Batch(t.Context(), s, StackedShotsBatchInput{xs[:2], zs[:2], xs[2:4], zs[2:4], xs[4:], zs[4:]}, &want); err != nil {
		t.Fatal(err)
	}
	for i, x := range append(append(append([]Real(nil), s.A1...), s.B1...), s.C1...) {
		if math.Abs(float64(y[i]-x)) > 1e-10 {
			t.Errorf("number %d is %v instead of %v", i, y[i], x)
		}
	}
	for i := range 3 {
		if stats.Sites[0].NFE[i] != want.Sites[0].NFE[0] {
			t.Errorf("sample %d: %d evaluations, %d as one system", i, stats.Sites[0].NFE[i], want.Sites[0].NFE[0])
		}
	}
}

// Losses and gradients of batches with events and with an adversary are those of the interpreter.
func TestAsInterpreted(t *testing.T) {
	w := []Real{WEIGHTS}
	heights := rt.NewTable([]rt.ColumnSpec{{Name: "q", Shape: nil}}, 4)
	copy(heights.Columns[0].Data, []float64{HEIGHTS})
	rows := rt.NewTable([]rt.ColumnSpec{{Name: "x", Shape: []int{2}}}, 3)
	copy(rows.Columns[0].Data, xs)
	for _, c := range []struct {
		name  string
		of    *rt.Objective[Real]
		table *rt.Table
		want  []float64
	}{RECIPES} {
		got := make([]Real, len(w))
		ev, err := rt.LossGrad(t.Context(), w, got, c.of, c.table, 1, 2)
		if err != nil {
			t.Fatal(c.name, err)
		}
		n := float64(c.table.Rows)
		if math.Abs(n*ev.Loss-c.want[0]) > 1e-9*(1+math.Abs(c.want[0])) {
			t.Errorf("%s: loss %v, interpreted %v", c.name, n*ev.Loss, c.want[0])
		}
		for i, g := range got {
			if math.Abs(n*float64(g)-c.want[1+i]) > 1e-8*(1+math.Abs(c.want[1+i])) {
				t.Errorf("%s: derivative %d is %v, interpreted %v", c.name, i, n*float64(g), c.want[1+i])
			}
		}
	}
}

func train(t *testing.T, w []Real, recipe *rt.Recipe, of *rt.Objective[Real], rows *rt.Table) error {
	_, err := rt.Train(t.Context(), w, tensors, recipe, of, rt.Tables{Train: rows}, rt.TrainOptions{})
	return err
}

// A least-squares fit to a reference whose samples go together is near that to a finer one.
func TestFitted(t *testing.T) {
	rows := rt.NewTable([]rt.ColumnSpec{{Name: "x", Shape: []int{2}}}, 3)
	copy(rows.Columns[0].Data, xs)
	coarse, fine := NewParams(1).Flat(), NewParams(1).Flat()
	for _, err := range []error{
		train(t, coarse, &fittedRecipe, &fittedObjective, rows),
		train(t, fine, &fittedFineRecipe, &fittedFineObjective, rows),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	most := 0.0
	for i, x := range coarse {
		most = max(most, math.Abs(float64(x-fine[i])))
	}
	if most == 0 || most > 1e-2 {
		t.Errorf("weights are %v apart", most)
	}
}

// Samples whose spans differ, are empty or fail do not hold up the others.
func TestSpans(t *testing.T) {
	n := 24
	in, y := SpansBatchInput{}, make([]Real, 2*n)
	for i := range n {
		to, x := float64(i%5)/4, Real(i)/10
		if i == 8 {
			x = Real(math.NaN())
		}
		in.X, in.From, in.To = append(in.X, x, 0), append(in.From, 0.5), append(in.To, to)
	}
	var stats rt.BatchStats
	err := NewSpans(NewParams(1)).Batch(t.Context(), y, in, &stats)
	if !errors.Is(err, rt.ErrNonFinite) && !errors.Is(err, rt.ErrStepTooSmall) {
		t.Error(err)
	}
	for i := range n {
		if in.To[i] == 0.5 && (stats.Sites[0].NFE[i] != 0 || y[2*i] != in.X[2*i]) {
			t.Errorf("sample %d of no length: %d evaluations", i, stats.Sites[0].NFE[i])
		}
	}
}
`

// TestTogether: a batch whose samples take steps of one length takes the steps of one system that has them all.
func TestTogether(t *testing.T) {
	res, ds := driver.Compile(map[string]string{"together.nde": together}, driver.Options{Precision: "f64"})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	// The same batches interpreted.
	interpreted := func(name string) (evals []int, ends []string) {
		evals, ys := make([]int, 3), make([][]float64, 3)
		k := slices.IndexFunc(res.Module.Models, func(m *ir.Model) bool { return m.Name == name })
		model := res.Module.Models[k]
		if err := rt.InGroup(t.Context(), 3, func(i int, member *rt.StepMember) {
			mc, err := interp.New(res.Module, nil)
			if err != nil {
				t.Error(err)
				return
			}
			mc.Group = member
			out, err := mc.Call(model.Func, interp.Of([]float64{1, 0, 0.1, 0.2, 3, -2}[2*i:2*i+2], 2))
			if err != nil {
				t.Error(err)
				return
			}
			ys[i], evals[i] = out[0].Data, int(out[len(model.Outputs)].Data[0])
		}); err != nil {
			t.Fatal(err)
		}
		if evals[0] == 0 || evals[0] != evals[1] || evals[0] != evals[2] {
			t.Errorf("interpreted: %v evaluations", evals)
		}
		for _, y := range slices.Concat(ys...) {
			ends = append(ends, strconv.FormatFloat(y, 'g', -1, 64))
		}
		return evals, ends
	}
	evals, _ := interpreted("Mean")
	_, ends := interpreted("Guessed")
	heights := []float64{0.3, 1, 3, 30}
	params, offset, weights := map[string][]float64{}, map[string]int{}, []float64(nil)
	for _, q := range res.Module.Params {
		offset[q.Name] = len(weights)
		for range q.Type.Len() {
			weights = append(weights, float64((7*len(weights)+3)%11-5)/8)
		}
		params[q.Name] = weights[offset[q.Name]:]
	}
	gradient := func(name string) []float64 { // loss and gradient, summed over the samples
		k := slices.IndexFunc(res.Module.Recipes, func(r *ir.Recipe) bool { return r.Name == name })
		r := res.Module.Recipes[k]
		rows := []interp.Tensor{interp.Of([]float64{1, 0}, 2), interp.Of([]float64{0.1, 0.2}, 2), interp.Of([]float64{3, -2}, 2)}
		if r.Columns[0].Name == "q" {
			rows = nil
			for _, q := range heights {
				rows = append(rows, interp.Scalar(q))
			}
		}
		outs := make([][]interp.Tensor, len(rows))
		if err := rt.InGroup(t.Context(), len(rows), func(i int, member *rt.StepMember) {
			mc, err := interp.New(res.Module, params)
			if err != nil {
				t.Error(err)
				return
			}
			mc.Group = member
			if outs[i], err = mc.Call(r.Grad, rows[i]); err != nil {
				t.Error(err)
			}
		}); err != nil {
			t.Fatal(err)
		}
		sum := make([]float64, 1+len(weights))
		for _, out := range outs {
			sum[0] += out[0].Data[0]
			for j, q := range r.Trained {
				for e, x := range out[len(r.Objective.Results)+j].Data {
					sum[1+offset[q.Name]+e] += x
				}
			}
		}
		return sum
	}
	numbers := func(xs []float64) string {
		var out []string
		for _, x := range xs {
			out = append(out, strconv.FormatFloat(x, 'g', -1, 64))
		}
		return strings.Join(out, ", ")
	}
	var recipes []string
	gradients := map[string][]float64{}
	for _, c := range []struct{ name, table string }{{"bounce", "heights"}, {"bounceAdjoint", "heights"}, {"bounceWith", "heights"}, {"attacked", "rows"}} {
		g := gradient(strings.ToUpper(c.name[:1]) + c.name[1:])
		gradients[c.name] = g
		recipes = append(recipes, fmt.Sprintf("{%q, &%sObjective, %s, []float64{%s}}", c.name, c.name, c.table, numbers(g)))
	}
	for name, g := range gradients {
		for i, x := range gradients["bounce"] {
			if name != "attacked" && math.Abs(g[i]-x) > 1e-4*(1+math.Abs(x)) {
				t.Errorf("%s: number %d is %v, by backprop %v", name, i, g[i], x)
			}
		}
	}
	files := map[string]string{"together_test.go": strings.NewReplacer("INTERPRETED", fmt.Sprint(evals[0]), "ENDS", strings.Join(ends, ", "), "RECIPES", strings.Join(recipes, ", "), "HEIGHTS", numbers(heights), "WEIGHTS", numbers(weights)).Replace(togetherTest)}
	for _, f := range res.Out {
		files[f.Name] = string(f.Text)
	}
	testModule(t, map[string]map[string]string{"together": files})
}
