package rt

import (
	"fmt"
	"math"
)

// Field is a vector field in plain Go: it sets dy, as long as y, to the derivative at (t, y). It must
// not change or keep either slice.
type Field func(t float64, y, dy []float64)

// SolveOptions says how Solve solves. The zero value is dopri5 with rtol 1e-3 and atol 1e-6, as in
// the language.
type SolveOptions struct {
	Method string // one of Methods(); "" is dopri5

	// Methods with an embedded error estimate choose their steps, unless Steps or Step is given.
	RTol, ATol float64 // tolerances per component; 0 is the default
	FirstStep  float64 // length of the first step; 0 chooses it from the field
	MaxSteps   int     // attempted steps before the solve gives up; 0 is 10000

	// Compat takes the steps of another library, to compare with its results: "torchdiffeq" steps freely
	// past the end and interpolates there, "torchdyn" ends its last step there but chooses the first one
	// with exponent 1/(order+1). Both let the step that follows a rejected one grow.
	Compat string

	// All other methods need one of these, and embedded ones take them instead of tolerances.
	Steps int     // number of steps
	Step  float64 // their length; the last one is shorter

	// At are times from t0 to t1, in that direction, at which the solution is wanted. They do not
	// change the steps. Without them it is given at t0 and at the end of every step.
	At []float64
}

// Solution is what Solve found.
type Solution struct {
	T      []float64   // times, as far as the solve came
	Y      [][]float64 // the state at each of them
	End    []float64   // the state at Stats.Time, which is t1 unless the solve failed
	Stats  SolveStats
	Status Status // as in Stats
}

// Solve solves dy/dt = f(t, y), y(t0) = y0, from t0 to t1, which may be before t0. Its loop is that of
// compiled solves: error per component against atol + rtol max(|y|, |y1|) in the root mean square,
// Hairer's first step, factor 0.9 err^(-1/order) between 0.2 and 10 on the step.
//
// When a solve fails the error is a *SolveError, and the solution holds what was reached before. Errors
// in the arguments wrap ErrShape or ErrOption and come without a solution.
func Solve(f Field, y0 []float64, t0, t1 float64, o SolveOptions) (*Solution, error) {
	m, err := o.check(f, y0, t0, t1)
	if err != nil {
		return nil, err
	}
	s := newStepper(m, f, y0, t0, t1, &o)
	if !Finite(y0) {
		s.st.Fail(NonFinite, t0, 0)
	} else if o.adaptive(m) {
		s.adapt(&o)
	} else {
		s.march(&o)
	}
	out := s.out
	out.End, out.Stats, out.Status = s.y, s.st, s.st.Status
	if e := s.st.err(&Site{Where: "rt.Solve", Solve: "field with " + m.name}, -1, -1); e != nil {
		return out, e
	}
	return out, nil
}

// adaptive reports whether steps are chosen by error control.
func (o *SolveOptions) adaptive(m *tableau) bool { return m.e != nil && o.Steps == 0 && o.Step == 0 }

// check completes the options.
func (o *SolveOptions) check(f Field, y0 []float64, t0, t1 float64) (*tableau, error) {
	if o.Method == "" {
		o.Method = "dopri5"
	}
	m := tableauOf(o.Method)
	bad := func(format string, args ...any) (*tableau, error) {
		return nil, fmt.Errorf("rt.Solve: "+format+": %w", append(args, ErrOption)...)
	}
	switch {
	case m == nil:
		return bad("there is no method %q; there are %v", o.Method, Methods())
	case f == nil || len(y0) == 0:
		return nil, fmt.Errorf("rt.Solve: a field and a start state are needed: %w", ErrShape)
	case !finite(t0) || !finite(t1):
		return bad("times %v and %v must be finite", t0, t1)
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
		switch {
		case o.Compat != "" && o.Compat != "torchdiffeq" && o.Compat != "torchdyn":
			return bad("Compat is torchdiffeq or torchdyn, not %q", o.Compat)
		case !(o.RTol > 0 && o.ATol > 0) || math.IsInf(o.RTol+o.ATol, 0):
			return bad("tolerances %v and %v must be positive", o.RTol, o.ATol)
		case !(o.FirstStep >= 0) || math.IsInf(o.FirstStep, 0) || o.MaxSteps < 0:
			return bad("FirstStep %v and MaxSteps %d cannot be negative", o.FirstStep, o.MaxSteps)
		}
	} else {
		switch {
		case o.RTol != 0 || o.ATol != 0 || o.FirstStep != 0 || o.MaxSteps != 0 || o.Compat != "":
			return bad("%s with Steps or Step has no tolerances", m.name)
		case (o.Steps > 0) == (o.Step > 0) || o.Steps < 0 || !(o.Step >= 0) || math.IsInf(o.Step, 0):
			return bad("%s needs one of Steps and Step, positive", m.name)
		case o.Step > 0 && math.Abs(t1-t0)/o.Step > math.MaxInt32:
			return bad("step %v is too short for the span from %v to %v", o.Step, t0, t1)
		}
	}
	if err := CheckTimes(t0, t1, o.At); err != nil {
		return nil, fmt.Errorf("rt.Solve: %w", err)
	}
	if n := len(o.At); n > 0 && (o.At[n-1]-t1)*Signed(1, t1-t0) > 0 {
		return nil, fmt.Errorf("rt.Solve: time %v is after the end %v: %w", o.At[n-1], t1, ErrShape)
	}
	return m, nil
}

// stepper is a solve on its way.
type stepper struct {
	m            *tableau
	f            Field
	t, t0, t1    float64
	y, y1, e, at []float64
	k            [][]float64 // stages
	need         []bool      // of those, what steps and perhaps errors are computed from
	adaptive     bool
	st           SolveStats
	out          *Solution
	times        []float64 // output times that are still to come
	all          bool      // output at every step instead
}

func newStepper(m *tableau, f Field, y0 []float64, t0, t1 float64, o *SolveOptions) *stepper {
	n := len(y0)
	vec := func() []float64 { return make([]float64, n) }
	s := &stepper{m: m, f: f, t: t0, t0: t0, t1: t1, y: append([]float64(nil), y0...), y1: vec(), e: vec(), at: vec(),
		st: SolveStats{Time: t0}, out: &Solution{}, times: o.At, all: o.At == nil}
	for range m.a {
		s.k = append(s.k, vec())
	}
	s.adaptive = o.adaptive(m)
	s.need = m.needed(s.adaptive)
	if s.all {
		s.save(t0, y0)
	}
	for len(s.times) > 0 && s.times[0] == t0 {
		s.save(t0, y0)
		s.times = s.times[1:]
	}
	return s
}

func (s *stepper) save(t float64, y []float64) {
	s.out.T = append(s.out.T, t)
	s.out.Y = append(s.out.Y, append([]float64(nil), y...))
}

func (s *stepper) eval(t float64, y, dy []float64) {
	s.f(t, y, dy)
	s.st.NFE++
}

// combine sets dst to base + Σ (h w_j) k_j; a nil base is zero.
func (s *stepper) combine(dst, base []float64, h float64, w []float64) {
	if base == nil {
		clear(dst)
	} else {
		copy(dst, base)
	}
	for j, x := range w {
		if x == 0 {
			continue
		}
		c := h * x
		for i, k := range s.k[j] {
			dst[i] += float64(c * k)
		}
	}
}

// step computes y1 from the stages, the error e where steps are chosen, and the stages of dense output
// where times are asked for. Of FSAL methods the first stage is there already.
func (s *stepper) step(h float64) {
	m := s.m
	first, last := 0, len(m.b)
	if m.fsal {
		first, last = 1, last-1
	}
	s.stages(first, last, h)
	s.combine(s.y1, s.y, h, m.b)
	if m.fsal {
		s.eval(s.t+h, s.y1, s.k[last])
	}
	if s.adaptive {
		s.combine(s.e, nil, h, m.e)
	}
	if !s.all {
		s.stages(len(m.b), len(m.a), h)
	}
}

// stages evaluates the stages from first to last that are needed.
func (s *stepper) stages(first, last int, h float64) {
	for i := first; i < last; i++ {
		if i < len(s.need) && !s.need[i] {
			continue
		}
		s.combine(s.at, s.y, h, s.m.a[i])
		s.eval(s.t+float64(h*s.m.c[i]), s.at, s.k[i])
	}
}

// handOn makes the last stage of an FSAL method the first of the next step.
func (s *stepper) handOn() {
	if last := len(s.m.b) - 1; s.m.fsal {
		s.k[0], s.k[last] = s.k[last], s.k[0]
	}
}

// accept moves to y1 at time next, h after t, and gives the output that lies between.
func (s *stepper) accept(next, h float64) {
	s.st.Accepted++
	for len(s.times) > 0 && (s.times[0]-next)*(s.t1-s.t0) <= 0 {
		if s.times[0] == next {
			s.save(next, s.y1)
		} else {
			s.dense((s.times[0]-s.t)/h, h)
			s.save(s.times[0], s.at)
		}
		s.times = s.times[1:]
	}
	if (next-s.t1)*(s.t1-s.t0) > 0 { // past the end
		s.dense((s.t1-s.t)/h, h)
		next = s.t1
		s.y1, s.at = s.at, s.y1
	}
	s.y, s.y1 = s.y1, s.y
	s.t, s.st.Time = next, next
	if s.all {
		s.save(s.t, s.y)
	}
}

// dense sets at to the state at t + theta h.
func (s *stepper) dense(theta, h float64) {
	copy(s.at, s.y)
	scale := h * theta
	for _, w := range s.m.dense {
		for j, x := range w {
			c := scale * x
			for i, k := range s.k[j] {
				s.at[i] += float64(c * k)
			}
		}
		scale *= theta
	}
}

// march takes steps of given length.
func (s *stepper) march(o *SolveOptions) {
	n, h := o.Steps, (s.t1-s.t0)/float64(max(o.Steps, 1))
	if n == 0 {
		h, n = FixedSteps(s.t0, s.t1, o.Step)
	}
	length := h
	if s.m.fsal && s.t0 != s.t1 {
		s.eval(s.t0, s.y, s.k[0])
	}
	for k := 0; k < n && s.t != s.t1; k++ {
		next := s.t0 + float64(float64(k+1)*length)
		if k == n-1 {
			next = s.t1
			if o.Steps == 0 {
				h = s.t1 - s.t
			}
		}
		s.step(h)
		if !Finite(s.y1) {
			s.st.Fail(NonFinite, s.t, h)
			return
		}
		s.accept(next, h)
		s.handOn()
	}
}

// adapt takes steps whose error is below the tolerances.
func (s *stepper) adapt(o *SolveOptions) {
	if s.t0 == s.t1 {
		return
	}
	const smallest, largest, safety = 0.2, 10, 0.9
	dir := Signed(1, s.t1-s.t0)
	if s.m.fsal || o.FirstStep == 0 {
		s.eval(s.t0, s.y, s.k[0])
	}
	h := dir * o.FirstStep
	if h == 0 {
		h = dir * s.first(dir, o)
		if o.Compat == "" {
			h = dir * min(dir*h, math.Abs(s.t1-s.t0))
		}
	}
	err, rejected := 1.0, false
	for (s.t1-s.t)*dir > 0 {
		var last bool
		switch o.Compat {
		case "torchdyn":
			last = (s.t+h-s.t1)*dir >= 0
		case "":
			last = (s.t+float64(1.01*h)-s.t1)*dir >= 0
		}
		if last {
			h = s.t1 - s.t
		}
		if s.st.Accepted+s.st.Rejected == o.MaxSteps {
			s.st.Fail(MaxSteps, s.t, h)
			return
		}
		if !(last || LongEnough(h, s.t, s.t1)) {
			s.st.Fail(TooSmall(err, h), s.t, h)
			return
		}
		s.step(h)
		err = s.norm(s.e, s.y, s.y1, o)
		factor := largest * 1.0
		if err != 0 {
			factor = min(largest, max(smallest, safety*Pow64(err, -1/float64(s.m.order))))
		}
		if !(err <= 1) { // also a NaN
			s.st.Rejected++
			rejected = true
			if !finite(err) {
				factor = smallest
			}
			h *= min(factor, 1)
			continue
		}
		next := s.t + h
		if last {
			next = s.t1
		}
		s.accept(next, h)
		if err < 1 {
			factor = max(factor, 1) // an accepted step does not make the next one shorter
		}
		if rejected && o.Compat == "" {
			factor = min(factor, 1)
		}
		rejected = false
		h *= factor
		s.handOn()
	}
}

// first is the length of the first step (Hairer, Nørsett, Wanner I, section II.4), with exponent
// 1/order; the stages but the first are free for its use.
func (s *stepper) first(dir float64, o *SolveOptions) float64 {
	k := s.k[0]
	d0, d1 := s.norm(s.y, s.y, s.y, o), s.norm(k, s.y, s.y, o)
	h0 := 0.01 * d0 / d1
	if d0 < 1e-5 || d1 < 1e-5 {
		h0 = 1e-6
	}
	h := dir * h0
	for i, y := range s.y {
		s.at[i] = y + float64(h*k[i])
	}
	s.eval(s.t0+h, s.at, s.k[1])
	for i, f := range s.k[1] {
		s.at[i] = f - k[i]
	}
	d := max(d1, s.norm(s.at, s.y, s.y, o)/h0)
	h1 := max(1e-6, 1e-3*h0)
	if d > 1e-15 || d != d {
		q := s.m.order
		if o.Compat == "torchdyn" {
			q++
		}
		h1 = Pow64(0.01/d, 1/float64(q))
	}
	return min(100*h0, h1)
}

// norm is the root mean square of e / (atol + rtol max(|y|, |y1|)).
func (s *stepper) norm(e, y, y1 []float64, o *SolveOptions) float64 {
	sum := 0.0
	for i, x := range e {
		r := x / (o.ATol + float64(o.RTol*max(math.Abs(y[i]), math.Abs(y1[i]))))
		sum += float64(r * r)
	}
	return math.Sqrt(sum / float64(len(e)))
}
