package rt

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

func ballField(_ float64, y, dy []float64) { dy[0], dy[1] = y[1], -9.81 }

// falls is the ball's bounce with restitution e.
func falls(e float64) When {
	return When{Kind: Falling, Guard: func(_ float64, y []float64) float64 { return y[0] },
		Reset: func(_ float64, y []float64) { y[1] = -e * y[1] }}
}

func TestSolveEvents(t *testing.T) {
	impact := math.Sqrt(20 / 9.81)
	times := []float64{impact, 2 * impact, 2.5 * impact}
	for _, o := range []SolveOptions{{}, {Method: "tsit5", RTol: 1e-9}, {Method: "rk4", Steps: 7}, {Method: "vern7", MaxStep: 0.3}, {Method: "midpoint", Step: 0.25}} {
		o.Events, o.EventTol = []When{falls(0.5)}, 1e-13
		s, err := Solve(ballField, []float64{10, 0}, 0, 4, o)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range times {
			if i >= len(s.Events) || math.Abs(s.Events[i].T-want) > 1e-11 {
				t.Fatalf("%+v: events %v, want %v", o, s.Events, times)
			}
		}
		o.At = []float64{1, 2, 3, 4}
		along, err := Solve(ballField, []float64{10, 0}, 0, 4, o)
		if err != nil || along.Y[3][0] != s.End[0] {
			t.Fatalf("%v: %v, %v", err, along.Y, s.End)
		}
		if want := impact * 9.81 / 2 * (2 - impact); math.Abs(along.Y[1][0]-(want-9.81/2*(2-impact)*(2-impact))) > 1e-10 {
			t.Errorf("%+v: height %v at 2", o, along.Y[1][0])
		}
		// Backwards a stop ends at the same height.
		o.At, o.Events = nil, []When{{Kind: Crossing, Guard: func(_ float64, y []float64) float64 { return y[0] - 9 }, Stop: true}, {Kind: Every, Every: 10}}
		s, err = Solve(ballField, []float64{10, 0}, 0, -4, o)
		if err != nil || s.Status != EventStop || math.Abs(s.Stats.Time+math.Sqrt(2/9.81)) > 1e-11 || math.Abs(s.End[0]-9) > 1e-10 {
			t.Errorf("%+v: %v, stopped at %v", o, err, s.Stats)
		}
	}
	// A ball that comes to rest has no end of bounces.
	s, err := Solve(ballField, []float64{10, 0}, 0, 10, SolveOptions{Events: []When{falls(0.5)}})
	if !errors.Is(err, ErrMaxEvents) || math.Abs(s.Stats.Time-3*impact) > 1e-6 {
		t.Errorf("%v at %v", err, s.Stats.Time)
	}
	if _, err := Solve(ballField, []float64{10, 0}, 0, 4, SolveOptions{EventMax: 2, Events: []When{falls(0.5)}}); !errors.Is(err, ErrMaxEvents) {
		t.Error(err)
	}
	count := 0.0
	every := When{Kind: Every, Every: 0.1, Reset: func(at float64, y []float64) {
		if count++; at != 0.1*count {
			t.Errorf("event %v at %v", count, at)
		}
	}}
	if _, err := Solve(ballField, []float64{10, 0}, 0, 1, SolveOptions{Events: []When{every}}); err != nil || count != 10 {
		t.Errorf("%v, %v times", err, count)
	}
}

// Steps end where the field jumps, and the solution is exact on both sides.
// A reset to states that are not finite ends a solve by any method, with those of before the event.
func TestSolveResetToNothing(t *testing.T) {
	for _, name := range Methods() {
		m, _ := MethodOf(name)
		o := SolveOptions{Method: name, Steps: 10, Events: []When{
			{Kind: Every, Every: 0.25, Reset: func(_ float64, y []float64) { y[0] = math.NaN() }},
			{Kind: Every, Every: 0.25, Reset: func(_ float64, y []float64) { y[1] = 3 }, Stop: true}}}
		if m.Splits {
			o.Positions = 1
		}
		s, err := Solve(apart(func(_ float64, y, dy []float64) { dy[0] = -y[0] }, 1), []float64{1, 0}, 0, 1, o)
		last := s.Y[len(s.Y)-1]
		if !errors.Is(err, ErrNonFinite) || s.Stats.Time != 0.25 || math.Abs(last[0]-math.Cos(0.25)) > 0.05 || math.Abs(last[1]+math.Sin(0.25)) > 0.05 {
			t.Errorf("%s: %v, ends at %g with %v", name, err, s.Stats.Time, last)
		}
	}
}

func TestSolveStops(t *testing.T) {
	f := func(at float64, _, dy []float64) {
		switch {
		case at == 0.3 || at == 0.7:
			t.Errorf("the field is seen at %v", at)
		case at < 0.3:
			dy[0] = 1
		case at < 0.7:
			dy[0] = -2
		default:
			dy[0] = 5
		}
	}
	for _, o := range []SolveOptions{{}, {Method: "rk4", Steps: 1}, {Method: "bosh3", Step: 0.4}, {Method: "cashkarp"}} {
		for _, end := range []float64{1, 0} {
			o.StepAt = []float64{0.7, 0.3, 5}
			s, err := Solve(f, []float64{2}, 1-end, end, o)
			if err != nil || s.Stats.Rejected > 0 || math.Abs(s.End[0]-2-(2*end-1)) > 1e-12 {
				t.Errorf("%+v to %v: %v, %v", o, end, err, s)
			}
		}
	}
	o := SolveOptions{MaxStep: 0.01, StepAt: []float64{0.3, 0.7}}
	s, err := Solve(f, []float64{2}, 0, 1, o)
	if err != nil || s.Stats.Accepted < 100 {
		t.Errorf("%v, %d steps", err, s.Stats.Accepted)
	}
	hard := func(at float64, y, dy []float64) { dy[0] = 1e6 * math.Cos(1e9*at) * y[0] }
	s, err = Solve(hard, []float64{1}, 0, 1, SolveOptions{MinStep: 0.25})
	if err != nil && !errors.Is(err, ErrNonFinite) || s.Stats.Accepted > 5 {
		t.Errorf("%v: %+v", err, s.Stats)
	}
}

// Tolerances by component, and the largest error instead of the mean, make steps shorter where they have to.
func TestSolveNorms(t *testing.T) {
	f := func(_ float64, y, dy []float64) { dy[0], dy[1] = -y[1], y[0] }
	y0 := []float64{1, 0}
	free, _ := Solve(f, y0, 0, 10, SolveOptions{RTol: 1e-8, ATol: 1e-8})
	largest, err := Solve(f, y0, 0, 10, SolveOptions{RTol: 1e-8, ATol: 1e-8, MaxNorm: true})
	if err != nil || largest.Stats.Accepted <= free.Stats.Accepted {
		t.Errorf("%v: %d steps by the largest error, %d by the mean", err, largest.Stats.Accepted, free.Stats.Accepted)
	}
	same, _ := Solve(f, y0, 0, 10, SolveOptions{RTol: 1e-8, ATols: []float64{1e-8, 1e-8}})
	strict, _ := Solve(f, y0, 0, 10, SolveOptions{RTol: 1e-8, ATols: []float64{1e-8, 1e-14}})
	if same.Stats != free.Stats || strict.Stats.Accepted <= free.Stats.Accepted {
		t.Errorf("by component: %+v and %+v, without %+v", same.Stats, strict.Stats, free.Stats)
	}
	if _, err := Solve(f, y0, 0, 1, SolveOptions{ATols: []float64{1}}); !errors.Is(err, ErrShape) {
		t.Error(err)
	}
}

func lorenz(_ float64, y, dy []float64) {
	dy[0] = 10 * (y[1] - y[0])
	dy[1] = y[0]*(28-y[2]) - y[1]
	dy[2] = y[0]*y[1] - 8.0/3*y[2]
}

// A solve allocates for itself, and nothing for a step.
func TestSolveAllocations(t *testing.T) {
	measure := func(end float64) float64 {
		o := SolveOptions{Method: "tsit5", RTol: 1e-8, ATol: 1e-8, At: []float64{end}}
		return testing.AllocsPerRun(5, func() {
			if _, err := Solve(lorenz, []float64{1, 1, 1}, 0, end, o); err != nil {
				t.Fatal(err)
			}
		})
	}
	if short, long := measure(1), measure(5); short != long {
		t.Errorf("%v allocations over 1 and %v over 5", short, long)
	}
}

// called is a field that is called as Solve calls it, and not put in its place.
var called Field = lorenz

// BenchmarkSolve gives the time of a step of tsit5 on Lorenz, that of the same steps written by hand, what a solve takes to begin, and the
// six evaluations of a step. Of times of the same work the least counts, and all are taken in turn, so that other work on the machine
// falls on all.
func BenchmarkSolve(b *testing.B) {
	solve := func(end float64) int {
		s, _ := Solve(called, []float64{1, 1, 1}, 0, end, SolveOptions{Method: "tsit5", RTol: 1e-8, ATol: 1e-8, At: []float64{end}})
		return s.Stats.Accepted + s.Stats.Rejected
	}
	hand := func(end float64) int {
		_, steps := byHand(called, [3]float64{1, 1, 1}, end, 1e-8)
		return steps
	}
	y, dy := []float64{1, 1, 1}, make([]float64, 3)
	least := [5]float64{math.Inf(1), math.Inf(1), math.Inf(1), math.Inf(1), math.Inf(1)}
	var steps [5]int
	for b.Loop() {
		for i, run := range []func() int{func() int { return solve(2) }, func() int { return solve(6) }, func() int { return hand(2) }, func() int { return hand(6) },
			func() int {
				for range 600 {
					called(0, y, dy)
				}
				return 100
			}} {
			start := time.Now()
			steps[i] = run()
			least[i] = min(least[i], float64(time.Since(start).Nanoseconds()))
		}
	}
	field := least[4] / float64(steps[4])
	step := (least[1] - least[0]) / float64(steps[1]-steps[0])
	b.ReportMetric(step-field, "ns/step-beyond-field")
	b.ReportMetric((least[3]-least[2])/float64(steps[3]-steps[2])-field, "ns/step-by-hand")
	b.ReportMetric(field, "ns/field")
	b.ReportMetric(least[0]-step*float64(steps[0]), "ns/start")
}

// nasty is a random field that nobody should solve: stiff, exploding, jumping, not finite, random at every call.
func nasty(r *rand.Rand, n int) (f Field, y0 []float64) {
	y0 = make([]float64, n)
	for i := range y0 {
		y0[i] = math.Exp(20*r.Float64()-10) * float64(1-2*r.IntN(2))
	}
	scale := math.Exp(30*r.Float64() - 15)
	kind, at := r.IntN(12), r.Float64()
	if kind == 11 {
		y0[0] = []float64{math.NaN(), math.Inf(1), 1e308, 5e-324}[r.IntN(4)]
	}
	calls := 0
	return func(t float64, y, dy []float64) {
		calls++
		for i, x := range y {
			switch kind {
			case 0:
				dy[i] = scale * x * x // explodes
			case 1:
				dy[i] = -scale * x // stiff
			case 2:
				dy[i] = scale * math.Sin(scale*t*x)
			case 3:
				if dy[i] = 0; t > at {
					dy[i] = 1e300 // GSL's jump
				}
			case 4:
				if dy[i] = x; t > at {
					dy[i] = math.NaN()
				}
			case 5:
				if dy[i] = -x; r.IntN(10) == 0 {
					dy[i] = math.NaN() // fails at random
				}
			case 6:
				dy[i] = math.Log(x) / (t - at)
			case 7:
				dy[i] = scale * r.NormFloat64() // is no function
			case 8:
				dy[i] = math.Sqrt(at - t)
			case 9:
				dy[i] = math.Copysign(scale, -x) // chatters
			case 10:
				if dy[i] = x; calls%50 == 0 {
					dy[i] = math.Inf(1)
				}
			default:
				dy[i] = scale / x
			}
		}
	}, y0
}

// apart is a field of positions and velocities: the velocities move the positions, f of the positions the velocities.
func apart(f Field, n int) Field {
	return func(t float64, y, dy []float64) {
		copy(dy, y[n:])
		f(t, y[:n], dy[n:])
	}
}

// Every method answers every nasty problem with a status and a finite state, within its budget of steps. NDEC_TEST_NASTY
// says how many there are for each method; the default is 60.
func TestSolveNasty(t *testing.T) {
	count := 60
	if n, err := strconv.Atoi(os.Getenv("NDEC_TEST_NASTY")); err == nil {
		count = n
	}
	statuses := map[Status]int{}
	for i, name := range Methods() {
		m, _ := MethodOf(name)
		for seed := range count {
			r := rand.New(rand.NewPCG(uint64(seed), uint64(i)))
			f, y0 := nasty(r, 1+r.IntN(4))
			o := SolveOptions{Method: name}
			if m.Splits {
				y0 = append(y0, y0...)
				f, o.Positions = apart(f, len(y0)/2), len(y0)/2
			}
			end := math.Exp(6*r.Float64()-3) * float64(1-2*r.IntN(2))
			if !m.Estimate || r.IntN(4) == 0 {
				o.Steps = 1 + r.IntN(200)
			} else {
				o.MaxSteps = 1 + r.IntN(500)
				o.RTol = math.Exp(-30 * r.Float64())
				if r.IntN(5) == 0 {
					o.MinStep = 0.01 * math.Abs(end)
				}
				if r.IntN(5) == 0 {
					o.MaxStep = math.Abs(end) / 7
				}
			}
			switch r.IntN(4) {
			case 0:
				o.At = []float64{0, end / 3, end}
			case 1:
				o.StepAt = []float64{end / 3, end / 2}
			case 2:
				o.Events = []When{{Kind: Crossing, Guard: func(_ float64, y []float64) float64 { return y[0] }, Reset: func(_ float64, y []float64) { y[0] *= -0.5 }}}
				o.EventMax = 50
			}
			what := fmt.Sprintf("%s, problem %d", name, seed)
			s, err := Solve(f, y0, 0, end, o)
			if s == nil {
				if !(m.Splits && errors.Is(err, ErrOption)) { // a field that is no function does not fall apart
					t.Errorf("%s: %v", what, err)
				}
				continue
			}
			statuses[s.Status]++
			budget := o.MaxSteps
			if o.Steps > 0 {
				budget = o.Steps + 60
			}
			switch {
			case s.Status.Failed() != (err != nil), err != nil && s.Status.Err() == nil:
				t.Errorf("%s: status %v and error %v", what, s.Status, err)
			case s.Status == OK && s.Stats.Time != end:
				t.Errorf("%s: ok at %v of %v", what, s.Stats.Time, end)
			case Finite(y0) && !Finite(s.End):
				t.Errorf("%s: %v ends at %v", what, s.Status, s.End)
			case s.Stats.Accepted+s.Stats.Rejected > budget:
				t.Errorf("%s: %d steps of %d", what, s.Stats.Accepted+s.Stats.Rejected, budget)
			}
		}
	}
	if count >= 60 {
		for _, st := range []Status{OK, MaxSteps, StepTooSmall, NonFinite} {
			if statuses[st] == 0 {
				t.Errorf("no problem ends with %v: %v", st, statuses)
			}
		}
	}
}

// Each kind of event sees its own changes of sign, both ways in time, at the right times.
func TestSolveEventKinds(t *testing.T) {
	spin := func(_ float64, y, dy []float64) { dy[0], dy[1] = y[1], -y[0] }
	guard := func(_ float64, y []float64) float64 { return y[0] }
	for _, end := range []float64{20, -20} {
		o := SolveOptions{RTol: 1e-11, ATol: 1e-11, EventTol: 1e-13, Events: []When{{Kind: Rising, Guard: guard}, {Kind: Falling, Guard: guard}, {Kind: Crossing, Guard: guard}}}
		s, err := Solve(spin, []float64{0, 1}, 0, end, o)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Events) != 12 { // at π, 2π, …, 6π, each with one kind and with Crossing
			t.Fatalf("to %v: %v", end, s.Events)
		}
		for i, e := range s.Events {
			n := i/2 + 1
			want := Signed(math.Pi*float64(n), end)
			kind := (n + 1) % 2 // sin falls at π, 3π, …; backwards it rises there
			if end > 0 {
				kind = n % 2
			}
			if i%2 == 1 {
				kind = 2
			}
			if e.Event != kind || math.Abs(e.T-want) > 1e-9 {
				t.Errorf("to %v: event %d at %v, want %d at %v", end, e.Event, e.T, kind, want)
			}
		}
	}
}
