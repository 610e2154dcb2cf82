package rt

import "testing"

// TestSteps: what went in comes out, bit for bit, and equal steps share their memory.
func TestSteps(t *testing.T) {
	var s Steps
	for range 2 {
		s.Reset()
		var ts, hs []float64
		push := func(t, h float64) {
			s.Push(t, h)
			ts, hs = append(ts, t), append(hs, h)
		}
		h := 0.1
		for k := range 1000 {
			push(0.3+float64(k)*h, h)
		}
		if len(s.runs) != 1 {
			t.Errorf("%d runs of equal steps", len(s.runs))
		}
		push(0.3+1000*h, h/3) // a shortened one
		for k := range 7 {
			push(200-float64(k*k), -float64(2*k+1))
		}
		if s.Len() != len(ts) {
			t.Fatalf("%d steps, want %d", s.Len(), len(ts))
		}
		for k := len(ts) - 1; k >= 0; k-- {
			if a, b := s.At(k); a != ts[k] || b != hs[k] {
				t.Errorf("step %d is %v, %v and was %v, %v", k, a, b, ts[k], hs[k])
			}
		}
	}
}

// Rows that a worker takes are whole blocks, no more than can wait, and leave something for the others.
func TestRefillRows(t *testing.T) {
	for _, c := range []struct{ n, workers, want int }{
		{1, 1, 32}, {33, 1, 64}, {512, 1, 512}, {1 << 20, 1, 512}, {1, 8, 32}, {1024, 2, 256}, {1000, 2, 256}, {65536, 2, 512}, {200, 7, 32},
	} {
		if got := RefillRows(c.n, c.workers); got != c.want {
			t.Errorf("of %d rows each of %d workers takes %d, want %d", c.n, c.workers, got, c.want)
		}
	}
}

// Rows that a worker takes are two blocks where no worker waits longer for another one with two.
func TestWideRows(t *testing.T) {
	for _, c := range []struct{ n, workers, want int }{
		{1, 1, 64}, {96, 1, 64}, {1, 8, 32}, {64, 2, 32}, {96, 2, 64}, {160, 2, 32}, {512, 2, 64}, {1024, 16, 64}, {200, 7, 32},
	} {
		if got := WideRows(c.n, c.workers); got != c.want {
			t.Errorf("of %d rows each of %d workers takes %d, want %d", c.n, c.workers, got, c.want)
		}
	}
}
