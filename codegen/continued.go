package codegen

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// A solve that is taken step by step is the loop of the solve itself, cut after each accepted step: it begins with what it left
// (rt.SolvePoint, states, slopes, events) and leaves it again. So its steps have the bits of the whole solve, and it can be saved between any two.

// ongoing prints the type of a solve of a system that its user takes step by step.
func (e *emitter) ongoing(f *file, st *stepper, api *stepperAPI) {
	s := *st.solve
	s.PerSample = false // there are no output times
	ps := e.plan.OfSolve(st.solve)
	l := e.newLoop(ps, false)
	l.s, l.ongoing = &s, true
	p, name := e.p, st.ongoing
	plain, xs := l.plain(l.x), l.x
	k := suffixed(plain, "K")
	keepK := l.begins() && s.FSAL

	// Fields.
	p.line("p *Params")
	if e.prepared() {
		p.line("pre prepared")
	}
	needs := ps.Needs
	before := plan.Needs{} // of what is computed at the start
	for _, fn := range []*ir.Func{s.Begin, s.Given} {
		if fn != nil {
			before = framed(before, e.plan.Of(fn).Needs)
		}
	}
	needs = framed(needs, before)
	if needs.Work {
		p.line("ws workspace")
	}
	p.line("at rt.SolvePoint")
	if len(s.Events) > 0 {
		p.line("ev rt.EventSearch")
		p.line("es [%d]rt.SolveEvent", len(s.Events))
	}
	if s.Stops > 0 {
		p.line("stops [%d]float64", s.Stops)
	}
	sc := newScope("p", "pre", "ws", "at", "ev", "es", "stops")
	field := map[string]string{}
	fields := func(os []operand) {
		for _, o := range os {
			field[o.name] = sc.pick(o.name)
			p.line("%s %s", field[o.name], e.valueType(o.t))
		}
	}
	fields(xs)
	if keepK {
		fields(k)
	}
	fields(l.c)
	text(f, "", fmt.Sprintf("var %sSite = rt.Site{Where: %q, Solve: %q}", goName(name, false), s.Span.String(), s.System))
	text(f, fmt.Sprintf("%s is a solve of system %s with %s that is taken step by step: its steps are those\nof the solve in a model, to the bit, events included. It belongs to one goroutine.", name, s.System, st.by()),
		fmt.Sprintf("type %s struct {\n%s}", name, p.text()))

	// Start.
	value := func(from string, t ir.Type) string {
		if t.Rank() <= 1 {
			return from
		}
		return fmt.Sprintf("*(*%s)(unsafe.Pointer(&%s))", e.valueType(t), from)
	}
	sig := []string{"p *Params", "t0, t1 float64"}
	sig = append(sig, api.before+" "+api.after)
	for _, c := range api.extras {
		sig = append(sig, c.name+" "+e.apiType(c.t))
	}
	doc := fmt.Sprintf("Start%s begins a solve from t0 to t1.", name)
	if s.Stops > 0 {
		sig = append(sig, fmt.Sprintf("stops [%d]float64", s.Stops))
		doc += " Steps end at the stops, which are sorted from t0 on; else it ends at once, and\nErr wraps rt.ErrBadTimes."
	}
	p.line("func Start%s(%s) *%s {", name, strings.Join(sig, ", "), name)
	p.line("s := &%s{p: p, at: rt.StartSolve(t0, t1, %d)}", name, s.BeginEvals)
	if e.prepared() {
		p.line("s.Refresh()")
	}
	for i, o := range plain {
		p.line("s.%s = %s", field[o.name], value(api.in[i], o.t))
	}
	e.frame(before, "s")
	if s.Given == nil {
		for _, c := range l.c {
			p.line("s.%s = %s", field[c.name], value(c.name, c.t))
		}
	} else {
		var in []string
		var to []operand
		for _, c := range api.extras {
			in = append(in, ifElse(c.t.IsScalar(), c.name, e.flatPtr(c.name, c.t)))
		}
		for _, c := range l.c {
			to = append(to, operand{"s." + field[c.name], c.t})
		}
		p.line("%s", e.apply(s.Given, in, to, "="))
	}
	if s.Stops > 0 {
		p.line("s.stops = stops")
		p.line("s.at.Sorted(stops[:])")
	}
	if len(s.Events) > 0 {
		search, kinds := eventTables(l.s)
		p.line("s.ev, s.es = %s, %s", search, kinds)
	}
	of := func(o operand) string {
		if o.t.IsScalar() {
			return "s." + field[o.name]
		}
		return "&s." + field[o.name]
	}
	if s.Begin != nil {
		in := []string{"t0"}
		if s.Stops > 0 {
			p.line("_, gap, _ := rt.Stops(nil, t0, t1)")
			in[0] = "t0 + gap"
		}
		for _, o := range append(append([]operand(nil), xs...), l.c...) {
			in = append(in, of(o))
		}
		begun := suffixed(plain, "0")
		l.declare(begun)
		to := append([]operand(nil), begun...)
		for _, o := range xs[len(plain):] {
			to = append(to, operand{"s." + field[o.name], o.t})
		}
		p.line("%s", e.apply(s.Begin, in, to, "="))
		for _, o := range begun {
			if o.t.IsScalar() {
				p.line("_ = %s", o.name)
			}
		}
	}
	p.line("return s")
	p.line("}")
	text(f, doc, p.text())
	body := ""
	if e.prepared() {
		body = "\ns.pre.of(s.p)\n"
	}
	text(f, "Refresh makes changes of the parameters in place known to the solve.", fmt.Sprintf("func (s *%s) Refresh() {%s}", name, body))

	// Step.
	p.line("func (s *%s) Step() bool {", name)
	p.line("at, st := &s.at, &s.at.Stats")
	p.line("if at.Ended() { return false }")
	p.line("before := st.Accepted")
	p.line("by := %s", steppingLit(&s))
	e.frame(ps.Needs, "s")
	p.line("t0, t1 := at.T0, at.T1")
	for _, o := range xs {
		p.line("%s := s.%s", o.name, field[o.name])
	}
	for _, c := range l.c {
		p.line("%s := %s", c.name, of(c))
	}
	if s.Stops > 0 {
		begin := "_"
		if l.begins() {
			begin = "begin"
		}
		p.line("stops, gap, %s := rt.Stops(s.stops[:], t0, t1)", begin)
	}
	l.startEvents()
	l.kept = func(o operand) string { return "s." + field[o.name] }
	if s.Adaptive {
		l.adaptive()
	} else {
		l.fixed()
	}
	for _, o := range xs {
		p.line("s.%s = %s", field[o.name], o.name)
	}
	if keepK {
		for _, o := range k {
			p.line("s.%s = %s", field[o.name], o.name)
		}
	}
	p.line("return st.Accepted > before")
	p.line("}")
	text(f, "Step takes a step, which may end at an event, without allocating. It reports whether there was one to take and it could be taken.", p.text())

	out := func(o operand) string {
		if o.t.Rank() <= 1 {
			return "s." + field[o.name]
		}
		return fmt.Sprintf("*(*%s)(unsafe.Pointer(&s.%s))", e.apiType(o.t), field[o.name])
	}
	state := out(plain[0])
	if st.state != "" {
		var vs []string
		for i, o := range plain {
			vs = append(vs, api.fields[i]+": "+out(o))
		}
		state = st.state + "{" + strings.Join(vs, ", ") + "}"
	}
	text(f, "State is the state at Time.", fmt.Sprintf("func (s *%s) State() %s { return %s }", name, api.after, state))
	text(f, "Time is how far the solve is.", fmt.Sprintf("func (s *%s) Time() float64 { return s.at.T }", name))
	text(f, "Ended reports whether no step is left: at the end, after an event that stops, or after a failure.", fmt.Sprintf("func (s *%s) Ended() bool { return s.at.Ended() }", name))
	text(f, "Stats are the counts so far.", fmt.Sprintf("func (s *%s) Stats() rt.SolveStats { return s.at.Stats }", name))
	text(f, "Err is a *rt.SolveError where the solve has failed, else nil.", fmt.Sprintf("func (s *%s) Err() error { return s.at.Error(&%sSite) }", name, goName(name, false)))

	// Save and Restore.
	p.line("func (s *%s) keep(k *rt.SavedSolve) {", name)
	p.line("k.Point(&s.at)")
	if len(s.Events) > 0 {
		p.line("k.Events(&s.ev, s.es[:])")
	}
	keep := map[ir.Elem]string{ir.F32: "Numbers", ir.F64: "Numbers", ir.I32: "Ints", ir.Bool: "Bools"}
	numbers := append([]operand(nil), xs...)
	if keepK {
		numbers = append(numbers, k...)
	}
	for _, o := range append(numbers, l.c...) {
		if o.t.IsScalar() {
			p.line("rt.Keep%s(k, unsafe.Slice(&s.%s, 1))", keep[o.t.Elem], field[o.name])
		} else {
			p.line("rt.Keep%s(k, s.%s[:])", keep[o.t.Elem], field[o.name])
		}
	}
	if s.Stops > 0 {
		p.line("rt.KeepNumbers(k, s.stops[:])")
	}
	p.line("}")
	text(f, "keep goes over all that the next step depends on but the parameters.", p.text())
	what := fmt.Sprintf("%s of package %s in %s, %s%s", name, e.m.Package, e.m.Real, s.Method, strings.TrimPrefix(steppingLit(&s), "rt.Stepping"))
	text(f, "Save gives the bytes from which Restore goes on, in another process too, with the same bits.", fmt.Sprintf("func (s *%s) Save() []byte { return rt.SaveSolve(%q, s.keep) }", name, what))
	text(f, "Restore sets the solve to where it was when Save gave the bytes; parameters stay those of Start. Errors wrap rt.ErrData, and\nleave the solve as it is.",
		fmt.Sprintf("func (s *%s) Restore(saved []byte) error { return rt.RestoreSolve(%q, saved, s.keep) }", name, what))
}

// framed is what functions of both needs want beside their arguments.
func framed(a, b plan.Needs) plan.Needs {
	a.Params, a.Prepared, a.Work = a.Params || b.Params, a.Prepared || b.Prepared, a.Work || b.Work
	return a
}

// frame declares what functions want beside their arguments, from the fields of a value.
func (e *emitter) frame(needs plan.Needs, of string) {
	for _, v := range []struct {
		needed bool
		line   string
	}{{needs.Params, "w := " + of + ".p"}, {needs.Prepared, "pre := &" + of + ".pre"}, {needs.Work, "ws := &" + of + ".ws"}} {
		if v.needed {
			e.p.line("%s", v.line)
		}
	}
}

// loadPoint prints how a solve that goes on takes up what its loop has left; names are those of the loop, fields those of rt.SolvePoint.
func (l *loop) loadPoint(names, fields string) {
	at := "at." + strings.ReplaceAll(fields, " ", ", at.")
	l.p.line("%s := %s", strings.ReplaceAll(names, " ", ", "), at)
}

// storePoint prints how the loop leaves it.
func (l *loop) storePoint(names, fields string) {
	at := "at." + strings.ReplaceAll(fields, " ", ", at.")
	l.p.line("%s = %s", at, strings.ReplaceAll(names, " ", ", "))
}

// takeSlopes prints how a loop that goes on takes up the slopes that the last step has handed on.
func (l *loop) takeSlopes() {
	if !l.ongoing || !l.s.FSAL {
		return
	}
	for _, o := range suffixed(l.plain(l.x), "K") {
		l.p.line("%s = %s", o.name, l.kept(o))
	}
}
