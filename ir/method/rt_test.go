package method

import (
	"math"
	"slices"
	"testing"

	"ndec.dev/ndec/rt"
)

// Steps of the runtime's methods that are no tableaux are those that are compiled, bit for bit: it spells them by hand.
func TestStepsOfRuntime(t *testing.T) {
	// x' = y + 0.1 cos t, y' = 0.3 sin t - sin x, as in splitField, in the functions of the interpreter.
	field := func(t float64, y, dy []float64) {
		dy[0], dy[1] = y[1]+float64(0.1*math.Cos(t)), float64(0.3*math.Sin(t))-math.Sin(y[0])
	}
	const h = 0.125
	for _, r := range []*Row{Lookup("leapfrog"), Lookup("yoshida4"), Lookup("mclachlan4"), Lookup("alf"), Lookup("reversible_heun")} {
		at := [][]float64{num(1), num(0.5), num(0)}
		o := rt.SolveOptions{Method: r.Name, Steps: 16}
		var step func(t float64)
		switch {
		case r.Split != nil:
			o.Positions = 1
			s, err := splitSolve(t, r.Name, splitField(false))
			if err != nil {
				t.Fatal(err)
			}
			k := call(s.Field, append([][]float64{num(0)}, at...)...)
			step = func(t float64) {
				out := call(s.Step, append(append([][]float64{num(t), num(h)}, at...), k...)...)
				at, k = out[:3], out[3:]
			}
		default:
			s, n := memorySolve(t, r)
			for len(at) < n {
				at = append(at, num(0))
			}
			at = call(s.Begin, append([][]float64{num(0)}, at...)...)
			step = func(t float64) { at = call(s.Replay, append([][]float64{num(t), num(h)}, at...)...) }
		}
		solver, err := rt.Start(field, []float64{1, 0.5}, 0, 16*h, o)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; solver.Step(); i++ {
			step(float64(i) * h)
			if got, want := solver.State(), []float64{at[0][0], at[1][0]}; !slices.Equal(got, want) {
				t.Errorf("%s, step %d: %v in the runtime, %v compiled", r.Name, i+1, got, want)
				break
			}
		}
		if order, evals := solver.Stats().NFE, 16*r.Evals()+1; order != evals {
			t.Errorf("%s: %d evaluations in the runtime, %d compiled", r.Name, order, evals)
		}
	}
}
