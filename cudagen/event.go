package cudagen

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/ir"
)

// Events of a solve: ndec_events says where along a step guards are to be looked at, and finds where events happen,
// as specified at ir.Event. The loop evaluates guards and resets.

// eventKinds are the spellings of ir.EventKind.
var eventKinds = [...]string{ir.Rising: "NDEC_RISING", ir.Falling: "NDEC_FALLING", ir.Crossing: "NDEC_CROSSING", ir.Every: "NDEC_EVERY"}

// startEvents prints what a solve with events begins with.
func (l *loop) startEvents() {
	p, s := l.p, l.s
	if len(s.Events) == 0 {
		return
	}
	p.line("ndec_events<%d> ev(%s, %d);", len(s.Events), number(s.EventTol, ir.F64), s.EventMax)
	for i, e := range s.Events {
		p.line("ev.kind(%d, %s, %s);", i, eventKinds[e.Kind], number(e.Every, ir.F64))
	}
	l.guards("t0", l.x)
	p.line("ev.start(t0, t1);")
}

// guards prints the guards at a time and states.
func (l *loop) guards(t string, x []operand) {
	var to []operand
	for _, i := range l.s.Guards() {
		to = append(to, operand{fmt.Sprintf("ev.e[%d].g", i), ir.Scalar(ir.F64)})
	}
	if len(to) > 0 {
		l.p.line("%s", l.e.apply(l.s.Guard, append([]string{t}, names(l.plain(x), l.c)...), to))
	}
}

// events prints the search for events in the accepted step from t to t_next, which ends at the first of them.
func (l *loop) events() {
	p := l.p
	if len(l.s.Events) == 0 {
		return
	}
	p.line("#pragma unroll 1")
	p.line("for (ev.step(t, h, t_next); ev.next();) {")
	if len(l.s.Guards()) > 0 {
		l.e.scope()
		at := suffixed(l.x, "_at")
		l.declare(at)
		l.copy(at, suffixed(l.x, "_1"))
		p.line("if (ev.at != 1) {")
		l.inside("ev.at", at)
		p.line("}")
		l.guards("ev.time", at)
	}
	p.line("}")
	p.line("if (ev.endless()) {")
	p.line("st.fail(NDEC_MAX_EVENTS, t, h);")
	p.line("break;")
	p.line("}")
	p.line("if (ev.hit) t_next = ev.time;")
}

// inside prints the states at a place in the step.
func (l *loop) inside(theta string, to []operand) {
	in := append([]string{theta, "h"}, names(l.x, suffixed(l.x, "_1"), l.d)...)
	if l.s.Start != nil {
		l.p.line("if (first) {")
		l.p.line("%s", l.e.apply(l.s.StartDense, in, to))
		l.p.line("} else {")
	}
	l.p.line("%s", l.e.apply(l.s.Dense, in, to))
	if l.s.Start != nil {
		l.p.line("}")
	}
}

// cutStep prints how a step ends where events happen, or where it has passed the end.
func (l *loop) cutStep() {
	place := "ev.end"
	switch {
	case l.s.Passes():
		l.p.line("if ((t_next - t1) * dir > 0) { // past the end")
		place = "(t1 - t) / h"
	case len(l.s.Events) > 0:
		l.p.line("if (ev.hit && ev.end < 1) {")
	default:
		return
	}
	l.e.scope()
	at := suffixed(l.x, "_at")
	l.declare(at)
	l.inside(place, at)
	p := l.p
	p.line("if (!(%s)) { // between finite ends, a polynomial of numbers near the largest", l.finite(at))
	p.line("st.fail(NDEC_NON_FINITE, t, h);")
	p.line("break;")
	p.line("}")
	l.copy(suffixed(l.x, "_1"), at)
	if l.s.Passes() {
		p.line("t_next = t1;")
	}
	l.p.line("}")
}

// happen prints the events at t, and how the solve goes on.
func (l *loop) happen(goOn ...string) {
	p, s := l.p, l.s
	if len(s.Events) == 0 {
		return
	}
	p.line("if (ev.hit) {")
	if s.Stretches {
		l.endStretch("t", l.x)
		p.line("if (st.failed()) break;")
	}
	before := suffixed(l.plain(l.x), "_before")
	if s.Resets() {
		l.e.scope()
		l.declare(before)
		l.copy(before, l.plain(l.x))
	}
	if s.Record {
		p.line("bool full = false;")
	}
	for i, e := range s.Events {
		p.line("if (ev.e[%d].fires()) {", i)
		if s.Record {
			p.line("full = full || !tape.event(%s%d, t, %s);", l.e.teamArg(), i, strings.Join(names(l.x), ", "))
		}
		if e.Reset != nil {
			after := suffixed(l.plain(l.x), "_1")
			p.line("%s", l.e.apply(e.Reset, append([]string{"t"}, names(l.plain(l.x), l.c)...), after))
			l.copy(l.plain(l.x), after)
		}
		if e.Stop {
			p.line("st.status = NDEC_EVENT_STOP;")
		}
		p.line("}")
	}
	if s.Record {
		p.line("if (full) {")
		p.line("st.fail(NDEC_TAPE_FULL, t, h);")
		p.line("break;")
		p.line("}")
	}
	if s.Resets() {
		p.line("if (!(%s)) {", l.finite(l.plain(l.x)))
		p.line("st.fail(NDEC_NON_FINITE, t, h);")
		l.copy(l.plain(l.x), before)
		p.line("}")
	}
	if s.Resets() || s.MayStop() {
		p.line("if (st.status != NDEC_OK) break;")
	}
	l.anew()
	l.guards("t", l.x)
	p.line("ev.again(t);")
	for _, line := range goOn {
		p.line("%s", line)
	}
	p.line("continue;")
	p.line("}")
}

// backOverEvents prints how cotangents go back over the events at the end of step k.
func (l *loop) backOverEvents(r *ir.Rev, out, bar []operand, addExtras func()) {
	p := l.p
	p.line("for (; f >= 0 && tape.fired_step[(long long)f * tape.samples] == k; f--) {")
	p.line("double fired_at = tape.fired_t[(long long)f * tape.samples];")
	l.e.scope()
	before := suffixed(l.x, "_before")
	l.load(before, "_fired", "f")
	end := "0.0"
	if r.Solve.MayStop() {
		end = "end_bar"
	}
	p.line("switch (tape.fired_event[(long long)f * tape.samples]) {")
	for i, fn := range r.Events {
		p.line("case %d:", i)
		p.line("%s", l.e.apply(fn, append(append([]string{"fired_at"}, names(before, l.c, bar)...), end), out))
		p.line("break;")
	}
	p.line("}")
	l.copy(bar, out[:len(bar)])
	addExtras()
	p.line("}")
}
