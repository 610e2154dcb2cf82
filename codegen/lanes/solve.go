package lanes

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/ir"
)

// Solve is a solve whose steps run in lanes: each sample has its own t, h and decisions, in f64 as everywhere.
// The loop over the steps is Go. It is that of ir.Solve, cut into two functions that Go calls.
type Solve struct {
	IR *ir.Solve
	// Start gives the first h of an adaptive solve and, where the method keeps it, the field at the start. It
	// is nil where neither is needed. Arguments: t, t1, dir, rtol, atol, states, extras. Results: h, slopes.
	Start *Kernel
	// Step makes a step and decides on it. Its arguments that change are carried on from call to call:
	// t, h, states, slopes and, of an adaptive solve, rejected, errPrev, errPrev2. See the constants for places.
	Step *Kernel
	// Fill is Step of a method of several steps where that makes its memory anew, see filling.go; nil of others.
	Fill *Kernel
	// Together has what the samples of a batch with steps of one length do before Step, see together.go; nil of others.
	Together *Together
	// Output takes rows of outputs, of a solve with output times, Rows of them in a run. Its data of dense output are the last results of Step. Where there
	// is a Fill it takes Filled, too.
	Output *Kernel
	Rows   int
	// Gives says which states somebody reads at the output times, whom the solve gives them.
	Gives []bool
	// Order says which samples have output times in order; nil where these are too many.
	Order *Kernel
	// Anew is what a step after a stop or an event begins with: (t, states, extras) to the field, of a method that keeps it
	// from step to step, or to the memory of the method. Nil where that is nothing.
	Anew *Kernel
	// Of a solve with events Search finds these. Guards gives the guards at a place in a step, nil where there are none, and Look the states. Resets
	// gives the states after each event; nil of events that leave them as they are.
	Search *Search
	Guards *Kernel
	Look   *Kernel
	Resets []*Kernel
	// Keep is the step of a solve whose way back takes what it keeps (ir.Rev.Keep), the last results of Step; nil else.
	Keep *ir.Func
	// Of what it keeps the First first belong to the first stage of a step (ir.Rev.First): a step gives those of the next one, and
	// Start those of the first one, by StartKeep.
	First     int
	StartKeep *ir.Func
	// MostKept is the number of steps of which it keeps something, if there are more.
	MostKept int
	// Alike says that all samples have the same time and step. Step then reads these of the first lane alone.
	Alike bool
	// InARow is the number of steps that Step makes in a run, see again.go.
	InARow int
	// Record is what of a Step lies in records; nil for nothing.
	Record *Record
	// States, Slopes and Data say how many there are.
	States, Slopes, Data int
}

// Results of a Step. Go reads the code of each sample after a step.
const (
	CodeRejected = 0 // of an adaptive solve; of one of fixed steps: the step was not finite
	CodeAccepted = 1
	CodeTooSmall = 2
)

// Own begins the names of what is no state of the program; those of states go on with a point.
const Own = "step."

// Arguments of an adaptive Step before the states: t, h, then these.
var adaptiveArgs = []string{"rejected", "err_prev", "err_prev2", "t1", "dir", "rtol", "atol", "live"}

// ratioArgs follow them where the controller looks at ratios of steps: the last ratio, the one before and the length of the last
// accepted step, 0 for none.
var ratioArgs = []string{"ratio", "ratio_prev", "h_prev"}

// adaptiveLead are all of those of a solve.
func adaptiveLead(sv *ir.Solve) []string {
	if sv.Ratios() {
		return slices.Concat(adaptiveArgs, ratioArgs)
	}
	return adaptiveArgs
}

// fixedArgs are those of a Step of given length.
var fixedArgs = []string{"live"}

// AddSolve compiles the functions of a solve, which keeps what the sweep by takes if that is not nil. On an error the set is as it was.
func (s *Set) AddSolve(sv *ir.Solve, by *ir.Rev) (*Solve, error) {
	var keep *ir.Func
	if by != nil {
		keep = by.Keep
	}
	if l := s.solves[solveKey{sv, keep}]; l != nil {
		return l, nil
	}
	switch {
	case sv.PerSample && sv.Start != nil:
		return nil, &Unsupported{"steps between output times by a method of several steps", sv.Field, nil}
	case sv.Compat != "":
		return nil, &Unsupported{"steps of another library", sv.Field, nil}
	}
	l := &Solve{IR: sv, States: len(sv.States), Alike: (s.alone == nil || s.few() > 0) && stepsAlike(sv)}
	if by != nil {
		l.Keep, l.First, l.StartKeep = keep, by.First, by.StartKeep
		var err error
		if l.MostKept, err = s.mostKept(by); err != nil {
			return nil, err
		}
	}
	if sv.FSAL {
		l.Slopes = len(sv.Plain())
	}
	var start, step *ir.Func
	if sv.Adaptive {
		start, step = s.adaptiveStart(l), s.adaptiveStep(l)
	} else {
		l.InARow = s.inARow(l)
		step = s.fixedStep(l)
		if sv.FSAL {
			start = s.slope(sv, ".lanestart")
		}
	}
	for _, f := range []*ir.Func{start, step} {
		if f == nil {
			continue
		}
		if err := s.planned(f); err != nil {
			return nil, err
		}
	}
	var err error
	if anew := s.anew(sv); anew != nil {
		if err := s.Plan.Extra(anew); err != nil {
			return nil, err
		}
		if l.Anew, err = s.Add(anew); err != nil {
			return nil, err
		}
	}
	if start != nil {
		if l.Start, err = s.addRunning(start, running{kept: l.keptByStart(start)}); err != nil {
			return nil, err
		}
	}
	if l.Step, err = s.addRunning(step, running{carry: l.carry(), alike: l.times(), again: l.InARow > 1, kept: l.keptResults(step)}); err != nil {
		return nil, err
	}
	if err := s.addFill(l); err != nil {
		return nil, err
	}
	if err := s.addTogether(l); err != nil {
		return nil, err
	}
	if l.InARow <= 1 && keep == nil {
		l.Record = s.record(step, l.times())
	}
	if err := s.addEvents(l); err != nil {
		return nil, err
	}
	if err := s.addOutput(l); err != nil {
		return nil, err
	}
	if err := s.addWholeSearch(l); err != nil {
		return nil, err
	}
	s.solves[solveKey{sv, keep}] = l
	return l, nil
}

// carry gives the results of a Step that are arguments of the next one.
func (l *Solve) carry() map[int]int {
	carry := map[int]int{}
	from := 0 // the first of them that is a state
	if l.IR.Adaptive {
		for i := range 3 { // rejected, errors
			carry[i] = 2 + i
		}
		carry[3], carry[4] = 0, 1
		from = 5
		for i := range l.Lead() - 2 - len(adaptiveArgs) {
			carry[from] = 2 + len(adaptiveArgs) + i
			from++
		}
	}
	for i := range l.States + l.Slopes {
		carry[from+i] = l.Lead() + i
	}
	return carry
}

// stepsAlike reports whether all samples of a solve take steps of the same length at the same times: those that are given and
// that the rates say to be the same. Where every sample has a place of its own on the grid it goes on by itself.
func stepsAlike(sv *ir.Solve) bool {
	same := func(v *ir.Value) bool { return v.Rate.Region != nil && !v.Rate.PerSample }
	return !sv.Adaptive && !ByPieces(sv) && same(sv.Step.Args[0]) && same(sv.Step.Args[1])
}

// times are the arguments of Step, and of the step of a sweep, that are alike: t and h.
func (l *Solve) times() alikeArgs {
	if !l.Alike {
		return nil
	}
	return alikeArgs{true, true}
}

// Lead is the number of arguments of Step before the states.
func (l *Solve) Lead() int {
	if l.IR.Adaptive {
		return 2 + len(adaptiveLead(l.IR))
	}
	if l.InARow > 1 {
		return 2 + len(fixedArgs) + len(againArgs)
	}
	return 2 + len(fixedArgs)
}

// AlikeAtStart reports whether an argument of Step of an adaptive solve is alike for all samples that begin: tolerances, and what the controller knows of
// steps before.
func (l *Solve) AlikeAtStart(arg int) bool {
	name := l.Step.Func.Args[arg].Name
	return arg < l.Lead() && !slices.Contains([]string{Own + "t", Own + "h", Own + "t1", Own + "dir", Own + "live"}, name)
}

// cut reports whether steps end at stops or events, after which they begin anew.
func cut(sv *ir.Solve) bool { return sv.Stops > 0 || len(sv.Events) > 0 }

// ByPieces reports whether every sample of a solve of given steps has a place of its own on the grid.
func ByPieces(sv *ir.Solve) bool {
	return !sv.Adaptive && (cut(sv) || sv.PerSample || sv.Start != nil && sv.StepSize > 0)
}

// stepOf is the function of a step: that with the data of dense output where there are output times or events.
func stepOf(sv *ir.Solve) *ir.Func {
	if (sv.Times > 0 || len(sv.Events) > 0) && sv.DenseStep != nil {
		return sv.DenseStep
	}
	return sv.Step
}

// smallField is the number of operations up to which a field is spelled out wherever a step evaluates it, and smallStep
// what all of them may have in a step.
const smallField, smallStep = 48, 400

// longStates is the number of elements of states from which they are not copied for a call of the step: rows of 32 KiB, which
// a first cache has.
const longStates = 256

// advance is the step f of a solve: a call, or, where the field is small, what it computes. Stages then stay in registers.
// Where states are long the step is spelled out, too, but for the field.
func (s *Set) advance(b *ir.Builder, f *ir.Func, args []*ir.Value) []*ir.Value {
	if !s.inlines(f) {
		size := 0
		for _, a := range args {
			size += a.Type.Len()
		}
		if size >= longStates {
			return b.Inline(f, args)
		}
		return b.CallAll(f, args...)
	}
	f = f.Clone(f.Name)
	ir.RebuildMulti(f, s.real(), func(b *ir.Builder, v *ir.Value, args []*ir.Value) []*ir.Value {
		if v.Op != ir.OpCall {
			return nil
		}
		return b.Inline(v.Attr.Func, args)
	})
	f.DropDead()
	return b.Inline(f, args)
}

// inlines reports whether all that a step calls is small enough to be spelled out in it.
func (s *Set) inlines(step *ir.Func) bool {
	pf := s.Plan.Of(step)
	if pf == nil || s.alone != nil {
		return false
	}
	all, calls := 0, false
	for _, n := range pf.Nests {
		if !isNode(n) {
			continue
		}
		v := n.Steps[0].V
		field := s.Plan.Of(v.Callees()[0])
		if v.Op != ir.OpCall || field == nil {
			return false
		}
		calls = true
		size := 0
		for _, q := range field.Nests {
			if isNode(q) || s.multiplies(q) || !q.Unroll && q.Extent > 1 {
				return false
			}
			k, _ := s.spelled(field, q)
			size += k
		}
		all += size
		if size > smallField {
			return false
		}
	}
	return calls && all <= smallStep
}

// Evals is the number of evaluations of an attempted step.
func (l *Solve) Evals() int {
	if stepOf(l.IR) == l.IR.DenseStep {
		return l.IR.StepEvals + l.IR.DenseEvals
	}
	return l.IR.StepEvals
}

// Data is the name of result i of a Step that dense output needs.
func Data(i int) string { return fmt.Sprintf("%sdata%d", Own, i) }

// further names the results of a step that follow those of the loop: for its way back, or for dense output.
func (l *Solve) further(vs []*ir.Value) []string {
	if l.Keep != nil {
		return keptNames(vs)
	}
	return data(vs)
}

// data names the results of a step that dense output needs.
func data(vs []*ir.Value) []string {
	var out []string
	for i := range vs {
		out = append(out, Data(i))
	}
	return out
}

// lane starts a function of a solve with scalars of f64, then values of the types of the solve.
func (s *Set) lane(sv *ir.Solve, suffix string, scalars []string, slopes bool) (b *ir.Builder, xs map[string]*ir.Value, y, k, c []*ir.Value) {
	b = ir.NewFunc(sv.Name+suffix, sv.Span, s.real())
	xs = map[string]*ir.Value{}
	for _, n := range scalars {
		xs[n] = b.Arg(Own+n, ir.Scalar(ir.F64))
	}
	for _, st := range sv.States {
		y = append(y, b.Arg(st.Name, st.Type))
	}
	for _, st := range plain(sv) {
		if slopes {
			k = append(k, b.Arg(st.Name+".k", st.Type))
		}
	}
	for i, t := range sv.Extras {
		c = append(c, b.Arg(fmt.Sprintf("extra.%d", i), t))
	}
	return
}

func cat(lists ...[]*ir.Value) []*ir.Value {
	var out []*ir.Value
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

// plain are the states of the system.
func plain(sv *ir.Solve) []ir.SolveState { return ir.Pick(sv.States, sv.Plain()) }

// finish sets results with names.
func finish(b *ir.Builder, names []string, vs []*ir.Value) *ir.Func {
	f := b.Return(vs...)
	f.ResultNames = names
	return f
}

// named are names of states with a suffix.
func named(states []ir.SolveState, suffix string) []string {
	var out []string
	for _, st := range states {
		out = append(out, st.Name+suffix)
	}
	return out
}

// slope is the field, by the names of a Step.
func (s *Set) slope(sv *ir.Solve, suffix string) *ir.Func {
	b, x, y, _, c := s.lane(sv, suffix, []string{"t"}, false)
	return finish(b, named(plain(sv), ".k"), b.CallAll(sv.Field, cat([]*ir.Value{x["t"]}, ir.Pick(y, sv.Plain()), c)...))
}

// anew is the function of Solve.Anew; nil where there is none.
func (s *Set) anew(sv *ir.Solve) *ir.Func {
	switch {
	case cut(sv) && sv.FSAL:
		return s.slope(sv, ".laneslope")
	case sv.Rebegins():
		b, x, y, _, c := s.lane(sv, ".lanebegin", []string{"t"}, false)
		var names []string
		var memory []*ir.Value
		for i, v := range b.CallAll(sv.Begin, cat([]*ir.Value{x["t"]}, y, c)...) {
			if st := sv.States[i]; st.Memory {
				names, memory = append(names, st.Name+Begun), append(memory, v)
			}
		}
		return finish(b, names, memory)
	}
	return nil
}

// Begun ends the names of memory that Anew gives.
const Begun = ".begun"

// AnewEvals is the number of evaluations of Anew.
func (l *Solve) AnewEvals() int {
	if l.IR.FSAL {
		return 1
	}
	return l.IR.BeginEvals
}

// made is what the step of a solve gives, and keeps.
func (s *Set) made(b *ir.Builder, l *Solve, args []*ir.Value) []*ir.Value {
	switch {
	case l.Keep == nil:
		return s.advance(b, stepOf(l.IR), args)
	case s.inlines(l.Keep):
		return s.advance(b, l.Keep, args)
	}
	return b.Inline(l.Keep, args) // its calls keep what they give where it lies
}

// fixedStep makes a step of length h in the samples that are live, where it is finite.
func (s *Set) fixedStep(l *Solve) *ir.Func {
	scalars := fixedArgs
	if l.InARow > 1 {
		scalars = slices.Concat(fixedArgs, againArgs)
	}
	return s.fixedStepBy(l, ".lanestep", scalars, func(b *ir.Builder, args []*ir.Value) []*ir.Value { return s.made(b, l, args) })
}

// fixedStepBy is that of a function of the method, with further arguments after t and h.
func (s *Set) fixedStepBy(l *Solve, suffix string, scalars []string, made func(b *ir.Builder, args []*ir.Value) []*ir.Value) *ir.Func {
	sv := l.IR
	b, x, y, k, c := s.lane(sv, suffix, append([]string{"t", "h"}, scalars...), sv.FSAL)
	args := cat([]*ir.Value{x["t"], x["h"]}, y, k, c)
	out := made(b, args)
	n := len(y)
	y1, k1 := out[:n], []*ir.Value(nil)
	if sv.FSAL {
		k1 = out[n : n+len(k)]
	}
	good := s.finite(b, y1)
	take := b.Binary(ir.OpAnd, good, b.Binary(ir.OpLt, b.Const(0, ir.F64), x["live"]))
	names := append(named(sv.States, ".next"), named(plain(sv), ".knext")[:len(k1)]...)
	vs := cat(choose(b, take, y1, y), choose(b, take, k1, k))
	names, vs = append(names, Own+"code"), append(vs, b.Cast(good, ir.F64))
	if sv.Record || sv.Times > 0 || len(sv.Events) > 0 { // for the tape, and for output times and events within the step
		names, vs = append(names, named(sv.States, ".at")...), append(vs, y...)
	}
	rest := out[n+len(k1):]
	return finish(b, append(names, l.further(rest)...), append(vs, rest...))
}

// finite is true where all elements are finite.
func (s *Set) finite(b *ir.Builder, vs []*ir.Value) *ir.Value {
	var good *ir.Value
	for _, v := range vs {
		d := b.Emit(ir.OpSub, ir.Attr{}, v, v) // 0, or NaN
		if !d.Type.IsScalar() {
			d = b.Sum(d)
		}
		g := b.Binary(ir.OpEq, d, b.Const(0, v.Type.Elem))
		if good == nil {
			good = g
		} else {
			good = b.Binary(ir.OpAnd, good, g)
		}
	}
	return good
}

func choose(b *ir.Builder, c *ir.Value, xs, ys []*ir.Value) []*ir.Value {
	var out []*ir.Value
	for i := range xs {
		out = append(out, b.Select(c, xs[i], ys[i]))
	}
	return out
}
