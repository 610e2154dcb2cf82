package codegen

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/ir"
)

// The tape of a recorded solve holds t and h of every accepted step, and the states at their starts: all of
// them, or those that rt.Kept chooses, or the last one. The sweep back then makes the others again.

// checkpointed reports whether the tape keeps some of the states only.
func checkpointed(s *ir.Solve) bool { return s.KeepEvery > 0 || s.KeepBytes > 0 }

// tapeSteps is the number of steps on the tape.
func tapeSteps(s *ir.Solve) string {
	if s.Undo {
		return "tape.steps.Len()"
	}
	return "len(tape.t)"
}

// resetTape readies the tape for a solve of at most that many steps.
func (l *loop) resetTape(steps string) {
	if !l.s.Record {
		return
	}
	if !checkpointed(l.s) {
		steps = ""
	}
	if l.s.Undo {
		l.p.line("tape.reset()")
		return
	}
	if l.s.Stretches {
		l.p.line("tape.reset(t0)")
		return
	}
	l.p.line("tape.reset(%s)", steps)
}

// record keeps an accepted step for the reverse sweep.
func (l *loop) record() {
	if !l.s.Record || l.s.Stretches {
		return
	}
	end := ""
	switch {
	case len(l.s.Events) > 0:
		end = "ev.Part(), "
	case l.s.Passes():
		end = "part, "
	}
	if l.s.Start != nil {
		end += "first, "
	}
	l.p.line("tape.push(t, h, %s%s)", end, strings.Join(args(l.x), ", "))
}

// tape prints the type that keeps the accepted steps of a recorded solve.
func (e *emitter) tape(s *ir.Solve) string {
	p := e.p
	name := e.tapeType(s)
	l := e.newLoop(e.plan.OfSolve(s), false)
	switch {
	case s.Undo:
		return e.lastTape(s, l)
	case s.Stretches:
		return e.stretchTape(s, l)
	}
	how := "it grows as needed"
	if s.KeepEvery > 0 {
		how = fmt.Sprintf("it keeps every %s state", ordinal(s.KeepEvery))
	} else if s.KeepBytes > 0 {
		how = fmt.Sprintf("it keeps as many states as fit into %d bytes with t and h of every step", s.KeepBytes)
	}
	p.line("// %s keeps the accepted steps of %s for the reverse sweep; %s.", name, e.solveOrPath(s), how)
	p.line("type %s struct {", name)
	p.line("t, h []float64")
	if s.Start != nil {
		p.line("first []bool // which steps fill the memory of the method")
	}
	if checkpointed(s) {
		p.line("kept rt.Kept // the steps that have their state in the following")
	}
	for _, o := range l.x {
		p.line("%s []%s", o.name, e.valueType(o.t))
	}
	if s.Times > 0 {
		p.line("at []int // step of each output time")
		p.line("theta []float64 // and the place in it")
	}
	if s.Cuts() {
		p.line("part []float64 // how much of each step counts: less than 1 where it was cut")
	}
	l.tapeEvents()
	l.tapeMarks()
	p.line("}")
	p.line("")
	p.line("func (tp *%s) reset(%s) {", name, ifText(checkpointed(s), "steps int"))
	p.line("tp.t, tp.h = tp.t[:0], tp.h[:0]")
	if s.Start != nil {
		p.line("tp.first = tp.first[:0]")
	}
	for _, o := range l.x {
		p.line("tp.%s = tp.%s[:0]", o.name, o.name)
	}
	if s.Times > 0 {
		p.line("tp.at, tp.theta = tp.at[:0], tp.theta[:0]")
	}
	if s.Cuts() {
		p.line("tp.part = tp.part[:0]")
	}
	l.resetEvents()
	l.resetMarks()
	switch {
	case s.KeepEvery > 0:
		p.line("tp.kept.Reset(%d, 0)", s.KeepEvery)
		p.line("_ = steps")
	case s.KeepBytes > 0:
		p.line("slots := min(rt.Slots(%d, steps, %d), steps)", s.KeepBytes, stateBytes(s))
		p.line("tp.kept.Reset(1, slots)")
		p.line("tp.t, tp.h = rt.Room(tp.t, steps), rt.Room(tp.h, steps)")
		for _, o := range l.x {
			p.line("tp.%s = rt.Room(tp.%s, min(slots+1, steps))", o.name, o.name)
		}
	}
	p.line("}")
	p.line("")
	ps := l.stateParams()
	push := l.pushStates
	cut := func() {
		for _, o := range l.x {
			p.line("tp.%s = tp.%s[:tp.kept.Len()]", o.name, o.name)
		}
	}
	p.line("func (tp *%s) push(t, h%s float64, %s%s) {", name, ifText(s.Cuts(), ", part"), ifText(s.Start != nil, "first bool, "), strings.Join(ps, ", "))
	if s.Start != nil {
		p.line("tp.first = append(tp.first, first)")
	}
	if s.Cuts() {
		p.line("tp.part = append(tp.part, part)")
	}
	if checkpointed(s) {
		p.line("k := len(tp.t)")
	}
	p.line("tp.t = append(tp.t, t)")
	p.line("tp.h = append(tp.h, h)")
	if !checkpointed(s) {
		push()
		p.line("}")
	} else {
		if s.KeepBytes > 0 {
			p.line("if tp.kept.Wants(k) && tp.kept.Full() {")
			p.line("for to, from := range tp.kept.Thin() {")
			for _, o := range l.x {
				p.line("tp.%s[to] = tp.%s[from]", o.name, o.name)
			}
			p.line("}")
			cut()
			p.line("}")
		}
		p.line("if tp.kept.Wants(k) { tp.keep(k, %s) }", strings.Join(names(l.x), ", "))
		p.line("}")
		p.line("")
		p.line("// keep stores the state at the start of step k.")
		p.line("func (tp *%s) keep(k int, %s) {", name, strings.Join(ps, ", "))
		p.line("tp.kept.Add(k)")
		push()
		p.line("}")
		p.line("")
		p.line("// cut forgets the states after step k, and gives the last step with a state.")
		p.line("func (tp *%s) cut(k int) int {", name)
		p.line("last := tp.kept.Cut(k)")
		cut()
		p.line("return last")
		p.line("}")
	}
	l.tapeEvent()
	l.tapeMark()
	if len(s.Events) > 0 && checkpointed(s) {
		p.line("")
		p.line("// lastEvent is the last event at the end of step k, or -1.")
		p.line("func (tp *%s) lastEvent(k int) int { return rt.LastFired(tp.fired, k) }", name)
	}
	e.tapeSave(s)
	return p.text()
}

// tapeSave prints what keeps the place of an output time.
func (e *emitter) tapeSave(s *ir.Solve) {
	if s.Times == 0 {
		return
	}
	e.p.line("")
	e.p.line("func (tp *%s) save(step int, theta float64) {", e.tapeType(s))
	e.p.line("tp.at = append(tp.at, step)")
	e.p.line("tp.theta = append(tp.theta, theta)")
	e.p.line("}")
}

// restore prints what brings the state at the start of step k to the end of a tape that does not keep all
// of them: from the last one kept, by the steps between.
func (l *loop) restore() {
	p, e := l.p, l.e
	p.line("for j := tape.cut(k); j < k; {")
	p.line("next := tape.kept.Next(j, k)")
	for _, o := range l.x {
		p.line("%s := tape.%s[len(tape.%s)-1]", o.name, o.name, o.name)
	}
	p.line("for ; j < next; j++ {")
	ends := suffixed(l.x, "1")
	l.declare(ends)
	l.restoreEvent(ends)
	in := append([]string{"tape.t[j]", "tape.h[j]"}, append(args(l.x), l.extras()...)...)
	if l.s.Start != nil {
		p.line("if tape.first[j] {")
		p.line("%s", e.apply(l.s.Start, in, ends, "="))
		p.line("} else {")
	}
	p.line("%s", e.apply(l.s.Replay, in, ends, "="))
	if l.s.Start != nil {
		p.line("}")
	}
	for _, o := range l.x {
		p.line("%s = %s1", o.name, o.name)
	}
	l.restoreMemory()
	p.line("}")
	p.line("tape.keep(j, %s)", strings.Join(args(l.x), ", "))
	p.line("}")
}

// restoreEvent prints what gives the state after step j where events ended it: that before the last of them is on the
// tape.
func (l *loop) restoreEvent(ends []operand) {
	p, s := l.p, l.s
	if len(s.Events) == 0 {
		return
	}
	p.line("if f := tape.lastEvent(j); f >= 0 {")
	for _, o := range l.x {
		p.line("%s = tape.%sFired[f]", o.name, o.name)
	}
	p.line("switch tape.fired[f].Event {")
	for i, ev := range s.Events {
		if ev.Reset == nil {
			continue
		}
		p.line("case %d:", i)
		p.line("%s", l.e.apply(ev.Reset, append([]string{"tape.fired[f].T"}, append(args(l.plain(l.x)), l.extras()...)...), l.plain(ends), "="))
		for _, o := range l.plain(l.x) {
			p.line("%s = %s1", o.name, o.name)
		}
	}
	p.line("}")
	l.restoreMemory()
	p.line("continue")
	p.line("}")
}

// restoreMemory prints what makes memory of the method anew after step j where the next one has begun with it.
func (l *loop) restoreMemory() {
	if !marked(l.s) {
		return
	}
	l.p.line("if rt.Among(tape.begun, j+1) {")
	l.begin("tape.t[j+1]")
	l.p.line("}")
}

func names(os []operand) []string {
	out := make([]string, len(os))
	for i, o := range os {
		out[i] = o.name
	}
	return out
}

// stateBytes is the size of the states of s.
func stateBytes(s *ir.Solve) int {
	n := 0
	for _, st := range s.States {
		n += st.Type.Len() * st.Type.Elem.Bytes()
	}
	return n
}

// ordinal spells 1st, 2nd, 3rd, 4th.
func ordinal(n int) string {
	suffix := "th"
	if n/10%10 != 1 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return fmt.Sprintf("%d%s", n, suffix)
}
