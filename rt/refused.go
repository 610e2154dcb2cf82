package rt

import (
	"errors"
	"maps"
	"math"
	"slices"
)

// Refused are the rows of a batch whose inputs no model can use, and why: labels that are none, and times of signals that do not ascend. They fail as samples
// do whose solves fail: the others are computed.
type Refused struct{ why map[int]error }

// add keeps what is said of a row first.
func (r *Refused) add(row int, err error) *Refused {
	if r == nil {
		r = &Refused{why: map[int]error{}}
	}
	if r.why[row] == nil {
		r.why[row] = err
	}
	return r
}

// RefuseLabels are the rows that CheckLabels complains of, or nil.
func RefuseLabels(name string, labels []int32, classes int) (r *Refused) {
	for i, k := range labels {
		if uint32(k) >= uint32(classes) {
			r = r.add(i, noLabel(name, i, k, classes))
		}
	}
	return r
}

// RefuseTimes are the rows of n times that CheckAscend complains of, or nil.
func RefuseTimes(name string, ts []float64, n int) (r *Refused) {
	for row := 0; n > 0 && len(ts) >= n; row, ts = row+1, ts[n:] {
		if err := checkRow(name, row, ts[:n]); err != nil {
			r = r.add(row, err)
		}
	}
	return r
}

// Refuse puts together what was found in several inputs; nil where nothing was.
func Refuse(parts ...*Refused) (r *Refused) {
	for _, p := range parts {
		if p != nil {
			for row, err := range p.why {
				r = r.add(row, err)
			}
		}
	}
	return r
}

// RefusedOf are the rows of a table that cannot be computed.
func RefusedOf(t *Table, cols []ColumnSpec) (r *Refused) {
	for _, c := range cols {
		data := t.Columns[t.Index(c.Name)].Data
		switch {
		case c.Ascend:
			r = Refuse(r, RefuseTimes(c.Name, data, c.Width()))
		case c.Classes > 0:
			for i, v := range data {
				if row := i / c.Width(); c.fault(v) != "" {
					r = Refuse(r, (*Refused)(nil).add(row, noLabel(c.Name, row, int32(v), c.Classes)))
				}
			}
		}
	}
	return r
}

// Why is what is wrong with a row, or nil.
func (r *Refused) Why(row int) error {
	if r == nil {
		return nil
	}
	return r.why[row]
}

// Status is that of the solves of a row that is refused.
func (r *Refused) Status(row int) Status {
	if errors.Is(r.Why(row), ErrBadTimes) {
		return BadTimes
	}
	return BadData
}

// Others are the rows of n that can be computed.
func (r *Refused) Others(n int) []int {
	rows := make([]int, 0, n)
	for i := range n {
		if r.Why(i) == nil {
			rows = append(rows, i)
		}
	}
	return rows
}

// OtherRows are the rows of width numbers that are not refused.
func OtherRows[T any](r *Refused, x []T, width int) []T {
	rows := r.Others(len(x) / width)
	out := make([]T, 0, len(rows)*width)
	for _, row := range rows {
		out = append(out, x[row*width:(row+1)*width]...)
	}
	return out
}

// PutRows puts results of the others into their places; real numbers of refused rows become NaN.
func PutRows[T any](r *Refused, x, others []T, width int) {
	for i, row := range r.Others(len(x) / width) {
		Copy(x[row*width:(row+1)*width], others[i*width:])
	}
	for row := range r.why {
		switch x := any(x[row*width : (row+1)*width]).(type) {
		case []float32:
			fill(x, float32(math.NaN()))
		case []float64:
			fill(x, math.NaN())
		}
	}
}

// Join makes the statistics and the error of the others those of all n rows.
func (r *Refused) Join(n int, all, others *BatchStats, err error) error {
	rows := r.Others(n)
	if all != nil {
		names := make([]string, len(others.Sites))
		for s := range others.Sites {
			names[s] = others.Sites[s].Solve
		}
		all.Reset(names, n)
		all.Refused = maps.Clone(r.why)
		for s := range others.Sites {
			to, from := &all.Sites[s], &others.Sites[s]
			for i, row := range rows {
				all.Set(s, row, SolveStats{NFE: from.NFE[i], Accepted: from.Accepted[i], Rejected: from.Rejected[i], Status: from.Status[i], Time: from.Time[i], H: from.H[i]})
			}
			for row := range r.why {
				to.Status[row] = r.Status(row)
			}
		}
	}
	first := slices.Min(slices.Collect(maps.Keys(r.why)))
	var failed *SolveError
	switch {
	case errors.As(err, &failed):
		moved := *failed
		if moved.Sample = rows[failed.Sample]; moved.Sample < first {
			return &moved
		}
	case err != nil:
		return err
	}
	return r.why[first]
}
