package cudagen

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// loop prints the loop over the steps of one solve of one sample, as specified at ir.Solve: t, h, acceptance and
// status are those of the thread.
type loop struct {
	e  *emitter
	p  *printer
	ps *plan.Solve
	s  *ir.Solve

	x, c []operand // states and extras
	d    []operand // data for dense output
}

// operand is a variable of the loop; an array is passed by its name as well.
type operand struct {
	name string
	t    ir.Type
}

func suffixed(os []operand, suffix string) []operand {
	out := make([]operand, len(os))
	for i, o := range os {
		out[i] = operand{o.name + suffix, o.t}
	}
	return out
}

func names(lists ...[]operand) []string {
	var out []string
	for _, l := range lists {
		for _, o := range l {
			out = append(out, o.name)
		}
	}
	return out
}

// apply is a statement that calls f with arguments, its results into variables.
func (e *emitter) apply(f *ir.Func, in []string, to []operand) string {
	pf := e.plan.Of(f)
	all := append(e.common(pf.Needs, e.taped(f), false), in...)
	for i := range f.Results {
		if pf.Sums[i] == nil {
			all = append(all, to[i].name)
		}
	}
	if pf.Needs.Accum {
		all = append(all, "g")
	}
	e.calls(f)
	return fmt.Sprintf("%s(%s);", e.funcName(f), strings.Join(all, ", "))
}

func (e *emitter) newLoop(s *ir.Solve) *loop {
	l := &loop{e: e, p: e.p, ps: e.plan.OfSolve(s), s: s}
	sc := newScope(strings.Fields("on split own tile all row_k t t0 t1 h by ts next theta tape k dir err last factor rejected steps err_prev err_prev2 finite t_next stops gap goal cut stop stop_at stop_end begin pieces width end st ev m f full part fired_at end_bar room samples saved at fired fired_t fired_step fired_event r capacity to first filled whole cell ratio ratio_prev h_prev walk span rtol atol length running counts back from taken passed grid reached ev on anew hit left happens begins none events fresh picked place stepped i")...)
	for n := range e.global.used {
		sc.used[n] = true
	}
	for _, st := range s.States {
		name := sc.pickFamily(snake(st.Name), "_1", "_k", "_k1", "_err", "_out", "_at", "_bar", "_in", "_start", "_out_bar", "_start_bar", "_now", "_before", "_none", "_fired", "_tape", "_cut", "_seen", "_end", "_given", "_in_at")
		l.x = append(l.x, operand{name, st.Type})
	}
	for i, t := range s.Extras {
		name := fmt.Sprintf("c%d", i)
		if a := s.Field.Args; len(a) > 1+len(l.x)+i {
			name = localName(a[1+len(l.x)+i])
		}
		l.c = append(l.c, operand{sc.pickFamily(name, "_bar", "_sum", "_step", "_step_at"), t})
	}
	if denseSteps(s) {
		n := l.stepResults()
		for i, r := range s.DenseStep.Results[n:] {
			l.d = append(l.d, operand{sc.pick(fmt.Sprintf("dense%d", i)), r.Type})
		}
	}
	return l
}

// plain are those of os that belong to states of the system, not to the memory of the method.
func (l *loop) plain(os []operand) []operand { return ir.Pick(os, l.s.Plain()) }

// denseSteps reports whether every step of s has the data of dense output.
func denseSteps(s *ir.Solve) bool { return (s.Times > 0 || s.Cuts()) && s.DenseStep != nil }

// stepResults is the number of results of Step before the data for dense output.
func (l *loop) stepResults() int {
	n, plain := len(l.x), len(l.s.Plain())
	if l.s.Adaptive {
		n += plain
	}
	if l.s.FSAL {
		n += plain
	}
	return n
}

func (l *loop) declare(os []operand) {
	for _, o := range os {
		l.p.line("%s", l.e.variable(o.t, o.name))
	}
}

func (l *loop) copy(to, from []operand) {
	for i, o := range to {
		l.e.assign(o, from[i].name)
	}
}

// assign prints to = from for a scalar or an array.
func (e *emitter) assign(to operand, from string) {
	if to.t.IsScalar() {
		e.p.line("%s = %s;", to.name, from)
	} else {
		e.p.line("%s%s, %s, %d);", e.whole("copy", to.t), to.name, from, to.t.Len())
	}
}

// addInto prints to += from for a scalar or an array.
func (e *emitter) addInto(to operand, from string) {
	if to.t.IsScalar() {
		e.p.line("%s += %s;", to.name, from)
	} else {
		e.p.line("%s%s, %s, %d);", e.whole("add", to.t), to.name, from, to.t.Len())
	}
}

// print prints the loop.
func (l *loop) print() {
	p, s, e := l.p, l.s, l.e
	ps := e.common(l.ps.Needs, e.taped(solveFuncs(s)...), true)
	if s.Record {
		ps = append(ps, e.tapeType(s)+" &tape")
	}
	ps = append(ps, "double t0")
	var outs []operand
	var any []string // where times and states along them lie
	column := func(name string) {
		any = append(any, fmt.Sprintf("C%d", len(any)))
		ps = append(ps, any[len(any)-1]+" "+name)
	}
	columns := s.Times > 0 && e.form() == thread
	switch {
	case columns:
		column("ts")
	case s.Times > 0:
		ps = append(ps, "const double *ts")
	default:
		ps = append(ps, "double t1")
	}
	switch {
	case s.Stops > 0 && columns:
		column("stops")
	case s.Stops > 0:
		ps = append(ps, "const double *stops")
	}
	ps = append(ps, "const ndec_stepping &by")
	for _, o := range l.x {
		ps = append(ps, e.in(o.t, o.name+"_start"))
	}
	for _, o := range l.c {
		ps = append(ps, e.in(o.t, o.name))
	}
	for i, o := range l.x {
		t := o.t
		if s.Times > 0 {
			if s.States[i].Memory {
				continue // nobody reads it along the way
			}
			t = ir.Tensor(t.Elem, s.Times, t.Len())
		}
		if columns {
			column(o.name + "_out")
			continue
		}
		ps = append(ps, e.out(t, o.name+"_out"))
		outs = append(outs, operand{o.name + "_out", t})
	}
	ps = append(ps, "ndec_stats &st")
	name, called := e.solveName(s), e.isCalledLoop(s, solveFuncs(s))
	suffix := ""
	if called {
		suffix = "_here"
	}
	p.line("%sNDEC_D void %s%s(%s) {", e.templates(any...), name, suffix, strings.Join(ps, ", "))
	l.declare(l.x)
	l.copy(l.x, suffixed(l.x, "_start"))
	if s.Times > 0 {
		p.line("double t1 = ts[%d];", s.Times-1)
		p.line("int next = 0; // of ts")
	}
	if s.Stops > 0 {
		p.line("int stop_end;")
		p.line("int stop_at;")
		p.line("double gap;")
		p.line("double begin;")
		p.line("ndec_stops(stops, %d, t0, t1, stop_at, stop_end, gap, begin);", s.Stops)
	}
	l.startEvents()
	p.line("st.start(t0);")
	if s.BeginEvals > 0 {
		p.line("st.nfe = %d;", s.BeginEvals)
	}
	if s.Times > 0 {
		p.line("if (!ndec_in_order(t0, ts, %d)) {", s.Times)
		p.line("st.fail(NDEC_BAD_TIMES, t0, 0);")
		p.line("t1 = t0;")
		p.line("}")
	}
	if s.Record {
		p.line("tape.steps = 0;")
		if s.Stretches {
			p.line("tape.since = t0;")
		}
		if s.Times > 0 {
			p.line("tape.saved = 0;")
		}
		if len(s.Events) > 0 {
			p.line("tape.fired = 0;")
		}
		if marked(s) {
			p.line("tape.anew = 0;")
		}
	}
	if s.Adaptive {
		l.adaptive()
	} else {
		l.fixed()
	}
	if s.Times > 0 {
		// Times at the start of a solve of length zero, and what a failed solve did not reach.
		p.line("for (; next < %d; next++) {", s.Times)
		l.store(l.x)
		l.mark("tape.steps", "0")
		p.line("}")
	} else {
		if s.Stretches {
			l.endStretch("t", l.x)
		}
		l.copy(suffixed(l.x, "_out"), l.x)
	}
	p.line("}")
	if called {
		e.callLoop(name, ps, append(suffixed(l.x, "_start"), l.c...), outs, counted(s))
	}
}

// finite is a test of the new states.
func (l *loop) finite(os []operand) string {
	var terms []string
	for _, o := range os {
		if o.t.IsScalar() {
			terms = append(terms, fmt.Sprintf("%s - %s == 0", o.name, o.name))
		} else {
			terms = append(terms, fmt.Sprintf("%s%s, %d)", l.e.whole("finite", o.t), o.name, o.t.Len()))
		}
	}
	return strings.Join(terms, " && ")
}

// first prints the field before the first step; with stops it is seen on their inner side.
func (l *loop) first() {
	if l.s.Stops > 0 {
		l.field("begin")
	} else {
		l.field("t")
	}
}

// fieldFirst reports whether the loop of s evaluates the field itself: before its first step, or to find its length.
func fieldFirst(s *ir.Solve) bool { return s.FSAL || s.Adaptive && s.FirstStep == 0 }

// field prints an evaluation of the right-hand side into the first slopes.
func (l *loop) field(at string) {
	l.p.line("%s", l.e.apply(l.s.Field, append(append([]string{at}, names(l.plain(l.x))...), names(l.c)...), suffixed(l.plain(l.x), "_k")))
	if l.e.tile {
		l.p.line("st.nfe += t != t1;")
		return
	}
	l.p.line("st.nfe++;")
}

// A tile stays in the loop until no lane is on. leave prints how a lane ends at a place where all have made the step, stop
// how it ends before it.

func (l *loop) leave() {
	if l.e.tile {
		l.p.line("on = false;")
		l.p.line("continue;")
		return
	}
	l.p.line("break;")
}

func (l *loop) stop() {
	if l.e.tile {
		l.p.line("on = false;")
		return
	}
	l.p.line("break;")
}

// going is the condition of a loop: that of a lane, or of any.
func (l *loop) going(cond string) string {
	if l.e.tile {
		return fmt.Sprintf("tile.any(on = on && %s)", cond)
	}
	return cond
}

// goes is a condition that a lane of a tile has only while it is on.
func (l *loop) goes(cond string) string {
	if l.e.tile {
		return "on && " + cond
	}
	return cond
}

// begins prints the head of what is done for a solve that is not of length zero; the lanes of a tile do it together.
func (l *loop) begins(body func()) {
	if l.e.tile {
		body()
		return
	}
	l.p.line("if (t != t1) {")
	body()
	l.p.line("}")
}

// lanes declares which lanes of a tile are in the loop.
func (l *loop) lanes() {
	if l.e.tile {
		l.p.line("bool on = true;")
	}
}

// anew prints what a step that begins anew at t takes over: memory of the method, or the field.
func (l *loop) anew() {
	p, s := l.p, l.s
	if s.FSAL {
		l.field("t")
	}
	if !s.Rebegins() {
		return
	}
	to := suffixed(l.x, "_1")
	for i, o := range l.x {
		if s.States[i].Memory {
			to[i] = o
		}
	}
	p.line("%s", l.e.apply(s.Begin, append([]string{"t"}, names(l.x, l.c)...), to))
	p.line("st.nfe += %d;", s.BeginEvals)
	if s.Record && !s.Stretches {
		p.line("tape.anew = 1;")
	}
}

// step prints the evaluation of a step.
func (l *loop) step() {
	f, evals := l.s.Step, l.s.StepEvals
	results := suffixed(l.x, "_1")
	if l.s.Adaptive {
		results = append(results, suffixed(l.plain(l.x), "_err")...)
	}
	if l.s.FSAL {
		results = append(results, suffixed(l.plain(l.x), "_k1")...)
	}
	if denseSteps(l.s) {
		f, evals = l.s.DenseStep, evals+l.s.DenseEvals
		results = append(results, l.d...)
	}
	in := append([]string{"t", "h"}, names(l.x)...)
	if l.s.FSAL {
		in = append(in, names(suffixed(l.plain(l.x), "_k"))...)
	}
	if in = append(in, names(l.c)...); l.s.Start != nil {
		l.p.line("if (first) {")
		l.p.line("%s", l.e.apply(l.s.Start, in, results))
		l.p.line("st.nfe += %d;", l.s.StartEvals)
		l.p.line("} else {")
	}
	l.p.line("%s", l.e.apply(f, in, results))
	if l.e.tile {
		l.p.line("if (!on) continue;")
	}
	l.p.line("st.nfe += %d;", evals)
	if l.s.Start != nil {
		l.p.line("}")
	}
}

// record keeps an accepted step for the reverse sweep.
func (l *loop) record() {
	if !l.s.Record || l.s.Stretches {
		return
	}
	part := ""
	switch {
	case len(l.s.Events) > 0:
		part = "ev.part(), "
	case l.s.Passes():
		l.p.line("double part = (t_next - t1) * dir > 0 ? (t1 - t) / h : 1.0; // of the step, up to the end")
		part = "part, "
	}
	if l.s.Start != nil {
		part += "first, "
	}
	l.p.line("if (!tape.push(%st, h, %s%s)) {", l.e.teamArg(), part, strings.Join(names(l.x), ", "))
	l.p.line("st.fail(NDEC_TAPE_FULL, t, h);")
	l.leave()
	l.p.line("}")
}

func (l *loop) advance() {
	l.copy(l.x, suffixed(l.x, "_1"))
	if l.s.FSAL {
		l.copy(suffixed(l.plain(l.x), "_k"), suffixed(l.plain(l.x), "_k1"))
	}
}

// store prints the output of states at ts[next].
func (l *loop) store(os []operand) {
	for i, o := range l.x {
		if l.s.States[i].Memory {
			continue
		}
		whole := ir.Tensor(o.t.Elem, l.s.Times, o.t.Len())
		if o.t.IsScalar() {
			l.e.put(whole, o.name+"_out[next]", operand{os[i].name, o.t})
		} else {
			l.e.put(whole, fmt.Sprintf("%s_out + next * %d", o.name, o.t.Len()), operand{os[i].name, o.t})
		}
	}
}

func (l *loop) mark(step, theta string) {
	if l.s.Stretches {
		theta = "0"
	}
	if l.s.Record {
		l.p.line("tape.save(%s%s, %s);", l.e.teamArg(), step, theta)
	}
}

// dense prints the output times that lie in the accepted step from t to t_next.
func (l *loop) dense() {
	defer l.cutStep()
	if l.s.Times == 0 {
		return
	}
	p := l.p
	also := ""
	if len(l.s.Events) > 0 { // at an event the states are those after it
		also = " && !(ev.hit && ts[next] == t_next)"
	}
	p.line("for (; next < %d && (ts[next] - t_next) * (t1 - t0) <= 0%s; next++) {", l.s.Times, also)
	end := func(os []operand) {
		if l.s.Stretches {
			l.endStretch("ts[next]", os)
		}
	}
	p.line("if (ts[next] == t) {")
	l.store(l.x)
	end(l.x)
	l.mark("tape.steps - 1", "0")
	if l.s.Inside() {
		p.line("} else if (ts[next] == t_next) {")
	} else { // steps end at all of them
		p.line("} else {")
	}
	l.store(suffixed(l.x, "_1"))
	end(suffixed(l.x, "_1"))
	l.mark("tape.steps - 1", "1")
	if !l.s.Inside() {
		p.line("}")
		p.line("}")
		l.stretchFailed()
		return
	}
	p.line("} else {")
	l.e.scope()
	p.line("double theta = (ts[next] - t) / h;")
	outs := suffixed(l.x, "_at")
	l.declare(outs)
	l.inside("theta", outs)
	l.store(outs)
	end(outs)
	l.mark("tape.steps - 1", "theta")
	p.line("}")
	p.line("}")
	l.stretchFailed()
}

// stretchFailed prints how a loop ends where a tape has no room for a stretch.
func (l *loop) stretchFailed() {
	if l.s.Stretches {
		l.p.line("if (st.failed()) break;")
	}
}
