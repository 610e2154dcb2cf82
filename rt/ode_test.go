package rt

import (
	"errors"
	"math"
	"testing"
)

// problem is an initial value problem over [0, 20], most of them of the DETEST set (Hull, Enright,
// Fellen, Sedgwick 1972).
type problem struct {
	name string
	y0   []float64
	f    Field
	nfe  [3]int // of torchdiffeq 0.2.5, dopri5 with tolerances 1e-3, 1e-6 and 1e-9
}

func twoBody(name string, e float64, nfe [3]int) problem {
	return problem{name, []float64{1 - e, 0, 0, math.Sqrt((1 + e) / (1 - e))}, func(_ float64, y, dy []float64) {
		r := math.Pow(y[0]*y[0]+y[1]*y[1], 1.5)
		dy[0], dy[1], dy[2], dy[3] = y[2], y[3], -y[0]/r, -y[1]/r
	}, nfe}
}

var problems = []problem{
	{"A1", []float64{1}, func(_ float64, y, dy []float64) { dy[0] = -y[0] }, [3]int{68, 152, 494}},
	{"A2", []float64{1}, func(_ float64, y, dy []float64) { dy[0] = -y[0] * y[0] * y[0] / 2 }, [3]int{44, 92, 278}},
	{"A3", []float64{1}, func(t float64, y, dy []float64) { dy[0] = y[0] * math.Cos(t) }, [3]int{140, 464, 1490}},
	{"A4", []float64{1}, func(_ float64, y, dy []float64) { dy[0] = y[0] / 4 * (1 - y[0]/20) }, [3]int{32, 86, 302}},
	{"A5", []float64{4}, func(t float64, y, dy []float64) { dy[0] = (y[0] - t) / (y[0] + t) }, [3]int{32, 86, 260}},
	{"B1", []float64{1, 3}, func(_ float64, y, dy []float64) {
		dy[0], dy[1] = 2*(y[0]-y[0]*y[1]), -(y[1] - y[0]*y[1])
	}, [3]int{320, 836, 2726}},
	{"B3", []float64{1, 0, 0}, func(_ float64, y, dy []float64) {
		dy[0], dy[1], dy[2] = -y[0], y[0]-y[1]*y[1], y[1]*y[1]
	}, [3]int{86, 164, 536}},
	twoBody("D1", 0.1, [3]int{284, 428, 1592}),
	twoBody("D3", 0.5, [3]int{248, 692, 2192}),
	twoBody("D5", 0.9, [3]int{554, 1268, 3950}),
	{"E2", []float64{2, 0}, func(_ float64, y, dy []float64) {
		dy[0], dy[1] = y[1], (1-y[0]*y[0])*y[1]-y[0]
	}, [3]int{404, 1118, 3392}},
}

// The steps are those of torchdiffeq, except that the last one ends at the end, where it goes past it
// there, and that a step which follows a rejected one is not longer: that saves evaluations where steps are
// rejected often.
func TestSolveTakesTheStepsOfOthers(t *testing.T) {
	for _, p := range problems {
		for i, tol := range []float64{1e-3, 1e-6, 1e-9} {
			s, err := Solve(p.f, p.y0, 0, 20, SolveOptions{RTol: tol, ATol: tol})
			if err != nil {
				t.Fatalf("%s: %v", p.name, err)
			}
			n, others := s.Stats.NFE, p.nfe[i]
			if n != 2+6*(s.Stats.Accepted+s.Stats.Rejected) {
				t.Errorf("%s: %d evaluations in %d+%d steps", p.name, n, s.Stats.Accepted, s.Stats.Rejected)
			}
			least := others - max(12, others/50)
			if s.Stats.Rejected > 5 {
				least = others * 4 / 5
			}
			if n > others+6 || n < least {
				t.Errorf("%s at %g: %d evaluations (%d rejected), others %d", p.name, tol, n, s.Stats.Rejected, others)
			}
		}
	}
}

func riccati(t float64, y, dy []float64) { dy[0] = math.Cos(t) * y[0] * y[0] } // y = 1/(2 - sin t) from 1/2

func TestSolveConverges(t *testing.T) {
	exact := func(t float64) float64 { return 1 / (2 - math.Sin(t)) }
	for i := range tableaux {
		m := &tableaux[i]
		if m.e != nil && m.order > 2 {
			last := math.Inf(1)
			for _, tol := range []float64{1e-4, 1e-6, 1e-8} {
				s, err := Solve(riccati, []float64{0.5}, 0, 2, SolveOptions{Method: m.name, RTol: tol, ATol: tol, At: []float64{0, 0.3, 1, 1.5, 2}})
				if err != nil || len(s.T) != 5 {
					t.Fatalf("%s: %v, %d times", m.name, err, len(s.T))
				}
				worst := 0.0
				for k, at := range s.T {
					worst = max(worst, math.Abs(s.Y[k][0]-exact(at)))
				}
				if worst > 50*tol || worst > last/10 {
					t.Errorf("%s at %g: error %g after %g", m.name, tol, worst, last)
				}
				last = worst
			}
		}
		if m.order > 4 {
			continue // leading terms cancel here; orders of all methods are measured in ir/method
		}
		for _, dense := range []bool{false, true} {
			var e [2]float64
			for k, n := range []int{40, 80} {
				o := SolveOptions{Method: m.name, Steps: n}
				if dense {
					h := 2 / float64(n) // the same places in steps at nearly the same times
					o.At = []float64{0.5 + 0.37*h, 1 + 0.37*h, 1.7 + 0.37*h}
				}
				s, err := Solve(riccati, []float64{0.5}, 0, 2, o)
				if err != nil {
					t.Fatal(err)
				}
				for j, at := range s.T {
					e[k] = max(e[k], math.Abs(s.Y[j][0]-exact(at)))
				}
			}
			if order := math.Log2(e[0] / e[1]); math.Abs(order-float64(m.order)) > 0.35 {
				t.Errorf("%s, dense %t: order %.2f instead of %d (errors %g)", m.name, dense, order, m.order, e)
			}
		}
	}
}

func TestSolveOutputs(t *testing.T) {
	spin := func(_ float64, y, dy []float64) { dy[0], dy[1] = -y[1], y[0] }
	for _, o := range []SolveOptions{{}, {Method: "tsit5", FirstStep: 0.1}, {Method: "rk4", Steps: 50}, {Method: "euler", Step: 0.03}} {
		for _, end := range []float64{3, -3} {
			free, err := Solve(spin, []float64{1, 0}, 0, end, o)
			if err != nil {
				t.Fatal(err)
			}
			n := len(free.T) - 1
			if n != free.Stats.Accepted || free.T[n] != end || free.Stats.Time != end || free.Y[n][0] != free.End[0] || free.Y[0][0] != 1 {
				t.Errorf("%+v: %d times for %d steps, to %v", o, n, free.Stats.Accepted, free.T[n])
			}
			o := o
			o.At = []float64{0, free.T[1], end / 2, end}
			s, err := Solve(spin, []float64{1, 0}, 0, end, o)
			if err != nil || len(s.Y) != 4 {
				t.Fatal(err)
			}
			if s.Stats != free.Stats || s.Y[1][0] != free.Y[1][0] || s.Y[3][1] != free.End[1] {
				t.Errorf("%+v: output times change the solve: %+v, %+v", o, s.Stats, free.Stats)
			}
		}
	}
	s, err := Solve(spin, []float64{1, 0}, 2, 2, SolveOptions{})
	if err != nil || s.Stats.NFE != 0 || s.End[0] != 1 || len(s.T) != 1 {
		t.Errorf("span of length zero: %+v, %v", s, err)
	}
}

func TestSolveFailures(t *testing.T) {
	grow := func(_ float64, y, dy []float64) { dy[0] = y[0] * y[0] } // infinite at 1
	nan := func(t float64, y, dy []float64) { dy[0] = math.Sqrt(0.5 - t) }
	for _, c := range []struct {
		name string
		f    Field
		o    SolveOptions
		want error
	}{
		{"blow-up", grow, SolveOptions{}, ErrStepTooSmall},
		{"blow-up with fixed steps", grow, SolveOptions{Method: "rk4", Steps: 400}, ErrNonFinite},
		{"step limit", grow, SolveOptions{MaxSteps: 7}, ErrMaxSteps},
		{"NaN on the way", nan, SolveOptions{}, ErrNonFinite},
		{"NaN at the start", func(_ float64, _, dy []float64) { dy[0] = math.NaN() }, SolveOptions{}, ErrNonFinite},
	} {
		s, err := Solve(c.f, []float64{1}, 0, 2, c.o)
		var e *SolveError
		if !errors.Is(err, c.want) || !errors.As(err, &e) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if s == nil || !s.Status.Failed() || !Finite(s.End) || e.Time != s.T[len(s.T)-1] || e.Step != len(s.T)-1 {
			t.Errorf("%s: %+v, %v", c.name, s, err)
		}
	}
	for _, back := range []bool{false, true} { // the first step is found within the solve
		brink, t0, t1 := func(t float64, y, dy []float64) { dy[0] = math.Sqrt(1-t) * 1e-3 * y[0] }, 0.0, 1.0
		if back {
			brink, t0, t1 = func(t float64, y, dy []float64) { dy[0] = -math.Sqrt(t) * 1e-3 * y[0] }, 1.0, 0.0
		}
		if s, err := Solve(brink, []float64{1}, t0, t1, SolveOptions{}); err != nil || math.Abs(s.End[0]-math.Exp(2e-3/3)) > 1e-5 {
			t.Errorf("a field that ends with the solve: %+v, %v", s, err)
		}
	}
	if _, err := Solve(nan, []float64{math.Inf(1)}, 0, 2, SolveOptions{}); !errors.Is(err, ErrNonFinite) {
		t.Errorf("infinite start: %v", err)
	}
}

func TestSolveArguments(t *testing.T) {
	f := func(_ float64, _, dy []float64) { clear(dy) }
	one := []float64{1}
	for _, c := range []struct {
		f    Field
		y    []float64
		t1   float64
		o    SolveOptions
		want error
	}{
		{nil, one, 1, SolveOptions{}, ErrShape},
		{f, nil, 1, SolveOptions{}, ErrShape},
		{f, one, math.NaN(), SolveOptions{}, ErrOption},
		{f, one, 1, SolveOptions{Method: "ode45"}, ErrOption},
		{f, one, 1, SolveOptions{RTol: -1}, ErrOption},
		{f, one, 1, SolveOptions{ATol: math.NaN()}, ErrOption},
		{f, one, 1, SolveOptions{Steps: 3, RTol: 1e-3}, ErrOption},
		{f, one, 1, SolveOptions{Method: "rk4"}, ErrOption},
		{f, one, 1, SolveOptions{Method: "rk4", Steps: 3, Step: 0.1}, ErrOption},
		{f, one, 1, SolveOptions{Method: "rk4", Steps: 3, RTol: 1e-3}, ErrOption},
		{f, one, 1, SolveOptions{Method: "rk4", Step: 1e-300}, ErrOption},
		{f, one, 1, SolveOptions{At: []float64{0.5, 0.2}}, ErrBadTimes},
		{f, one, 1, SolveOptions{At: []float64{1.5}}, ErrBadTimes},
		{f, one, -1, SolveOptions{At: []float64{0.5}}, ErrBadTimes},
	} {
		if s, err := Solve(c.f, c.y, 0, c.t1, c.o); !errors.Is(err, c.want) || s != nil {
			t.Errorf("%+v to %v: %v", c.o, c.t1, err)
		}
	}
}
