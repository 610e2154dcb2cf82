package rt

import (
	"errors"
	"math"
	"testing"
)

// withSteps are the ways to solve with a method: by tolerances, if it can, and with steps of given length.
func withSteps(name string) []SolveOptions {
	m, _ := MethodOf(name)
	o := SolveOptions{Method: name, Steps: 50}
	if m.Splits {
		o.Positions = 1
	}
	out := []SolveOptions{o}
	if m.Estimate {
		out = append(out, SolveOptions{Method: name, MaxSteps: 20000, Positions: o.Positions})
	}
	return out
}

// What no solver can do, or only just, ends with the right status, with every method. Fields are of a position and a velocity
// that fall apart, so that splittings take them too.
func TestBadInput(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	falling := func(f func(t, x float64) float64) Field {
		return func(t float64, y, dy []float64) { dy[0], dy[1] = y[1], f(t, y[0]) }
	}
	spring := falling(func(_, x float64) float64 { return -x })
	// x'' = 6 x² with x = 1/(1-t)²: infinite at 1.
	explodes := falling(func(_, x float64) float64 { return 6 * x * x })
	ok := []error{nil}
	failed := []error{ErrNonFinite, ErrStepTooSmall, ErrMaxSteps}
	for _, c := range []struct {
		what   string
		f      Field
		y0     []float64
		t1     float64
		change func(o *SolveOptions)
		want   []error
	}{
		{"a blow-up", explodes, []float64{1, 2}, 2, nil, append(ok, failed...)}, // steps of given length may leap over it
		{"a NaN at the start", spring, []float64{nan, 0}, 1, nil, []error{ErrNonFinite}},
		{"an infinite start", spring, []float64{0, -inf}, 1, nil, []error{ErrNonFinite}},
		{"a field that is NaN", falling(func(_, _ float64) float64 { return nan }), []float64{1, 0}, 1, nil, []error{ErrNonFinite}},
		{"a field that is NaN later", falling(func(t, x float64) float64 { return math.Sqrt(0.5-t) - x }), []float64{1, 0}, 1, nil, []error{ErrNonFinite}},
		{"a field that becomes 1e300", falling(func(t, x float64) float64 {
			if t > 0.5 {
				return 1e300
			}
			return -x
		}), []float64{1, 0}, 1, nil, append(ok, failed...)},
		{"a jump of the field", falling(func(t, x float64) float64 { return math.Copysign(1, 0.4321-t) }), []float64{1, 0}, 1, nil, ok},
		{"a jump that is known", falling(func(t, x float64) float64 { return math.Copysign(1, 0.4321-t) }), []float64{1, 0}, 1, func(o *SolveOptions) { o.StepAt = []float64{0.4321} }, ok},
		{"a start at a jump that is known", falling(func(t, x float64) float64 { return math.Copysign(1, t) }), []float64{1, 0}, 1, func(o *SolveOptions) { o.StepAt = []float64{0, 1} }, ok},
		{"no time", spring, []float64{1, 0}, 0, nil, ok},
		{"times that no step can tell apart", spring, []float64{1, 0}, 5e-324, nil, append(ok, ErrStepTooSmall)},
		{"a tolerance below rounding", spring, []float64{1, 0}, 1, func(o *SolveOptions) {
			if o.Steps == 0 {
				o.RTol, o.ATol, o.MaxSteps = 1e-18, 1e-20, 500
			}
		}, append(ok, ErrMaxSteps, ErrStepTooSmall)},
		{"a tolerance against which errors have no square", spring, []float64{1, 0}, 1, func(o *SolveOptions) {
			if o.Steps == 0 {
				o.RTol, o.ATol = 1e-300, 1e-300
			}
		}, append(ok, ErrNonFinite)},
		{"a budget of one step", spring, []float64{1, 0}, 100, func(o *SolveOptions) {
			if o.Steps == 0 {
				o.MaxSteps = 1
			} else {
				o.Steps = 1
			}
		}, append(ok, ErrMaxSteps)},
		{"an event at the start", spring, []float64{0, 1}, 1, func(o *SolveOptions) {
			o.Events = []When{{Kind: Crossing, Guard: func(_ float64, y []float64) float64 { return y[0] }, Stop: true}}
		}, ok},
		{"an event that is NaN", spring, []float64{0, 1}, 1, func(o *SolveOptions) {
			o.Events = []When{{Kind: Rising, Guard: func(_ float64, y []float64) float64 { return nan }, Stop: true}}
		}, ok},
		{"a reset to NaN", spring, []float64{1, 0}, 3, func(o *SolveOptions) {
			o.Events = []When{{Kind: Falling, Guard: func(_ float64, y []float64) float64 { return y[0] }, Reset: func(_ float64, y []float64) { y[1] = nan }}}
		}, []error{ErrNonFinite}},
		{"an event that brings back its guard", spring, []float64{1, 0}, 3, func(o *SolveOptions) {
			o.Events = []When{{Kind: Falling, Guard: func(_ float64, y []float64) float64 { return y[0] }, Reset: func(_ float64, y []float64) { y[0] = 1e-12 }}}
			o.EventMax = 20
		}, []error{ErrMaxEvents, nil}},
	} {
		for _, name := range Methods() {
			for _, o := range withSteps(name) {
				if c.change != nil {
					c.change(&o)
				}
				for _, back := range []bool{false, true} {
					f, y0, t1 := c.f, append([]float64(nil), c.y0...), c.t1
					if back { // the same in the mirror of time
						forth := c.f
						f = func(t float64, y, dy []float64) {
							forth(-t, []float64{y[0], -y[1]}, dy)
							dy[0] = y[1]
						}
						y0[1], t1 = -y0[1], -t1
						o.StepAt = append([]float64(nil), o.StepAt...)
						for i := range o.StepAt {
							o.StepAt[i] = -o.StepAt[i]
						}
					}
					s, err := Solve(f, y0, 0, t1, o)
					if s == nil {
						t.Errorf("%s, %s, %d steps, back %t: %v", c.what, name, o.Steps, back, err)
						continue
					}
					fits := false
					for _, w := range c.want {
						fits = fits || w == nil && err == nil || w != nil && errors.Is(err, w)
					}
					if !fits || s.Status.Failed() != (err != nil) || err == nil && (s.Stats.Time != t1 && s.Status != EventStop || !Finite(s.End)) {
						t.Errorf("%s, %s, %d steps, back %t: %v, %+v", c.what, name, o.Steps, back, err, s.Stats)
					}
					if c.what == "an event at the start" && len(s.Events) > 0 {
						t.Errorf("%s, %s, %d steps: fires at the start: %v", c.what, name, o.Steps, s.Events)
					}
				}
			}
		}
	}
	for what, o := range map[string]SolveOptions{
		"negative rtol": {RTol: -1e-3}, "negative atol": {ATol: -1}, "infinite rtol": {RTol: inf}, "NaN atol": {ATol: nan}, "a negative budget": {MaxSteps: -1},
		"a negative step": {Step: -0.1}, "negative steps": {Steps: -3}, "no steps": {Method: "rk4"}, "a zero among tolerances": {ATols: []float64{1, 0}},
		"min above max": {MinStep: 1, MaxStep: 0.5}, "a stop that is NaN": {StepAt: []float64{nan}}, "a negative event tolerance": {EventTol: -1},
		"an event without a guard": {Events: []When{{Kind: Rising}}}, "an event every 0": {Events: []When{{Kind: Every}}}, "a first step of NaN": {FirstStep: nan},
	} {
		if s, err := Solve(spring, []float64{1, 0}, 0, 1, o); !errors.Is(err, ErrOption) || s != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	for what, at := range map[string][]float64{"times in the wrong order": {0.5, 0.2}, "a time before the start": {-1}, "a time after the end": {2}, "a NaN time": {nan}} {
		if s, err := Solve(spring, []float64{1, 0}, 0, 1, SolveOptions{At: at}); !errors.Is(err, ErrBadTimes) || s != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// More steps of given length than can be counted are a failure, not a long one.
func TestFixedSteps(t *testing.T) {
	for _, c := range []struct {
		t0, t1, step, h float64
		n               int
	}{{0, 1, 0.25, 0.25, 4}, {1, 0, 0.3, -0.3, 4}, {2, 2, 0.1, 0.1, 1}, {0, 1, 1e-300, 1e-300, 0}, {1, 0, 9.9e-10, -9.9e-10, 0}, {-1e308, 1e307, 1e-300, 1e-300, 0}, {0, math.NaN(), 0.1, math.NaN(), 16}, {0, math.Inf(1), 0.1, math.NaN(), 16}} {
		h, n := FixedSteps(c.t0, c.t1, c.step)
		if n != c.n || h != c.h && !(h != h && c.h != c.h) {
			t.Errorf("%+v: %d steps of %v", c, n, h)
		}
	}
}
