package rt

import (
	"fmt"
	"math"
	"runtime"
	"testing"
	"time"
)

// leastTime is the least time of f in so many rounds, in which others take turns: with the machine's other work, only the least says what f takes.
func leastTimes(rounds int, fs ...func()) []float64 {
	least := make([]float64, len(fs))
	for i := range least {
		least[i] = math.Inf(1)
	}
	for range rounds {
		for i, f := range fs {
			begun := time.Now()
			f()
			least[i] = min(least[i], time.Since(begun).Seconds())
		}
	}
	return least
}

// BenchmarkRegion measures what a parallel region costs: blocks of work on all cores against the same blocks one after the other. It
// reports the least time beyond an even share, and the efficiency, by work of a region and by the serial work between two regions.
func BenchmarkRegion(b *testing.B) {
	cores := runtime.GOMAXPROCS(0)
	for _, work := range []time.Duration{0, 20 * time.Microsecond, 100 * time.Microsecond, 500 * time.Microsecond, 2 * time.Millisecond, 5 * time.Millisecond} {
		for _, between := range []time.Duration{0, 30 * time.Microsecond, 300 * time.Microsecond} {
			b.Run(fmt.Sprintf("%v/%v", work, between), func(b *testing.B) {
				rounds := loopRounds(work)
				serial := loopRounds(between)
				blocks := 8 * cores
				ctx := b.Context()
				crew := new(Crew)
				region := func(workers int) func() {
					return func() {
						_ = crew.ForEach(ctx, workers, blocks, 1, func(int, int, int) { spend(rounds / blocks) })
					}
				}
				for b.Loop() {
					n := int(50 * time.Millisecond / (work + between + 20*time.Microsecond))
					t := leastTimes(n, func() { spend(serial) }, region(cores), func() { spend(serial) }, region(1))
					b.ReportMetric(1e6*(t[1]-t[3]/float64(cores)), "µs-beyond")
					b.ReportMetric(t[3]/t[1]/float64(cores), "efficiency")
				}
			})
		}
	}
}

// spend does so many rounds of multiply-adds.
func spend(rounds int) {
	if rounds > 0 {
		peakLoop[float32](Generic, rounds)
	}
}

// loopRounds is the number of rounds that take about so long.
func loopRounds(d time.Duration) int {
	const n = 100000
	t := leastTimes(20, func() { spend(n) })
	return int(float64(n) * d.Seconds() / t[0])
}
