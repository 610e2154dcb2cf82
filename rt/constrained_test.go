package rt

import (
	"context"
	"errors"
	"math"
	"testing"
)

// Value, Slope and Free fit together, and values stay in their range.
func TestTransform(t *testing.T) {
	for _, tr := range []Transform{{Kind: Above, Lo: 2}, {Kind: Below, Hi: -1}, {Kind: Between, Lo: -1, Hi: 3}, {}} {
		for _, u := range []float64{-5, -0.3, 0, 1, 12} {
			v := tr.Value(u)
			if got := tr.Free(v); math.Abs(got-u) > 1e-9 {
				t.Errorf("%+v: Free(Value(%v)) = %v", tr, u, got)
			}
			const h = 1e-5
			if got, want := tr.Slope(u), (tr.Value(u+h)-tr.Value(u-h))/(2*h); math.Abs(got-want) > 1e-9 {
				t.Errorf("%+v: Slope(%v) = %v, differences give %v", tr, u, got, want)
			}
		}
	}
	if got := (Transform{Kind: Above, Lo: 1}).Value(0); math.Abs(got-1-math.Ln2) > 1e-15 {
		t.Errorf("1 + softplus(0) = %v", got)
	}
	if got := (Transform{Kind: Above}).Free(1000); got != 1000 {
		t.Errorf("a large value has the free number %v", got)
	}
	for _, v := range []float64{2, 1, math.NaN()} {
		if got := (Transform{Kind: Above, Lo: 2}).Free(v); finite(got) {
			t.Errorf("%v is above 2: free number %v", v, got)
		}
	}
}

// quadratic is the loss Σ (w_i - goal_i)².
type quadratic struct{ goal []float64 }

func (q quadratic) Shard(w, grad []float64, t *Table, rows []int, _ Key, out *ShardResult) {
	for range rows {
		for i, g := range q.goal {
			out.Loss += (w[i] - g) * (w[i] - g)
			if grad != nil {
				grad[i] += 2 * (w[i] - g)
			}
		}
	}
}

// A recipe fits constrained parameters: they start in own units, reach a goal inside the range, and
// stop short of one outside.
func TestTrainConstrained(t *testing.T) {
	layout := []Tensor{
		{Name: "mass", Init: Init{Kind: Const, A: 1}, Transform: Transform{Kind: Above}, Net: "f"},
		{Name: "share", Offset: 1, Init: Init{Kind: Given, Data: []float64{0.5}}, Transform: Transform{Kind: Between, Hi: 1}, Net: "f"},
		{Name: "plain", Offset: 2, Init: Init{Kind: Const, A: 1}, Net: "f"},
		{Name: "held", Offset: 3, Init: Init{Kind: Const, A: 5}, Transform: Transform{Kind: Below, Hi: 6}, Net: "g"},
	}
	obj := &Objective[float64]{Name: "Fit", Columns: []string{"x", "y"}, NewWorker: func() Worker[float64] {
		return quadratic{[]float64{0.25, 2, -3, 1}}
	}}
	w := make([]float64, 4)
	InitParams(w, layout, 1)
	if w[0] != 1 || w[1] != 0.5 {
		t.Fatalf("initial parameters %v are not in own units", w)
	}
	r := &Recipe{Name: "Fit", Steps: 400, Optimizer: Adam{LR: 0.05, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}, Freeze: []string{"g"}}
	if _, err := Train(context.Background(), w, layout, r, obj, Tables{Train: moonTable(t, 4)}, TrainOptions{}); err != nil {
		t.Fatal(err)
	}
	if math.Abs(w[0]-0.25) > 1e-3 || w[1] < 0.9 || w[1] >= 1 || math.Abs(w[2]+3) > 1e-3 || w[3] != 5 {
		t.Errorf("parameters %v, want 0.25, just below 1, -3 and 5", w)
	}
	w[0] = -1
	if _, err := Train(context.Background(), w, layout, r, obj, Tables{Train: moonTable(t, 4)}, TrainOptions{}); !errors.Is(err, ErrWeights) {
		t.Errorf("a mass of -1: %v", err)
	}
}

// Free numbers far out give parameters that are still inside, so that they can be saved and loaded.
func TestConstrainedStaysInside(t *testing.T) {
	layout := []Tensor{
		{Name: "a", Transform: Transform{Kind: Above, Lo: 3}},
		{Name: "b", Offset: 1, Transform: Transform{Kind: Below, Hi: 3}},
		{Name: "c", Offset: 2, Transform: Transform{Kind: Between, Lo: -1, Hi: 1}},
		{Name: "d", Offset: 3, Transform: Transform{Kind: Between, Lo: -1, Hi: 1}},
		{Name: "e", Offset: 4, Transform: Transform{Kind: Above}},
	}
	w := make([]float32, 5)
	toOwn(w, []float32{-90, -90, -90, 90, -1000}, layout)
	if _, err := freeNumbers(w, layout); err != nil {
		t.Error(err)
	}
}
