package rt_test

import (
	"fmt"

	"ndec.dev/ndec/rt"
)

// A pendulum from rest, at five times. Output times do not change the steps.
func ExampleSolve() {
	pendulum := func(_ float64, y, dy []float64) {
		dy[0] = y[1]
		dy[1] = -rt.Sin64(y[0])
	}
	s, err := rt.Solve(pendulum, []float64{1, 0}, 0, 4, rt.SolveOptions{
		RTol: 1e-6, ATol: 1e-9, At: []float64{0, 1, 2, 3, 4},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, t := range s.T {
		fmt.Printf("%g  %7.4f %7.4f\n", t, s.Y[i][0], s.Y[i][1])
	}
	fmt.Println(s.Status, s.Stats.NFE, "evaluations")
	// Output:
	// 0   1.0000  0.0000
	// 1   0.6001 -0.7550
	// 2  -0.3062 -0.9090
	// 3  -0.9488 -0.2912
	// 4  -0.8258  0.5248
	// ok 146 evaluations
}
