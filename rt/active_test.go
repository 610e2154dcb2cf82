package rt

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestActiveBatches: the samples of largest loss stay, no batch has a sample twice, and new samples
// come from whole permutations, whose samples are passed over only where they are in the batch.
func TestActiveBatches(t *testing.T) {
	const rows, batch, keep = 23, 10, 4
	q := newPool(plan{rows: rows, batch: batch, seed: 7}, keep)
	var stream []int
	for pass := range uint64(40) {
		p := make([]int, rows)
		Permute(p, 7, pass)
		stream = append(stream, p...)
	}
	rnd := rand.New(rand.NewPCG(1, 1))
	var stayed []int
	for range 100 {
		got := slices.Clone(q.next(batch))
		want := slices.Clone(stayed)
		for len(want) < batch {
			if !slices.Contains(want, stream[0]) {
				want = append(want, stream[0])
			}
			stream = stream[1:]
		}
		if !slices.Equal(got, want) {
			t.Fatalf("batch %v, want %v", got, want)
		}
		for i := range q.losses {
			q.losses[i] = float64(rnd.IntN(6)) // with equal ones
		}
		stayed = nil
		for level := 5.0; level >= 0; level-- {
			for i, row := range got {
				if q.losses[i] == level && len(stayed) < keep {
					stayed = append(stayed, row)
				}
			}
		}
		q.rank(got)
	}
}

// TestActiveTraining: an epoch is as long as new samples take to be all, and the result does not depend
// on the number of workers.
func TestActiveTraining(t *testing.T) {
	train := func(workers int) ([]float32, *TrainResult) {
		w := make([]float32, 3)
		InitParams(w, logisticLayout, 42)
		r := &Recipe{Name: "Fit", Batch: 100, Epochs: 5, Optimizer: SGD{LR: 0.1}, Active: Active{Keep: 0.25}, Seed: 3}
		res, err := Train(t.Context(), w, logisticLayout, r, logisticObjective[float32](-1), Tables{Train: moonTable(t, 600)}, TrainOptions{Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		return w, res
	}
	w, res := train(1)
	if res.Steps != 5*8 { // 75 new samples a step
		t.Errorf("%d steps, want 40", res.Steps)
	}
	for workers := 2; workers <= 4; workers++ {
		if other, _ := train(workers); !slices.Equal(w, other) {
			t.Errorf("%d workers give %v, one gives %v", workers, other, w)
		}
	}
}

func TestActiveStateIsChecked(t *testing.T) {
	for _, s := range []*poolState{nil, {At: 6}, {Pass: -1}, {Kept: []int{1, 1}}, {Kept: []int{5}}, {Kept: []int{0, 1, 2, 3}}} {
		if newPool(plan{rows: 5, batch: 3}, 1).restore(s) == nil {
			t.Errorf("state %+v is taken", s)
		}
	}
}
