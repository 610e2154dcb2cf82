package rt_test

import (
	"math"
	"slices"
	"testing"

	"ndec.dev/ndec/rt"
	"ndec.dev/ndec/rt/ivp"
)

// published is the table of DETEST: evaluations of torchdiffeq 0.2.5 with dopri5 at 1e-3, 1e-6 and 1e-9, its
// error at the end (root mean square) at 1e-6, and evaluations of torchdyn's loop at 1e-3, 1e-6 and 1e-9.
var published = map[string]struct {
	nfe      [3]int
	err      float64
	torchdyn [3]int
}{
	"A1": {[3]int{68, 152, 494}, 4.827294e-08, [3]int{62, 152, 494}},
	"A2": {[3]int{44, 92, 278}, 6.298700e-07, [3]int{38, 92, 278}},
	"A3": {[3]int{140, 464, 1490}, 4.952653e-06, [3]int{134, 452, 1490}},
	"A4": {[3]int{32, 86, 302}, 1.167257e-05, [3]int{32, 86, 296}},
	"A5": {[3]int{32, 86, 260}, 2.249016e-05, [3]int{32, 80, 260}},
	"B1": {[3]int{320, 836, 2726}, 1.821727e-05, [3]int{314, 836, 2738}},
	"B2": {[3]int{158, 224, 566}, 1.058051e-06, [3]int{158, 218, 560}},
	"B3": {[3]int{86, 164, 536}, 1.045420e-06, [3]int{80, 164, 530}},
	"B4": {[3]int{176, 542, 1988}, 2.967035e-05, [3]int{176, 542, 1988}},
	"B5": {[3]int{152, 458, 1466}, 3.317421e-05, [3]int{158, 464, 1466}},
	"C1": {[3]int{86, 194, 668}, 4.386875e-07, [3]int{86, 194, 668}},
	"C2": {[3]int{422, 440, 0}, 8.595853e-07, [3]int{422, 434, 0}}, // at 1e-9 746 to 758, by the order of sums
	"C3": {[3]int{194, 242, 548}, 3.355572e-07, [3]int{194, 242, 548}},
	"C4": {[3]int{194, 236, 470}, 4.573760e-07, [3]int{194, 236, 470}},
	"C5": {[3]int{44, 74, 242}, 0, [3]int{}},
	"D1": {[3]int{284, 428, 1592}, 1.257160e-03, [3]int{260, 428, 1586}},
	"D2": {[3]int{236, 548, 1784}, 7.037382e-04, [3]int{224, 548, 1784}},
	"D3": {[3]int{248, 692, 2192}, 2.068639e-04, [3]int{230, 686, 2192}},
	"D4": {[3]int{338, 872, 2816}, 7.570222e-05, [3]int{356, 872, 2804}},
	"D5": {[3]int{554, 1268, 3950}, 3.269919e-04, [3]int{536, 1274, 3950}},
	"E1": {[3]int{92, 332, 1304}, 5.266044e-06, [3]int{98, 344, 1280}},
	"E2": {[3]int{404, 1118, 3392}, 2.004079e-05, [3]int{398, 1118, 3404}},
	"E3": {[3]int{218, 770, 2642}, 6.289734e-05, [3]int{218, 770, 2636}},
	"E4": {[3]int{62, 134, 392}, 2.371371e-06, [3]int{56, 122, 380}},
	"E5": {[3]int{86, 128, 290}, 8.093759e-06, [3]int{44, 122, 284}},
}

func rms(a, b []float64) float64 {
	sum := 0.0
	for i := range b {
		sum += (a[i] - b[i]) * (a[i] - b[i])
	}
	return math.Sqrt(sum / float64(len(b)))
}

// With the steps of torchdiffeq the evaluations are its own, each one, and so is the error.
func TestDETEST(t *testing.T) {
	tols := []float64{1e-3, 1e-6, 1e-9}
	var total, own [3]int
	for _, p := range ivp.DETEST() {
		want := published[p.Name]
		for i, tol := range tols {
			s, err := rt.Solve(p.F, p.Y0, p.T0, p.T1, rt.SolveOptions{RTol: tol, ATol: tol, Compat: "torchdiffeq"})
			if err != nil {
				t.Fatal(p.Name, err)
			}
			if s.Stats.NFE != want.nfe[i] && want.nfe[i] > 0 {
				t.Errorf("%s at %g: %d evaluations instead of %d", p.Name, tol, s.Stats.NFE, want.nfe[i])
			}
			total[i] += s.Stats.NFE
			if e := rms(s.End, p.End); i == 1 && want.err > 0 && math.Abs(e-want.err) > 2e-5*want.err {
				t.Errorf("%s at %g: error %.6e instead of %.6e", p.Name, tol, e, want.err)
			}
			if p.Name != "C5" {
				s, err = rt.Solve(p.F, p.Y0, p.T0, p.T1, rt.SolveOptions{RTol: tol, ATol: tol, Compat: "torchdyn"})
				if err != nil || s.Stats.NFE != want.torchdyn[i] && want.torchdyn[i] > 0 {
					t.Errorf("%s at %g: %d evaluations instead of torchdyn's %d (%v)", p.Name, tol, s.Stats.NFE, want.torchdyn[i], err)
				}
			}
			s, err = rt.Solve(p.F, p.Y0, p.T0, p.T1, rt.SolveOptions{RTol: tol, ATol: tol})
			if err != nil {
				t.Fatal(p.Name, err)
			}
			own[i] += s.Stats.NFE
		}
	}
	if total[1] != 10580 {
		t.Errorf("%d evaluations in total at 1e-6 instead of 10580", total[1])
	}
	if own[1] > total[1] {
		t.Errorf("own steps need %d evaluations at 1e-6, those of torchdiffeq %d", own[1], total[1])
	}
}

// Every problem is solved to its reference by the methods of high order.
func TestReferences(t *testing.T) {
	for _, p := range ivp.All() {
		for _, m := range []string{"vern9", "dopri8", "vern7"} {
			s, err := rt.Solve(p.F, p.Y0, p.T0, p.T1, rt.SolveOptions{Method: m, RTol: 1e-13, ATol: 1e-13, MaxSteps: 1e6})
			size := 0.0
			for _, x := range p.End {
				size = max(size, math.Abs(x))
			}
			limit := 1e-9 * max(size, 1e-3)
			if p.Name == "lorenz20" {
				limit *= 100 // errors grow by e^(0.9 t)
			}
			if err != nil || !(rms(s.End, p.End) < limit) {
				t.Errorf("%s by %s: error %g, %v", p.Name, m, rms(s.End, p.End), err)
			}
		}
	}
}

// Output times do not change steps, and what is given there is as good as the end of a step.
func TestSavePoints(t *testing.T) {
	for _, m := range general() {
		p := ivp.ByName("lotka_volterra")
		o := rt.SolveOptions{Method: m, RTol: 1e-5, ATol: 1e-5, MaxSteps: 1e6}
		exact, err := rt.Solve(p.F, p.Y0, p.T0, p.T1, rt.SolveOptions{Method: "vern9", RTol: 1e-13, ATol: 1e-13, At: grid(401, p.T1)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rt.Solve(p.F, p.Y0, p.T0, p.T1, o); err != nil { // no error estimate
			o = rt.SolveOptions{Method: m, Steps: 500}
		}
		var nfe int
		var steps [2]int
		for _, n := range []int{2, 11, 101, 401} {
			o.At = grid(n, p.T1)
			s, err := rt.Solve(p.F, p.Y0, p.T0, p.T1, o)
			if err != nil {
				t.Fatal(m, err)
			}
			taken := [2]int{s.Stats.Accepted, s.Stats.Rejected}
			if n == 2 {
				nfe, steps = s.Stats.NFE, taken
			}
			if s.Stats.NFE != nfe || taken != steps {
				t.Errorf("%s with %d save points: %d evaluations in %v steps instead of %d in %v", m, n, s.Stats.NFE, taken, nfe, steps)
			}
			end := rms(s.Y[n-1], exact.Y[400])
			for i := range s.T {
				if e := rms(s.Y[i], exact.Y[i*400/(n-1)]); e > 50*end+10*1e-5 {
					t.Errorf("%s with %d save points: error %g at %g, at the end %g", m, n, e, s.T[i], end)
					break
				}
			}
		}
	}
}

func grid(n int, end float64) []float64 {
	ts := make([]float64, n)
	for i := range ts {
		ts[i] = end * float64(i) / float64(n-1)
	}
	return ts
}

// general are the methods for any system.
func general() []string {
	return slices.DeleteFunc(rt.Methods(), func(name string) bool {
		m, _ := rt.MethodOf(name)
		return m.Splits
	})
}

// What is given between the ends of steps is off from the exact solution through the start of its step by at most ten times the
// tolerance more than the end of the step is, with every method that has a tolerance, and has the same bits for any number of
// output times.
func TestInterpolation(t *testing.T) {
	p := ivp.ByName("lotka_volterra")
	const tol = 1e-5
	for _, name := range general() {
		if m, _ := rt.MethodOf(name); !m.Estimate {
			continue
		}
		o := rt.SolveOptions{Method: name, RTol: tol, ATol: tol, MaxSteps: 1e6}
		steps, err := rt.Solve(p.F, p.Y0, p.T0, p.T1, o)
		if err != nil {
			t.Fatal(err)
		}
		known := map[float64][]float64{}
		for _, n := range []int{401, 101, 11, 2} {
			o.At = grid(n, p.T1)
			s, err := rt.Solve(p.F, p.Y0, p.T0, p.T1, o)
			if err != nil {
				t.Fatal(err)
			}
			k := 0
			for i, at := range s.T {
				if y, ok := known[at]; ok && !slices.Equal(y, s.Y[i]) {
					t.Errorf("%s: %v at %g with %d output times, %v with more", name, s.Y[i], at, n, y)
				}
				known[at] = s.Y[i]
				for k < len(steps.T)-1 && steps.T[k+1] < at {
					k++
				}
				if n != 401 || at == steps.T[k] {
					continue
				}
				exact := func(at float64) []float64 {
					e, err := rt.Solve(p.F, steps.Y[k], steps.T[k], at, rt.SolveOptions{Method: "vern9", RTol: 1e-13, ATol: 1e-13})
					if err != nil {
						t.Fatal(err)
					}
					return e.End
				}
				y, end, own, size := exact(at), exact(steps.T[k+1]), 0.0, 0.0
				for j := range y {
					own, size = max(own, math.Abs(steps.Y[k+1][j]-end[j])), max(size, math.Abs(y[j]))
				}
				for j := range y {
					if off := math.Abs(s.Y[i][j] - y[j]); off > own+10*tol*(1+size) {
						t.Errorf("%s: off by %g at %g, by %g at the end of the step", name, off, at, own)
					}
				}
			}
		}
	}
}

// Positions of a problem say what splittings need: the derivative of each group depends on the other alone.
func TestPositions(t *testing.T) {
	seen := 0
	for _, p := range ivp.All() {
		if p.Positions == 0 {
			continue
		}
		seen++
		s, err := rt.Solve(p.F, p.Y0, p.T0, p.T1, rt.SolveOptions{Method: "mclachlan4", Positions: p.Positions, Steps: 4000, At: []float64{p.T1}})
		if err != nil {
			t.Errorf("%s: %v", p.Name, err)
			continue
		}
		if limit := map[string]float64{"D5": 1, "D4": 0.1, "pleiades": 1}[p.Name]; !(p.Error(s.End) < max(limit, 1e-4)) { // where bodies come close
			t.Errorf("%s by mclachlan4: error %g", p.Name, p.Error(s.End))
		}
	}
	if seen < 9 {
		t.Errorf("%d problems fall apart", seen)
	}
}
