package rt

import (
	"context"
	"fmt"
	"math"
)

// Field is a vector field in plain Go: it sets dy, as long as y, to the derivative at (t, y). It must
// not change or keep either slice.
type Field func(t float64, y, dy []float64)

// SolveOptions says how Solve solves. The zero value is dopri5 with rtol 1e-3 and atol 1e-6, as in
// the language.
type SolveOptions struct {
	Method string  // one of Methods(); "" is dopri5
	Param  float64 // of the method itself: a of alpha (0 is 2/3), eta of alf (0 is 1)

	Order       int // of adams_bashforth and adams_moulton, from 2 to 12; 0 is 4
	Corrections int // of adams_moulton: how often the prediction is corrected, an evaluation each; 0 is 1

	// Splittings (leapfrog, yoshida4, mclachlan4) and methods for second-order systems (rkn4, rkn5, rkn43, rkn64), where the other
	// half of the components are the velocities, need it: the derivatives of so many first components depend on the
	// others alone, and those of the others on the first ones alone. Three evaluations, which are not counted, check this
	// near the start.
	Positions int

	// Methods with an embedded error estimate choose their steps, unless Steps or Step is given.
	RTol, ATol float64   // tolerances per component; 0 is the default
	ATols      []float64 // absolute tolerances by component, instead of ATol
	RTols      []float64 // relative tolerances by component, instead of RTol
	MaxNorm    bool      // the largest error of a component counts, not the root mean square
	FirstStep  float64   // length of the first step; 0 chooses it from the field
	MinStep    float64   // shortest step, accepted whatever its error; 0 is the resolution of time
	MaxStep    float64   // longest step; 0 is no bound
	MaxSteps   int       // attempted steps before the solve gives up; 0 is 10000

	// Control is the step controller, one of Controllers(); "" is that of the method, which is i but for
	// tsit5 (h110). A step is at most MaxFactor times as long as the one
	// before and at least MinFactor times; Safety aims at a smaller error than allowed. 0 is the controller's own number.
	Control                      string
	Safety, MinFactor, MaxFactor float64

	// Compat takes the steps of another library, to compare with its results: "torchdiffeq" steps freely
	// past the end and interpolates there, "torchdyn" ends its last step there but chooses the first one
	// with exponent 1/(order+1). Both let the step that follows a rejected one grow.
	Compat string

	// All other methods need one of these, and embedded ones take them instead of tolerances.
	Steps int     // number of steps
	Step  float64 // their length; the last one is shorter

	// StepAt are times at which a step ends, because the field jumps there. It is seen on both sides, never at the
	// time itself. Times that do not lie between t0 and t1 are ignored.
	StepAt []float64

	// Events happen along the solve. They are located to EventTol in time (0 is 1e-9), and at more than EventMax
	// times (0 is 1000) the solve fails.
	Events   []When
	EventTol float64
	EventMax int

	// Context ends the solve where it is done; nil is never. It is asked before each step, so that a field that cannot go on
	// may cancel it, and return what it likes.
	Context context.Context

	// At are times from t0 to t1, in that direction, at which the solution is wanted. They do not
	// change the steps. Without them it is given at t0 and at the end of every step.
	At []float64
}

// When is an event: where Guard changes its sign, or at multiples of Every. It sets states anew, ends the solve, or
// both; as events of the language are (docs/numerics.md, section 3).
type When struct {
	Kind  EventKind
	Guard func(t float64, y []float64) float64 // of Rising, Falling and Crossing
	Every float64                              // of Every: length of time
	Reset func(t float64, y []float64)         // sets y to the state after the event; nil leaves it
	Stop  bool                                 // ends the solve with EventStop
}

// Solution is what Solve found.
type Solution struct {
	T      []float64   // times, as far as the solve came
	Y      [][]float64 // the state at each of them
	End    []float64   // the state at Stats.Time, which is t1 unless the solve failed
	Stats  SolveStats
	Status Status  // as in Stats
	Events []Fired // what happened: after how many steps, which event, when
}

// Solve solves dy/dt = f(t, y), y(t0) = y0, from t0 to t1, which may be before t0. Its loop is that of
// compiled solves: error per component against atol + rtol max(|y|, |y1|) in the root mean square,
// Hairer's first step, factor 0.9 err^(-1/order) between 0.2 and 10 on the step.
//
// When a solve fails the error is a *SolveError, and the solution holds what was reached before. Errors
// in the arguments wrap ErrShape, ErrBadTimes or ErrOption and come without a solution.
func Solve(f Field, y0 []float64, t0, t1 float64, o SolveOptions) (*Solution, error) {
	s, err := Start(f, y0, t0, t1, o)
	if err != nil {
		return nil, err
	}
	if o.At == nil {
		s.all = true
		s.save(t0, y0)
	}
	for s.Step() {
	}
	out := s.out
	out.End, out.Stats, out.Status = s.y, s.st, s.st.Status
	return &out, s.Err()
}

// adaptive reports whether steps are chosen by error control.
func (o *SolveOptions) adaptive(m method) bool { return m.Estimate && o.Steps == 0 && o.Step == 0 }

// check completes the options.
func (o *SolveOptions) check(f Field, y0 []float64, t0, t1 float64) (method, error) {
	if o.Method == "" {
		o.Method = "dopri5"
	}
	m, known := methodOf(o)
	bad := func(format string, args ...any) (method, error) {
		return m, fmt.Errorf("rt.Solve: "+format+": %w", append(args, ErrOption)...)
	}
	switch {
	case !known:
		return bad("there is no method %q; there are %v", o.Method, Methods())
	case f == nil || len(y0) == 0:
		return m, fmt.Errorf("rt.Solve: a field and a start state are needed: %w", ErrShape)
	case !finite(t0) || !finite(t1):
		return bad("times %v and %v must be finite", t0, t1)
	case o.Param != 0 && m.Name != "alpha" && m.Name != "alf":
		return bad("%s has no parameter, and Param is %v", m.Name, o.Param)
	case (o.Order != 0 || o.Corrections != 0) && m.Name != "adams_bashforth" && m.Name != "adams_moulton":
		return bad("%s has no Order and no Corrections, and they are %d and %d", m.Name, o.Order, o.Corrections)
	case o.Order != 0 && (o.Order < 2 || o.Order > 12):
		return bad("the order of %s is from 2 to 12, not %d", m.Name, o.Order)
	case o.Corrections != 0 && (m.Name != "adams_moulton" || o.Corrections < 0 || o.Corrections > 10):
		return bad("%s with %d corrections: adams_moulton has 1 to 10", m.Name, o.Corrections)
	case m.Name == "alf" && o.Param != 0 && !(o.Param > 0.5 && o.Param <= 1) || m.Name == "alpha" && o.Param != 0 && !(o.Param > 0 && o.Param <= 1):
		return bad("the parameter %v of %s is out of range", o.Param, m.Name)
	case m.Splits && (o.Positions <= 0 || o.Positions >= len(y0)):
		return bad("%s needs the number of positions among %d components, not %d", m.Name, len(y0), o.Positions)
	case m.Second && 2*o.Positions != len(y0):
		return bad("%s needs as many positions as velocities, and there are %d among %d components", m.Name, o.Positions, len(y0))
	case !m.Splits && o.Positions != 0:
		return bad("%s does not split a system, and has no Positions", m.Name)
	}
	if o.adaptive(m) {
		for _, d := range []struct {
			value    *float64
			fallback float64
		}{{&o.RTol, 1e-3}, {&o.ATol, 1e-6}} {
			if *d.value == 0 {
				*d.value = d.fallback
			}
		}
		if o.MaxSteps == 0 {
			o.MaxSteps = 10000
		}
		_, known := controllerOf(o)
		switch {
		case !known:
			return bad("there is no controller %q; there are %v", o.Control, Controllers())
		case !(o.Safety >= 0 && o.Safety <= 1 && o.MinFactor >= 0 && o.MinFactor <= 1) || o.MaxFactor != 0 && !(o.MaxFactor > 1 && o.MaxFactor <= 1e6):
			return bad("Safety %v, MinFactor %v and MaxFactor %v: the first two are at most 1, the last one is above it", o.Safety, o.MinFactor, o.MaxFactor)
		case o.Compat != "" && o.Compat != "torchdiffeq" && o.Compat != "torchdyn":
			return bad("Compat is torchdiffeq or torchdyn, not %q", o.Compat)
		case !(o.RTol > 0 && o.ATol > 0) || math.IsInf(o.RTol+o.ATol, 0):
			return bad("tolerances %v and %v must be positive", o.RTol, o.ATol)
		case o.ATols != nil && len(o.ATols) != len(y0) || o.RTols != nil && len(o.RTols) != len(y0):
			return m, fmt.Errorf("rt.Solve: %d absolute and %d relative tolerances for %d components: %w", len(o.ATols), len(o.RTols), len(y0), ErrShape)
		case !positive(o.ATols) || !positive(o.RTols):
			return bad("tolerances %v and %v must be positive", o.ATols, o.RTols)
		case !(o.FirstStep >= 0) || math.IsInf(o.FirstStep, 0) || o.MaxSteps < 0:
			return bad("FirstStep %v and MaxSteps %d cannot be negative", o.FirstStep, o.MaxSteps)
		case !(o.MinStep >= 0) || !(o.MaxStep >= 0) || o.MaxStep > 0 && o.MinStep > o.MaxStep:
			return bad("MinStep %v and MaxStep %v cannot be negative, and the one not above the other", o.MinStep, o.MaxStep)
		case o.Compat != "" && (o.MinStep != 0 || o.MaxStep != 0 || len(o.StepAt)+len(o.Events) > 0):
			return bad("Compat %s has no MinStep, MaxStep, StepAt and Events", o.Compat)
		}
	} else {
		switch {
		case o.RTol != 0 || o.ATol != 0 || o.ATols != nil || o.RTols != nil || o.MaxNorm || o.FirstStep != 0 || o.MinStep != 0 || o.MaxStep != 0 || o.MaxSteps != 0 || o.Compat != "" ||
			o.Control != "" || o.Safety != 0 || o.MinFactor != 0 || o.MaxFactor != 0:
			return bad("%s with Steps or Step has no tolerances and no control of steps", m.Name)
		case (o.Steps > 0) == (o.Step > 0) || o.Steps < 0 || !(o.Step >= 0) || math.IsInf(o.Step, 0):
			return bad("%s needs one of Steps and Step, positive", m.Name)
		case o.Step > 0 && math.Abs(t1-t0)/o.Step > mostSteps:
			return bad("step %v is too short for the span from %v to %v", o.Step, t0, t1)
		}
	}
	for i := range o.Events {
		switch e := &o.Events[i]; {
		case e.Kind > Every || e.Kind != Every && e.Guard == nil:
			return bad("event %d has no guard", i)
		case e.Kind == Every && (!(e.Every > 0) || math.IsInf(e.Every, 0)):
			return bad("event %d happens every %v", i, e.Every)
		}
	}
	if o.EventTol == 0 {
		o.EventTol = 1e-9
	}
	if o.EventMax == 0 {
		o.EventMax = 1000
	}
	if !(o.EventTol > 0) || math.IsInf(o.EventTol, 0) || o.EventMax < 0 {
		return bad("EventTol %v and EventMax %d must be positive", o.EventTol, o.EventMax)
	}
	if !Finite(o.StepAt) {
		return bad("times %v of StepAt must be finite", o.StepAt)
	}
	if err := CheckTimes(t0, t1, o.At); err != nil {
		return m, fmt.Errorf("rt.Solve: %w", err)
	}
	if n := len(o.At); n > 0 && (o.At[n-1]-t1)*Signed(1, t1-t0) > 0 {
		return m, fmt.Errorf("rt.Solve: time %v is after the end %v: %w", o.At[n-1], t1, ErrBadTimes)
	}
	if m.Name == "alf" && o.Param == 0 {
		o.Param = 1
	}
	if m.Second && Finite(y0) {
		d := make([]float64, len(y0))
		f(t0, y0, d)
		for i, v := range y0[o.Positions:] {
			if d[i] != v {
				return bad("%s needs the derivative of component %d to be component %d", m.Name, i, o.Positions+i)
			}
		}
	}
	if m.Splits && Finite(y0) {
		if moved, by := entangled(f, t0, y0, o.Positions); by >= 0 {
			return bad("%s needs a system that falls apart after %d components, and the derivative of component %d depends on component %d", m.Name, o.Positions, moved, by)
		}
	}
	return m, nil
}

// positive reports whether all numbers are above 0 and finite.
func positive(xs []float64) bool {
	for _, x := range xs {
		if !(x > 0) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}

// entangled looks for a component whose derivative depends on one of its own group: positions, or the others. by is -1
// where there seems to be none.
func entangled(f Field, t float64, y0 []float64, positions int) (of, by int) {
	n := len(y0)
	d, other, y := make([]float64, n), make([]float64, n), make([]float64, n)
	f(t, y0, d)
	differ := func(from, to int) int {
		f(t, y, other)
		for i := from; i < to; i++ {
			if d[i] != other[i] && (d[i] == d[i] || other[i] == other[i]) {
				return i
			}
		}
		return -1
	}
	for _, group := range [][2]int{{0, positions}, {positions, n}} {
		shift := func(j int) float64 { return y0[j] + 1e-3*(1+math.Abs(y0[j]))*(1+0.37*float64(j-group[0])/float64(n)) }
		Copy(y, y0)
		for j := group[0]; j < group[1]; j++ {
			y[j] = shift(j)
		}
		if of = differ(group[0], group[1]); of < 0 {
			continue
		}
		for j := group[0]; j < group[1]; j++ { // which one is it
			Copy(y, y0)
			y[j] = shift(j)
			f(t, y, other)
			if d[of] != other[of] {
				return of, j
			}
		}
		return of, of
	}
	return 0, -1
}
