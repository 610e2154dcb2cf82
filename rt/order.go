package rt

import (
	"fmt"
	"math/bits"
)

// order puts the rows of a batch in the order of the effort that they took when they were seen, most first: the samples of a shard
// wait for one another, so they should take about as long. Loss and gradient are sums over the rows of a batch, of which any order will
// do; it depends on weights, data, recipe and seed alone. A nil one leaves rows as they are.
//
// A step that is just accepted with the weights of one training step is rejected with those of the next, so what counts is the most that
// a row has taken of late: it rises at once and falls by an eighth of the difference.
type order struct {
	known []int32 // by row of the data; 0 of those that no step has seen
	now   []int32 // of the present step, in which a row may fail
	rows  []int
	place []int // of the next row, by effort
}

// effort is what the samples so far have taken, in evaluations. The derivative of one counts as two.
func (r *ShardResult) effort() int64 { return r.NFE + 2*r.BackwardNFE }

const (
	mostEffort = 1 << 24 // as far as a float32 counts
	effortBits = 10      // rows that differ in further bits are taken to be alike
)

// effortFactors are, of solves of which a gradient is taken back by so many evaluations of derivatives for an accepted step, what an evaluation and
// an accepted step add to an effort.
func effortFactors(sites []Site, back []int) []int32 {
	var out []int32
	for i, s := range sites {
		one := ShardResult{}
		if s.Back {
			one.BackwardNFE = 1
		} else {
			one.NFE = 1
		}
		out = append(out, int32(one.effort()), int32((&ShardResult{BackwardNFE: int64(back[i])}).effort()))
	}
	return out
}

// newOrder is that of a trainer; nil where all rows take as long or none is seen again.
func newOrder[R Float](obj *Objective[R], r *Recipe, rows int, tables *Tables) *order {
	if _, exact := r.Optimizer.(LeastSquares); exact || !obj.Uneven || tables.Pass != nil {
		return nil
	}
	return &order{known: make([]int32, rows), now: make([]int32, rows), place: make([]int, 1<<effortBits)}
}

// of is the order of a batch, valid until the next call. Rows that are alike keep theirs.
func (o *order) of(rows []int) []int {
	if o == nil {
		return rows
	}
	most := int32(0)
	for _, row := range rows {
		most = max(most, o.known[row])
	}
	if most == 0 {
		return rows
	}
	shift := max(0, bits.Len32(uint32(most))-effortBits)
	most >>= shift
	place := o.place[:most+1]
	Clear(place)
	for _, row := range rows {
		place[most-o.known[row]>>shift]++
	}
	at := 0
	for i, n := range place {
		place[i], at = at, at+n
	}
	o.rows = resize(o.rows, len(rows))
	for _, row := range rows {
		p := &place[most-o.known[row]>>shift]
		o.rows[*p] = row
		*p++
	}
	return o.rows
}

// efforts are where those of the rows of a step go.
func (o *order) efforts() []int32 {
	if o == nil {
		return nil
	}
	return o.now
}

// see takes what a whole step has found of its rows.
func (o *order) see(rows []int) {
	if o == nil {
		return
	}
	for _, row := range rows {
		k, n := o.known[row], o.now[row]
		o.known[row] = max(n, k-(k-n+7)/8)
	}
}

// effortsName is the tensor of a checkpoint that holds what is known. Those of older programs have none, and begin anew.
const effortsName = "efforts"

func savedEfforts[R Float](o *order) NamedData[R] {
	d := NamedData[R]{Name: effortsName, Shape: []int{len(o.known)}, Data: make([]R, len(o.known))}
	for i, n := range o.known {
		d.Data[i] = R(n)
	}
	return d
}

// restore is the inverse of savedEfforts.
func (o *order) restore(s Stored) error {
	if len(s.Data) != len(o.known) {
		return fmt.Errorf("the efforts of %d rows are those of other data, which have %d", len(s.Data), len(o.known))
	}
	for i, x := range s.Data {
		if !(x >= 0 && x <= mostEffort) || x != float64(int32(x)) {
			return fmt.Errorf("row %d has an effort of %v", i, x)
		}
		o.known[i] = int32(x)
	}
	return nil
}
