package moons4_test

import (
	"context"
	"math"
	"testing"

	"ndec.dev/ndec/generated/moons4"
	"ndec.dev/ndec/rt"
)

// BenchmarkForward is one sample through 20 steps of rk4.
func BenchmarkForward(b *testing.B) {
	m := moons4.NewMoons(moons4.NewParams(1))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Forward([2]moons4.Real{0.3, -0.5}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBatch is 1024 samples on one core; the time is per sample.
func BenchmarkBatch(b *testing.B) {
	m := moons4.NewMoons(moons4.NewParams(1))
	x, out := make([]moons4.Real, 2048), make([]moons4.Real, 2048)
	for i := range x {
		x[i] = moons4.Real(2 * math.Sin(float64(3*i*i+i)))
	}
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if err := m.Batch(ctx, out, x, nil, rt.Workers(1)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1024, "ns/sample")
}

// TestNoAllocation: Forward never allocates, Batch not after its first call.
func TestNoAllocation(t *testing.T) {
	m := moons4.NewMoons(moons4.NewParams(1))
	x, out := make([]moons4.Real, 256), make([]moons4.Real, 256)
	for what, f := range map[string]func() error{
		"Forward": func() error { _, err := m.Forward([2]moons4.Real{0.3, -0.5}); return err },
		"Batch":   func() error { return m.Batch(context.Background(), out, x, nil, rt.Workers(2)) },
	} {
		if n := testing.AllocsPerRun(20, func() {
			if err := f(); err != nil {
				t.Error(err)
			}
		}); n != 0 {
			t.Errorf("%s allocates %g times", what, n)
		}
	}
}
