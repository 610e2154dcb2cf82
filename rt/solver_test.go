package rt

import (
	"bytes"
	"context"
	"errors"
	"math"
	"slices"
	"testing"
)

// pendulum falls apart into an angle and a velocity; the push makes it depend on time.
func pendulum(t float64, y, dy []float64) {
	dy[0], dy[1] = y[1], -math.Sin(y[0])+0.1*math.Cos(t)
}

// kicks are events of all sorts for the pendulum.
func kicks() []When {
	return []When{
		{Kind: Crossing, Guard: func(_ float64, y []float64) float64 { return y[0] }, Reset: func(_ float64, y []float64) { y[1] *= 0.9 }},
		{Kind: Every, Every: 0.7, Reset: func(_ float64, y []float64) { y[1] += 0.01 }},
	}
}

// optionsOf are ways to solve with a method over [0, 6].
func optionsOf(name string) []SolveOptions {
	m, _ := MethodOf(name)
	base := SolveOptions{Method: name}
	if m.Splits {
		base.Positions = 1
	}
	var out []SolveOptions
	for _, vary := range []func(o *SolveOptions){
		func(o *SolveOptions) {},
		func(o *SolveOptions) { o.StepAt = []float64{2, 2.5} },
		func(o *SolveOptions) { o.Events = kicks() },
		func(o *SolveOptions) { o.At = []float64{0, 0.3, 1, 1, 4.4, 6} },
	} {
		for _, fixed := range []bool{true, false} {
			o := base
			switch {
			case fixed:
				o.Steps = 61
			case !m.Estimate:
				o.Step = 0.11
			default:
				o.RTol, o.ATol = 1e-4, 1e-5
			}
			vary(&o)
			out = append(out, o)
		}
	}
	return out
}

// A solve that is saved after any step and resumed has the bits of one that goes on, with every method, with stops,
// events and output times.
func TestSaveAndResume(t *testing.T) {
	for _, name := range Methods() {
		for _, o := range optionsOf(name) {
			whole, err := Start(pendulum, []float64{1, 0.2}, 0, 6, o)
			if err != nil {
				t.Fatalf("%+v: %v", o, err)
			}
			last := 0
			for whole.Step() {
				last++
			}
			texts := map[int][]byte{}
			if whole, err = Start(pendulum, []float64{1, 0.2}, 0, 6, o); err != nil {
				t.Fatal(err)
			}
			chosen := []int{0, 1, last / 3, last / 2, last - 1, last}
			for k := 0; ; k++ {
				if slices.Contains(chosen, k) {
					texts[k] = whole.Save()
				}
				if !whole.Step() {
					break
				}
			}
			if whole.Err() != nil || whole.Time() != 6 {
				t.Fatalf("%+v: %v at %v", o, whole.Err(), whole.Time())
			}
			want := whole.Solution()
			for _, k := range chosen {
				s, err := Resume(pendulum, texts[k], o)
				if err != nil {
					t.Fatalf("%+v from step %d: %v", o, k, err)
				}
				if again := s.Save(); !bytes.Equal(again, texts[k]) {
					t.Errorf("%s: what is resumed is saved as\n%s\ninstead of\n%s", name, again, texts[k])
				}
				for s.Step() {
				}
				got := s.Solution()
				if !slices.Equal(got.End, want.End) || got.Stats != want.Stats {
					t.Errorf("%+v from step %d: %v, %+v instead of %v, %+v", o, k, got.End, got.Stats, want.End, want.Stats)
				}
				skip := len(want.T) - len(got.T)
				if skip < 0 || !slices.Equal(got.T, want.T[skip:]) || !slices.EqualFunc(got.Y, want.Y[skip:], slices.Equal[[]float64]) {
					t.Errorf("%+v from step %d: output at %v instead of the rest of %v", o, k, got.T, want.T)
				}
				skip = len(want.Events) - len(got.Events)
				if skip < 0 || !slices.Equal(got.Events, want.Events[skip:]) {
					t.Errorf("%+v from step %d: events %v instead of the rest of %v", o, k, got.Events, want.Events)
				}
			}
		}
	}
	o := SolveOptions{RTol: 1e-4, Events: kicks()}
	s, _ := Start(pendulum, []float64{1, 0}, 0, 1, o)
	s.Step()
	text := s.Save()
	other := o
	other.RTol = 1e-5
	none := o
	none.Events = nil
	for what, c := range map[string]struct {
		text string
		o    SolveOptions
		want error
	}{
		"other options":  {string(text), other, ErrOption},
		"no events":      {string(text), none, ErrOption},
		"half of it":     {string(text[:len(text)/2]), o, ErrData},
		"nothing":        {"{}", o, ErrData},
		"another format": {string(bytes.Replace(text, []byte(`"format":1`), []byte(`"format":2`), 1)), o, ErrData},
		"less memory":    {string(bytes.Replace(text, []byte(`"memory":[[`), []byte(`"memory":[[1],[`), 1)), o, ErrData},
	} {
		if _, err := Resume(pendulum, []byte(c.text), c.o); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A solver steps by itself as Solve does, without allocating.
func TestStepAllocations(t *testing.T) {
	for _, name := range Methods() {
		m, _ := MethodOf(name)
		o := SolveOptions{Method: name, Step: 0.001}
		if m.Splits {
			o.Positions = 1
		}
		for range 2 {
			s, err := Start(pendulum, []float64{1, 0}, 0, 100, o)
			if err != nil {
				t.Fatal(err)
			}
			s.Step()
			if n := testing.AllocsPerRun(100, func() { s.Step() }); n > 0 {
				t.Errorf("%s: %v allocations a step", name, n)
			}
			if s.Ended() || s.Stats().Accepted < 100 {
				t.Errorf("%s: %+v", name, s.Stats())
			}
			if !m.Estimate {
				break
			}
			o.Step, o.RTol, o.ATol, o.MaxStep = 0, 1e-3, 1e-3, 0.1
		}
	}
}

// Splittings go back where they came from, keep what a rounding is not, have their order, and refuse what does not fall
// apart.
func TestSplittings(t *testing.T) {
	kepler := func(_ float64, y, dy []float64) {
		r := math.Pow(y[0]*y[0]+y[1]*y[1], 1.5)
		dy[0], dy[1], dy[2], dy[3] = y[2], y[3], -y[0]/r, -y[1]/r
	}
	energy := func(y []float64) float64 { return (y[2]*y[2]+y[3]*y[3])/2 - 1/math.Hypot(y[0], y[1]) }
	y0 := []float64{0.8, 0, 0, math.Sqrt(1.2 / 0.8)}
	for _, name := range []string{"leapfrog", "yoshida4", "mclachlan4"} {
		m, _ := MethodOf(name)
		solve := func(y []float64, t0, t1 float64, n int) []float64 {
			s, err := Solve(kepler, y, t0, t1, SolveOptions{Method: name, Positions: 2, Steps: n, At: []float64{t1}})
			if err != nil {
				t.Fatal(err)
			}
			return s.End
		}
		off := func(a, b []float64) float64 {
			d := 0.0
			for i := range a {
				d = max(d, math.Abs(a[i]-b[i]))
			}
			return d
		}
		there := solve(y0, 0, 20, 2000)
		if d := off(solve(there, 20, 0, 2000), y0); d > 1e-12 {
			t.Errorf("%s: off by %g after going back", name, d)
		}
		a, b, c := solve(y0, 0, 20, 1000), there, solve(y0, 0, 20, 4000)
		if order := math.Log2(off(a, b) / off(b, c)); math.Abs(order-float64(m.Order)) > 0.15 {
			t.Errorf("%s: order %.2f instead of %d", name, order, m.Order)
		}
		// Over many orbits the energy swings and does not drift: the swings of the last of eight parts are those of the first.
		steps := 100000
		if name == "leapfrog" {
			steps = 1000000
		}
		s, err := Start(kepler, y0, 0, 0.02*float64(steps), SolveOptions{Method: name, Positions: 2, Steps: steps})
		if err != nil {
			t.Fatal(err)
		}
		var swing [8]float64
		for k := 0; s.Step(); k++ {
			part := &swing[k*8/steps]
			*part = max(*part, math.Abs(energy(s.State())-energy(y0)))
		}
		if s.Err() != nil || swing[7] > 1.02*swing[0]+1e-12 || swing[0] == 0 {
			t.Errorf("%s: %v, the energy swings by %g", name, s.Err(), swing)
		}
	}
	o := SolveOptions{Method: "leapfrog", Positions: 1, Steps: 1}
	for what, f := range map[string]Field{
		"velocity by position": func(_ float64, y, dy []float64) { dy[0], dy[1] = y[1]*y[0], -y[0] },
		"friction":             func(_ float64, y, dy []float64) { dy[0], dy[1] = y[1], -y[0]-0.1*y[1] },
	} {
		if _, err := Solve(f, []float64{1, 1}, 0, 1, o); !errors.Is(err, ErrOption) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, o := range []SolveOptions{{Method: "leapfrog", Steps: 3}, {Method: "leapfrog", Steps: 3, Positions: 2}, {Method: "rk4", Steps: 3, Positions: 1},
		{Method: "rk4", Steps: 3, Param: 1}, {Method: "alf", Param: 0.3}, {Method: "alpha", Steps: 1, Param: -1}, {Method: "yoshida4", Positions: 1}} {
		if s, err := Solve(pendulum, []float64{1, 1}, 0, 1, o); !errors.Is(err, ErrOption) || s != nil {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// A field stops its solve through the context, and what was reached before is there.
func TestContext(t *testing.T) {
	broken := errors.New("no data")
	for _, o := range []SolveOptions{{}, {Method: "rk4", Steps: 50}, {Method: "alf"}, {Method: "leapfrog", Steps: 50, Positions: 1}} {
		ctx, stop := context.WithCancelCause(context.Background())
		o.Context = ctx
		s, err := Solve(func(t float64, y, dy []float64) {
			if pendulum(t, y, dy); t > 3 {
				stop(broken)
				dy[0], dy[1] = math.NaN(), math.NaN()
			}
		}, []float64{1, 0}, 0, 6, o)
		var e *SolveError
		if !errors.Is(err, ErrStopped) || !errors.Is(err, broken) || !errors.As(err, &e) || s.Status != Stopped || s.Stats.Time > 3.3 || !Finite(s.End) || s.Status.String() != "stopped" {
			if !(o.Steps > 0 && errors.Is(err, ErrNonFinite)) { // a step of given length ends in the NaN first
				t.Errorf("%s: %v, %+v", o.Method, err, s.Stats)
			}
		}
	}
}

// alpha is midpoint's, Ralston's and Heun's method; alf damped is of order 1.
func TestParameters(t *testing.T) {
	for a, name := range map[float64]string{0.5: "midpoint", 0: "ralston", 1: "heun"} {
		x, err1 := Solve(pendulum, []float64{1, 0}, 0, 1, SolveOptions{Method: "alpha", Param: a, Steps: 7})
		y, err2 := Solve(pendulum, []float64{1, 0}, 0, 1, SolveOptions{Method: name, Steps: 7})
		if err1 != nil || err2 != nil || math.Abs(x.End[0]-y.End[0]) > 1e-15 {
			t.Errorf("alpha of %v is not %s: %v, %v; %v, %v", a, name, x.End, y.End, err1, err2)
		}
	}
	var e [2]float64
	exact, _ := Solve(pendulum, []float64{1, 0}, 0, 1, SolveOptions{Method: "vern9", RTol: 1e-13, ATol: 1e-13})
	for i, n := range []int{200, 400} {
		s, err := Solve(pendulum, []float64{1, 0}, 0, 1, SolveOptions{Method: "alf", Param: 0.8, Steps: n})
		if err != nil {
			t.Fatal(err)
		}
		e[i] = math.Abs(s.End[0] - exact.End[0])
	}
	if order := math.Log2(e[0] / e[1]); math.Abs(order-1) > 0.15 {
		t.Errorf("damped alf has order %.2f", order)
	}
}
