package codegen

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// loop prints the loops over the steps of one solve, as specified at ir.Solve. There is one shape
// of loop for fixed and one for adaptive steps; recording and dense output are parts of it.
type loop struct {
	e    *emitter
	p    *printer
	ps   *plan.Solve
	s    *ir.Solve
	path bool // with output along given times

	ongoing bool                   // begins with what it left, and ends after an accepted step; see continued.go
	kept    func(o operand) string // where it leaves a variable

	x, c []operand           // states and extras
	d    []operand           // data for dense output
	pick func(string) string // a name for another variable
}

// operand is a variable of the loop: a scalar, or an array passed by pointer.
type operand struct {
	name string
	t    ir.Type
}

func (o operand) arg() string {
	if o.t.IsScalar() {
		return o.name
	}
	return "&" + o.name
}

// plain are those of os that belong to states of the system.
func (l *loop) plain(os []operand) []operand { return ir.Pick(os, l.s.Plain()) }

func (o operand) with(suffix string) operand { return operand{o.name + suffix, o.t} }

func suffixed(os []operand, suffix string) []operand {
	out := make([]operand, len(os))
	for i, o := range os {
		out[i] = o.with(suffix)
	}
	return out
}

func args(os ...[]operand) []string {
	var out []string
	for _, l := range os {
		for _, o := range l {
			out = append(out, o.arg())
		}
	}
	return out
}

// apply is a statement that calls f with args, its results into to.
func (e *emitter) apply(f *ir.Func, in []string, to []operand, op string) string {
	pf := e.plan.Of(f)
	var all, lhs []string
	if pf.Needs.Params {
		all = append(all, "w")
	}
	if pf.Needs.Prepared {
		all = append(all, "pre")
	}
	if pf.Needs.Work {
		all = append(all, "ws")
	}
	all = append(all, in...)
	for i := range f.Results {
		if pf.Sums[i] != nil {
			continue
		}
		if to[i].t.IsScalar() {
			lhs = append(lhs, to[i].name)
		} else {
			all = append(all, to[i].arg())
		}
	}
	if pf.Needs.Accum {
		all = append(all, "g")
	}
	if pf.Needs.Stats > 0 { // of one run
		all = append(all, "&run")
	}
	x := fmt.Sprintf("%s(%s)", e.funcName(f), strings.Join(all, ", "))
	if len(lhs) > 0 {
		x = strings.Join(lhs, ", ") + " " + op + " " + x
	}
	return x
}

func (e *emitter) newLoop(ps *plan.Solve, path bool) *loop {
	l := &loop{e: e, p: e.p, ps: ps, s: ps.IR, path: path}
	sc := e.locals("t", "t0", "t1", "h", "at", "kept", "dir", "err", "last", "ts", "next", "theta", "tape", "reach", "factor", "rejected", "attempts", "steps", "rtol", "atol", "errPrev", "errPrev2", "finite", "tNext", "stops", "gap", "goal", "cut", "stop", "pieces", "ev", "es", "end", "place", "m", "f", "part", "gridNext", "begin", "first", "whole", "filled", "width", "ratio", "ratioPrev", "hPrev", "from", "to", "s", "before", "b")
	l.pick = sc.pick
	if l.s.StepGroup != "" {
		for _, name := range []string{"size", "slope", "bend"} {
			sc.used[name] = true
		}
	}
	for _, st := range ps.IR.States {
		name := sc.pick(goName(st.Name, false))
		for _, suffix := range []string{"1", "K", "K1", "Err", "Out", "End", "0", "Start", "At"} {
			sc.used[name+suffix] = true
		}
		l.x = append(l.x, operand{name, st.Type})
	}
	for i, t := range ps.IR.Extras {
		name := fmt.Sprintf("c%d", i)
		if a := ps.IR.Field.Args; len(a) > 1+len(l.x)+i {
			name = localName(a[1+len(l.x)+i])
		}
		l.c = append(l.c, operand{sc.pick(name), t})
	}
	if (path || ps.IR.Cuts()) && ps.IR.DenseStep != nil {
		n := l.stepResults()
		for i, r := range ps.IR.DenseStep.Results[n:] {
			l.d = append(l.d, operand{sc.pick(fmt.Sprintf("dense%d", i)), r.Type})
		}
	}
	return l
}

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
		if o.t.IsScalar() {
			l.p.line("var %s %s", o.name, l.e.elem(o.t.Elem))
		} else {
			l.p.line("var %s [%d]%s", o.name, o.t.Len(), l.e.elem(o.t.Elem))
		}
	}
}

// signature of the loop. Start states are x0…; extras are passed by value or pointer.
func (l *loop) signature() (params, results string) {
	var ps, rs []string
	if l.ps.Needs.Params {
		ps = append(ps, "w *Params")
	}
	if l.ps.Needs.Prepared {
		ps = append(ps, "pre *prepared")
	}
	if l.ps.Needs.Work {
		ps = append(ps, "ws *workspace")
	}
	if l.s.Record {
		ps = append(ps, "tape *"+l.e.tapeType(l.s))
	}
	ps = append(ps, "t0 float64")
	if l.path {
		ps = append(ps, "ts []float64")
	} else {
		ps = append(ps, "t1 float64")
	}
	if l.s.Stops > 0 {
		ps = append(ps, "stops []float64")
	}
	ps = append(ps, "by rt.Stepping")
	for _, o := range l.x {
		ps = append(ps, o.name+"Start "+l.e.passed(o.t))
	}
	for _, o := range l.c {
		ps = append(ps, o.name+" "+l.e.passed(o.t))
	}
	for i, o := range l.x {
		switch {
		case l.path && l.s.States[i].Memory: // nobody reads it along the way
		case l.path:
			ps = append(ps, o.name+"Out []"+l.e.elem(o.t.Elem))
		case o.t.IsScalar():
			rs = append(rs, l.e.elem(o.t.Elem))
		default:
			ps = append(ps, o.name+"End "+l.e.passed(o.t))
		}
	}
	ps = append(ps, "st *rt.SolveStats")
	results = strings.Join(rs, ", ")
	if len(rs) > 1 {
		results = "(" + results + ")"
	}
	return strings.Join(ps, ", "), results
}

// extras are the arguments for the extras inside the loop, where they are parameters already.
func (l *loop) extras() []string {
	var out []string
	for _, o := range l.c {
		out = append(out, o.name)
	}
	return out
}

func (l *loop) body() {
	p, s := l.p, l.s
	for _, o := range l.x {
		if o.t.IsScalar() {
			p.line("%s := %sStart", o.name, o.name)
		} else {
			p.line("%s := *%sStart", o.name, o.name)
		}
	}
	if l.path {
		p.line("t1 := t0")
		p.line("if len(ts) > 0 { t1 = ts[len(ts)-1] }")
		p.line("next := 0 // of ts")
	}
	if s.Stops > 0 {
		begin := "_"
		if l.begins() {
			begin = "begin"
		}
		p.line("stops, gap, %s := rt.Stops(stops, t0, t1)", begin)
	}
	l.startEvents()
	p.line("*st = rt.SolveStats{%sTime: t0}", ifText(s.BeginEvals > 0, fmt.Sprintf("NFE: %d, ", s.BeginEvals)))
	if l.path {
		p.line("if !rt.InOrder(t0, ts) {")
		p.line("st.Fail(rt.BadTimes, t0, 0)")
		p.line("t1 = t0")
		p.line("}")
	}
	if s.Adaptive {
		l.adaptive()
	} else {
		l.fixed()
	}
	if l.path {
		// Times at the start of a solve of length zero, and what a failed solve did not reach.
		p.line("for ; next < len(ts); next++ {")
		l.save("t", true)
		p.line("}")
		return
	}
	if s.Record {
		l.endStretch("st.Time", l.x)
	}
	var rs []string
	for _, o := range l.x {
		if o.t.IsScalar() {
			rs = append(rs, o.name)
		} else {
			p.line("*%sEnd = %s", o.name, o.name)
		}
	}
	if len(rs) > 0 {
		p.line("return %s", strings.Join(rs, ", "))
	}
}

// begins reports whether the field is evaluated before the first step.
func (l *loop) begins() bool { return l.s.FSAL || l.s.Adaptive && l.s.FirstStep == 0 }

// first prints the field before the first step; with stops it is seen on their inner side.
func (l *loop) first() {
	at := "t"
	if l.s.Stops > 0 {
		at = "begin"
	}
	l.p.line("%s", l.e.apply(l.s.Field, append([]string{at}, append(args(l.plain(l.x)), l.extras()...)...), suffixed(l.plain(l.x), "K"), "="))
	l.p.line("st.NFE++")
}

// finite prints a test of the new states that sets variable name.
func (l *loop) finite(name string, os []operand) {
	var terms []string
	for _, o := range os {
		if o.t.IsScalar() {
			terms = append(terms, fmt.Sprintf("%s-%s == 0", o.name, o.name))
			continue
		}
		if o.t.Len() <= plan.SmallLen {
			for e := 0; e < o.t.Len(); e++ {
				terms = append(terms, fmt.Sprintf("%s[%d]-%s[%d] == 0", o.name, e, o.name, e))
			}
			continue
		}
		terms = append(terms, fmt.Sprintf("rt.Finite(%s[:])", o.name))
	}
	l.p.line("%s := %s", name, strings.Join(terms, " && "))
}

func ifElse(c bool, yes, no string) string {
	if c {
		return yes
	}
	return no
}

// goal prints where the next step has to end: before a stop if there is one before end.
func (l *loop) goal(end string) {
	p := l.p
	p.line("for len(stops) > 0 && (stops[0]-gap-gap-t)*(t1-t0) <= 0 { stops = stops[1:] }")
	p.line("goal := %s", end)
	p.line("stop := len(stops) > 0 && (%s+gap-stops[0])*(t1-t0) >= 0", end)
	p.line("if stop { goal = stops[0] - gap }")
}

// pass prints how a solve goes on at the other side of a stop.
func (l *loop) pass() {
	p := l.p
	p.line("t += gap")
	p.line("stops = stops[1:]")
	l.anew()
}

// anew prints what a step that begins anew at t takes over: memory of the method, or the field.
func (l *loop) anew() {
	p := l.p
	if l.s.Rebegins() {
		l.begin("t")
		p.line("st.NFE += %d", l.s.BeginEvals)
		if l.s.Record && marked(l.s) {
			p.line("tape.begin()")
		}
	}
	if l.s.FSAL {
		p.line("%s", l.e.apply(l.s.Field, append([]string{"t"}, append(args(l.plain(l.x)), l.extras()...)...), suffixed(l.plain(l.x), "K"), "="))
		p.line("st.NFE++")
	}
}

// begin prints how memory of the method is made anew from the states at a time.
func (l *loop) begin(t string) {
	to := suffixed(l.x, "1")
	for i, o := range l.x {
		if l.s.States[i].Memory {
			to[i] = o
		}
	}
	l.p.line("%s", l.e.apply(l.s.Begin, append([]string{t}, append(args(l.x), l.extras()...)...), to, "="))
}

// stepFunc is the function of a step, and where its results go.
func (l *loop) stepFunc() (*ir.Func, []operand) {
	results := suffixed(l.x, "1")
	if l.s.Adaptive {
		results = append(results, suffixed(l.plain(l.x), "Err")...)
	}
	if l.s.FSAL {
		results = append(results, suffixed(l.plain(l.x), "K1")...)
	}
	if l.denseSteps() {
		return l.s.DenseStep, append(results, l.d...)
	}
	return l.s.Step, results
}

// denseSteps reports whether every step has the data of dense output.
func (l *loop) denseSteps() bool { return (l.path || l.s.Cuts()) && l.s.DenseStep != nil }

// evals is the number of evaluations of an attempted step.
func (l *loop) evals() int {
	if l.denseSteps() {
		return l.s.StepEvals + l.s.DenseEvals
	}
	return l.s.StepEvals
}

func (l *loop) advance() {
	for _, o := range l.x {
		l.p.line("%s = %s1", o.name, o.name)
	}
	if l.s.FSAL {
		for _, o := range l.plain(l.x) {
			l.p.line("%sK = %sK1", o.name, o.name)
		}
	}
}
