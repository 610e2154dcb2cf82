package rt

import (
	"fmt"
	"testing"
	"time"
)

func TestZZMin(t *testing.T) {
	o := SolveOptions{Method: "tsit5", RTol: 1e-8, ATol: 1e-8, At: []float64{5}}
	f := Field(lorenz)
	y, dy := []float64{1, 1, 1}, make([]float64, 3)
	best := [4]float64{1e9, 1e9, 1e9, 1e9}
	for range 6000 {
		a := time.Now()
		s, _ := Solve(lorenz, []float64{1, 1, 1}, 0, 5, o)
		steps := s.Stats.Accepted + s.Stats.Rejected
		b := time.Now()
		best[0] = min(best[0], float64(b.Sub(a).Nanoseconds())/float64(steps))
		_, n := byHand(lorenz, [3]float64{1, 1, 1}, 5, 1e-8)
		c := time.Now()
		best[1] = min(best[1], float64(c.Sub(b).Nanoseconds())/float64(n))
		for range 600 {
			f(0, y, dy)
		}
		d := time.Now()
		best[2] = min(best[2], float64(d.Sub(c).Nanoseconds())/100)
		best[3] = float64(steps)
	}
	fmt.Printf("solve %.1f  by hand %.1f  field %.1f  beyond: solve %.1f hand %.1f  steps %v\n", best[0], best[1], best[2], best[0]-best[2], best[1]-best[2], best[3])
}
