package codegen

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/codegen/lanes"
	"ndec.dev/ndec/ir"
)

// solve prints the loop over the steps of a solve in lanes. Decisions are taken in the kernel of a step; the
// loop counts, and sees who has ended.
func (v *vectors) solve(l *lanes.Solve) {
	if v.done[l] {
		return
	}
	v.done[l] = true
	s, p, w := l.IR, v.p, v.set.Samples()
	name := v.e.solves[s]
	if name == "" {
		name = goName(s.Name, false)
	}
	v.names[l] = v.e.global.pick("solve" + goName(name, true) + v.form.suffix)
	params := ""
	if s.Record {
		if l.Keep != nil {
			v.kept(l)
		}
		v.tape(l)
		if l.Keep != nil && s.Adaptive {
			v.keptSome(l)
		}
		params = fmt.Sprintf("tape *%s, ", v.tapeType(l))
	}
	span := fmt.Sprintf("t0, t1 *[%d]float64", w)
	if s.Times > 0 {
		span = fmt.Sprintf("t0 *[%d]float64, ts *[%d * %d]float64", w, s.Times, w)
	}
	if s.Stops > 0 {
		span += fmt.Sprintf(", stops *[%d * %d]float64", s.Stops, w)
	}
	if s.Times > 0 {
		span += v.outParams(s, l.GivenStates(), "Out")
	}
	params += fmt.Sprintf("%s, by rt.Stepping, n int, st *[%d]rt.SolveStats", span, w)
	step := v.stepNames(l)
	v.enter(s)
	p.line("fr := l.fr")
	p.line("s := &fr.%s", l.Step.Name)
	if s.Times > 0 {
		p.line("t1 := (*[%d]float64)(ts[%d:])", w, (s.Times-1)*w)
		v.startOutputs(l)
	}
	v.resetTape(l)
	if s.Stops > 0 {
		v.declareStops(l)
	}
	switch {
	case s.Adaptive:
		v.adaptive(l, step)
	case lanes.ByPieces(s):
		v.pieces(l, step)
	default:
		v.fixed(l, step)
	}
	if s.Times > 0 {
		v.rest(l, step)
	}
	v.lastStretch(l, step)
	v.method(fmt.Sprintf("%s solves system %s for the first n samples, each in steps of its own (%s).", v.names[l], s.System, clean(s.Span.String())), v.names[l], params)
}

// stepNames are the fields of the frame of a step, relative to s, by the names of its arguments and results.
type stepNames struct {
	arg, res map[string]string
}

func (v *vectors) stepNames(l *lanes.Solve) stepNames {
	step := v.fieldNames(l.Step, "s")
	v.triedData(l, step)
	return step
}

// fieldNames are the fields of the frame of a kernel, relative to a variable; what lies elsewhere has no name.
func (v *vectors) fieldNames(k *lanes.Kernel, variable string) stepNames {
	n := stepNames{map[string]string{}, map[string]string{}}
	rel := func(f *lanes.Field) string { return variable + "." + v.paths[f][len(k.Name)+1:] }
	for i, a := range k.Func.Args {
		if slices.Contains(k.Fields, k.Args[i]) {
			n.arg[a.Name] = rel(k.Args[i])
		}
	}
	for i, r := range k.Func.ResultNames {
		if slices.Contains(k.Fields, k.Results[i]) {
			n.res[r] = rel(k.Results[i])
		}
	}
	return n
}

// start prints how the kernel before the first step is run.
func (v *vectors) start(l *lanes.Solve, step stepNames) {
	if l.Start == nil {
		return
	}
	p := v.p
	at := func(i int) string { return "a." + v.paths[l.Start.Args[i]][len(l.Start.Name)+1:] }
	p.line("a := &fr.%s", l.Start.Name)
	for i, a := range l.Start.Func.Args {
		p.line("%s = %s", at(i), step.arg[a.Name])
	}
	if l.First > 0 {
		p.line("%s", v.runWith(l.Start, "tape.attempt()"))
	} else {
		p.line("%s", v.run(l.Start))
	}
	for i, r := range l.Start.Func.ResultNames {
		if l.Start.Results[i].Kept {
			continue
		}
		to := r
		p.line("%s = a.%s", step.arg[to], v.paths[l.Start.Results[i]][len(l.Start.Name)+1:])
	}
}

// startIfRunning is start, but for a solve of no length.
func (v *vectors) startIfRunning(l *lanes.Solve, step stepNames) {
	if l.Start == nil {
		return
	}
	v.p.line("if running > 0 {")
	v.start(l, step)
	v.p.line("}")
}

// plainSteps reports whether the loop of a solve knows steps that all samples take alike.
func plainSteps(s *ir.Solve) bool {
	return !s.Adaptive && s.StepSize == 0 && s.Times == 0 && !lanes.ByPieces(s)
}

// record prints how an accepted step of sample i, or with pushAll of all n samples, is kept.
func (v *vectors) record(l *lanes.Solve, step stepNames, push, which, t, h string) {
	if !l.IR.Record || l.IR.Stretches {
		return
	}
	args := which
	if len(l.IR.Events) > 0 {
		args += ", " + v.seekNames(l)[lanes.SearchEnd] + "[i]"
	}
	if l.Fill != nil && push == "push" {
		args += ", " + fills(l.IR)
	}
	args += ", &" + t + ", &" + h
	for _, st := range l.IR.States {
		args += ", &" + step.res[st.Name+".at"]
	}
	v.p.line("tape.%s(%s)", push, args)
}

func (v *vectors) fixed(l *lanes.Solve, step stepNames) {
	s, p := l.IR, v.p
	w := v.set.Samples()
	t, h, live := step.arg[lanes.Own+"t"], step.arg[lanes.Own+"h"], step.arg[lanes.Own+"live"]
	p.line("running := 0")
	if s.StepSize > 0 {
		p.line("var steps [%d]int", w)
		p.line("var width [%d]float64", w)
	} else {
		p.line("steps := by.Steps")
	}
	p.line("for i := range s.%s {", t[2:])
	p.line("%s[i], %s[i] = t0[i], 0", t, live)
	if s.StepSize > 0 {
		p.line("width[i], steps[i] = rt.FixedSteps(t0[i], t1[i], by.Step)")
		p.line("%s[i] = width[i]", h)
	} else {
		p.line("%s[i] = (t1[i] - t0[i]) / float64(steps)", h)
	}
	v.begin(l, live)
	p.line("}")
	v.startIfRunning(l, step)
	if l.Fill != nil {
		p.line("width := %s // of a step of the grid", h)
	}
	if plainSteps(s) {
		p.line("plains := 0 // steps that are not yet counted")
	}
	row := func(name string) string { return step.arg[lanes.Own+name] + "[0]" } // of what kernels read for all samples
	if l.InARow > 1 {
		p.line("apart := t0[0] + float64(float64(steps-1)*%s[0]) != t1[0] // no step but the last one ends at t1", h)
		p.line("%s = t0[0]", row("t0"))
	}
	p.line("for k := 0; running > 0; k++ {")
	steps := "steps"
	if s.StepSize > 0 {
		steps = "steps[i]"
		p.line("for i := range n {")
		p.line("if k == steps[i]-1 { %s[i] = t1[i] - %s[i] }", h, t)
		p.line("}")
	}
	if l.Fill != nil {
		v.firstOfAll(l, step)
	}
	if l.InARow > 1 {
		p.line("many := 0 // steps that every sample may take in a row, none of which ends with them")
		p.line("if running == n && apart { many = min(steps-1-k, %d) }", l.InARow)
		p.line("%s, %s = float64(k), float64(k+max(many, 1))", row("taken"), row("many"))
	}
	if l.Keep != nil {
		p.line("%s", v.runWith(l.Step, v.keepStep(l)))
	} else {
		p.line("%s", v.runStep(l.Step, l.Record, "k", t, h))
	}
	if l.InARow > 1 {
		p.line("if many > 0 {")
		p.line("took := int(%s) - k", row("taken"))
		p.line("plains += took")
		p.line("k += took")
		p.line("if took == many {")
		p.line("k-- // the loop counts the last one")
		p.line("continue")
		p.line("}")
		p.line("}")
	}
	if l.Fill != nil {
		p.line("}")
	}
	if l.InARow <= 1 && plainSteps(s) {
		code, other := step.res[lanes.Own+"code"], ifText(l.Fill != nil, "!first && ")
		if l.Alike {
			p.line("next := t0[0] + float64(float64(k+1)*%s[0]) // the times of all samples are alike", h)
			p.line("plain := running == n && %sk < steps-1 && next != t1[0] // every sample takes the step, and none ends with it", other)
			p.line("for i := range n { plain = plain && %s[i] != %d }", code, lanes.CodeRejected)
		} else {
			p.line("plain := running == n && %sk < steps-1 // every sample takes the step, and none ends with it", other)
			p.line("for i := range n {")
			p.line("plain = plain && %s[i] != %d && t0[i]+float64(float64(k+1)*%s[i]) != t1[i]", code, lanes.CodeRejected, h)
			p.line("}")
		}
		p.line("if plain {")
		v.record(l, step, "pushAll", "n", t, h)
		if l.Alike {
			p.line("%s[0] = next // all that kernels read", t)
		} else {
			p.line("for i := range n { %s[i] = t0[i] + float64(float64(k+1)*%s[i]) }", t, h)
		}
		p.line("plains++")
		p.line("continue")
		p.line("}")
	}
	if plainSteps(s) {
		p.line("for i := range n {")
		p.line("st[i].NFE += plains * %d", l.Evals())
		p.line("st[i].Accepted += plains")
		p.line("}")
		p.line("plains = 0")
	}
	v.noOutputs(l)
	p.line("for i := range n {")
	p.line("if %s[i] == 0 { continue }", live)
	v.countEvals(l)
	p.line("if %s[i] == %d {", step.res[lanes.Own+"code"], lanes.CodeRejected)
	now := "i"
	if l.Alike {
		now = "0"
	}
	p.line("st[i].Fail(rt.NonFinite, %s[%s], %s[i])", t, now, h)
	p.line("%s[i] = 0", live)
	p.line("running--")
	p.line("continue")
	p.line("}")
	p.line("st[i].Accepted++")
	p.line("st[i].H = %s[i]", h)
	v.record(l, step, "push", "i", t, h)
	end := t
	if s.Times > 0 {
		end = "end"
		v.mayOutput(l)
	}
	p.line("}")
	// Times change after every sample of the step is on the tape.
	if s.Times > 0 {
		p.line("end := %s", t)
	}
	p.line("for i := range n {")
	if !l.Alike { // else those of a sample that has failed go on, since kernels may read them for all
		p.line("if %s[i] == 0 { continue }", live)
	}
	if s.StepSize > 0 || l.Fill != nil {
		p.line("%s[i] = t0[i] + float64(float64(k+1)*width[i])", end)
	} else {
		p.line("%s[i] = t0[i] + float64(float64(k+1)*%s[i])", end, h)
	}
	p.line("if k == %s-1 { %s[i] = t1[i] }", steps, end)
	if s.Times > 0 {
		p.line("}")
		v.outputs(l, step, t, end, h)
		p.line("%s = end", t)
		p.line("for i := range n {")
	}
	if s.Times > 0 || l.Alike {
		p.line("if %s[i] == 0 { continue }", live)
	}
	p.line("st[i].Time = %s[i]", t)
	p.line("if k == %s-1 || %s[i] == t1[i] {", steps, t)
	p.line("%s[i] = 0", live)
	p.line("running--")
	p.line("}")
	p.line("}")
	if l.Fill != nil {
		p.line("if first { %s = width }", h)
	}
	p.line("}")
}

// rev prints the sweep over the recorded steps of a block, last to first.
func (v *vectors) rev(r *lanes.Rev) {
	if v.done[r] {
		return
	}
	v.done[r] = true
	if r.Node != nil {
		v.revStretches(r)
		return
	}
	s, p := r.IR.Solve, v.p
	tape := r.Solve
	v.names[r] = v.e.global.pick(v.e.revName(r.IR) + "Lanes")
	rel := func(i int) string { return "s." + v.paths[r.Step.Args[i]][len(r.Step.Name)+1:] }
	params := "tape *" + v.tapeType(tape)
	p.line("fr := l.fr")
	p.line("s := &fr.%s", r.Step.Name)
	p.line("mask := fr.mask")
	if s.Times > 0 {
		params += v.outParams(s, s.Plain(), "Bar") + ", n int"
		v.revRest(r, rel)
	}
	if r.FromKept != nil {
		v.revFromKept(r)
		v.endRev(r, params)
		return
	}
	if r.IR.DenseVJP != nil {
		p.line("inside := true // cotangents of outputs are in the arguments of a step, of this sweep or of one before")
	}
	v.revStartEvents(r)
	v.startUndo(r)
	if r.Fill != nil {
		v.revFillFields(r, rel)
	}
	p.line("for k := %s - 1; k >= 0; k-- {", v.tapeSteps(s))
	if s.Times > 0 {
		p.line("for i := range n {")
		p.line("for j := m[i] - 1; j >= 0 && tape.at[j][i] == k; j-- {")
		p.line("if tape.theta[j][i] == 1 {")
		v.addBars(r, rel, "j")
		p.line("}")
		p.line("}")
		p.line("}")
	}
	if s.Undo {
		v.undo(r, tape, rel)
	} else {
		row := "k"
		if checkpointed(s) {
			v.restore(r, tape, rel)
			row = fmt.Sprintf("len(tape.%s)-1", v.names[[2]any{tape, s.States[0].Name}])
		}
		v.revStates(r, rel, row)
	}
	v.revEvents(r, tape, rel)
	v.revActive(r, rel, "")
	if r.IR.DenseVJP != nil {
		v.revInside(r, rel)
	} else if s.Cuts() {
		v.revCut(r, rel, r.At, ifText(r.Fill != nil, "tape.first[k][i]"))
		if r.FillAt != nil {
			v.revCut(r, rel, r.FillAt, "!tape.first[k][i]")
		}
	}
	switch run := v.runStep(r.Step, r.Record, "k", rel(0), rel(1)); {
	case r.Kept > 0:
		p.line("%s", v.runWith(r.Step, v.keptStep(tape)))
	case r.Fill != nil:
		v.revFill(r, rel, run)
	default:
		p.line("%s", run)
	}
	switch {
	case s.Times == 0:
	case r.IR.DenseVJP != nil:
		v.revStarts(r, rel)
	default:
		v.revOutputs(r, rel, r.At, ifText(r.Fill != nil, "tape.first[k][i]"))
		if r.FillAt != nil {
			v.revOutputs(r, rel, r.FillAt, "!tape.first[k][i]")
		}
	}
	v.revBegin(r, rel)
	p.line("}")
	v.endRev(r, params)
}

// revStates prints what the step of a sweep takes from row row of a tape: time, length and states of step k.
func (v *vectors) revStates(r *lanes.Rev, rel func(int) string, row string) {
	v.p.line("%s, %s = tape.t[k], tape.h[k]", rel(0), rel(1))
	for i, st := range r.IR.Solve.States {
		v.p.line("%s = tape.%s[%s]", rel(3+i), v.names[[2]any{r.Solve, st.Name}], row)
	}
}

// revActive prints which samples have step k; gone, if not empty, is a variable with a bit for each of the others. What an attempt that was
// rejected has left of such a sample may be no number, and zero times that is none in a sum over samples: its step has no length, but where
// states inside a step divide by it.
func (v *vectors) revActive(r *lanes.Rev, rel func(int) string, gone string) {
	p := v.p
	p.line("for i, n := range tape.n {")
	p.line("%s[i], fr.mask[i] = 1, mask[i]", rel(2))
	p.line("if k >= n { // this sample has fewer steps")
	p.line("%s[i], fr.mask[i] = 0, 0", rel(2))
	if !r.Solve.Alike && r.IR.AtVJP == nil { // of samples alike kernels read that of one for all
		p.line("%s[i] = 0", rel(1))
	}
	if gone != "" {
		p.line("%s |= 1 << i", gone)
	}
	p.line("}")
	p.line("}")
}

// endRev prints the method of a sweep.
func (v *vectors) endRev(r *lanes.Rev, params string) {
	p, s := v.p, r.IR.Solve
	p.line("fr.mask = mask")
	text(v.loops, fmt.Sprintf("%s carries cotangents back over the recorded steps of %s.", v.names[r], s.Name),
		fmt.Sprintf("func (l *lanes) %s(%s) {\n%s\n}", v.names[r], params, p.text()))
}
