package rt

import (
	"fmt"
	"testing"
)

// TestLanesOfRows: rows of any length, as many as there are lanes and fewer, get into a block and out of it, and nothing beside
// them is written.
func TestLanesOfRows(t *testing.T) {
	t.Run("f32", func(t *testing.T) { lanesOfRows[float32](t, 32) })
	t.Run("f64", func(t *testing.T) { lanesOfRows[float64](t, 16) })
}

func lanesOfRows[R Float](t *testing.T, lanes int) {
	for _, numbers := range []int{1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 24, 31, 40, 100} {
		for n := 1; n <= lanes; n++ {
			where := fmt.Sprintf("%d rows of %d numbers", n, numbers)
			rows, block := make([]R, n*numbers), make([]R, numbers*lanes+1)
			for i := range rows {
				rows[i] = R(i + 1)
			}
			IntoLanes(block, rows, numbers, lanes, n)
			for k := range numbers {
				for i := range lanes {
					if got, want := block[k*lanes+i], rows[min(i, n-1)*numbers+k]; got != want {
						t.Fatalf("%s: number %d in lane %d is %v, not %v", where, k, i, got, want)
					}
				}
			}
			back := make([]R, len(rows)+1)
			FromLanes(back, block, numbers, lanes, n)
			for i, want := range append(rows, 0) {
				if back[i] != want {
					t.Fatalf("%s: number %d comes back as %v, not %v", where, i, back[i], want)
				}
			}
			if block[numbers*lanes] != 0 {
				t.Fatalf("%s: something is written behind the block", where)
			}
		}
	}
}
