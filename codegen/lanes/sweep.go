package lanes

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/ir"
)

// AddRev compiles the step of a reverse sweep: (t, h, active, states, extras, cotangents, sums of those of
// the extras) to (cotangents, sums). Samples that are not active, whose tapes are shorter, stay as they are. Where
// outputs inside a step are added up before it (ir.Rev.DenseVJP), cotangents of the data for dense output follow, and
// those of the start. With kept the solve has kept what the way back needs of each step, which follows last; where it keeps
// that of some steps these have a kernel of their own.
func (s *Set) AddRev(r *ir.Rev, kept bool) (*Rev, error) {
	if l := s.revs[revKey{r, kept}]; l != nil {
		return l, nil
	}
	sv := r.Solve
	var by *ir.Rev
	if kept {
		by = r
	}
	solve, err := s.AddSolve(sv, by)
	if err != nil {
		return nil, err
	}
	l := &Rev{IR: r, Solve: solve}
	if sv.Stretches {
		return l, s.addStretches(l)
	}
	var f *ir.Func
	if l.Step, f, err = s.revStep(l, kept && !solve.KeepsSome()); err != nil {
		return nil, err
	}
	switch {
	case !kept:
		l.Record = s.record(f, solve.times())
	case !solve.KeepsSome():
		l.Kept = len(solve.Kept())
	default:
		if l.FromKept, _, err = s.revStep(l, true); err != nil {
			return nil, err
		}
	}
	switch {
	case sv.Times == 0 && !sv.Cuts():
	case r.DenseVJP != nil:
		l.At, err = s.revDense(r)
	case r.AtVJP != nil:
		l.At, err = s.revAt(r, r.AtVJP, ".lanerevat")
	}
	if err != nil {
		return nil, err
	}
	if sv.Remakes() {
		carry := map[int]int{}
		for i := range sv.States {
			carry[i] = 2 + i
		}
		if l.Replay, err = s.addRunning(sv.Replay, running{carry: carry, alike: solve.times()}); err != nil {
			return nil, err
		}
		l.ReplayRecord = s.record(sv.Replay, solve.times())
	}
	if err := s.addFillBack(l); err != nil {
		return nil, err
	}
	if err := s.addEventsBack(l); err != nil {
		return nil, err
	}
	if sv.Rebegins() {
		if l.Begin, err = s.revJump(r, r.BeginVJP, ".lanerevbegin", false); err != nil {
			return nil, err
		}
	}
	s.revs[revKey{r, kept}] = l
	return l, nil
}

// revStep is the kernel of a step of a sweep, and its function: from what was kept of the step, or without.
func (s *Set) revStep(l *Rev, kept bool) (*Kernel, *ir.Func, error) {
	suffix := revName(kept && l.Solve.KeepsSome())
	if kept {
		return s.revStepBy(l, nil, suffix, l.Solve.times())
	}
	return s.revStepBy(l, l.IR.StepVJP, suffix, l.Solve.times())
}

// revStepBy is that kernel by a function of the sweep; nil is the one that goes back from what was kept.
func (s *Set) revStepBy(l *Rev, vjp *ir.Func, suffix string, times alikeArgs) (*Kernel, *ir.Func, error) {
	r, solve := l.IR, l.Solve
	sv := r.Solve
	b, x, y, _, c := s.lane(sv, suffix, []string{"t", "h", "active"}, false)
	bar, sum := s.barArgs(b, sv)
	dense, first := s.denseBars(b, r)
	var ks []*ir.Value
	var out []*ir.Value
	if vjp == nil {
		for i, t := range solve.Kept() {
			ks = append(ks, b.Arg(Kept(i), t))
		}
		out = b.Inline(r.KeptVJP, cat([]*ir.Value{x["t"], x["h"]}, y, c, ks, bar))
	} else {
		out = b.CallAll(vjp, cat([]*ir.Value{x["t"], x["h"]}, y, c, bar, dense)...)
	}
	for i, v := range first {
		out[i] = b.Add(out[i], v)
	}
	active := b.Binary(ir.OpLt, b.Const(0, ir.F64), x["active"])
	k, err := s.addBack(b, r, active, out, bar, sum, times, solve.keptArgs(ks))
	return k, b.Func, err
}

// revName ends the name of the step of a sweep; that from what was kept has another one where there are both.
func revName(kept bool) string {
	if kept {
		return ".lanerevkept"
	}
	return ".lanerev"
}

// Rev is a reverse sweep in lanes.
type Rev struct {
	IR    *ir.Rev
	Solve *Solve
	Step  *Kernel
	Kept  int // the last arguments of Step: what the solve has kept of it
	// FromKept is Step for those steps that have kept what the way back needs, its last arguments, of a solve that keeps that of some; nil of others.
	FromKept *Kernel
	// Node is what goes back over a stretch, of a solve that keeps these (ir.Solve.Stretches); Step is then its frame.
	Node *Node
	// At adds the cotangents of an output within a step, or of the end of one that is cut: (t, h, theta, active, states, extras, cotangents of the
	// output, cotangents, sums) to (cotangents, sums). Nil without output times and events. With ir.Rev.DenseVJP it is
	// (theta, h, active, cotangents of the output, those of data, those of the start) to the last two.
	At *Kernel
	// Events go back over each event: (t, active, states before it, extras, cotangents, sums of those of the extras, cotangent
	// of the time of the end) to (cotangents, sums).
	Events []*Kernel
	// Begin goes back over a beginning of the method's memory within the solve: as Events do, without a time of the end. Nil
	// of methods whose memory goes on.
	Begin *Kernel
	// Replay makes a step again where the tape does not keep all states: (t, h, states, extras) to the states after it, which
	// are carried on.
	Replay *Kernel
	// Fill, FillAt and FillReplay are Step, At and Replay of steps that have filled the memory of the method (see filling.go); the last one hands
	// nothing on. Nil of other methods.
	Fill, FillAt, FillReplay *Kernel
	// Record and ReplayRecord are what of a Step and of a Replay lies in records; nil for nothing.
	Record, ReplayRecord *Record
}

// denseBars adds the arguments for cotangents of the data for dense output and of the start of a step.
func (s *Set) denseBars(b *ir.Builder, r *ir.Rev) (data, start []*ir.Value) {
	if r.DenseVJP == nil {
		return nil, nil
	}
	for i, t := range r.DataTypes() {
		data = append(data, b.Arg(fmt.Sprintf("data.%d.bar", i), t))
	}
	for _, st := range r.Solve.States {
		start = append(start, b.Arg(st.Name+".start.bar", st.Type))
	}
	return data, start
}

// revDense is the function of Rev.At that adds an output to what the outputs of a step give.
func (s *Set) revDense(r *ir.Rev) (*Kernel, error) {
	sv := r.Solve
	b := ir.NewFunc(sv.Name+".lanerevat", sv.Span, s.real())
	x := map[string]*ir.Value{}
	for _, n := range []string{"theta", "h", "active"} {
		x[n] = b.Arg(Own+n, ir.Scalar(ir.F64))
	}
	var out []*ir.Value
	for _, st := range sv.States {
		out = append(out, b.Arg(st.Name+".out", st.Type))
	}
	data, start := s.denseBars(b, r)
	to := cat(data, start)
	res := b.CallAll(r.DenseVJP, cat([]*ir.Value{x["theta"], x["h"]}, out)...)
	res = cat(res[len(start):], res[:len(start)])
	active := b.Binary(ir.OpLt, b.Const(0, ir.F64), x["active"])
	var names []string
	var vs []*ir.Value
	carry := map[int]int{}
	for i, old := range to {
		names = append(names, old.Name+".next")
		vs = append(vs, b.Select(active, b.Add(old, res[i]), old))
		carry[i] = 3 + len(out) + i
	}
	f := finish(b, names, vs)
	if err := s.Plan.Extra(f); err != nil {
		return nil, err
	}
	return s.addRunning(f, running{carry: carry})
}

// revAt is the kernel of Rev.At, by a function of the sweep.
func (s *Set) revAt(r *ir.Rev, vjp *ir.Func, suffix string) (*Kernel, error) {
	sv := r.Solve
	b, x, y, _, c := s.lane(sv, suffix, []string{"t", "h", "theta", "active"}, false)
	var out, to []*ir.Value
	for _, st := range sv.States {
		out = append(out, b.Arg(st.Name+".out", st.Type))
	}
	for _, st := range sv.States {
		to = append(to, b.Arg(st.Name+".bar", st.Type))
	}
	for i, t := range sv.Extras {
		to = append(to, b.Arg(fmt.Sprintf("extra.%d.sum", i), t))
	}
	res := b.CallAll(vjp, cat([]*ir.Value{x["t"], x["h"], x["theta"]}, y, c, out)...)
	active := b.Binary(ir.OpLt, b.Const(0, ir.F64), x["active"])
	var names []string
	var vs []*ir.Value
	for i, old := range to {
		names = append(names, old.Name+".next")
		vs = append(vs, b.Select(active, b.Add(old, res[i]), old))
	}
	accum := make([]bool, len(vs))
	for i, p := range r.Params {
		names, vs, accum = append(names, p.Name+"_bar"), append(vs, res[len(to)+i]), append(accum, true)
	}
	f := finish(b, names, vs)
	f.Accum = accum
	if err := s.Plan.Extra(f); err != nil {
		return nil, err
	}
	return s.Add(f)
}

// addEventsBack compiles the way back over each event.
func (s *Set) addEventsBack(l *Rev) error {
	for e, f := range l.IR.Events {
		k, err := s.revJump(l.IR, f, fmt.Sprintf(".lanerevevent%d", e), true)
		if err != nil {
			return err
		}
		l.Events = append(l.Events, k)
	}
	return nil
}

// addStretches is AddRev of a sweep over stretches: what goes over one of them solves, and so is a Node. Its arguments are those of
// a step, with the stops, if any, at the end.
func (s *Set) addStretches(l *Rev) error {
	r, sv := l.IR, l.IR.Solve
	if r.InStep() && len(sv.Events) > 0 { // the last stretches go together, of whatever number
		return &Unsupported{"steps of one length for the whole batch (step_group: batch) back between events", sv.Field, nil}
	}
	b, x, y, _, c := s.lane(sv, revName(false), []string{"t", "h", "active"}, false)
	bar, sum := s.barArgs(b, sv)
	args := []*ir.Value{x["t"], x["h"]}
	if sv.TakesStops() {
		args = append(args, b.Arg(Own+"stops", ir.Tensor(ir.F64, sv.Stops)))
	}
	active := b.Binary(ir.OpLt, b.Const(0, ir.F64), x["active"])
	f := back(b, r, active, b.CallAll(r.StepVJP, cat(args, y, c, bar)...), bar, sum)
	if err := s.planned(f); err != nil {
		return err
	}
	var err error
	if l.Node, err = s.AddNode(f); err != nil {
		return err
	}
	l.Step = l.Node.Frame
	if err := s.addEventsBack(l); err != nil {
		return err
	}
	s.revs[revKey{r, false}] = l
	return nil
}

// barArgs adds the arguments for cotangents of states, and for sums of those of extras.
func (s *Set) barArgs(b *ir.Builder, sv *ir.Solve) (bar, sum []*ir.Value) {
	for _, st := range sv.States {
		bar = append(bar, b.Arg(st.Name+".bar", st.Type))
	}
	for i, t := range sv.Extras {
		sum = append(sum, b.Arg(fmt.Sprintf("extra.%d.sum", i), t))
	}
	return bar, sum
}

// jumps are the kernels of what happens between two steps.
func (l *Rev) jumps() []*Kernel {
	if l.Begin == nil {
		return l.Events
	}
	return append(slices.Clone(l.Events), l.Begin)
}

// revJump is the kernel that goes back over what happens between two steps, by the function back: an event, which may give to the
// time of the end, or a beginning of the method's memory.
func (s *Set) revJump(r *ir.Rev, back *ir.Func, suffix string, end bool) (*Kernel, error) {
	sv := r.Solve
	b, x, y, _, c := s.lane(sv, suffix, []string{"t", "active"}, false)
	bar, sum := s.barArgs(b, sv)
	args := cat([]*ir.Value{x["t"]}, y, c, bar)
	if end {
		args = append(args, b.Arg(Own+"end.bar", ir.Scalar(ir.F64)))
	}
	active := b.Binary(ir.OpLt, b.Const(0, ir.F64), x["active"])
	return s.addBack(b, r, active, b.CallAll(back, args...), bar, sum, nil, keptPlaces{})
}

// addBack adds the kernel of a piece of a way back, which gives out: cotangents of the states at its start, and what it adds to those
// of extras and parameters. Samples that are not active keep bar and sum, the arguments that follow each other.
func (s *Set) addBack(b *ir.Builder, r *ir.Rev, active *ir.Value, out, bar, sum []*ir.Value, alike alikeArgs, kept keptPlaces) (*Kernel, error) {
	f := back(b, r, active, out, bar, sum)
	if err := s.planned(f); err != nil {
		return nil, err
	}
	carry := map[int]int{}
	for i := range len(bar) + len(sum) {
		carry[i] = bar[0].Attr.Index + i
	}
	return s.addRunning(f, running{carry: carry, alike: alike, kept: kept})
}

// back is the function of such a piece.
func back(b *ir.Builder, r *ir.Rev, active *ir.Value, out, bar, sum []*ir.Value) *ir.Func {
	n, m := len(bar), len(sum)
	names, vs := named(r.Solve.States, ".bar.next"), choose(b, active, out[:n], bar)
	for i, v := range out[n : n+m] {
		names = append(names, fmt.Sprintf("extra.%d.sum.next", i))
		vs = append(vs, b.Select(active, b.Add(sum[i], v), sum[i]))
	}
	accum := make([]bool, len(vs))
	for i, p := range r.Params {
		names, vs, accum = append(names, p.Name+"_bar"), append(vs, out[n+m+i]), append(accum, true)
	}
	f := finish(b, names, vs)
	f.Accum = accum
	return f
}
