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

func fill(xs []float64, v float64) {
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
