package codegen

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/codegen/lanes"
)

// Stretches in lanes (ir.Solve.Stretches): every sample has its own, between its events and output times. The sweep goes back over one of each
// sample at a time, which solves; where a sample has fewer, it stays at the end of its last one, by a solve of no length.

// stretchTape prints the tape of a solve that keeps stretches.
func (v *vectors) stretchTape(l *lanes.Solve, fields, types []string) {
	s, p, w := l.IR, v.p, v.set.Samples()
	name := v.tapeType(l)
	p.line("n [%d]int // stretches of each sample", w)
	p.line("since [%d]float64 // start of the next one", w)
	p.line("t, h [][%d]float64 // end of each, and the way back to its start", w)
	for i, f := range fields {
		p.line("%s []%s%s", f, types[i], ifText(i == 0, " // states at its end"))
	}
	v.tapeSides(l, fields, types)
	text(v.loops, fmt.Sprintf("%s keeps the stretches of %s between events%s for the reverse sweep: stretch k of every sample.", name, s.Name, ifText(s.Times > 0, " and output times")),
		fmt.Sprintf("type %s struct {\n%s\n}", name, p.text()))
	p.line("tp.n, tp.since = [%d]int{}, *t0", w)
	p.line("tp.t, tp.h = tp.t[:0], tp.h[:0]")
	for _, f := range fields {
		p.line("tp.%s = tp.%s[:0]", f, f)
	}
	v.resetSides(l, fields)
	text(v.loops, "", fmt.Sprintf("func (tp *%s) reset(t0 *[%d]float64) {\n%s\n}", name, w, p.text()))
	var states []string
	p.line("k := tp.n[i]")
	p.line("tp.n[i]++")
	p.line("if k == len(tp.t) {")
	p.line("tp.t, tp.h = append(rt.More(tp.t), [%d]float64{}), append(rt.More(tp.h), [%d]float64{})", w, w)
	for i, f := range fields {
		p.line("tp.%s = append(rt.More(tp.%s), %s{})", f, f, types[i])
		states = append(states, f+" *"+types[i])
	}
	p.line("}")
	p.line("tp.t[k][i], tp.h[k][i], tp.since[i] = t, tp.since[i]-t, t")
	for i, f := range fields {
		v.column(s.States[i].Type, fmt.Sprintf("tp.%s[k]", f), f)
	}
	text(v.loops, "end ends a stretch of sample i.", fmt.Sprintf("func (tp *%s) end(i int, t float64, %s) {\n%s\n}", name, strings.Join(states, ", "), p.text()))
	v.tapeMethods(l, fields, types)
}

// endStretch prints how a stretch of sample i ends at time t, with the states that from names.
func (v *vectors) endStretch(l *lanes.Solve, t string, from func(state int) string) {
	var states []string
	for k := range l.IR.States {
		states = append(states, "&"+from(k))
	}
	v.p.line("tape.end(i, %s, %s)", t, strings.Join(states, ", "))
}

// lastStretch prints how stretches end with the solve. A lane without any, as those without a sample, has one of no length.
func (v *vectors) lastStretch(l *lanes.Solve, step stepNames) {
	if !l.IR.Stretches {
		return
	}
	p := v.p
	p.line("for i, k := range tape.n {")
	if l.IR.Times > 0 {
		p.line("if k > 0 { continue }")
		p.line("end := t0[i]")
	} else {
		p.line("end := t0[i]")
		p.line("if i < n { end = st[i].Time } else if k > 0 { continue }")
	}
	v.endStretch(l, "end", func(k int) string { return step.arg[l.IR.States[k].Name] })
	p.line("}")
}

// revStretches prints the sweep over the stretches of a block, last to first.
func (v *vectors) revStretches(r *lanes.Rev) {
	method := v.node(r.Node)
	s, p, w, tape := r.IR.Solve, v.p, v.set.Samples(), r.Solve
	v.names[r] = v.e.global.pick(v.e.revName(r.IR) + "Lanes")
	path := func(f *lanes.Field) string { return "s." + v.paths[f][len(r.Step.Name)+1:] }
	rel := func(i int) string { return path(r.Step.Args[i]) }
	params := "tape *" + v.tapeType(tape)
	if s.Times > 0 {
		params += v.outParams(s, s.Plain(), "Bar")
	}
	params += ", n int"
	runs := v.e.plan.Of(r.Node.Func).Needs.Stats
	if runs > 0 {
		params += fmt.Sprintf(", st *[%d][%d]rt.SolveStats", runs, w)
	}
	if r.IR.InStep() {
		p.line("defer l.group.Await() // samples with more stretches")
	}
	p.line("fr := l.fr")
	p.line("s := &fr.%s", r.Step.Name)
	p.line("mask := fr.mask")
	if s.Times > 0 {
		v.revRest(r, rel)
	}
	if runs > 0 {
		p.line("clear(st[:])")
	}
	v.revStartEvents(r)
	p.line("for k := len(tape.t) - 1; k >= 0; k-- {")
	if s.Times > 0 {
		p.line("for i := range n {")
		p.line("for ; m[i] > 0 && tape.at[m[i]-1][i] == k; m[i]-- {")
		v.addBars(r, rel, "(m[i]-1)")
		p.line("}")
		p.line("}")
	}
	p.line("for i, n := range tape.n {")
	p.line("j := min(k, n-1)")
	p.line("%s[i], %s[i] = tape.t[j][i], tape.h[j][i]", rel(0), rel(1))
	for i, st := range s.States {
		v.column(st.Type, rel(3+i), fmt.Sprintf("tape.%s[j]", v.names[[2]any{tape, st.Name}]))
	}
	p.line("}")
	v.revEvents(r, tape, rel)
	p.line("for i, n := range tape.n {")
	p.line("%s[i], fr.mask[i] = 1, mask[i]", rel(2))
	p.line("if k >= n { %s[i], %s[i], fr.mask[i] = 0, 0, 0 } // this sample has fewer stretches", rel(1), rel(2))
	p.line("}")
	if runs > 0 {
		p.line("var run [%d][%d]rt.SolveStats", runs, w)
		p.line("l.%s(n, &run)", method)
		p.line("rt.JoinLanes(st[:], run[:], k+1)")
		p.line("for i := range n {")
		p.line("if rt.FailedLane(run[:], i) { mask[i] = 0 }")
		p.line("}")
	} else {
		p.line("l.%s(n)", method)
	}
	n, m := len(s.States), len(s.Extras)
	for i := range n + m {
		p.line("%s = %s", rel(3+n+m+i), path(r.Step.Results[i]))
	}
	p.line("}")
	p.line("fr.mask = mask")
	text(v.loops, fmt.Sprintf("%s carries cotangents back over the recorded stretches of %s.", v.names[r], s.Name),
		fmt.Sprintf("func (l *lanes) %s(%s) {\n%s\n}", v.names[r], params, p.text()))
}
