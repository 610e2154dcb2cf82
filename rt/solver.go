package rt

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
)

// Solver is a solve on its way: what Solve does, a step at a time. It does not allocate once it is made, and belongs
// to one goroutine.
type Solver struct {
	f            Field
	o            SolveOptions
	method       method
	by           scheme
	multistep    *adams // by, where that is of several steps
	control      control
	adaptive     bool
	t, t0, t1    float64
	dir          float64   // 1 or -1: the sign of t1 - t0
	y, y1, e, at []float64 // as long as y0
	spare        [2][]float64
	st           SolveStats
	out          Solution
	times        []float64 // output times that are still to come
	all          bool      // output at every step instead
	dense        bool      // steps are made so that states inside of them can be had
	begun        bool

	stops []float64 // times that are still to come at which steps end
	gap   float64   // what steps keep from them
	es    []SolveEvent
	ev    EventSearch

	h        float64 // of the next step, where steps are chosen
	err      float64 // of the last one
	rejected bool    // the last one was

	k, n   int     // steps of given length: those that are done, and how many there are
	length float64 // of one
	pieces bool    // what is left of a step that held a stop or an event is next
}

// Start readies a solve of dy/dt = f(t, y), y(t0) = y0, from t0 to t1. States at o.At are kept for Solution; without them
// none is kept, and State has the present one.
func Start(f Field, y0 []float64, t0, t1 float64, o SolveOptions) (*Solver, error) {
	m, err := o.check(f, y0, t0, t1)
	if err != nil {
		return nil, err
	}
	return newSolver(m, f, y0, t0, t1, o), nil
}

func newSolver(m method, f Field, y0 []float64, t0, t1 float64, o SolveOptions) *Solver {
	s := &Solver{f: f, o: o, method: m, adaptive: o.adaptive(m), t: t0, t0: t0, t1: t1, dir: Signed(1, t1-t0),
		st: SolveStats{Time: t0}, times: o.At, dense: o.At != nil || len(o.Events) > 0 || o.Compat == "torchdiffeq", err: 1}
	n := len(y0)
	memory := vectors(n)
	s.y, s.y1, s.e, s.at = memory(), memory(), memory(), memory()
	s.spare = [2][]float64{memory(), memory()}
	Copy(s.y, y0)
	s.by = m.scheme(s)
	s.multistep, _ = s.by.(*adams)
	if s.adaptive {
		by, _ := controllerOf(&s.o)
		s.control.begin(by, m.Order)
	}
	for len(s.times) > 0 && s.times[0] == t0 {
		s.save(t0, y0)
		s.times = s.times[1:]
	}
	if !Finite(y0) {
		s.st.Fail(NonFinite, t0, 0)
	}
	return s
}

// vectors gives vectors of n numbers with room for whole groups of four, in which sums are computed.
func vectors(n int) func() []float64 {
	room := (n + 3) &^ 3
	return func() []float64 { return make([]float64, n, room) }
}

// Step takes a step: one whose error is below the tolerances, or one of the given length, shorter where it ends at an event, at
// a time of StepAt or at the end. It reports whether there was one to take and it could be taken.
func (s *Solver) Step() bool {
	if !s.begun {
		s.begin()
	}
	if s.Ended() {
		return false
	}
	if s.o.Context != nil && s.o.Context.Err() != nil {
		s.st.Fail(Stopped, s.t, s.h)
		return false
	}
	before := s.st.Accepted
	if s.adaptive {
		s.adapt()
	} else {
		s.march()
	}
	return s.st.Accepted > before
}

// Ended reports whether there is no step left: at the end, after an event that stops, or after a failure.
func (s *Solver) Ended() bool { return s.st.Status != OK || s.t == s.t1 }

// Time is how far the solve is.
func (s *Solver) Time() float64 { return s.t }

// State is the state at Time, until the next step.
func (s *Solver) State() []float64 { return s.y }

// Stats are the counts so far.
func (s *Solver) Stats() SolveStats { return s.st }

// Err is a *SolveError where the solve has failed, and wraps the cause too where its context has stopped it; else nil.
func (s *Solver) Err() error {
	e := s.st.err(&Site{Where: "rt.Solve", Solve: "field with " + s.method.Name}, -1, -1)
	switch {
	case e == nil:
		return nil
	case e.Status == Stopped:
		return fmt.Errorf("%w: %w", e, context.Cause(s.o.Context))
	}
	return e
}

// Solution is what was found so far.
func (s *Solver) Solution() *Solution {
	out := s.out
	out.End, out.Stats, out.Status = Copied(nil, s.y), s.st, s.st.Status
	return &out
}

// begin readies the first step.
func (s *Solver) begin() {
	s.begun = true
	if s.Ended() {
		return
	}
	if len(s.o.Events) > 0 {
		s.armEvents()
	}
	s.plan()
	k := s.by.begin(s)
	s.h = s.dir * s.o.FirstStep
	if s.adaptive && s.h == 0 {
		if k == nil {
			k = s.spare[0]
			s.eval(s.t, s.y, k)
		}
		s.h = s.dir * s.first(k)
		if s.o.Compat == "" {
			s.h = s.dir * min(s.dir*s.h, math.Abs(s.t1-s.t0))
		}
	}
	s.t = s.t0
}

// plan readies the times at which steps end, and the number of those of given length. The field is first seen at s.t, which
// it moves where one of these times lies at the start.
func (s *Solver) plan() {
	s.halts()
	if s.adaptive {
		return
	}
	if s.n, s.length = s.o.Steps, (s.t1-s.t0)/float64(max(s.o.Steps, 1)); s.n == 0 {
		s.length, s.n = FixedSteps(s.t0, s.t1, s.o.Step)
	}
}

func (s *Solver) save(t float64, y []float64) {
	s.out.T = append(s.out.T, t)
	s.out.Y = append(s.out.Y, Copied(nil, y))
}

func (s *Solver) eval(t float64, y, dy []float64) {
	s.st.NFE++
	s.f(t, y, dy)
}

// accept moves to y1 at time next, h after t, or to the first events in the step, and gives the output that lies
// between. It reports whether events have cut the step; when they do not end, the step is not taken.
func (s *Solver) accept(next, h float64) (cut bool) {
	whole := next
	if len(s.es) > 0 {
		s.look(next, h)
		if s.ev.Endless() {
			s.st.Fail(MaxEvents, s.t, h)
			return false
		}
		if cut = s.ev.Hit; cut {
			next = s.ev.Time
		}
	}
	s.st.Accepted++
	s.st.H = h
	for len(s.times) > 0 && (s.times[0]-next)*s.dir <= 0 && !(cut && s.times[0] == next) {
		switch s.times[0] {
		case next:
			s.save(next, s.y1)
		case s.t:
			s.save(s.t, s.y)
		default:
			s.by.inside(s, (s.times[0]-s.t)/h, h)
			s.save(s.times[0], s.at)
		}
		s.times = s.times[1:]
	}
	switch {
	case cut && s.ev.End < 1:
		s.by.inside(s, s.ev.End, h)
		s.y1, s.at = s.at, s.y1
	case (next-s.t1)*s.dir > 0: // past the end
		s.by.inside(s, (s.t1-s.t)/h, h)
		next = s.t1
		s.y1, s.at = s.at, s.y1
	}
	if next != whole && !Finite(s.y1) { // between finite ends, a polynomial of numbers near the largest
		s.st.Fail(NonFinite, s.t, h)
		return false
	}
	s.y, s.y1 = s.y1, s.y
	s.t, s.st.Time = next, next
	if s.all {
		s.save(s.t, s.y)
	}
	if cut {
		s.happen(h)
	}
	return cut
}

// savedSolve is a solve as Save writes it.
type savedSolve struct {
	Format  int          `json:"format"`
	Method  string       `json:"method"`
	Options string       `json:"options"` // all but the functions of events
	T0      number       `json:"t0"`
	T1      number       `json:"t1"`
	T       number       `json:"t"`
	State   savedNumbers `json:"state"`
	Begun   bool         `json:"begun"`
	// What the method hands on from step to step.
	Memory []savedNumbers `json:"memory,omitempty"`
	Filled bool           `json:"filled,omitempty"` // of methods of several steps: memory counts

	H        number       `json:"h"`
	Err      number       `json:"err"`
	Control  savedNumbers `json:"control,omitempty"` // what the controller remembers
	Rejected bool         `json:"rejected,omitempty"`
	K        int          `json:"k,omitempty"`
	Pieces   bool         `json:"pieces,omitempty"`
	Outputs  int          `json:"outputs,omitempty"` // that have been given

	NFE        int        `json:"nfe"`
	Accepted   int        `json:"accepted"`
	RejectedBy int        `json:"rejected_steps"`
	Status     Status     `json:"status"`
	Time       number     `json:"time"`
	LastH      number     `json:"last_h"`
	Search     *savedWait `json:"events,omitempty"`
}

type savedWait struct {
	Since number       `json:"since"`
	Wait  number       `json:"wait"`
	Count int          `json:"count"`
	Of    []savedEvent `json:"of"`
}

type savedEvent struct {
	Side   number `json:"side"`
	Value  number `json:"value"`
	Begun  number `json:"begun"`
	Last   number `json:"last"`
	Turned bool   `json:"turned,omitempty"`
}

type savedNumbers []number

func numbersOf(xs []float64) savedNumbers {
	out := make(savedNumbers, len(xs))
	for i, x := range xs {
		out[i] = number(x)
	}
	return out
}

func (ns savedNumbers) to(xs []float64) {
	for i := range xs {
		xs[i] = float64(ns[i])
	}
}

// Save writes where the solve is, as JSON, so that Resume goes on from there with the same bits, in
// another process too. Solutions at earlier times are not in it.
func (s *Solver) Save() []byte {
	v := savedSolve{Format: 1, Method: s.method.Name, Options: s.o.fingerprint(), T0: number(s.t0), T1: number(s.t1), T: number(s.t), State: numbersOf(s.y),
		Begun: s.begun, H: number(s.h), Err: number(s.err), Rejected: s.rejected, K: s.k, Pieces: s.pieces, Outputs: len(s.o.At) - len(s.times),
		NFE: s.st.NFE, Accepted: s.st.Accepted, RejectedBy: s.st.Rejected, Status: s.st.Status, Time: number(s.st.Time), LastH: number(s.st.H)}
	for _, m := range s.by.memory() {
		v.Memory = append(v.Memory, numbersOf(m))
	}
	if s.multistep != nil {
		v.Filled = s.multistep.filled
	}
	if s.adaptive && !s.control.plain {
		v.Control = numbersOf(s.control.past[:])
	}
	if s.begun && len(s.es) > 0 {
		v.Search = &savedWait{Since: number(s.ev.since), Wait: number(s.ev.wait), Count: s.ev.count}
		for i := range s.es {
			e := &s.es[i]
			v.Search.Of = append(v.Search.Of, savedEvent{number(e.side), number(e.value), number(e.begun), number(e.last), e.turned})
		}
	}
	text, err := json.Marshal(&v)
	if err != nil {
		return nil // numbers and text alone
	}
	return text
}

// Resume goes on with a solve that Save has written. Field and options have to be those of Start; options that
// differ are refused. Errors wrap ErrData or ErrOption.
func Resume(f Field, saved []byte, o SolveOptions) (*Solver, error) {
	var v savedSolve
	if err := json.Unmarshal(saved, &v); err != nil {
		return nil, fmt.Errorf("rt.Resume: %w: %w", err, ErrData)
	}
	if v.Format != 1 {
		return nil, fmt.Errorf("rt.Resume: format %d is not known: %w", v.Format, ErrData)
	}
	y := make([]float64, len(v.State))
	v.State.to(y)
	m, err := o.check(f, y, float64(v.T0), float64(v.T1))
	if err != nil {
		return nil, err
	}
	if m.Name != v.Method || o.fingerprint() != v.Options {
		return nil, fmt.Errorf("rt.Resume: the solve was saved with other options: %w", ErrOption)
	}
	s := newSolver(m, f, y, float64(v.T0), float64(v.T1), o)
	s.out = Solution{}
	memory := s.by.memory()
	if len(v.Memory) != len(memory) || v.Outputs < 0 || v.Outputs > len(o.At) {
		return nil, fmt.Errorf("rt.Resume: this is no solve with %s: %w", m.Name, ErrData)
	}
	for i, k := range v.Memory {
		if len(k) != len(memory[i]) {
			return nil, fmt.Errorf("rt.Resume: this is no solve with %s: %w", m.Name, ErrData)
		}
	}
	if s.multistep != nil {
		s.multistep.filled = v.Filled
	}
	if s.adaptive && !s.control.plain {
		if len(v.Control) != len(s.control.past) {
			return nil, fmt.Errorf("rt.Resume: this is no solve with %s: %w", s.control.name, ErrData)
		}
		v.Control.to(s.control.past[:])
	}
	if v.Begun {
		s.begun = true
		s.plan()
		if len(o.Events) > 0 {
			if v.Search == nil || len(v.Search.Of) != len(o.Events) {
				return nil, fmt.Errorf("rt.Resume: this is no solve with %d events: %w", len(o.Events), ErrData)
			}
			s.listEvents()
			s.ev.dir, s.ev.since, s.ev.wait, s.ev.count = s.dir, float64(v.Search.Since), float64(v.Search.Wait), v.Search.Count
			for i, e := range v.Search.Of {
				at := &s.es[i]
				at.side, at.value, at.begun, at.last, at.turned = float64(e.Side), float64(e.Value), float64(e.Begun), float64(e.Last), e.Turned
			}
		}
	}
	for i, k := range v.Memory {
		k.to(memory[i])
	}
	s.t, s.h, s.err, s.rejected, s.k, s.pieces = float64(v.T), float64(v.H), float64(v.Err), v.Rejected, v.K, v.Pieces
	s.times = o.At[v.Outputs:]
	s.st = SolveStats{NFE: v.NFE, Accepted: v.Accepted, Rejected: v.RejectedBy, Status: v.Status, Time: float64(v.Time), H: float64(v.LastH)}
	return s, nil
}

// fingerprint spells the options but for functions.
func (o SolveOptions) fingerprint() string {
	events := o.Events
	o.Events, o.Context = nil, nil
	text := fmt.Sprintf("%+v", o)
	for _, e := range events {
		text += fmt.Sprintf(" %d/%v/%v", e.Kind, e.Every, e.Stop)
	}
	return text
}
