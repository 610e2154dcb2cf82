package codegen

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"

	"ndec.dev/ndec/ir"
)

// stepper is a pair of system and solver, which users may step through themselves.
type stepper struct {
	name  string    // FlowFwdStepper
	state string    // FlowState, the type of several states; "" of one
	solve *ir.Solve // the first one with this pair

	ongoing string // FlowFwdSolve, a solve taken step by step
}

// stepperAPI says how the states of a stepper look to its users.
type stepperAPI struct {
	before, after string   // name of the states before a step, Go type of them and of those after it
	in, fields    []string // by state: what it is of the former, its field where there are several
	extras        []operand
}

// findSteppers lists the pairs that models use, in their order.
func findSteppers(m *ir.Module) []stepper {
	var out []stepper
	seen := map[[2]string]bool{}
	states := map[string][]ir.SolveState{} // of the types of several states
	for _, md := range m.Models {
		for _, s := range md.Solves {
			pair := [2]string{s.System, s.Solver}
			if s.Solver == "" || seen[pair] {
				continue
			}
			seen[pair] = true
			base := goName(s.System, true) + solverName(s.Solver)
			st := stepper{name: base + "Stepper", ongoing: base + "Solve", solve: s}
			plain := ir.Pick(s.States, s.Plain())
			if len(plain) > 1 {
				st.state = goName(s.System, true) + "State"
				if other, ok := states[st.state]; ok && !reflect.DeepEqual(other, plain) {
					st.state = base + "State"
				}
				states[st.state] = plain
			}
			out = append(out, st)
		}
	}
	return out
}

// solverName is the name of a solver in Go: Fwd, Rk4, and Rk4_2 of the second one that is written in place, as scope.pick numbers.
func solverName(name string) string {
	method, number, numbered := strings.Cut(name, ".")
	out := goName(method, true)
	if !numbered {
		return out
	}
	if unicode.IsDigit(rune(out[len(out)-1])) {
		out += "_"
	}
	return out + number
}

// by says with what a system is solved, in words.
func (st *stepper) by() string {
	if method, _, _ := strings.Cut(st.solve.Solver, "."); method == st.solve.Method {
		return method
	}
	return fmt.Sprintf("solver %s (%s)", st.solve.Solver, st.solve.Method)
}

// exported lists the names that a stepper brings into the package.
func (st *stepper) exported() []string {
	names := []string{st.name, "New" + st.name, st.ongoing, "Start" + st.ongoing}
	if st.state != "" {
		names = append(names, st.state)
	}
	return names
}

func (e *emitter) steppers(f *file) {
	states := map[string]bool{}
	for _, st := range findSteppers(e.m) {
		e.stepper(f, &st, states[st.state])
		states[st.state] = true
	}
}

// stepper prints the type that takes single steps of a solve's method.
func (e *emitter) stepper(f *file, st *stepper, stateDone bool) {
	s := st.solve
	ps := e.plan.OfSolve(s)
	l := e.newLoop(ps, false)
	p := e.p

	// The states before and after: one value, or the fields of a struct.
	var before, after string // name of the one, Go type of both
	xs := l.plain(l.x)       // the others begin anew in every step
	in := make([]string, len(xs))
	var fields []string
	if st.state == "" {
		before, after = xs[0].name, e.apiType(xs[0].t)
		in[0] = before
	} else {
		before, after = "last", st.state
		sc := newScope()
		for i, x := range ir.Pick(s.States, s.Plain()) {
			fields = append(fields, sc.pick(goName(x.Name, true)))
			in[i] = before + "." + fields[i]
			p.line("%s %s", fields[i], e.apiType(x.Type))
		}
		body := p.text()
		if !stateDone {
			text(f, fmt.Sprintf("%s holds the states of system %s at one time.", st.state, s.System), fmt.Sprintf("type %s struct {\n%s\n}", st.state, body))
		}
	}

	// What the functions of a step take besides their arguments.
	step := s.Step
	if s.Start != nil {
		step = s.Start // memory begins anew
	}
	needs := e.plan.Of(step).Needs
	if s.FSAL || s.Begin != nil {
		needs = framed(needs, e.plan.Of(s.Field).Needs)
	}
	if s.Given != nil {
		needs = framed(needs, e.plan.Of(s.Given).Needs)
	}
	low := goName(st.name, false)
	how := "of any length"
	if s.Adaptive {
		how = "of any length and without error control"
	}
	text(f, "", fmt.Sprintf("var %sSite = rt.Site{Where: %q, Solve: %q}", low, s.Span.String(), s.System))
	text(f, fmt.Sprintf("%s takes single steps of system %s with %s,\n%s. It belongs to one goroutine.", st.name, s.System, st.by(), how),
		fmt.Sprintf("type %s struct {\n\tp *Params\n%s%s}", st.name, ifText(e.prepared(), "\tpre prepared\n"), ifText(needs.Work, "\tws workspace\n")))
	refresh, body := "", ""
	if e.prepared() {
		refresh, body = "\tst.Refresh()\n", "\nst.pre.of(st.p)\n"
	}
	text(f, fmt.Sprintf("New%s gives a stepper with parameters p.", st.name), fmt.Sprintf(`func New%s(p *Params) *%s {
	st := &%s{p: p}
%s	return st
}`, st.name, st.name, st.name, refresh))
	text(f, "Refresh makes changes of the parameters in place known to the stepper.", fmt.Sprintf("func (st *%s) Refresh() {%s}", st.name, body))

	arg := func(name string, t ir.Type) string {
		if t.IsScalar() {
			return name
		}
		return e.flatPtr(name, t)
	}
	sig := []string{"t, h float64", before + " " + after}
	var extras, states []string
	asked := l.asked()
	for _, c := range asked {
		sig = append(sig, c.name+" "+e.apiType(c.t))
		extras = append(extras, arg(c.name, c.t))
	}
	for i, x := range xs {
		states = append(states, arg(in[i], x.t))
	}
	p.line("func (st *%s) Step(%s) (next %s, err error) {", st.name, strings.Join(sig, ", "), after)
	e.frame(needs, "st")
	if s.Given != nil {
		given := suffixed(l.c, "Given")
		l.declare(given)
		p.line("%s", e.apply(s.Given, extras, given, "="))
		extras = args(given)
	}
	x1, xe, k, k1 := suffixed(l.x, "1"), suffixed(xs, "Err"), suffixed(xs, "K"), suffixed(xs, "K1")
	results := x1
	l.declare(x1)
	if s.Begin != nil {
		memory := l.x[len(xs):]
		l.declare(memory)
		begun := suffixed(xs, "0")
		l.declare(begun)
		p.line("%s", e.apply(s.Begin, append(append(append([]string{"t"}, states...), args(memory)...), extras...), append(begun, memory...), "="))
		for _, o := range begun {
			if o.t.IsScalar() {
				p.line("_ = %s", o.name)
			}
		}
		states = append(states, args(memory)...)
	}
	if s.Begin == nil && len(l.x) > len(xs) {
		memory := suffixed(l.x[len(xs):], "0")
		l.declare(memory)
		states = append(states, args(memory)...)
	}
	call := append([]string{"t", "h"}, states...)
	if s.Adaptive {
		l.declare(xe)
		results = append(results[:len(results):len(results)], xe...)
	}
	if s.FSAL {
		l.declare(k)
		l.declare(k1)
		results = append(results, k1...)
		p.line("%s", e.apply(s.Field, append(append([]string{"t"}, states...), extras...), k, "="))
		call = append(call, args(k)...)
	}
	p.line("%s", e.apply(step, append(call, extras...), results, "="))
	for _, o := range results[len(xs):] {
		if o.t.IsScalar() {
			p.line("_ = %s", o.name)
		}
	}
	l.finite("finite", x1)
	p.line("if !finite { return %s, rt.StepFailure(&%sSite, t, h) }", before, low)
	value := func(o operand) string {
		if o.t.Rank() <= 1 {
			return o.name
		}
		return fmt.Sprintf("*(*%s)(unsafe.Pointer(&%s))", e.apiType(o.t), o.name)
	}
	if st.state == "" {
		p.line("return %s, nil", value(x1[0]))
	} else {
		var vs []string
		for i, o := range x1[:len(xs)] {
			vs = append(vs, fields[i]+": "+value(o))
		}
		p.line("return %s{%s}, nil", st.state, strings.Join(vs, ", "))
	}
	p.line("}")
	text(f, "Step gives the state at t+h from that at t, without allocating. Where the result is not finite the error is a *rt.SolveError\nand the state is the one before.", p.text())
	e.ongoing(f, st, &stepperAPI{before, after, in, fields, asked})
}

// asked are the extras that users of steps give: those of the source.
func (l *loop) asked() []operand {
	if l.s.Given == nil {
		return l.c
	}
	sc := l.e.locals("p", "s", "t", "t0", "t1", "h", "w", "pre", "ws", "st", "last", "next", "err", "stops")
	for _, o := range append(append([]operand(nil), l.x...), suffixed(l.c, "Given")...) {
		sc.used[o.name] = true
	}
	var out []operand
	for _, a := range l.s.Given.Args {
		out = append(out, operand{sc.pick(localName(a)), a.Type})
	}
	return out
}
