package rt

import (
	"fmt"
	"math"
	"runtime"
	"testing"
	"time"
)

// BenchmarkRegion measures what a parallel region costs: blocks of work on all cores against the same blocks one after the other, with
// some serial work between two regions. It reports the least time beyond an even share, and the efficiency; only the least time says
// something beside other work. Helpers linger where little is between, as in a training.
func BenchmarkRegion(b *testing.B) {
	cores := runtime.GOMAXPROCS(0)
	for _, work := range []time.Duration{0, 20 * time.Microsecond, 100 * time.Microsecond, 500 * time.Microsecond, 2 * time.Millisecond, 5 * time.Millisecond} {
		for _, between := range []time.Duration{20 * time.Microsecond, 300 * time.Microsecond} {
			b.Run(fmt.Sprintf("%v/%v", work, between), func(b *testing.B) {
				rounds, serial := loopRounds(work), loopRounds(between)
				blocks, ctx := 8*cores, b.Context()
				crew := new(Crew)
				if between < lingerTime {
					crew.Linger = lingerTime
				}
				least := []float64{math.Inf(1), math.Inf(1)} // by all cores, by one
				for b.Loop() {
					for i, workers := range []int{cores, 1} {
						for range 20 {
							spend(serial)
							begun := time.Now()
							_ = crew.ForEach(ctx, workers, blocks, 1, func(int, int, int) { spend(rounds / blocks) })
							least[i] = min(least[i], time.Since(begun).Seconds())
						}
					}
				}
				b.ReportMetric(1e6*(least[0]-least[1]/float64(cores)), "µs-beyond")
				b.ReportMetric(least[1]/least[0]/float64(cores), "efficiency")
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
	least := math.Inf(1)
	for range 20 {
		begun := time.Now()
		spend(n)
		least = min(least, time.Since(begun).Seconds())
	}
	return int(float64(n) * d.Seconds() / least)
}
