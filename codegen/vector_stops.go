package codegen

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/codegen/lanes"
)

// Stops in lanes: every sample has its own, and ends its steps before them as the loop of ir.Solve says.

// declareStops prints the stops of each sample that are ahead of it.
func (v *vectors) declareStops(l *lanes.Solve) {
	p, w := v.p, v.set.Samples()
	p.line("var lists [%d][%d]float64", w, l.IR.Stops)
	p.line("var ahead [%d][]float64 // of lists", w)
	p.line("var gap [%d]float64 // that steps keep from a stop", w)
	if l.IR.Adaptive {
		p.line("var cut [%d]float64 // the length of a step before it was cut", w)
	}
	p.line("var stop [%d]bool // the step ends before one", w)
}

// findStops prints how the stops of sample i are found. t is then where the field is seen first.
func (v *vectors) findStops(l *lanes.Solve, t string) {
	p := v.p
	p.line("for j := range lists[i] { lists[i][j] = stops[j*%d+i] }", v.set.Samples())
	p.line("ahead[i], gap[i], %s[i] = rt.Stops(lists[i][:], t0[i], t1[i])", t)
}

// goal prints where the next step of sample i, at t, has to end: before a stop if there is one before end.
func (v *vectors) goal(t, end string) {
	p := v.p
	p.line("for len(ahead[i]) > 0 && (ahead[i][0]-gap[i]-gap[i]-%s[i])*(t1[i]-t0[i]) <= 0 { ahead[i] = ahead[i][1:] }", t)
	p.line("goal := %s", end)
	p.line("stop[i] = len(ahead[i]) > 0 && (%s+gap[i]-ahead[i][0])*(t1[i]-t0[i]) >= 0", end)
	p.line("if stop[i] { goal = ahead[i][0] - gap[i] }")
}

// pass prints how samples that have passed a stop go on at its other side; more is done for each.
func (v *vectors) pass(l *lanes.Solve, step stepNames, more func()) {
	p, t := v.p, step.arg[lanes.Own+"t"]
	p.line("if passing {")
	p.line("for i := range n {")
	p.line("if !passed[i] { continue }")
	p.line("%s[i] += gap[i]", t)
	p.line("ahead[i] = ahead[i][1:]")
	more()
	p.line("}")
	v.anew(l, step, "passed[i]", nil)
	p.line("}")
}

// anew prints what a step that begins anew takes over, of the samples for which the condition flag holds; more, if not nil, is done for each.
func (v *vectors) anew(l *lanes.Solve, step stepNames, flag string, more func()) {
	p := v.p
	if l.Anew == nil && more == nil {
		return
	}
	if l.Anew == nil {
		p.line("for i := range n {")
		p.line("if !(%s) { continue }", flag)
		more()
		p.line("}")
		return
	}
	at := func(i int) string { return "f." + v.paths[l.Anew.Args[i]][len(l.Anew.Name)+1:] }
	p.line("f := &fr.%s", l.Anew.Name)
	for i, a := range l.Anew.Func.Args {
		p.line("%s = %s", at(i), step.arg[a.Name])
	}
	p.line("%s", v.run(l.Anew))
	p.line("for i := range n {")
	p.line("if !(%s) { continue }", flag)
	p.line("st[i].NFE += %d", l.AnewEvals())
	if more != nil {
		more()
	}
	if l.IR.Record && marked(l.IR) {
		p.line("tape.anew(i)")
	}
	for i, r := range l.Anew.Func.ResultNames {
		v.laneLoop(l.Anew.Func.Results[i].Type, func(place func(string) string) string {
			return fmt.Sprintf("%s[%s] = f.%s[%s]", step.arg[strings.TrimSuffix(r, lanes.Begun)], place(""), v.paths[l.Anew.Results[i]][len(l.Anew.Name)+1:], place(""))
		})
	}
	p.line("}")
}

// pieces prints the steps of a grid, those that hold a stop or an event in pieces. Samples are each at a step of their own.
func (v *vectors) pieces(l *lanes.Solve, step stepNames) {
	s, p, w := l.IR, v.p, v.set.Samples()
	t, h, live := step.arg[lanes.Own+"t"], step.arg[lanes.Own+"h"], step.arg[lanes.Own+"live"]
	p.line("running := 0")
	p.line("var steps, k [%d]int // how many there are, and which one", w)
	p.line("var width, end, gridEnd [%d]float64 // of a step: its length, where it ends, where that of the grid ends", w)
	cuts := s.Stops > 0 || len(s.Events) > 0
	if cuts {
		p.line("var inside [%d]bool // a step of the grid", w)
	}
	if l.Fill != nil {
		p.line("var filled [%d]bool // the memory is that of steps of the grid", w)
	}
	from, to := "t0[i]", "t1[i]" // of a grid
	if s.PerSample {
		from, to = "from[i]", fmt.Sprintf("ts[at[i]*%d+i]", w)
		p.line("var from [%d]float64 // where the grid up to the next output time begins", w)
		p.line("var at [%d]int // which output time that is", w)
	}
	p.line("for i := range %s {", t)
	if s.Stops > 0 {
		v.findStops(l, t)
	} else {
		p.line("%s[i] = t0[i]", t)
	}
	p.line("%s[i], %s[i] = 0, 0", live, h)
	if s.PerSample {
		p.line("steps[i], k[i], at[i] = by.Steps, by.Steps, -1")
	} else if s.StepSize > 0 {
		p.line("width[i], steps[i] = rt.FixedSteps(t0[i], t1[i], by.Step)")
	} else {
		p.line("width[i], steps[i] = (t1[i]-t0[i])/float64(by.Steps), by.Steps")
	}
	v.begin(l, live)
	p.line("}")
	v.startIfRunning(l, step)
	if s.Stops > 0 {
		p.line("%s = *t0 // where the field was seen may be beside it", t)
	}
	v.declareEvents(l, step)
	p.line("for running > 0 {")
	if l.Fill != nil {
		p.line("var first, whole [%d]bool // it fills the memory; over some steps of the grid", w)
		p.line("filling := 0 // how many do")
	}
	p.line("for i := range n {")
	p.line("if %s[i] == 0 { continue }", live)
	if l.Fill != nil {
		p.line("first[i], whole[i] = !filled[i], !filled[i]%s", ifText(cuts, " && !inside[i]"))
		p.line("if whole[i] { k[i] += min(%d, steps[i]-k[i]) - 1 }", s.StartSteps)
	}
	if s.PerSample {
		p.line("if k[i] == steps[i] || %s[i] == %s { // the next grid", t, to)
		p.line("for at[i]++; at[i] < %d && %s[i] == %s; at[i]++ {}", s.Times, t, to)
		p.line("if at[i] == %d {", s.Times)
		p.line("%s[i] = 0", live)
		p.line("running--")
		p.line("continue")
		p.line("}")
		p.line("from[i], k[i] = %s[i], 0", t)
		p.line("width[i] = (%s - from[i]) / float64(steps[i])", to)
		p.line("}")
	}
	p.line("gridEnd[i] = %s + float64(float64(k[i]+1)*width[i])", from)
	p.line("if k[i] == steps[i]-1 { gridEnd[i] = %s }", to)
	p.line("%s[i], end[i] = width[i], gridEnd[i]", h)
	goal := "end[i]"
	if s.Stops > 0 {
		goal = "goal"
		v.goal(t, "gridEnd[i]")
		p.line("if stop[i] { end[i] = ahead[i][0] }")
	}
	var own []string // lengths
	if s.Stops > 0 {
		own = append(own, "stop[i]")
	}
	if cuts {
		own = append(own, "inside[i]")
	}
	if s.StepSize > 0 {
		own = append(own, "k[i] == steps[i]-1")
	}
	if l.Fill != nil {
		p.line("if first[i] = first[i] || %s; first[i] {", strings.Join(own, " || "))
		p.line("%s[i] = %s - %s[i]", h, goal, t)
		p.line("filling++")
		p.line("}")
		p.line("}")
		v.fillPieces(l, step)
	} else {
		if len(own) > 0 {
			p.line("if %s { %s[i] = %s - %s[i] }", strings.Join(own, " || "), h, goal, t)
		}
		p.line("}")
		p.line("%s", v.run(l.Step))
	}
	p.line("var took%s [%d]bool", ifText(s.Stops > 0, ", passed"), w)
	v.noOutputs(l)
	if s.Stops > 0 {
		p.line("passing := false")
	}
	if len(s.Events) > 0 {
		v.search(l, step, t, h, "end")
	}
	p.line("for i := range n {")
	p.line("if %s[i] == 0 { continue }", live)
	v.countEvals(l)
	p.line("if %s[i] == %d {", step.res[lanes.Own+"code"], lanes.CodeRejected)
	p.line("st[i].Fail(rt.NonFinite, %s[i], %s[i])", t, h)
	p.line("%s[i] = 0", live)
	p.line("running--")
	p.line("continue")
	p.line("}")
	v.hits(l, step, live, t, h)
	p.line("st[i].Accepted++")
	p.line("st[i].H = %s[i]", h)
	p.line("took[i] = true")
	v.mayOutput(l)
	v.record(l, step, "push", "i", t, h)
	if len(s.Events) > 0 {
		p.line("if %s { end[i] = %s[i] }", v.hit(l), v.seekNames(l)[lanes.SearchTime])
	}
	p.line("}")
	if s.Times > 0 {
		v.outputs(l, step, t, "end", h)
	}
	if len(s.Events) > 0 {
		p.line("from := %s", t)
	}
	p.line("for i := range n {")
	p.line("if !took[i] { continue }")
	p.line("%s[i]%s = end[i]%s", t, ifText(s.Stops > 0, ", inside[i]"), ifText(s.Stops > 0, ", stop[i]"))
	p.line("st[i].Time = %s[i]", t)
	if s.Stops > 0 {
		p.line("passed[i] = stop[i]%s", v.noHit(l))
		p.line("passing = passing || passed[i]")
	}
	if l.Fill != nil {
		p.line("filled[i] = (whole[i] || filled[i] && !first[i])%s%s", ifText(s.Stops > 0, " && !stop[i]"), v.noHit(l))
	}
	rest := ""
	if len(s.Events) > 0 {
		p.line("%s", "inside[i] = "+ifText(s.Stops > 0, "inside[i] || ")+v.hit(l))
		rest = v.hit(l) + fmt.Sprintf(" && (gridEnd[i]-%s[i])*(t1[i]-t0[i]) > 0", t)
	}
	if s.Stops > 0 {
		rest += ifText(rest != "", " || ") + fmt.Sprintf("passed[i] && (gridEnd[i]-gap[i]-%s[i])*(t1[i]-t0[i]) > 0", t)
	}
	if rest == "" {
		p.line("k[i]++")
	} else {
		p.line("if !(%s) { k[i]++ } // else the rest of the step comes", rest)
	}
	if s.PerSample {
		p.line("if k[i] == steps[i] && at[i] == %d {", s.Times-1)
	} else {
		p.line("if k[i] == steps[i] || %s[i] == t1[i] {", t)
	}
	p.line("%s[i] = 0", live)
	p.line("running--")
	p.line("}")
	p.line("}")
	v.happen(l, step, "from", h)
	if s.Stops > 0 {
		v.pass(l, step, func() {})
	}
	p.line("}")
}

// countEvals prints the evaluations of a step of sample i.
func (v *vectors) countEvals(l *lanes.Solve) {
	if l.Fill != nil {
		v.p.line("if %s { st[i].NFE += %d } else { st[i].NFE += %d }", fills(l.IR), l.IR.StartEvals, l.Evals())
		return
	}
	v.p.line("st[i].NFE += %d", l.Evals())
}

// ifSpan begins what is done for sample i where its solve has steps to take.
func (v *vectors) ifSpan(l *lanes.Solve) {
	if s := l.IR; s.Times > 0 {
		if l.Order != nil {
			v.p.line("if %s[i] == 0 {", v.fieldNames(l.Order, "order").arg[lanes.InOrder])
		} else {
			v.p.line("if !rt.InOrderEach(t0[i], ts[:], i, %d) {", v.set.Samples())
		}
		v.p.line("st[i].Fail(rt.BadTimes, t0[i], 0)")
		v.p.line("} else if t0[i] != t1[i] {")
		return
	}
	v.p.line("if t0[i] != t1[i] {")
}

// begin prints how lane i, where it has a sample, begins a solve of fixed steps.
func (v *vectors) begin(l *lanes.Solve, live string) {
	p, s := v.p, l.IR
	p.line("if i < n {")
	p.line("st[i] = rt.SolveStats{%sTime: t0[i]}", ifText(s.BeginEvals > 0, fmt.Sprintf("NFE: %d, ", s.BeginEvals)))
	v.ifSpan(l)
	if s.FSAL {
		p.line("st[i].NFE++")
	}
	if s.StepSize > 0 {
		p.line("if steps[i] == 0 {")
		p.line("st[i].Fail(rt.MaxSteps, t0[i], width[i])")
		p.line("} else {")
	}
	p.line("%s[i] = 1", live)
	p.line("running++")
	if s.StepSize > 0 {
		p.line("}")
	}
	p.line("}")
	p.line("}")
}
