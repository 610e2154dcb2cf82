package codegen

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/ir"
)

// Events of a solve: rt.EventSearch says where along a step guards are to be looked at, and finds where events
// happen, as specified at ir.Event. The loop evaluates guards and resets.

// eventKinds are the spellings of ir.EventKind.
var eventKinds = [...]string{ir.Rising: "rt.Rising", ir.Falling: "rt.Falling", ir.Crossing: "rt.Crossing", ir.Every: "rt.Every"}

// startEvents prints what a solve with events begins with.
func (l *loop) startEvents() {
	p, s := l.p, l.s
	if len(s.Events) == 0 {
		return
	}
	search, kinds := eventTables(s)
	if l.ongoing {
		p.line("ev, es := &s.ev, s.es[:]")
		p.line("if !at.Begun {")
	} else {
		p.line("ev := %s", search)
		p.line("es := %s", kinds)
	}
	l.guards("t0", l.x)
	p.line("ev.Start(es[:], t0, t1)")
	if l.ongoing {
		p.line("}")
	}
}

// eventTables are the search for events and the events, as a solve begins.
func eventTables(s *ir.Solve) (search, kinds string) {
	var rows []string
	for _, e := range s.Events {
		row := "{Kind: " + eventKinds[e.Kind]
		if e.Kind == ir.Every {
			row += ", Length: " + number(e.Every, ir.F64)
		}
		rows = append(rows, row+"}")
	}
	search = fmt.Sprintf("rt.EventSearch{Tol: %s, Max: %d}", number(s.EventTol, ir.F64), s.EventMax)
	return search, fmt.Sprintf("[...]rt.SolveEvent{%s}", strings.Join(rows, ", "))
}

// guards prints the guards at a time and states.
func (l *loop) guards(t string, x []operand) {
	var to []operand
	for _, i := range l.s.Guards() {
		to = append(to, operand{fmt.Sprintf("es[%d].G", i), ir.Scalar(ir.F64)})
	}
	if len(to) > 0 {
		l.p.line("%s", l.e.apply(l.s.Guard, append([]string{t}, append(args(l.plain(x)), l.extras()...)...), to, "="))
	}
}

// events prints the search for events in the accepted step from t to tNext, which ends at the first of them.
func (l *loop) events() {
	p := l.p
	if len(l.s.Events) == 0 {
		return
	}
	at := suffixed(l.x, "At")
	p.line("for ev.Step(es[:], t, h, tNext); ev.Next(es[:]); {")
	if len(l.s.Guards()) > 0 {
		l.states(at)
		p.line("if ev.At != 1 {")
		l.inside("ev.At", at)
		p.line("}")
		l.guards("ev.Time", at)
	}
	p.line("}")
	p.line("if ev.Endless() {")
	p.line("st.Fail(rt.MaxEvents, t, h)")
	p.line("break")
	p.line("}")
	p.line("if ev.Hit { tNext = ev.Time }")
}

// states declares os with the states at the end of the step.
func (l *loop) states(os []operand) {
	for i, o := range os {
		l.p.line("%s := %s1", o.name, l.x[i].name)
	}
	l.forget(os)
}

// inside prints the states at a place in the step.
func (l *loop) inside(theta string, to []operand) {
	in := append([]string{theta, "h"}, args(l.x, suffixed(l.x, "1"), l.d)...)
	if l.s.Start != nil {
		l.p.line("if first {")
		l.p.line("%s", l.e.apply(l.s.StartDense, in, to, "="))
		l.p.line("} else {")
	}
	l.p.line("%s", l.e.apply(l.s.Dense, in, to, "="))
	if l.s.Start != nil {
		l.p.line("}")
	}
}

// cutStep prints how a step ends where events happen.
func (l *loop) cutStep() {
	p := l.p
	place := "ev.End"
	switch {
	case l.s.Passes():
		p.line("if (tNext-t1)*dir > 0 { // past the end")
		place = "(t1-t)/h"
	case len(l.s.Events) > 0:
		p.line("if ev.Hit && ev.End < 1 {")
	default:
		return
	}
	at := suffixed(l.x, "At")
	l.declare(at)
	l.inside(place, at)
	l.finite("finite", at)
	p.line("if !finite { // between finite ends, a polynomial of numbers near the largest")
	p.line("st.Fail(rt.NonFinite, t, h)")
	p.line("break")
	p.line("}")
	for _, o := range l.x {
		p.line("%s1 = %sAt", o.name, o.name)
	}
	if l.s.Passes() {
		p.line("tNext = t1")
	}
	p.line("}")
}

// happen prints the events at t, and how the solve goes on.
func (l *loop) happen(goOn func()) {
	p, s := l.p, l.s
	if len(s.Events) == 0 {
		return
	}
	p.line("if ev.Hit {")
	if s.Record {
		l.endStretch("t", l.x)
	}
	before := suffixed(l.plain(l.x), "0")
	if s.Resets() {
		for i, o := range l.plain(l.x) {
			p.line("%s := %s", before[i].name, o.name)
		}
	}
	for i, e := range s.Events {
		p.line("if es[%d].Fires() {", i)
		if s.Record {
			p.line("tape.event(%d, t, %s)", i, strings.Join(args(l.x), ", "))
		}
		if e.Reset != nil {
			after := suffixed(l.plain(l.x), "1")
			p.line("%s", l.e.apply(e.Reset, append([]string{"t"}, append(args(l.plain(l.x)), l.extras()...)...), after, "="))
			for k, o := range l.plain(l.x) {
				p.line("%s = %s", o.name, after[k].name)
			}
		}
		if e.Stop {
			p.line("st.Status = rt.EventStop")
		}
		p.line("}")
	}
	if s.Resets() {
		l.finite("finite", l.plain(l.x))
		p.line("if !finite {")
		p.line("st.Fail(rt.NonFinite, t, h)")
		for i, o := range l.plain(l.x) {
			p.line("%s = %s", o.name, before[i].name)
		}
		p.line("}")
	}
	if s.Resets() || s.MayStop() {
		p.line("if st.Status != rt.OK { break }")
	}
	l.anew()
	l.guards("t", l.x)
	p.line("ev.Again(es[:], t)")
	goOn()
	p.line("continue")
	p.line("}")
}

// backOverEvents prints how cotangents go back over the events at the end of step k.
func (e *emitter) backOverEvents(r *ir.Rev, l *loop, out, bar []operand, addExtras func()) {
	p := e.p
	p.line("for ; f >= 0 && tape.fired[f].Step == k; f-- {")
	end := "0"
	if r.Solve.MayStop() {
		end = "endBar"
	}
	p.line("switch tape.fired[f].Event {")
	for i, fn := range r.Events {
		p.line("case %d:", i)
		in := []string{"tape.fired[f].T"}
		for _, o := range l.x {
			in = append(in, fmt.Sprintf("%stape.%sFired[f]", ifText(!o.t.IsScalar(), "&"), o.name))
		}
		in = append(append(append(in, l.extras()...), args(bar)...), end)
		p.line("%s", e.apply(fn, in, out, "="))
	}
	p.line("}")
	for i := range bar {
		p.line("%s = %s", bar[i].name, out[i].name)
	}
	addExtras()
	p.line("}")
}
