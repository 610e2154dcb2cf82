package codegen_test

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/ir/method"
)

// inPlaceTest is a further test of the package of TestNasty, whose models have all methods in place: steps and output times of each.
const inPlaceTest = `package nasty

import (
	"math"
	"testing"

	"ndec.dev/ndec/rt"
)

type ongoing interface {
	Step() bool
	Err() error
	Stats() rt.SolveStats
	State() NastyState
}

type one struct {
	name    string
	forward func(p *Params) (NastyState, error)
	start   func(p *Params) ongoing
	step    func(p *Params) func(t, h float64, x NastyState) (NastyState, error)
}

type along struct {
	name  string
	path  func(t *testing.T, p *Params, ts []float64) (q []Real, st rt.SolveStats, err error)
	batch func(t *testing.T, p *Params, q []Real) (twos, elevens rt.SiteStats, err error)
}

var ones = []one{ONES}

var alongs = []along{ALONGS}

// Every method that is written in place can be stepped through, and gives the bits of the solve, without allocating.
func TestInPlace(t *testing.T) {
	p := NewParams(1)
	x := NastyState{Q: -0.7, V: 0.25}
	for _, c := range ones {
		want, err := c.forward(p)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		s := c.start(p)
		if n := testing.AllocsPerRun(1, func() { s.Step() }); n > 0 {
			t.Errorf("%s: %v allocations in a solve", c.name, n)
		}
		for s.Step() {
		}
		if s.State() != want || s.Err() != nil || s.Stats().Accepted == 0 {
			t.Errorf("%s: %v, want %v (%v)", c.name, s.State(), want, s.Err())
		}
		step := c.step(p)
		var next NastyState
		if n := testing.AllocsPerRun(1, func() { next, err = step(0, 1e-3, x) }); n > 0 || err != nil {
			t.Errorf("%s: %v allocations in a step (%v)", c.name, n, err)
		}
		if math.Abs(next.Q-(x.Q+1e-3*x.V)) > 1e-6 || math.Abs(next.V-(x.V+1e-3*math.Exp(x.Q))) > 1e-6 {
			t.Errorf("%s: %v after %v", c.name, next, x)
		}
	}
}

// The number of output times changes no step of an adaptive method, and states at them are as good as its steps.
func TestSavePoints(t *testing.T) {
	const tol = 1e-4
	p := NewParams(1)
	grid := func(n int) []float64 {
		ts := make([]float64, n)
		for i := range ts {
			ts[i] = float64(i) / float64(n-1)
		}
		return ts
	}
	exact, err := NewExact(p).Trajectory(t.Context(), ExactInput{Q: -0.7, V: 0.25, K: 3.5, B: 1}, grid(401))
	if err != nil {
		t.Fatal(err)
	}
	qs := make([]Real, 20)
	for i := range qs {
		qs[i] = -Real(i) / 16
	}
	for _, c := range alongs {
		var first rt.SolveStats
		for _, n := range []int{2, 11, 101, 401} {
			q, st, err := c.path(t, p, grid(n))
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			if n == 2 {
				first = st
			}
			if st != first {
				t.Errorf("%s: %+v along %d times, %+v along 2", c.name, st, n, first)
			}
			bound := 10 * tol
			if c.name == "fehlberg2" { // whose estimate sees little; see the test of the same name in dsl/lower
				bound = math.Abs(q[n-1] - exact.Q[400])
			}
			for k := range q {
				if off := math.Abs(q[k] - exact.Q[400/(n-1)*k]); !(off <= bound) {
					t.Errorf("%s: output %d of %d is off by %.2e", c.name, k, n, off)
					break
				}
			}
		}
		if c.batch == nil {
			continue
		}
		twos, elevens, err := c.batch(t, p, qs)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		for i := range qs {
			if twos.NFE[i] != elevens.NFE[i] || twos.Accepted[i] != elevens.Accepted[i] || twos.Rejected[i] != elevens.Rejected[i] || twos.H[i] != elevens.H[i] {
				t.Errorf("%s, sample %d of a batch: %d and %d steps along 2 times, %d and %d along 11", c.name, i,
					twos.Accepted[i], twos.Rejected[i], elevens.Accepted[i], elevens.Rejected[i])
			}
		}
	}
}
`

// exactModel is what output times of TestNasty's models are compared with.
const exactModel = "\nsolver Tight = vern9{rtol: 1e-10, atol: 1e-10}\n\nmodel Exact(q, v, k real, a, b time) (q1 real) {\n\treturn solve(Nasty{q: q, v: v, k: k}, over: a..b, with: Tight).q\n}\n"

// inPlaceCases are the cases of a method, of which model M of the number makes a solve with these options, and models of output times.
func inPlaceCases(row *method.Row, model int, options string) (ones, alongs, models string) {
	base := ""
	for _, w := range strings.Split(row.Name, "_") {
		base += strings.ToUpper(w[:1]) + w[1:]
	}
	ones = fmt.Sprintf(`
	{%[1]q, func(p *Params) (NastyState, error) {
		out, err := NewM%[2]d(p).Forward(M%[2]dInput{Q: -0.7, V: 0.25, K: 3.5, B: 1})
		return NastyState{out.Q1, out.V1}, err
	}, func(p *Params) ongoing { return StartNasty%[3]sSolve(p, 0, 1, NastyState{-0.7, 0.25}, 3.5) },
		func(p *Params) func(t, h float64, x NastyState) (NastyState, error) {
			st := NewNasty%[3]sStepper(p)
			return func(t, h float64, x NastyState) (NastyState, error) { return st.Step(t, h, x, 3.5) }
		}},`, row.Name, model, base)
	if !row.Adaptive() {
		return ones, "", ""
	}
	batch := "nil"
	if strings.Contains("bosh3 dopri5 vern9 rkn64 alf", row.Name) {
		for _, times := range []int{2, 11} {
			models += fmt.Sprintf("\nmodel P%d_%d(q real) (qs [%d]real) {\n\treturn solve(Nasty{q: q, v: 0, k: 3.5}, from: 0, at: linspace(0, 1, %d), with: %s{%s}).q\n}\n", model, times, times, times, row.Name, strings.Replace(options, "max_steps: 100", "max_steps: 5000", 1))
		}
		batch = fmt.Sprintf(`func(t *testing.T, p *Params, q []Real) (rt.SiteStats, rt.SiteStats, error) {
		var a, b rt.BatchStats
		if err := NewP%[1]d_2(p).Batch(t.Context(), make([]Real, 2*len(q)), q, &a); err != nil {
			return rt.SiteStats{}, rt.SiteStats{}, err
		}
		err := NewP%[1]d_11(p).Batch(t.Context(), make([]Real, 11*len(q)), q, &b)
		return a.Sites[0], b.Sites[0], err
	}`, model)
	}
	alongs = fmt.Sprintf(`
	{%[1]q, func(t *testing.T, p *Params, ts []float64) ([]Real, rt.SolveStats, error) {
		path, err := NewM%[2]d(p).Trajectory(t.Context(), M%[2]dInput{Q: -0.7, V: 0.25, K: 3.5, B: 1}, ts)
		return path.Q, path.Stats, err
	}, %[3]s},`, row.Name, model, batch)
	return ones, alongs, models
}
