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
