package rt

import (
	"fmt"
	"math"
	"slices"
)

// Active makes batches of which a share stays: the samples of largest loss are in the next batch again,
// and the others are drawn from the data. The zero value keeps none.
type Active struct {
	Keep float64 // share of a batch, below 1
}

// kept is the number of samples of a batch that stay.
func (a Active) kept(batch int) int { return min(int(math.Floor(a.Keep*float64(batch))), batch-1) }

// pool makes the batches of an active recipe. New samples come from permutations of the data, one after
// the other; a sample that is in the batch already is passed over.
type pool struct {
	seed   uint64
	perm   []int
	pass   int    // permutation that perm is
	at     int    // next place in it
	whole  [2]int // pass and at after the last whole step
	keep   int
	batch  []int // its first stay samples stayed from the one before
	stay   int
	in     []bool // by row: whether it is in batch
	losses []float64
	order  []int
}

func newPool(p plan, keep int) *pool {
	q := &pool{seed: p.seed, perm: make([]int, p.rows), keep: keep, batch: make([]int, 0, p.batch), in: make([]bool, p.rows),
		losses: make([]float64, p.batch), order: make([]int, p.batch)}
	Permute(q.perm, q.seed, 0)
	return q
}

// next is the next batch; n is its size.
func (q *pool) next(n int) []int {
	Clear(q.in)
	for _, row := range q.batch[:q.stay] {
		q.in[row] = true
	}
	for q.batch = q.batch[:q.stay]; len(q.batch) < n; {
		if q.at == len(q.perm) {
			q.pass, q.at = q.pass+1, 0
			Permute(q.perm, q.seed, uint64(q.pass))
		}
		row := q.perm[q.at]
		q.at++
		if !q.in[row] {
			q.in[row] = true
			q.batch = append(q.batch, row)
		}
	}
	return q.batch
}

// rank keeps the samples of largest loss for the next batch, the largest first, and of equal losses the
// one that stands first. It is given the batch in the order of losses.
func (q *pool) rank(batch []int) {
	for i := range q.order {
		q.order[i] = i
	}
	slices.SortStableFunc(q.order, func(i, j int) int {
		switch a, b := q.losses[i], q.losses[j]; {
		case a > b:
			return -1
		case a < b:
			return 1
		}
		return 0
	})
	q.stay, q.whole = q.keep, [2]int{q.pass, q.at}
	rows := q.order[:q.keep]
	for i, k := range rows {
		rows[i] = batch[k]
	}
	Copy(q.batch, rows)
}

// poolState is a pool after a whole step, in a checkpoint.
type poolState struct {
	Pass int   `json:"pass"`
	At   int   `json:"at"`
	Kept []int `json:"kept"`
}

func (q *pool) state() *poolState {
	if q == nil {
		return nil
	}
	return &poolState{Pass: q.whole[0], At: q.whole[1], Kept: Copied(nil, q.batch[:q.stay])}
}

// restore is the inverse of state.
func (q *pool) restore(s *poolState) error {
	if s == nil || s.Pass < 0 || s.At < 0 || s.At > len(q.perm) || len(s.Kept) > cap(q.batch) {
		return fmt.Errorf("the samples that stay are missing or not of this data")
	}
	seen := map[int]bool{}
	for _, row := range s.Kept {
		if row < 0 || row >= len(q.perm) || seen[row] {
			return fmt.Errorf("row %d that stays is not of this data", row)
		}
		seen[row] = true
	}
	q.pass, q.at, q.stay, q.whole = s.Pass, s.At, len(s.Kept), [2]int{s.Pass, s.At}
	q.batch = Copied(q.batch, s.Kept)
	Permute(q.perm, q.seed, uint64(q.pass))
	return nil
}
