package rt

import "math"

// Convert gives the numbers of src as another type.
func Convert[T, S float32 | float64 | int32](src []S) []T {
	out := make([]T, len(src))
	for i, x := range src {
		out[i] = T(x)
	}
	return out
}

// Store puts numbers into a column of t.
func Store[S float32 | float64 | int32](t *Table, column string, src []S) {
	dst := t.Columns[t.Index(column)].Data
	for i, x := range src {
		dst[i] = float64(x)
	}
}

// Bools tells which numbers of src are not zero.
func Bools(src []float64) []bool {
	out := make([]bool, len(src))
	for i, x := range src {
		out[i] = x != 0
	}
	return out
}

// StoreBools puts 1 for true and 0 for false into a column of t.
func StoreBools(t *Table, column string, src []bool) {
	dst := t.Columns[t.Index(column)].Data
	for i, x := range src {
		dst[i] = 0
		if x {
			dst[i] = 1
		}
	}
}

// Mask is all ones for true: how a truth lies in a lane.
func Mask[M uint32 | uint64](x bool) M {
	if x {
		return ^M(0)
	}
	return 0
}

// ClearFailed overwrites the rows of t whose solves failed with NaN.
func (b *BatchStats) ClearFailed(t *Table) {
	for _, s := range b.Sites {
		for row, st := range s.Status {
			if st.Failed() {
				for i := range t.Columns {
					fill(t.Columns[i].Row(row), math.NaN())
				}
			}
		}
	}
}

func fill[R Float](xs []R, v R) {
	for i := range xs {
		xs[i] = v
	}
}

// Linspace is k evenly spaced numbers from a to b, both included.
func Linspace(a, b float64, k int) []float64 {
	out := make([]float64, k)
	for i := range out {
		out[i] = a + float64(float64(i)*((b-a)/float64(max(k-1, 1))))
	}
	out[k-1] = b
	return out
}
