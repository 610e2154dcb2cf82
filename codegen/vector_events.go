package codegen

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/codegen/lanes"
	"ndec.dev/ndec/ir"
)

// Events in lanes: every sample has its own search (rt.EventSearch), and looks along its own step. The samples look
// together, in rounds, each at its next place, until no step has any left.

// lookNames are the fields of the frame of Look, relative to look.
func (v *vectors) lookNames(l *lanes.Solve) stepNames { return v.fieldNames(l.Look, "look") }

// declareEvents prints the search of each sample. The states at the start are those of the step.
func (v *vectors) declareEvents(l *lanes.Solve, step stepNames) {
	p, s, w := v.p, l.IR, v.set.Samples()
	if len(s.Events) == 0 {
		return
	}
	search, kinds := eventTables(s)
	look := v.lookNames(l)
	p.line("var ev [%d]rt.EventSearch", w)
	p.line("var es [%d][%d]rt.SolveEvent", w, len(s.Events))
	p.line("look := &fr.%s", l.Look.Name)
	for i := range s.Extras {
		name := fmt.Sprintf("extra.%d", i)
		p.line("%s = %s", look.arg[name], step.arg[name])
	}
	v.guards(l, step, "*t0")
	p.line("for i := range n {")
	p.line("ev[i], es[i] = %s, %s", search, kinds)
	v.takeGuards(l)
	p.line("ev[i].Start(es[i][:], t0[i], t1[i])")
	p.line("}")
}

// guards prints how the guards are found at times and the states between steps.
func (v *vectors) guards(l *lanes.Solve, step stepNames, times string) {
	if len(l.IR.Guards()) == 0 {
		return
	}
	p, look := v.p, v.lookNames(l)
	for _, st := range l.IR.States {
		p.line("%s = %s", look.arg[st.Name], step.arg[st.Name])
	}
	theta := look.arg[lanes.Own+"theta"]
	p.line("%s = %s", look.arg[lanes.Own+"next"], times)
	p.line("for i := range %s { %s[i] = 1 }", theta, theta)
	p.line("%s", v.run(l.Look))
}

// takeGuards prints how the search of sample i gets to know the guards.
func (v *vectors) takeGuards(l *lanes.Solve) {
	look := v.lookNames(l)
	for _, g := range l.IR.Guards() {
		v.p.line("es[i][%d].G = %s[i]", g, look.res[lanes.Guard(g)])
	}
}

// search prints the search for events in the steps from t to next, of length h, but for samples that have taken none.
func (v *vectors) search(l *lanes.Solve, step stepNames, none, t, h, next string) {
	p, s, w := v.p, l.IR, v.set.Samples()
	look := v.lookNames(l)
	theta := look.arg[lanes.Own+"theta"]
	p.line("%s, %s, %s = %s, %s, %s", look.arg[lanes.Own+"t"], look.arg[lanes.Own+"h"], look.arg[lanes.Own+"next"], t, h, next)
	for _, st := range s.States {
		p.line("%s, %s = %s, %s", look.arg[st.Name+".at"], look.arg[st.Name], step.res[st.Name+".at"], step.arg[st.Name])
	}
	for i := range l.Data {
		p.line("%s = %s", look.arg[lanes.Data(i)], step.res[lanes.Data(i)])
	}
	v.handFilled(l, look.arg[lanes.Filled])
	guards := len(s.Guards()) > 0
	p.line("var hit [%d]bool // events happen at the end of the step", w)
	if guards {
		p.line("var looks [%d]bool // at a place in the step", w)
		p.line("looking, early := 0, 0 // how many do, and at places of their own before the fixed ones")
	}
	p.line("for i := range n {")
	p.line("if %s { continue }", none)
	p.line("ev[i].Step(es[i][:], %s[i], %s[i], %s[i])", t, h, next)
	if !guards {
		p.line("ev[i].Next(es[i][:])")
		p.line("}")
		return
	}
	p.line("if ev[i].Next(es[i][:]) {")
	p.line("%s[i], looks[i], looking = ev[i].At, true, looking+1", theta)
	p.line("if !ev[i].Scans(es[i][:]) { early++ }")
	p.line("}")
	p.line("}")
	p.line("for round := 0; round < 2 && early > 0; round++ { // after events guards wait for a side")
	p.line("%s", v.run(l.Look))
	p.line("for i := range n {")
	p.line("if !looks[i] || ev[i].Scans(es[i][:]) { continue }")
	v.look(l)
	p.line("if !looks[i] || ev[i].Scans(es[i][:]) { early-- }")
	p.line("}")
	p.line("}")
	v.scan(l)
	p.line("for looking > 0 { // each at its own place")
	p.line("%s", v.run(l.Look))
	p.line("for i := range n {")
	p.line("if !looks[i] { continue }")
	v.look(l)
	p.line("}")
	p.line("}")
}

// look prints how sample i takes what it has seen.
func (v *vectors) look(l *lanes.Solve) {
	v.takeGuards(l)
	v.p.line("if looks[i] = ev[i].Next(es[i][:]); looks[i] { %s[i] = ev[i].At } else { looking-- }", v.lookNames(l).arg[lanes.Own+"theta"])
}

// scan prints the looks at fixed places, which samples take together as long as no guard changes its side.
func (v *vectors) scan(l *lanes.Solve) {
	p, look, w := v.p, v.lookNames(l), v.set.Samples()
	theta, guards := look.arg[lanes.Own+"theta"], l.IR.Guards()
	p.line("var scans [%d]bool", w)
	p.line("scanning := 0")
	p.line("for i := range n {")
	p.line("if !looks[i] || !ev[i].Scans(es[i][:]) { continue }")
	p.line("scans[i], scanning = true, scanning+1")
	for _, g := range guards {
		p.line("%s[i] = es[i][%d].Side()", look.arg[lanes.Side(g)], g)
	}
	p.line("}")
	p.line("for k := 1; scanning > 0; k++ {")
	p.line("for i := range %s { %s[i] = float64(k) / %d }", theta, theta, ir.EventLooks)
	for _, g := range guards {
		p.line("before%d := %s", g, look.res[lanes.Guard(g)])
	}
	p.line("%s", v.run(l.Look))
	p.line("for i := range n {")
	p.line("same := %s[i] != 0", look.res[lanes.Same])
	p.line("if !scans[i] || same && k < %d { continue }", ir.EventLooks)
	p.line("scans[i], scanning = false, scanning-1")
	p.line("if same {")
	v.takeGuards(l)
	p.line("looks[i], looking = ev[i].Skip(es[i][:], k), looking-1")
	p.line("continue")
	p.line("}")
	p.line("if k > 1 {")
	for _, g := range guards {
		p.line("es[i][%d].G = before%d[i]", g, g)
	}
	p.line("ev[i].Skip(es[i][:], k-1)")
	p.line("}")
	v.look(l)
	p.line("}")
	p.line("}")
	p.line("for i := range n {")
	p.line("if looks[i] { %s[i] = ev[i].At }", theta)
	p.line("}")
}

// hits prints what the search has found in the step of sample i, inside the switch of what becomes of it.
func (v *vectors) hits(l *lanes.Solve, live, t, h string) {
	if len(l.IR.Events) == 0 {
		return
	}
	p := v.p
	p.line("if ev[i].Endless() {")
	p.line("st[i].Fail(rt.MaxEvents, %s[i], %s[i])", t, h)
	p.line("%s[i] = 0", live)
	p.line("running--")
	p.line("%s", ifElse(l.IR.Adaptive, "break", "continue"))
	p.line("}")
	p.line("hit[i] = ev[i].Hit")
}

// happen prints the events at the ends of steps, which began at t with length h, and how solves go on after them.
func (v *vectors) happen(l *lanes.Solve, step stepNames, t, h string) {
	s, p := l.IR, v.p
	if len(s.Events) == 0 {
		return
	}
	now := step.arg[lanes.Own+"t"]
	p.line("if slices.Contains(hit[:], true) {")
	v.cutSteps(l, step, t, h)
	if s.Stretches {
		p.line("for i := range n {")
		p.line("if !hit[i] { continue }")
		v.endStretch(l, now+"[i]", func(k int) string { return step.arg[s.States[k].Name] })
		p.line("}")
	}
	for i := range s.Events {
		v.recordEvent(l, step, i)
		v.reset(l, step, i)
	}
	if s.Resets() || s.MayStop() {
		v.afterEvents(l, step, t, h)
	}
	v.anew(l, step, "hit")
	v.guards(l, step, now)
	p.line("for i := range n {")
	p.line("if !hit[i] { continue }")
	if s.Adaptive {
		v.forget(s, step)
	}
	v.takeGuards(l)
	p.line("ev[i].Again(es[i][:], %s[i])", now)
	p.line("}")
	p.line("}")
}

// cutSteps prints how steps end where events happen inside them.
func (v *vectors) cutSteps(l *lanes.Solve, step stepNames, t, h string) {
	s, p, look := l.IR, v.p, v.lookNames(l)
	p.line("cut := false")
	p.line("for i := range n {")
	p.line("if hit[i] { %s[i], cut = ev[i].End, cut || ev[i].End < 1 }", look.arg[lanes.Own+"theta"])
	p.line("}")
	p.line("if cut {")
	p.line("%s", v.run(l.Look))
	p.line("for i := range n {")
	p.line("if !hit[i] || ev[i].End == 1 { continue }")
	for _, st := range s.States {
		v.laneLoop(st.Type, func(at func(string) string) string {
			return fmt.Sprintf("%s[%s] = %s[%s]", step.arg[st.Name], at(""), look.res[st.Name+lanes.Inside], at(""))
		})
	}
	v.finite(s.States, step)
	p.line("if !finite { // between finite ends, a polynomial of numbers near the largest")
	v.failEvent(step, t, h)
	p.line("}")
	p.line("}")
	p.line("}")
}

// finite sets finite for the states of sample i.
func (v *vectors) finite(states []ir.SolveState, step stepNames) {
	v.p.line("finite := true")
	for _, st := range states {
		v.laneLoop(st.Type, func(at func(string) string) string {
			x := fmt.Sprintf("%s[%s]", step.arg[st.Name], at(""))
			return fmt.Sprintf("finite = finite && %s-%s == 0", x, x)
		})
	}
}

// failEvent prints that sample i has no finite states at its event.
func (v *vectors) failEvent(step stepNames, t, h string) {
	v.p.line("st[i].Fail(rt.NonFinite, %s[i], %s[i])", t, h)
	v.noMore(step)
}

// noMore prints that sample i does not go on after its event; it may have arrived already.
func (v *vectors) noMore(step stepNames) {
	live := step.arg[lanes.Own+"live"]
	v.p.line("hit[i] = false")
	v.p.line("if %s[i] != 0 { %s[i], running = 0, running-1 }", live, live)
}

// reset prints how event number e, where it happens, sets states anew.
func (v *vectors) reset(l *lanes.Solve, step stepNames, e int) {
	k, p := l.Resets[e], v.p
	if k == nil {
		return
	}
	p.line("fires%d := false", e)
	p.line("for i := range n { fires%d = fires%d || hit[i] && es[i][%d].Fires() }", e, e, e)
	p.line("if fires%d {", e)
	p.line("r := &fr.%s", k.Name)
	in := append([]string{step.arg[lanes.Own+"t"]}, v.stateArgs(l, step)...)
	for i, a := range k.Args {
		p.line("r.%s = %s", v.paths[a][len(k.Name)+1:], in[i])
	}
	p.line("%s", v.run(k))
	p.line("for i := range n {")
	p.line("if !hit[i] || !es[i][%d].Fires() { continue }", e)
	for i, st := range ir.Pick(l.IR.States, l.IR.Plain()) {
		v.laneLoop(st.Type, func(at func(string) string) string {
			return fmt.Sprintf("%s[%s] = r.%s[%s]", step.arg[st.Name], at(""), v.paths[k.Results[i]][len(k.Name)+1:], at(""))
		})
	}
	p.line("}")
	p.line("}")
}

// stateArgs are the states of the system and the extras, where a step has them.
func (v *vectors) stateArgs(l *lanes.Solve, step stepNames) (out []string) {
	for _, st := range ir.Pick(l.IR.States, l.IR.Plain()) {
		out = append(out, step.arg[st.Name])
	}
	for i := range l.IR.Extras {
		out = append(out, step.arg[fmt.Sprintf("extra.%d", i)])
	}
	return out
}

// afterEvents prints which samples end with their events.
func (v *vectors) afterEvents(l *lanes.Solve, step stepNames, t, h string) {
	s, p := l.IR, v.p
	p.line("for i := range n {")
	p.line("if !hit[i] { continue }")
	var stops []string
	for e, event := range s.Events {
		if event.Stop {
			stops = append(stops, fmt.Sprintf("es[i][%d].Fires()", e))
		}
	}
	if len(stops) > 0 {
		p.line("if %s {", strings.Join(stops, " || "))
		p.line("st[i].Status = rt.EventStop")
		v.noMore(step)
		p.line("}")
	}
	if s.Resets() {
		v.finite(ir.Pick(s.States, s.Plain()), step)
		p.line("if !finite {")
		v.failEvent(step, t, h)
		p.line("}")
	}
	p.line("}")
}

// recordEvent prints how event number e is kept for the way back.
func (v *vectors) recordEvent(l *lanes.Solve, step stepNames, e int) {
	if !l.IR.Record {
		return
	}
	var states []string
	for _, st := range l.IR.States {
		states = append(states, "&"+step.arg[st.Name])
	}
	p := v.p
	p.line("for i := range n {")
	p.line("if hit[i] && es[i][%d].Fires() { tape.event(i, %d, %s[i], %s) }", e, e, step.arg[lanes.Own+"t"], strings.Join(states, ", "))
	p.line("}")
}

// revStartEvents prints what a sweep over a solve with events begins with.
func (v *vectors) revStartEvents(r *lanes.Rev) {
	if len(r.Events) > 0 {
		v.p.line("events := tape.events // of each sample that are not done")
	}
}

// revEvents prints how cotangents go back over the events at the end of step k, one of each sample at a time.
func (v *vectors) revEvents(r *lanes.Rev, tape *lanes.Solve, rel func(int) string) {
	if len(r.Events) == 0 {
		return
	}
	s, p, w := r.IR.Solve, v.p, v.set.Samples()
	n, m := len(s.States), len(s.Extras)
	p.line("for {")
	p.line("var back [%d]int // number of the event of each sample, from 1", w)
	p.line("more := false")
	p.line("for i, n := range events {")
	p.line("if n == 0 || tape.fired[n-1][i].Step != k { continue }")
	p.line("events[i], back[i], more = n-1, tape.fired[n-1][i].Event+1, true")
	p.line("}")
	p.line("if !more { break }")
	for e, kernel := range r.Events {
		at := func(i int) string { return "a." + v.paths[kernel.Args[i]][len(kernel.Name)+1:] }
		p.line("if slices.Contains(back[:], %d) {", e+1)
		p.line("a := &fr.%s", kernel.Name)
		p.line("%s, %s = %s, [%d]float64{} // samples without the event have numbers, too", at(0), at(1), rel(0), w)
		for j := range s.States {
			p.line("%s = %s", at(2+j), rel(3+j))
		}
		p.line("for i, event := range back {")
		p.line("fr.mask[i] = 0")
		p.line("if event != %d { continue }", e+1)
		p.line("%s[i], %s[i], fr.mask[i] = tape.fired[events[i]][i].T, 1, mask[i]", at(0), at(1))
		for j, st := range s.States {
			v.laneLoop(st.Type, func(place func(string) string) string {
				return fmt.Sprintf("%s[%s] = tape.%sFired[events[i]][%s]", at(2+j), place(""), v.names[[2]any{tape, st.Name}], place(""))
			})
		}
		p.line("}")
		for i := range n + m {
			p.line("%s = %s", at(2+n+m+i), rel(3+n+m+i))
		}
		p.line("%s", v.run(kernel))
		for i := range n + m {
			p.line("%s = %s", rel(3+n+m+i), at(2+n+m+i))
		}
		p.line("}")
	}
	p.line("}")
}

// revCut prints how cotangents go from the ends of steps that are cut to their starts, by kernel but for other samples. The kernel of whole
// steps leaves these samples as they are.
func (v *vectors) revCut(r *lanes.Rev, rel func(int) string, kernel *lanes.Kernel, other string) {
	s, p, w := r.IR.Solve, v.p, v.set.Samples()
	n, m := len(s.States), len(s.Extras)
	at := func(i int) string { return "a." + v.paths[kernel.Args[i]][len(kernel.Name)+1:] }
	p.line("{")
	p.line("a, cut := &fr.%s, false", kernel.Name)
	p.line("%s, %s = [%d]float64{}, [%d]float64{}", at(2), at(3), w, w)
	for j := range s.States { // samples without a cut have numbers, too
		p.line("clear(%s[:])", at(4+n+m+j))
	}
	p.line("for i, n := range tape.n {")
	p.line("fr.mask[i] = 0")
	p.line("if k >= n || %s == 1%s { continue }", v.part(s), ifText(other != "", " || "+other))
	p.line("%s[i], %s[i], %s[i], fr.mask[i], cut = %s, 1, 0, mask[i], true", at(2), at(3), rel(2), v.part(s))
	for j, st := range s.States {
		v.laneLoop(st.Type, func(place func(string) string) string {
			bar := rel(3+n+m+j) + "[" + place("") + "]"
			return fmt.Sprintf("%s[%s], %s = %s, 0", at(4+n+m+j), place(""), bar, bar)
		})
	}
	p.line("}")
	p.line("if cut {")
	p.line("%s, %s = %s, %s", at(0), at(1), rel(0), rel(1))
	for i := range s.States {
		p.line("%s = %s", at(4+i), rel(3+i))
	}
	for i := range n + m {
		p.line("%s = %s", at(4+n+m+n+i), rel(3+n+m+i))
	}
	p.line("%s", v.run(kernel))
	for i := range n + m {
		p.line("%s = a.%s", rel(3+n+m+i), v.paths[kernel.Results[i]][len(kernel.Name)+1:])
	}
	p.line("}")
	p.line("for i, active := range %s {", rel(2))
	p.line("fr.mask[i] = 0")
	p.line("if active != 0 { fr.mask[i] = mask[i] }")
	p.line("}")
	p.line("}")
}
