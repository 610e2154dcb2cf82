package ir

import (
	"slices"

	"ndec.dev/ndec/ir/diag"
)

// Solve is an initial value problem as data: a handful of small functions and constants. The
// interpreter and every back end have one loop over it (the loop is specified below).
//
// In the signatures, y… is one value per state, x… one per state that is no memory of the method, c… one
// per extra (context, initial(x), …), p the module parameters, which functions read directly. t, h,
// theta, tolerances and error norms are f64 scalars.
//
// A method may carry memory from step to step (the velocity of the asynchronous leapfrog): states after the
// others, which the field knows nothing of. Begin gives their starts; whoever runs the solve passes them. Where a step begins
// anew within the solve, at the other side of a stop and after an event, the loop has Begin make them anew
// (BeginEvals evaluations). Memory without Begin or Start begins at 0, and goes on.
//
// Methods of several steps have Start instead of Begin: a step from the states alone that fills the memory, over
// StartSteps steps of the grid. Steps are then taken so: where the memory is not that of steps of the present
// length, Start goes over the next StartSteps steps of the grid, or what is left of them, as one step; memory is lost
// where a stop or an event has cut a step, and where a last step is shorter than the others, which Start
// makes too. The parts of a step that a stop or event has cut are made by Start.
//
// Operands of the OpSolve value: t0, then t1 (a scalar; Times == 0) or the output times
// ([Times]f64), then, with Stops > 0, the stop times ([Stops]f64), then y…, then c….
//
// Results of the OpSolve value: one per state (its shape, with a leading axis Times if Times > 0),
// then the five statistics nfe, accepted, rejected, status (i32; see Status) and tstop (f64).
//
// Loop, fixed steps. n = Steps, or ceil(|t1-t0|/StepSize - 1e-9) (at least 1) with the last step
// shortened; h = (t1-t0)/n, t_k = t0 + k*h. A step whose result is not finite stops with
// NonFinite; the state then is the last finite one. FSAL: k = Field(t0,y) before the first step.
// More than 1e9 steps of StepSize: none is taken, and the solve stops with MaxSteps at t0. Of a span that is not finite, h is NaN.
//
// Loop, adaptive. Direction dir = sign(t1-t0). k = Field(t0,x) (1 evaluation); h = dir*FirstStep,
// or First (1 evaluation). Repeat while t != t1: if (t + 1.01*h - t1)*dir >= 0 then h = t1 - t;
// if attempts == MaxSteps stop with MaxSteps; if |h| < 16*eps*max(|t|,|t1|) and this is not the
// last step: StepTooSmall (NonFinite if the last error was not finite). y1, e = Step(t,h,…);
// err = Norm(…). err <= 1 accepts: t becomes t+h (t1 exactly in a last step). The next h is
// h*Control(err, errPrev, errPrev2), where a non-finite err rejects and multiplies h by MinFactor;
// after a rejection the factor is at most 1 until a step is accepted. errPrev is the error
// of the last accepted step (1 at the start), at least 1e-4.
// NFE = BeginEvals + FieldEvals + attempts*(StepEvals, and DenseEvals where there are output times).
//
// Output times are the grid of PerSample: Steps of one length lie between neighbours, and between t0 and the first.
//
// Compat takes the adaptive steps of another library. Of both, a rejection does not hold the next factor down. "torchdiffeq":
// no step is a last one; the step that passes t1 is cut there, its end being Dense, and the first h may be longer than the
// span. "torchdyn": a last step is one with (t + h - t1)*dir >= 0.
//
// StepGroup: the first h is FirstLength of the root mean squares of what FirstNorms and FirstBend give of all samples of the batch, and err the
// root mean square, or the largest, of theirs; samples that have ended do not count. A sample alone is its own batch.
//
// MaxStep: |h| is at most that at the top of the loop. MinStep: it is at least that, and a step of
// that length is accepted if its error is finite.
//
// Stops are times, sorted in the direction of integration, at which a step has to end because the field
// or its derivative jumps there. Those that do not lie between the ends of the solve are ignored. The
// field is not evaluated at a stop, but on each side: with gap = dir*4*eps*max(|t0|,|t1|), a step that
// would pass stop - gap ends there, and the next one starts at stop + gap, with k = Field again
// (1 evaluation) where the method is FSAL. Stops nearer than 2*gap to where a step starts are passed over; where one lies
// at t0, the first Field is at t0 + gap.
// Adaptive: the step after a stop is the longer of what Control says and of the step that was
// cut, and errors start anew. Fixed: a step of the grid is taken in pieces.
//
// Output times: sorted in the direction of integration from t0 (the first ones may be t0, and times may be equal), or else the solve
// stops with BadTimes at t0 and all outputs are the start; a time within
// an accepted step [t,t+h] is y = Dense(theta,h,…), theta = (time-t)/h, and y or y1 exactly
// where theta is 0 or 1. They never change the steps. The end of the solve is the last of them.
// Zero length: the start state, no evaluation.
type Solve struct {
	Name   string // "Moons.0"
	Span   diag.Span
	System string
	Solver string    // declared name; of one written in place its method, numbered as rk4.2 where there are others; "" where nobody steps through the solve
	Method string    // row of the method table
	Own    []Setting // options of the method itself, such as a of alpha{a:}
	Region *Region

	States []SolveState
	Extras []Type
	Times  int // number of output times, 0 for the end state only
	Stops  int // number of stop times

	Adaptive   bool
	FSAL       bool // the last stage is the next step's first
	Order      int
	Steps      int     // fixed: number of steps, or
	StepSize   float64 // fixed: length of a step
	PerSample  bool    // fixed: Steps is the number between output times
	Compat     string  // adaptive: whose steps, "" for ours
	StepGroup  string  // adaptive: "rms" or "max" where the samples of a batch take steps of one length, "" else
	RTol, ATol float64
	FirstStep  float64 // 0: by First
	MinStep    float64 // 0: by the resolution of time
	MaxStep    float64 // 0: no bound
	MinFactor  float64
	MaxSteps   int
	StepEvals  int // field evaluations per attempted step (FSAL counted)
	DenseEvals int // further ones of DenseStep
	BeginEvals int // of Begin, each time
	StartSteps int // steps of the grid that Start goes over
	StartEvals int // evaluations of Start

	Events   []Event // in the order of the source; see there
	EventTol float64 // how close in time they are located
	EventMax int     // of them before the solve gives up
	Guard    *Func   // (t, x…, c…) -> f64 per event that is located by a sign

	Field *Func // (t, x…, c…) -> dx…
	// Of a field that looks its time up among the knots of inputs, which no step crosses: Piece: (t, c…) -> p… is what it takes of extras, and
	// of the piece of the inputs that t lies in, once in a step, by its middle. Within: (t, x…, p…) -> dx… is the field that stages evaluate. Both are nil of
	// other fields.
	Piece, Within *Func
	// Begin: (t, y…, c…) -> y… with memory that starts here; nil of methods without memory.
	Begin *Func
	// Start: (t, h, y…, c…) -> y1… with memory that it makes from the states alone; nil of other methods.
	// StartDense: (theta, h, y…, y1…) -> y(t+theta*h)… inside that step.
	Start, StartDense *Func
	// Step: (t, h, y…, [kx… if FSAL], c…) -> y1…, [ex… if Adaptive], [kxnext… if FSAL]
	Step *Func
	// DenseStep is Step with the data that Dense needs as further results d….
	DenseStep *Func
	// Dense: (theta, h, y…, y1…, d…) -> y(t+theta*h)…
	Dense *Func
	// Norm: (rtol, atol, x…, x1…, ex…) -> err
	Norm *Func
	// First: (t0, t1-t0, rtol, atol, x…, kx…, c…) -> |h|; it evaluates Field FirstEvals times.
	First      *Func
	FirstEvals int
	// The parts of First in a StepGroup, which has none: FirstNorms: (rtol, atol, x…, kx…) -> d0, d1. FirstBend: (t0, t1-t0, rtol, atol, d0, d1, x…,
	// kx…, c…) -> d2, with FirstEvals evaluations. FirstLength: (t1-t0, d0, d1, d2) -> |h|.
	FirstNorms, FirstBend, FirstLength *Func
	// Control: (err, errPrev, errPrev2) -> factor; of controllers that look at ratios of steps also the lengths of the step
	// and of the accepted one before, over those of their predecessors (1 at the start): (…, ratio, ratioPrev).
	Control *Func

	// Replay is Step as a pure function for differentiation: (t, h, y…, c…) -> y1…; ReplayAt
	// ends at theta inside the step: (t, h, theta, y…, c…) -> y(t+theta*h)…. Start is its own
	// replay, and StartAt is ReplayAt of it. ReplayDense, of a step that evaluates nothing more for dense output, is Replay with
	// the data that Dense needs, where that is taken: (t, h, y…, c…) -> y1…, d…
	Replay      *Func
	ReplayAt    *Func
	ReplayDense *Func
	StartAt     *Func

	// Given: (extras of the source) -> c…, where passes have dropped extras or added what follows from them; nil where they are
	// the same. Those who step through a solve by themselves begin with the extras of the source.
	Given *Func

	Sensitivity Choice
	Record      bool // keep t, h, y of accepted steps for an OpRev
	// KeepEvery and KeepBytes bound what is kept of a recorded solve: the state of every n-th step, or as many
	// states as fit into the memory. The reverse sweep makes the others again with Replay.
	KeepEvery, KeepBytes int
	// Undo keeps the state before the last step alone: the reverse sweep makes that before step k from that
	// before step k+1 by Replay(t+h, -h, …).
	Undo bool
	// Stretches keeps stretches instead of steps: one ends at each output time, at each event and at the end. It is on the tape
	// as a step back from there: t and the states before an event at t, and h to its start, which may be 0.
	Stretches bool
}

// SolveState is one state of a solve.
type SolveState struct {
	Name   string
	Type   Type
	InNorm bool // false: an integral, left out of the error norm
	Memory bool // of the method, and no state of the system
}

// FuncRefs are the places of the functions of s that are set, in the order of the fields.
func (s *Solve) FuncRefs() []**Func {
	var set []**Func
	for _, f := range []**Func{&s.Field, &s.Piece, &s.Within, &s.Begin, &s.Start, &s.StartDense, &s.Step, &s.DenseStep, &s.Dense, &s.Norm, &s.First, &s.FirstNorms, &s.FirstBend, &s.FirstLength, &s.Control, &s.Replay, &s.ReplayAt, &s.ReplayDense, &s.StartAt, &s.Guard, &s.Given} {
		if *f != nil {
			set = append(set, f)
		}
	}
	for i := range s.Events {
		if s.Events[i].Reset != nil {
			set = append(set, &s.Events[i].Reset)
		}
	}
	return set
}

// Uneven reports whether a sample may take more steps than another one.
func (s *Solve) Uneven() bool {
	if s.Adaptive || s.Stops > 0 || len(s.Events) > 0 {
		return s.StepGroup == ""
	}
	return s.StepSize > 0 && (s.Step.Args[0].Rate.PerSample || s.Step.Args[1].Rate.PerSample)
}

// Uneven reports whether f, or what it calls, has such solves.
func (f *Func) Uneven() bool { return slices.ContainsFunc(f.solves(), (*Solve).Uneven) }

// Together are the solves of f, and of what it calls, that take the steps of a StepGroup.
func (f *Func) Together() []*Solve {
	return slices.DeleteFunc(f.solves(), func(s *Solve) bool { return s.StepGroup == "" })
}

// solves are those of f and of what it calls.
func (f *Func) solves() []*Solve {
	var out []*Solve
	seen := map[*Func]bool{}
	var visit func(f *Func)
	visit = func(f *Func) {
		if f == nil || seen[f] {
			return
		}
		seen[f] = true
		for _, v := range f.Values {
			if v.Op == OpSolve {
				out = append(out, v.Attr.Solve)
			}
			for _, g := range v.Callees() {
				visit(g)
			}
		}
	}
	visit(f)
	return out
}

// InStep reports whether there are such solves.
func (f *Func) InStep() bool { return len(f.Together()) > 0 }

// Before are the functions that choose the first step, which run once, before the steps.
func (s *Solve) Before() []*Func {
	return slices.DeleteFunc([]*Func{s.First, s.FirstNorms, s.FirstBend, s.FirstLength}, func(f *Func) bool { return f == nil })
}

// Statistics of a solve are the last results of OpSolve, in this order.
const (
	StatNFE = iota
	StatAccepted
	StatRejected
	StatStatus
	StatTime
	NumStats
)

// Status says how a solve ended. The numbers agree with rt.Status.
const (
	StatusOK = iota
	StatusMaxSteps
	StatusStepTooSmall
	StatusNonFinite
	StatusEventStop
	StatusMaxEvents
	_ // of rt.Solve alone
	StatusBadTimes
)

// Remakes reports whether the reverse sweep of s, which is recorded, makes states again with Replay.
func (s *Solve) Remakes() bool { return s.KeepEvery > 0 || s.KeepBytes > 0 || s.Undo }

// Passes reports whether the last step may pass the end, and is cut there.
func (s *Solve) Passes() bool { return s.Compat == "torchdiffeq" }

// TakesStops reports whether the reverse sweep of s takes its stops: it solves backwards over stretches.
func (s *Solve) TakesStops() bool { return s.Stretches && s.Stops > 0 }

// Rebegins reports whether memory of the method may begin anew within s.
func (s *Solve) Rebegins() bool { return s.Begin != nil && (s.Stops > 0 || len(s.Events) > 0) }

// Cuts reports whether steps may end inside, so that each has dense output.
func (s *Solve) Cuts() bool { return len(s.Events) > 0 || s.Passes() }

// Inside reports whether dense output is taken inside of steps: at output times that no step has to end at, or where steps are cut.
func (s *Solve) Inside() bool { return s.Times > 0 && !s.PerSample || s.Cuts() }

// Ratios reports whether Control looks at ratios of steps.
func (s *Solve) Ratios() bool { return s.Control != nil && len(s.Control.Args) > 3 }

// Stage is the field that the stages of a step evaluate.
func (s *Solve) Stage() *Func {
	if s.Within != nil {
		return s.Within
	}
	return s.Field
}

// Handed are, by the extras of s, the arguments of Stage that have their values; nil where it takes none.
func (s *Solve) Handed() []*Value {
	n := len(s.Extras)
	if s.Within == nil {
		return s.Field.Args[len(s.Field.Args)-n:]
	}
	out := make([]*Value, n)
	first := 1 + len(s.Plain())
	for i, r := range s.Piece.Results {
		if r.Op == OpArg && r.Attr.Index > 0 {
			out[r.Attr.Index-1] = s.Within.Args[first+i]
		}
	}
	return out
}

// Plain are the places of the states that are no memory of the method.
func (s *Solve) Plain() []int {
	var at []int
	for i, st := range s.States {
		if !st.Memory {
			at = append(at, i)
		}
	}
	return at
}

// All are the places of all states.
func (s *Solve) All() []int {
	at := make([]int, len(s.States))
	for i := range at {
		at[i] = i
	}
	return at
}

// Pick gives the elements of xs at the places.
func Pick[T any](xs []T, at []int) []T {
	out := make([]T, len(at))
	for k, i := range at {
		out[k] = xs[i]
	}
	return out
}

// Lead is the number of operands of an OpSolve value before y….
func (s *Solve) Lead() int {
	if s.Stops > 0 {
		return 3
	}
	return 2
}

// LeadTypes are the types of the operands before y….
func (s *Solve) LeadTypes() []Type {
	want := []Type{Scalar(F64), Scalar(F64)}
	if s.Times > 0 {
		want[1] = Tensor(F64, s.Times)
	}
	if s.Stops > 0 {
		want = append(want, Tensor(F64, s.Stops))
	}
	return want
}

// ResultTypes are the types of the results of an OpSolve value.
func (s *Solve) ResultTypes() []Type {
	var ts []Type
	for _, st := range s.States {
		t := st.Type
		if s.Times > 0 {
			t = Tensor(t.Elem, append([]int{s.Times}, t.Shape...)...)
		}
		ts = append(ts, t)
	}
	return append(ts, Scalar(I32), Scalar(I32), Scalar(I32), Scalar(I32), Scalar(F64))
}

// Funcs lists the functions of s that are set, in the order of the fields.
func (s *Solve) Funcs() []*Func {
	var fs []*Func
	for _, f := range s.FuncRefs() {
		fs = append(fs, *f)
	}
	return fs
}

// Map applies Fn to slices along the leading axis. Operands: N-leading-axis values for the first
// Mapped operands, the others are passed whole. Results: Fn's with a leading axis N.
type Map struct {
	Fn     *Func
	N      int
	Mapped int
	Region *Region
}

// Scan runs Fn N times, handing values on from one run to the next: a loop with a bound.
//
// Operands: Carry start values, then Mapped values with a leading axis N of which run n gets slice n,
// then the rest, passed whole. Back runs from the last slice to the first.
//
// Fn: (carry…, slice…, rest…) -> (carry…, others…). Results: the carries after the last run, then,
// for each other result of Fn, its values stacked along a leading axis N (at the place of their
// slices), or their sum over the runs where it is marked Accum.
//
// With Guard the first value handed on is an i32: 0 as long as all is well, and from then on the
// number, from 1, of the first run that failed. Back ends report it like a solve that failed.
type Scan struct {
	Fn     *Func
	N      int
	Carry  int
	Mapped int
	Back   bool
	Guard  bool
	Region *Region
}

// Sums reports whether result i of s is a sum over the runs.
func (s *Scan) Sums(i int) bool { return i >= s.Carry && i < len(s.Fn.Accum) && s.Fn.Accum[i] }
