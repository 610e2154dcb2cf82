package codegen

import (
	"strings"

	"ndec.dev/ndec/ir"
)

// Tapes that do not keep steps with their states: that of a solve whose steps are undone, and that of one that is solved
// backwards between its events.

// inRuns reports whether the steps of s come in runs, as the state at the start of a step need not be that at the end of the one
// before it.
func inRuns(s *ir.Solve) bool { return len(s.Events) > 0 || s.Rebegins() }

// lastTape is the tape of a solve whose steps are undone on the way back: it keeps the state before the last of them, or
// of each run of them.
func (e *emitter) lastTape(s *ir.Solve, l *loop) string {
	p := e.p
	name := e.tapeType(s)
	runs := inRuns(s)
	p.line("// %s keeps the steps of %s for the reverse sweep and the state before the last one%s; the sweep undoes the others.", name, e.solveOrPath(s),
		ifText(runs, " and before each after which one does not begin where it ends"))
	p.line("type %s struct {", name)
	p.line("steps rt.Steps")
	if runs {
		p.line("open bool // steps may follow that end where the next one begins")
		p.line("kept []int // the steps that have their state in the following")
		if s.Cuts() {
			p.line("part []float64 // how much of each of these counts: less than 1 where it was cut")
		}
	}
	for _, o := range l.x {
		p.line("%s %s%s", o.name, ifText(runs, "[]"), e.valueType(o.t))
	}
	if s.Times > 0 {
		p.line("at []int // step of each output time")
		p.line("theta []float64 // and the place in it")
	}
	l.tapeEvents()
	l.tapeMarks()
	p.line("}")
	p.line("")
	p.line("func (tp *%s) reset() {", name)
	p.line("tp.steps.Reset()")
	if runs {
		p.line("tp.open, tp.kept = false, tp.kept[:0]")
		if s.Cuts() {
			p.line("tp.part = tp.part[:0]")
		}
		for _, o := range l.x {
			p.line("tp.%s = tp.%s[:0]", o.name, o.name)
		}
	}
	if s.Times > 0 {
		p.line("tp.at, tp.theta = tp.at[:0], tp.theta[:0]")
	}
	l.resetEvents()
	l.resetMarks()
	p.line("}")
	p.line("")
	p.line("func (tp *%s) push(t, h%s float64, %s) {", name, ifText(s.Cuts(), ", part"), strings.Join(l.stateParams(), ", "))
	p.line("tp.steps.Push(t, h)")
	if !runs {
		for _, o := range l.x {
			p.line("tp.%s = %s%s", o.name, ifText(!o.t.IsScalar(), "*"), o.name)
		}
		p.line("}")
	} else {
		p.line("if tp.open { // the step before this one can be undone")
		p.line("n := len(tp.kept) - 1")
		p.line("tp.kept = tp.kept[:n]")
		if s.Cuts() {
			p.line("tp.part = tp.part[:n]")
		}
		for _, o := range l.x {
			p.line("tp.%s = tp.%s[:n]", o.name, o.name)
		}
		p.line("}")
		p.line("tp.open = true")
		p.line("tp.kept = append(tp.kept, tp.steps.Len()-1)")
		if s.Cuts() {
			p.line("tp.part = append(tp.part, part)")
		}
		l.pushStates()
		p.line("}")
	}
	l.tapeEvent()
	l.tapeMark()
	e.tapeSave(s)
	return p.text()
}

// undo prints what turns the state before step k+1 into that before step k, or takes it from the tape.
func (l *loop) undo() {
	p := l.p
	if inRuns(l.s) {
		if l.s.Cuts() {
			p.line("part := 1.0")
		}
		p.line("if n := len(kept) - 1; n >= 0 && kept[n] == k {")
		p.line("kept = kept[:n]")
		if l.s.Cuts() {
			p.line("part = tape.part[n]")
		}
		for _, o := range l.x {
			p.line("%s = tape.%s[n]", o.name, o.name)
		}
		p.line("} else {")
	} else {
		p.line("if k < tape.steps.Len()-1 {")
	}
	ends := suffixed(l.x, "1")
	l.declare(ends)
	in := append([]string{"t + h", "-h"}, append(args(l.x), l.extras()...)...)
	p.line("%s", l.e.apply(l.s.Replay, in, ends, "="))
	for _, o := range l.x {
		p.line("%s = %s1", o.name, o.name)
	}
	p.line("}")
}

// stretchTape is the tape of a solve that keeps stretches.
func (e *emitter) stretchTape(s *ir.Solve, l *loop) string {
	p := e.p
	name := e.tapeType(s)
	p.line("// %s keeps the stretches of %s between events%s for the reverse sweep, each as a step back from its end.", name, e.solveOrPath(s), ifText(s.Times > 0, " and output times"))
	p.line("type %s struct {", name)
	p.line("since float64 // start of the next stretch")
	p.line("t, h []float64 // end of each, and the way back to its start")
	for _, o := range l.x {
		p.line("%s []%s // states at its end", o.name, e.valueType(o.t))
	}
	if s.Times > 0 {
		p.line("at []int // stretch that each output time ends")
	}
	l.tapeEvents()
	p.line("}")
	p.line("")
	p.line("func (tp *%s) reset(t0 float64) {", name)
	p.line("tp.since, tp.t, tp.h = t0, tp.t[:0], tp.h[:0]")
	for _, o := range l.x {
		p.line("tp.%s = tp.%s[:0]", o.name, o.name)
	}
	if s.Times > 0 {
		p.line("tp.at = tp.at[:0]")
	}
	l.resetEvents()
	p.line("}")
	p.line("")
	p.line("// end ends a stretch.")
	p.line("func (tp *%s) end(t float64, %s) {", name, strings.Join(l.stateParams(), ", "))
	p.line("tp.t, tp.h = append(tp.t, t), append(tp.h, tp.since-t)")
	l.pushStates()
	p.line("tp.since = t")
	p.line("}")
	l.tapeEvent()
	if s.Times > 0 {
		p.line("")
		p.line("func (tp *%s) save(stretch int) { tp.at = append(tp.at, stretch) }", name)
	}
	return p.text()
}

// endStretch prints how a stretch ends at time t with the states os.
func (l *loop) endStretch(t string, os []operand) {
	if l.s.Stretches {
		l.p.line("tape.end(%s, %s)", t, strings.Join(args(os), ", "))
	}
}

// stateParams are the parameters of a method of the tape that takes states.
func (l *loop) stateParams() []string {
	var ps []string
	for _, o := range l.x {
		ps = append(ps, o.name+" "+l.e.passed(o.t))
	}
	return ps
}

// pushStates prints how states go to the end of the tape.
func (l *loop) pushStates() {
	for _, o := range l.x {
		if o.t.IsScalar() {
			l.p.line("tp.%s = append(tp.%s, %s)", o.name, o.name, o.name)
		} else {
			l.p.line("tp.%s = append(rt.More(tp.%s), *%s)", o.name, o.name, o.name)
		}
	}
}

// tapeEvents prints what the tape keeps of events.
func (l *loop) tapeEvents() {
	if len(l.s.Events) == 0 {
		return
	}
	l.p.line("fired []rt.Fired")
	for _, o := range l.x {
		l.p.line("%sFired []%s // states before each event", o.name, l.e.valueType(o.t))
	}
}

func (l *loop) resetEvents() {
	if len(l.s.Events) == 0 {
		return
	}
	l.p.line("tp.fired = tp.fired[:0]")
	for _, o := range l.x {
		l.p.line("tp.%sFired = tp.%sFired[:0]", o.name, o.name)
	}
}

// tapeEvent prints what keeps an event at the end of the last step.
func (l *loop) tapeEvent() {
	if len(l.s.Events) == 0 {
		return
	}
	p := l.p
	p.line("")
	p.line("func (tp *%s) event(event int, t float64, %s) {", l.e.tapeType(l.s), strings.Join(l.stateParams(), ", "))
	p.line("tp.fired = append(tp.fired, rt.Fired{Step: %s - 1, Event: event, T: t})", strings.Replace(tapeSteps(l.s), "tape", "tp", 1))
	for _, o := range l.x {
		p.line("tp.%sFired = append(tp.%sFired, %s%s)", o.name, o.name, ifText(!o.t.IsScalar(), "*"), o.name)
	}
	if l.s.Undo {
		p.line("tp.open = false")
	}
	p.line("}")
}

// marked reports whether the tape of s says where memory of the method has begun anew.
func marked(s *ir.Solve) bool { return s.Rebegins() && !s.Stretches }

// tapeMarks prints what the tape keeps of that.
func (l *loop) tapeMarks() {
	if marked(l.s) {
		l.p.line("begun []int // steps before which memory of the method has begun anew")
	}
}

func (l *loop) resetMarks() {
	if marked(l.s) {
		l.p.line("tp.begun = tp.begun[:0]")
	}
}

// tapeMark prints what marks the next step.
func (l *loop) tapeMark() {
	if !marked(l.s) {
		return
	}
	p := l.p
	p.line("")
	p.line("func (tp *%s) begin() {", l.e.tapeType(l.s))
	p.line("tp.begun = append(tp.begun, %s)", strings.Replace(tapeSteps(l.s), "tape", "tp", 1))
	if l.s.Undo {
		p.line("tp.open = false")
	}
	p.line("}")
}

// backThroughStretch prints how cotangents go from the end of stretch k to its start, and the end of the sweep where that solve
// fails.
func (e *emitter) backThroughStretch(r *ir.Rev, in []string, to []operand, zeros string) {
	fn := e.plan.Of(r.StepVJP)
	if fn.Needs.Stats == 0 {
		e.p.line("%s", e.apply(r.StepVJP, in, to, "="))
		return
	}
	e.p.line("var run [%d]rt.SolveStats", fn.Needs.Stats)
	e.p.line("%s", e.apply(r.StepVJP, in, to, "="))
	e.p.line("rt.JoinStats(st[:], run[:], k+1)")
	e.p.line("if rt.Failed(run[:]) { return %s }", zeros)
}
