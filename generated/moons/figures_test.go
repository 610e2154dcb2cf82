package moons_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"ndec.dev/ndec/generated/moons"
	"ndec.dev/ndec/rt"
)

// TestFigures makes the tables of docs/hypersolvers.md: hypersolvers of the flow against classical methods over
// eight seeds of the field. NDEC_TEST_FIGURES=tiny trains Fit and FitTiny, =all FitHyper too (minutes); any other
// value skips it. Nothing is chosen: seeds, points and step counts are those of the tables.
func TestFigures(t *testing.T) {
	what := os.Getenv("NDEC_TEST_FIGURES")
	if what != "tiny" && what != "all" {
		t.Skip("NDEC_TEST_FIGURES is not set")
	}
	const seeds, most = 8, 20
	x := freshPoints(t)
	solvers := []string{"euler", "midpoint", "heun3", "rk4", "HyperTiny"}
	if what == "all" {
		solvers = append(solvers, "HyperEuler")
	}
	errs := map[string][][]float64{} // by solver, evaluations and seed
	same := map[string][][]float64{} // share of points with the class of dopri5 at 1e-5
	for _, s := range solvers {
		errs[s], same[s] = make([][]float64, most+1), make([][]float64, most+1)
	}
	for seed := range uint64(seeds) {
		p := moons.NewParams(seed)
		fits := []func(context.Context, *moons.Params, rt.TrainOptions) (*rt.TrainResult, error){moons.TrainFit, moons.TrainFitTiny, moons.TrainFitHyper}
		if what == "tiny" {
			fits = fits[:2]
		}
		for _, fit := range fits {
			res, err := fit(context.Background(), p, rt.TrainOptions{Seed: &seed})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("seed %d: %s in %.2f s, loss %.4g", seed, res.Recipe, res.Seconds, res.Loss)
		}
		end := ends(t, p, x, rt.SolveOptions{Method: "tsit5", RTol: 1e-10, ATol: 1e-10, MaxSteps: 100000})
		classes := ends(t, p, x, rt.SolveOptions{Method: "dopri5", RTol: 1e-5, ATol: 1e-5})
		for _, s := range solvers {
			for n := 1; n <= most; n++ {
				y := endsIn(t, p, x, s, n)
				if y == nil {
					continue
				}
				e, k := 0.0, 0
				for i := range x {
					e += math.Hypot(y[i][0]-end[i][0], y[i][1]-end[i][1]) / float64(len(x))
					if (y[i][1] > y[i][0]) == (classes[i][1] > classes[i][0]) {
						k++
					}
				}
				errs[s][n] = append(errs[s][n], e)
				same[s][n] = append(same[s][n], float64(k)/float64(len(x)))
			}
		}
	}
	t.Log("\n" + figureTable("mean distance from the end state, median and worst of 8 seeds", solvers, errs, "%.2g", slices.Max[[]float64]))
	t.Log("\n" + figureTable("points with the class of dopri5 at 1e-5, in percent, median and worst of 8 seeds", solvers, same, "%.2f", slices.Min[[]float64]))
	var ratios []float64
	for i, e := range errs["HyperTiny"][8] {
		ratios = append(ratios, errs["euler"][8][i]/e)
	}
	t.Logf("HyperTiny at 8 evaluations: %.1f times below Euler (median), seeds %.1f; classes %.4f (median), %.4f (worst)",
		median(ratios), ratios, median(same["HyperTiny"][8]), slices.Min(same["HyperTiny"][8]))
	if median(ratios) < 5 || median(same["HyperTiny"][8]) < 0.998 {
		t.Error("below what is promised: 5 times, 99.8 % of the classes")
	}
	if what != "all" {
		return
	}
	ratios = nil
	for i, e := range errs["HyperEuler"][10] {
		ratios = append(ratios, errs["euler"][10][i]/e)
	}
	t.Logf("HyperEuler at 10 evaluations: %.1f times below Euler (median), seeds %.1f", median(ratios), ratios)
	if median(ratios) < 50 {
		t.Error("below what is promised: 50 times")
	}
}

func freshPoints(t *testing.T) [][2]moons.Real {
	data, err := rt.Moons{N: 4096, Noise: 0.1, Seed: 2}.Load(".", []rt.ColumnSpec{{Name: "x", Shape: []int{2}}, {Name: "y", Classes: 2}})
	if err != nil {
		t.Fatal(err)
	}
	x := make([][2]moons.Real, data.Rows)
	for i := range x {
		x[i] = [2]moons.Real(rt.Convert[moons.Real](data.Columns[0].Row(i)))
	}
	return x
}

// ends are the end states by a method of rt, in float64.
func ends(t *testing.T, p *moons.Params, x [][2]moons.Real, opt rt.SolveOptions) [][2]float64 {
	var hidden [16]float64
	field := func(_ float64, y, dy []float64) {
		for i := range hidden {
			hidden[i] = rt.Tanh64(float64(p.F0Weight[2*i])*y[0] + float64(p.F0Weight[2*i+1])*y[1] + float64(p.F0Bias[i]))
		}
		for j := range dy {
			dy[j] = float64(p.F2Bias[j])
			for i, h := range hidden {
				dy[j] += float64(p.F2Weight[16*j+i]) * h
			}
		}
	}
	out := make([][2]float64, len(x))
	for i, v := range x {
		s, err := rt.Solve(field, []float64{float64(v[0]), float64(v[1])}, 0, 1, opt)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = [2]float64(s.End)
	}
	return out
}

// endsIn are the end states by a solver with n evaluations of the field; nil where its stages do not divide n.
func endsIn(t *testing.T, p *moons.Params, x [][2]moons.Real, solver string, n int) [][2]float64 {
	step := moons.NewFlowHyperTinyStepper(p).Step
	switch solver {
	case "HyperTiny":
	case "HyperEuler":
		step = moons.NewFlowHyperEulerStepper(p).Step
	default:
		stages := map[string]int{"euler": 1, "midpoint": 2, "heun3": 3, "rk4": 4}[solver]
		if n%stages != 0 {
			return nil
		}
		return ends(t, p, x, rt.SolveOptions{Method: solver, Steps: n / stages})
	}
	out := make([][2]float64, len(x))
	h := 1 / float64(n)
	for i, y := range x {
		for k := range n {
			var err error
			if y, err = step(float64(k)*h, h, y); err != nil {
				t.Fatal(err)
			}
		}
		out[i] = [2]float64{float64(y[0]), float64(y[1])}
	}
	return out
}

func median(xs []float64) float64 {
	s := slices.Sorted(slices.Values(xs))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

func figureTable(title string, solvers []string, by map[string][][]float64, form string, worst func([]float64) float64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n| evaluations |", title)
	for _, s := range solvers {
		fmt.Fprintf(&b, " %s |", s)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(solvers)))
	scale := 1.0
	if form == "%.2f" {
		scale = 100
	}
	for n := 2; n <= 20; n++ {
		fmt.Fprintf(&b, "\n| %d |", n)
		for _, s := range solvers {
			xs := by[s][n]
			if len(xs) == 0 {
				b.WriteString(" |")
				continue
			}
			fmt.Fprintf(&b, " "+form+", "+form+" |", scale*median(xs), scale*worst(xs))
		}
	}
	return b.String()
}
