package codegen

import (
	"strings"

	"ndec.dev/ndec/ir"
)

// Loops over steps of lengths that are given: a number of them, a length, or one between two output times or stops.

func (l *loop) fixed() {
	p, s := l.p, l.s
	_, to := l.grid()
	switch {
	case s.PerSample:
		p.line("steps := by.Steps")
		l.resetTape("steps*len(ts)")
	case s.Steps > 0:
		p.line("steps := by.Steps")
		p.line("h := (t1 - t0) / float64(steps)")
		l.resetTape("steps")
	default:
		p.line("h, steps := rt.FixedSteps(t0, t1, by.Step)")
		p.line("if steps == 0 { st.Fail(rt.MaxSteps, t0, h) }")
		l.resetTape("steps")
	}
	k := suffixed(l.plain(l.x), "K")
	l.declare(suffixed(l.x, "1"))
	if s.FSAL {
		l.declare(k)
		l.declare(suffixed(l.plain(l.x), "K1"))
	}
	l.declare(l.d)
	step, results := l.stepFunc()
	if l.ongoing {
		l.loadPoint("t", "T")
	} else {
		p.line("t := t0")
	}
	if s.FSAL {
		l.takeSlopes()
		p.line("if %s {", ifElse(l.ongoing, "!at.Begun", "t != t1"))
		l.first()
		p.line("}")
	}
	if l.ongoing {
		defer l.storePoint("true t", "Begun T")
	}
	if s.PerSample {
		p.line("for _, to := range ts { // the grid of the steps")
		p.line("if st.Status != rt.OK { break }")
		p.line("from := t")
		p.line("h := (to - from) / float64(steps)")
		defer p.line("}")
	}
	if s.Stops > 0 || len(s.Events) > 0 || s.Start != nil {
		l.pieces()
		return
	}
	l.row()
	l.overGrid(to)
	if s.StepSize > 0 {
		p.line("if k == steps-1 { h = t1 - t }")
	}
	l.fixedStep(step, results)
	p.line("st.Accepted++")
	p.line("st.H = h")
	l.record()
	l.nextTime("h")
	l.dense()
	l.advance()
	p.line("t = tNext")
	p.line("st.Time = t")
	p.line("}")
	if l.ongoing {
		l.storePoint("k", "K")
	}
}

// overGrid prints the head of the loop over the steps of a grid up to a time.
func (l *loop) overGrid(to string) {
	if l.ongoing {
		l.loadPoint("k", "K")
		l.p.line("for ; k < steps && st.Accepted == before; k++ {")
		return
	}
	l.p.line("for %s; k < steps && t != %s; k++ {", ifText(l.rowOf() == nil, "k := 0"), to)
}

// grid names the ends of the grid of steps: those of the solve, or neighbouring output times.
func (l *loop) grid() (from, to string) {
	if l.s.PerSample {
		return "from", "to"
	}
	return "t0", "t1"
}

// nextTime prints the end of a step of the grid, whose steps have that length.
func (l *loop) nextTime(length string) {
	from, to := l.grid()
	if l.s.StepSize > 0 {
		length = "rt.Signed(by.Step, t1-t0)"
	}
	l.p.line("tNext := %s + float64(float64(k+1)*%s)", from, length)
	l.p.line("if k == steps-1 { tNext = %s }", to)
}

// pieces prints the steps of a grid, those that hold a stop or an event in pieces, and those of methods of several
// steps.
func (l *loop) pieces() {
	p, s := l.p, l.s
	cuts := s.Stops > 0 || len(s.Events) > 0
	names, fields := "pieces", "Pieces"
	if s.Start != nil {
		names, fields = "pieces filled", "Pieces Filled"
	}
	p.line("width := h")
	switch {
	case !cuts:
	case l.ongoing:
		l.loadPoint(names, fields)
	case s.Start == nil:
		p.line("pieces := false")
	default:
		p.line("pieces, filled := false, false")
	}
	_, to := l.grid()
	l.overGrid(to)
	switch {
	case s.Start == nil:
	case cuts:
		p.line("first, whole := !filled, !filled && !pieces")
		p.line("if whole { k += min(%d, steps-k) - 1 }", s.StartSteps)
	default:
		p.line("first := k == 0")
		p.line("if first { k = min(%d, steps) - 1 }", s.StartSteps)
	}
	l.nextTime("width")
	var cond []string
	goal := "tNext"
	if s.Stops > 0 {
		l.goal("tNext")
		cond, goal = append(cond, "stop"), "goal"
	}
	if cuts {
		cond = append(cond, "pieces")
	}
	if s.Start != nil {
		cond = append(cond, "first")
	}
	p.line("h = width")
	if s.StepSize > 0 {
		cond = append(cond, "k == steps-1")
	}
	p.line("if %s {", strings.Join(cond, " || "))
	p.line("h = %s - t", goal)
	if s.Start != nil && (len(cond) > 1 || cond[0] != "first") {
		p.line("first = true")
	}
	p.line("}")
	step, results := l.stepFunc()
	l.fixedStep(step, results)
	if cuts {
		p.line("gridNext := tNext")
	}
	if s.Stops > 0 {
		p.line("if stop { tNext = stops[0] }")
	}
	l.events()
	p.line("st.Accepted++")
	p.line("st.H = h")
	l.record()
	l.dense()
	l.advance()
	if cuts {
		p.line("t, pieces = tNext, %s", ifElse(s.Stops > 0, "stop", "false"))
	} else {
		p.line("t = tNext")
	}
	if cuts && s.Start != nil {
		p.line("filled = %s(whole || filled && !first)", ifText(s.Stops > 0, "!stop && "))
	}
	p.line("st.Time = t")
	l.happen(func() {
		p.line("pieces%s = true%s", ifText(s.Start != nil, ", filled"), ifText(s.Start != nil, ", false"))
		p.line("if (gridNext-t)*(t1-t0) > 0 { k-- } // the rest of the step")
	})
	if s.Stops > 0 {
		p.line("if stop {")
		p.line("if (gridNext-gap-t)*(t1-t0) > 0 { k-- } // the rest of the step")
		l.pass()
		p.line("}")
	}
	p.line("}")
	if l.ongoing {
		l.storePoint("k", "K")
		if cuts {
			l.storePoint(names, fields)
		}
	}
}

// fixedStep prints a step of given length up to its record.
func (l *loop) fixedStep(step *ir.Func, results []operand) {
	p, s, e := l.p, l.s, l.e
	in := append([]string{"t", "h"}, args(l.x)...)
	if s.FSAL {
		in = append(in, args(suffixed(l.plain(l.x), "K"))...)
	}
	in = append(in, l.extras()...)
	if s.Start != nil {
		p.line("if first {")
		p.line("%s", e.apply(s.Start, in, results, "="))
		p.line("st.NFE += %d", s.StartEvals)
		p.line("} else {")
	}
	p.line("%s", e.apply(step, in, results, "="))
	p.line("st.NFE += %d", l.evals())
	if s.Start != nil {
		p.line("}")
	}
	l.finite("finite", suffixed(l.x, "1"))
	p.line("if !finite {")
	p.line("st.Fail(rt.NonFinite, t, h)")
	p.line("break")
	p.line("}")
}
