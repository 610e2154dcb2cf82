package codegen

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/codegen/lanes"
	"ndec.dev/ndec/ir"
)

// Events in lanes: every sample has its own search for events, along its own step. Kernels search for all samples of a block
// (lanes.Search); those that look at guards do so in rounds, until no sample looks any more.

// lookFrame is the kernel whose frame has what those that look along a step take and Step does not have, and its name in Go.
func (v *vectors) lookFrame(l *lanes.Solve) (k *lanes.Kernel, name string) {
	if l.Guards != nil {
		return l.Guards, "look"
	}
	return l.Look, "between"
}

// lookNames are the fields of this frame, by the names of arguments.
func (v *vectors) lookNames(l *lanes.Solve) map[string]string {
	k, name := v.lookFrame(l)
	return v.fieldNames(k, name).arg
}

// insideNames are the fields of the states inside a step, relative to between.
func (v *vectors) insideNames(l *lanes.Solve) map[string]string {
	return v.fieldNames(l.Look, "between").res
}

// hand prints pairs of places, the second of which gives the first what it has, but for those that lie where it is.
func (v *vectors) hand(pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] != "" {
			v.p.line("%s = %s", pairs[i], pairs[i+1])
		}
	}
}

// hands reports whether that prints something.
func (v *vectors) hands(pairs []string) bool {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] != "" {
			return true
		}
	}
	return false
}

// seekNames are those of the rows of the search, relative to seek.
func (v *vectors) seekNames(l *lanes.Solve) map[string]string {
	return v.fieldNames(l.Search.Begin, "seek").arg
}

// fires is a condition: event e happens at the end of the step of sample i, which has events there.
func (v *vectors) fires(l *lanes.Solve, e int) string {
	return v.seekNames(l)[lanes.SearchPlace(e)] + "[i] <= 1"
}

// hit is a condition: sample i has events at the end of its step.
func (v *vectors) hit(l *lanes.Solve) string { return v.seekNames(l)[lanes.SearchHit] + "[i] != 0" }

// noHit is a further condition: there are none.
func (v *vectors) noHit(l *lanes.Solve) string {
	if len(l.IR.Events) == 0 {
		return ""
	}
	return " && " + v.seekNames(l)[lanes.SearchHit] + "[i] == 0"
}

// declareEvents prints how the search of each sample begins. The states at the start are those of the step.
func (v *vectors) declareEvents(l *lanes.Solve, step stepNames) {
	p, s := v.p, l.IR
	if len(s.Events) == 0 {
		return
	}
	look, seek := v.lookNames(l), v.seekNames(l)
	p.line("seek := &fr.%s", l.Search.Begin.Name)
	if len(look) > 0 {
		k, name := v.lookFrame(l)
		p.line("%s := &fr.%s", name, k.Name)
	}
	for i := range s.Extras {
		name := fmt.Sprintf("extra.%d", i)
		v.hand(look[name], step.arg[name])
	}
	p.line("for i := range %s {", seek[lanes.SearchDir])
	p.line("%s[i], %s[i], %s[i] = rt.Signed(1, t1[i]-t0[i]), 0, 1", seek[lanes.SearchDir], seek[lanes.SearchCount], seek[lanes.SearchHit])
	for e := range s.Events {
		p.line("%s[i] = 2 // nothing has happened", seek[lanes.SearchPlace(e)])
	}
	p.line("}")
	v.goOn(l, step, "*t0")
}

// goOn prints how the search goes on after events, from the guards at times and states between steps.
func (v *vectors) goOn(l *lanes.Solve, step stepNames, times string) {
	if len(l.IR.Guards()) == 0 {
		return
	}
	p, look, seek := v.p, v.lookNames(l), v.seekNames(l)
	for _, st := range l.IR.States {
		v.hand(look[st.Name], step.arg[st.Name])
	}
	p.line("%s = %s", seek[lanes.Own+"next"], times)
	if l.Search.Rounds {
		theta := seek[lanes.Own+"theta"]
		p.line("for i := range %s { %s[i] = 1 }", theta, theta)
		p.line("%s", v.run(l.Guards))
	}
	p.line("%s", v.run(l.Search.Again))
}

// search prints the search for events in the steps from t to next, of length h.
func (v *vectors) search(l *lanes.Solve, step stepNames, t, h, next string) {
	p, s := v.p, l.IR
	look, seek, kernels := v.lookNames(l), v.seekNames(l), l.Search
	v.hand(seek[lanes.Own+"t"], t, seek[lanes.Own+"h"], h, seek[lanes.Own+"next"], next)
	for _, st := range s.States {
		v.hand(look[st.Name+".at"], step.res[st.Name+".at"], look[st.Name], step.arg[st.Name])
	}
	for i := range l.Data {
		v.hand(look[lanes.Data(i)], step.res[lanes.Data(i)])
	}
	v.handFilled(l, look[lanes.Filled])
	if kernels.All != nil {
		p.line("%s", v.run(kernels.All))
		return
	}
	p.line("%s", v.run(kernels.Begin))
	if len(s.Guards()) > 0 {
		rounds := func(k *lanes.Kernel, count, what string) {
			if kernels.Rounds {
				p.line("for %s[0] != 0 { // %s", seek[count], what)
				p.line("%s", v.run(l.Guards))
			} else {
				p.line("if %s[0] != 0 { // %s", seek[count], what)
			}
			p.line("%s", v.run(k))
			p.line("}")
		}
		rounds(kernels.Early, lanes.SearchEarly, "after events guards wait for a side")
		if kernels.AtOnce {
			p.line("%s", v.run(kernels.Scan))
		} else {
			p.line("%s[0] = 1 // at least one round", seek[lanes.SearchScanning])
			rounds(kernels.Scan, lanes.SearchScanning, "looks at fixed places")
		}
		p.line("for %s[0] != 0 { // guards have changed their sides", seek[lanes.SearchChanged])
		p.line("%s", v.run(kernels.Locate))
		rounds(kernels.Narrow, lanes.SearchNarrowing, "locates events, one of each sample")
		p.line("}")
	}
	p.line("%s", v.run(kernels.Found))
}

// hits prints what the search has found in the step of sample i, inside the switch of what becomes of it.
func (v *vectors) hits(l *lanes.Solve, step stepNames, live, t, h string) {
	if len(l.IR.Events) == 0 {
		return
	}
	p, seek := v.p, v.seekNames(l)
	p.line("if %s[i] > %d { // events do not end", seek[lanes.SearchCount], l.IR.EventMax)
	p.line("st[i].Fail(rt.MaxEvents, %s[i], %s[i])", t, h)
	for _, st := range l.IR.States { // the step is not taken
		v.laneLoop(st.Type, func(at func(string) string) string {
			return fmt.Sprintf("%s[%s] = %s[%s]", step.arg[st.Name], at(""), step.res[st.Name+".at"], at(""))
		})
	}
	p.line("%s[i] = 0", seek[lanes.SearchHit])
	p.line("%s[i] = 0", live)
	p.line("running--")
	p.line("%s", ifElse(l.IR.Adaptive, "break", "continue"))
	p.line("}")
}

// happen prints the events at the ends of steps, which began at t with length h, and how solves go on after them.
func (v *vectors) happen(l *lanes.Solve, step stepNames, t, h string) {
	s, p := l.IR, v.p
	if len(s.Events) == 0 {
		return
	}
	now := step.arg[lanes.Own+"t"]
	p.line("if %s[0] != 0 {", v.seekNames(l)[lanes.SearchHits])
	if k := l.Search.Happen; k != nil {
		v.happened(l, step, k, t, h)
		if l.Search.Whole == nil {
			v.goOn(l, step, now)
		}
		p.line("}")
		return
	}
	v.cutSteps(l, step, t, h)
	if s.Stretches {
		p.line("for i := range n {")
		p.line("if %s[i] == 0 { continue }", v.seekNames(l)[lanes.SearchHit])
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
	var more func()
	if s.Adaptive {
		more = func() { v.forget(s, step) }
	}
	v.anew(l, step, v.hit(l), more)
	v.goOn(l, step, now)
	p.line("}")
}

// happened prints that a kernel does what happens at events, and what is told of samples that end with them.
func (v *vectors) happened(l *lanes.Solve, step stepNames, k *lanes.Kernel, t, h string) {
	p, s, live := v.p, l.IR, step.arg[lanes.Own+"live"]
	p.line("happens := &fr.%s", k.Name)
	if l.Search.Whole == nil {
		p.line("%s", v.run(k))
	}
	p.line("for i, what := range %s[:n] {", v.fieldNames(k, "happens").res[lanes.Happened])
	p.line("switch what {")
	p.line("case %d:", lanes.HappenedNot)
	if evals := l.AnewEvals(); s.FSAL && evals > 0 {
		p.line("if %s { st[i].NFE += %d }", v.hit(l), evals)
	}
	p.line("continue")
	if s.MayStop() {
		p.line("case %d:", lanes.HappenedStop)
		p.line("st[i].Status = rt.EventStop")
	}
	p.line("case %d:", lanes.HappenedNotFinite)
	p.line("st[i].Fail(rt.NonFinite, %s[i], %s[i])", t, h)
	p.line("}")
	p.line("if %s[i] != 0 { %s[i], running = 0, running-1 } // it may have arrived already", live, live)
	p.line("}")
}

// cutSteps prints how steps end where events happen inside them.
func (v *vectors) cutSteps(l *lanes.Solve, step stepNames, t, h string) {
	s, p, inside := l.IR, v.p, v.insideNames(l)
	seek := v.seekNames(l)
	end := seek[lanes.SearchEnd]
	p.line("if %s[0] != 0 {", seek[lanes.SearchCuts])
	p.line("%s = %s", seek[lanes.Own+"theta"], end)
	p.line("%s", v.run(l.Look))
	if l.Guards != nil || len(v.lookNames(l)) == 0 { // else it is there
		p.line("between := &fr.%s", l.Look.Name)
	}
	p.line("for i := range n {")
	p.line("if %s[i] == 0 || %s[i] == 1 { continue }", seek[lanes.SearchHit], end)
	for _, st := range s.States {
		v.laneLoop(st.Type, func(at func(string) string) string {
			return fmt.Sprintf("%s[%s] = %s[%s]", step.arg[st.Name], at(""), inside[st.Name+lanes.Inside], at(""))
		})
	}
	v.finite(s.States, step)
	p.line("if !finite { // between finite ends, a polynomial of numbers near the largest")
	v.failEvent(l, step, t, h)
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
func (v *vectors) failEvent(l *lanes.Solve, step stepNames, t, h string) {
	v.p.line("st[i].Fail(rt.NonFinite, %s[i], %s[i])", t, h)
	v.noMore(l, step)
}

// noMore prints that sample i does not go on after its event; it may have arrived already.
func (v *vectors) noMore(l *lanes.Solve, step stepNames) {
	live := step.arg[lanes.Own+"live"]
	v.p.line("%s[i] = 0", v.seekNames(l)[lanes.SearchHit])
	v.p.line("if %s[i] != 0 { %s[i], running = 0, running-1 }", live, live)
}

// reset prints how event number e, where it happens, sets states anew.
func (v *vectors) reset(l *lanes.Solve, step stepNames, e int) {
	k, p := l.Resets[e], v.p
	if k == nil {
		return
	}
	p.line("if %s[0] != 0 {", v.seekNames(l)[lanes.SearchFires(e)])
	p.line("r := &fr.%s", k.Name)
	in := append([]string{step.arg[lanes.Own+"t"]}, v.stateArgs(l, step)...)
	for i, a := range k.Args {
		p.line("r.%s = %s", v.paths[a][len(k.Name)+1:], in[i])
	}
	p.line("%s", v.run(k))
	p.line("for i := range n {")
	p.line("if !(%s && %s) { continue }", v.hit(l), v.fires(l, e))
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
	p.line("if %s[i] == 0 { continue }", v.seekNames(l)[lanes.SearchHit])
	var stops []string
	for e, event := range s.Events {
		if event.Stop {
			stops = append(stops, v.fires(l, e))
		}
	}
	if len(stops) > 0 {
		p.line("if %s {", strings.Join(stops, " || "))
		p.line("st[i].Status = rt.EventStop")
		v.noMore(l, step)
		p.line("}")
	}
	if s.Resets() {
		v.finite(ir.Pick(s.States, s.Plain()), step)
		p.line("if !finite {")
		v.failEvent(l, step, t, h)
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
	p.line("if %s && %s { tape.event(i, %d, %s[i], %s) }", v.hit(l), v.fires(l, e), e, step.arg[lanes.Own+"t"], strings.Join(states, ", "))
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
