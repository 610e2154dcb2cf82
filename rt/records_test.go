package rt

import (
	"math"
	"testing"
)

func TestRecords(t *testing.T) {
	var x Records[float32]
	a, b := x.Of(0, 10), x.Of(3, 10)
	if a == b || len(b.Data) != 10 || x.Of(3, 10) != b || len(x.All()) != 4 {
		t.Fatal("steps have no records of their own")
	}
	a.T, a.H, a.Made = 1, 0.5, true
	if !a.Is(1, 0.5) || a.Is(1, 0.25) || a.Is(0, 0.5) || b.Is(0, 0) {
		t.Error("a record is taken for that of another step")
	}
	x.Reset()
	if a.Is(1, 0.5) {
		t.Error("a record that was forgotten is still there")
	}
	var large Records[float64]
	const size = recordBytes / 8 / 2 // two fit
	first := large.Of(0, size)
	if large.Of(1, size) == first || large.Of(2, size) != first {
		t.Error("steps beyond the room do not take turns")
	}
	if !SameBits([]float64{0, math.NaN()}, []float64{0, math.NaN()}) || SameBits([]float64{0}, []float64{math.Copysign(0, -1)}) || SameBits[float32](nil, []float32{0}) {
		t.Error("bits are compared as numbers")
	}
}

// TestRecordsKept sees that sums are what they were before a block, also where a record was another step's in between.
func TestRecordsKept(t *testing.T) {
	var x Records[float32]
	put := func(k int, time float64, sum float32) {
		r := x.Of(k, 2)
		r.T, r.H, r.Made, r.Added = time, 0.5, true, true
		r.Data[0], r.Data[1] = float32(time), sum
	}
	put(0, 1, 10)
	put(1, 2, 20)
	x.Of(2, 2)
	at := &x.Of(1, 2).Data[0]
	x.Keep()
	put(1, 3, 30) // given back and made for another step
	put(2, 4, 40)
	put(3, 5, 50)
	x.PutBack()
	for k, want := range []float32{10, 20} {
		if r := x.Of(k, 2); !r.Is(float64(k+1), 0.5) || !r.Added || r.Data[0] != float32(k+1) || r.Data[1] != want {
			t.Errorf("record %d is %+v", k, *r)
		}
	}
	for k := 2; k < 4; k++ {
		if r := x.Of(k, 2); r.Made || r.Added || r.Data[1] != 0 {
			t.Errorf("record %d has what samples added since: %+v", k, *r)
		}
	}
	if at != &x.Of(1, 2).Data[0] {
		t.Error("kernels have pointers to other memory")
	}
	x.Of(1, 2).Added = false // given back
	clear(x.Of(1, 2).Data)
	x.Keep()
	put(1, 2, 21)
	x.PutBack()
	if r := x.Of(1, 2); r.Added || r.Data[1] != 0 {
		t.Errorf("an older sum came back: %+v", *r)
	}
}
