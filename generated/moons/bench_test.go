package moons_test

import (
	"context"
	"testing"

	"ndec.dev/ndec/generated/moons"
	"ndec.dev/ndec/rt"
)

func trained(b *testing.B) *moons.Moons {
	b.Helper()
	p := new(moons.Params)
	if err := p.LoadFile(weightsFile); err != nil {
		b.Fatal(err)
	}
	return moons.NewMoons(p)
}

// BenchmarkForward is one sample through dopri5 at 1e-4.
func BenchmarkForward(b *testing.B) {
	m := trained(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Forward([2]moons.Real{0.3, -0.5}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBatch is 1024 samples on one core; the time is per sample.
func BenchmarkBatch(b *testing.B) {
	m := trained(b)
	x, out := points(1024)
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if err := m.Batch(ctx, out, x, nil, rt.Workers(1)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1024, "ns/sample")
}

// BenchmarkTrainStep is a step of Fit: loss, gradient and optimiser over 512 points on all cores.
func BenchmarkTrainStep(b *testing.B) {
	p := moons.NewParams(42)
	steps := 0
	for b.Loop() {
		if _, err := moons.TrainFit(context.Background(), p, rt.TrainOptions{Steps: 10}); err != nil {
			b.Fatal(err)
		}
		steps += 10
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(steps), "ns/step")
}
