package codegen

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/codegen/lanes"
	"ndec.dev/ndec/ir"
)

// Tapes of blocks whose steps are undone on the way back, as those of one sample (tape_short.go): every sample keeps the state before
// its last step, and before each after which the next one does not begin where it ends.

// undoTape prints that tape.
func (v *vectors) undoTape(l *lanes.Solve, fields, types []string) {
	s, p, w := l.IR, v.p, v.set.Samples()
	name := v.tapeType(l)
	each := fmt.Sprintf("[%d]", w)
	if l.Alike {
		each = ""
	}
	p.line("n [%d]int // steps of each sample", w)
	p.line("steps %srt.Steps", each)
	p.line("open [%d]bool // steps may follow that end where the next one begins", w)
	p.line("kept [%d]int // how many of the following each sample has", w)
	p.line("step [][%d]int // the steps that have their states here", w)
	if s.Cuts() {
		p.line("part [][%d]float64 // how much of each of these counts: less than 1 where it was cut", w)
	}
	for i, f := range fields {
		p.line("%s []%s", f, types[i])
	}
	v.tapeSides(l, fields, types)
	text(v.loops, fmt.Sprintf("%s keeps the steps of %s for the reverse sweep, and states before steps that cannot be undone; the sweep undoes the others.", name, s.Name),
		fmt.Sprintf("type %s struct {\n%s\n}", name, p.text()))
	p.line("tp.n, tp.open, tp.kept = [%d]int{}, [%d]bool{}, [%d]int{}", w, w, w)
	if l.Alike {
		p.line("tp.steps.Reset()")
	} else {
		p.line("for i := range tp.steps { tp.steps[i].Reset() }")
	}
	v.resetSides(l, fields)
	text(v.loops, "", fmt.Sprintf("func (tp *%s) reset() {\n%s\n}", name, p.text()))
	params := fmt.Sprintf("t, h *[%d]float64", w)
	for i, f := range fields {
		params += fmt.Sprintf(", %s *%s", f, types[i])
	}
	row := func() {
		p.line("if j == len(tp.step) {")
		p.line("tp.step = append(tp.step, [%d]int{})", w)
		if s.Cuts() {
			p.line("tp.part = append(tp.part, [%d]float64{})", w)
		}
		for i, f := range fields {
			p.line("tp.%s = append(rt.More(tp.%s), %s{})", f, f, types[i])
		}
		p.line("}")
	}
	if plainSteps(s) {
		p.line("const j = 0 // every sample has one state at most")
		row()
		p.line("for i := range count {")
		p.line("tp.step[j][i], tp.kept[i], tp.open[i] = tp.n[i], 1, true")
		if !l.Alike {
			p.line("tp.steps[i].Push(t[i], h[i])")
		}
		p.line("tp.n[i]++")
		p.line("}")
		if l.Alike {
			p.line("tp.steps.Push(t[0], h[0])")
		}
		for _, f := range fields {
			p.line("tp.%s[j] = *%s", f, f)
		}
		text(v.loops, "pushAll keeps a step that the first samples have taken, as all before it.", fmt.Sprintf("func (tp *%s) pushAll(count int, %s) {\n%s\n}", name, params, p.text()))
	}
	if l.Alike {
		p.line("if tp.n[i] == tp.steps.Len() { tp.steps.Push(t[0], h[0]) }")
	} else {
		p.line("tp.steps[i].Push(t[i], h[i])")
	}
	p.line("j := tp.kept[i]")
	p.line("if tp.open[i] { j-- } // the step before this one can be undone")
	row()
	p.line("tp.step[j][i], tp.kept[i], tp.open[i] = tp.n[i], j+1, true")
	if s.Cuts() {
		p.line("tp.part[j][i] = part")
	}
	p.line("tp.n[i]++")
	for i, f := range fields {
		v.column(s.States[i].Type, fmt.Sprintf("tp.%s[j]", f), f)
	}
	text(v.loops, "push keeps the step of sample i.", fmt.Sprintf("func (tp *%s) push(i int%s, %s) {\n%s\n}", name, ifText(len(s.Events) > 0, ", part float64"), params, p.text()))
	v.tapeMethods(l, fields, types)
}

// column prints the elements of sample i of a value going from one field to another.
func (v *vectors) column(t ir.Type, to, from string) {
	v.laneLoop(t, func(at func(string) string) string { return fmt.Sprintf("%s[%s] = %s[%s]", to, at(""), from, at("")) })
}

// startUndo prints what a sweep that undoes steps begins with.
func (v *vectors) startUndo(r *lanes.Rev) {
	if !r.IR.Solve.Undo {
		return
	}
	v.p.line("steps := slices.Max(tape.n[:])")
	v.p.line("kept := tape.kept // of each sample that are not done")
	if r.IR.Solve.Cuts() {
		v.p.line("var part [%d]float64 // how much of the step counts", v.set.Samples())
	}
}

// tapeSteps is the number of steps of the sample with most of them.
func (v *vectors) tapeSteps(s *ir.Solve) string {
	if s.Undo {
		return "steps"
	}
	return "len(tape.t)"
}

// part is how much of step k of sample i counts.
func (v *vectors) part(s *ir.Solve) string {
	if s.Undo {
		return "part[i]"
	}
	return "tape.part[k][i]"
}

// undo prints the times of step k, and what turns the states before step k+1 into those before step k or takes them from the tape.
func (v *vectors) undo(r *lanes.Rev, tape *lanes.Solve, rel func(int) string) {
	p, k, s := v.p, r.Replay, r.IR.Solve
	at := func(i int) string { return "a." + v.paths[k.Args[i]][len(k.Name)+1:] }
	n, m := len(s.States), len(s.Extras)
	if tape.Alike {
		p.line("t, h := tape.steps.At(k)")
		p.line("for i := range %s { %s[i], %s[i] = t, h }", rel(0), rel(0), rel(1))
	} else {
		p.line("for i, n := range tape.n { // a sample with fewer steps stays at its last one")
		p.line("%s[i], %s[i] = 0, 1", rel(0), rel(1))
		p.line("if n > 0 { %s[i], %s[i] = tape.steps[i].At(min(k, n-1)) }", rel(0), rel(1))
		p.line("}")
	}
	p.line("if k < steps-1 {")
	p.line("a := &fr.%s", k.Name)
	p.line("for i, h := range %s { %s[i], %s[i] = %s[i]+h, -h }", rel(1), at(0), at(1), rel(0))
	for i := range n + m {
		p.line("%s = %s", at(2+i), rel(3+i))
	}
	p.line("%s", v.runStep(k, r.ReplayRecord, "k", at(0), at(1)))
	for i := range n {
		p.line("%s = %s", rel(3+i), at(2+i))
	}
	p.line("}")
	p.line("for i, n := range kept {")
	if s.Cuts() {
		p.line("part[i] = 1")
	}
	p.line("if k < tape.n[i] {")
	p.line("if n == 0 || tape.step[n-1][i] != k { continue }")
	p.line("kept[i] = n - 1")
	if s.Cuts() {
		p.line("part[i] = tape.part[n-1][i]")
	}
	p.line("}")
	p.line("last := max(n-1, 0)")
	for i, st := range s.States {
		v.column(st.Type, rel(3+i), fmt.Sprintf("tape.%s[last]", v.names[[2]any{tape, st.Name}]))
	}
	p.line("}")
}

// tapeSides prints what a tape keeps beside steps: the places of output times, events, and where memory of the method has begun anew.
func (v *vectors) tapeSides(l *lanes.Solve, fields, types []string) {
	s, p, w := l.IR, v.p, v.set.Samples()
	if s.Times > 0 {
		p.line("at [%d][%d]int // step of each output time", s.Times, w)
		p.line("theta [%d][%d]float64 // and the place in it", s.Times, w)
	}
	if len(s.Events) > 0 {
		p.line("events [%d]int // of each sample", w)
		p.line("fired [][%d]rt.Fired", w)
		for i, f := range fields {
			p.line("%sFired []%s%s", f, types[i], ifText(i == 0, " // states before each event"))
		}
	}
	if marked(s) {
		p.line("begun [%d]int // how often memory of the method has begun anew", w)
		p.line("begin [][%d]int // and before which steps", w)
	}
}

// resetSides prints how these begin.
func (v *vectors) resetSides(l *lanes.Solve, fields []string) {
	s, p, w := l.IR, v.p, v.set.Samples()
	if len(s.Events) > 0 {
		p.line("tp.events, tp.fired = [%d]int{}, tp.fired[:0]", w)
		for _, f := range fields {
			p.line("tp.%sFired = tp.%sFired[:0]", f, f)
		}
	}
	if marked(s) {
		p.line("tp.begun, tp.begin = [%d]int{}, tp.begin[:0]", w)
	}
}

// tapeMethods prints what adds to these.
func (v *vectors) tapeMethods(l *lanes.Solve, fields, types []string) {
	s, p, w := l.IR, v.p, v.set.Samples()
	name := v.tapeType(l)
	if len(s.Events) > 0 {
		p.line("k := tp.events[i]")
		p.line("tp.events[i]++")
		p.line("if k == len(tp.fired) {")
		p.line("tp.fired = append(tp.fired, [%d]rt.Fired{})", w)
		for i, f := range fields {
			p.line("tp.%sFired = append(tp.%sFired, %s{})", f, f, types[i])
		}
		p.line("}")
		p.line("tp.fired[k][i] = rt.Fired{Step: tp.n[i] - 1, Event: event, T: t}")
		var states []string
		for i, f := range fields {
			v.column(s.States[i].Type, fmt.Sprintf("tp.%sFired[k]", f), f)
			states = append(states, f+" *"+types[i])
		}
		if s.Undo {
			p.line("tp.open[i] = false")
		}
		text(v.loops, "event keeps an event at the end of the last step of sample i.", fmt.Sprintf("func (tp *%s) event(i, event int, t float64, %s) {\n%s\n}", name, strings.Join(states, ", "), p.text()))
	}
	if marked(s) {
		p.line("k := tp.begun[i]")
		p.line("tp.begun[i]++")
		p.line("if k == len(tp.begin) { tp.begin = append(tp.begin, [%d]int{}) }", w)
		p.line("tp.begin[k][i] = tp.n[i]")
		if s.Undo {
			p.line("tp.open[i] = false")
		}
		text(v.loops, "anew marks the next step of sample i, before which memory of the method has begun anew.", fmt.Sprintf("func (tp *%s) anew(i int) {\n%s\n}", name, p.text()))
		p.line("if k >= tp.n[i] { return false }")
		p.line("for b := tp.begun[i] - 1; b >= 0 && tp.begin[b][i] >= k; b-- {")
		p.line("if tp.begin[b][i] == k { return true }")
		p.line("}")
		p.line("return false")
		text(v.loops, "begins reports whether sample i has begun step k with new memory.", fmt.Sprintf("func (tp *%s) begins(i, k int) bool {\n%s\n}", name, p.text()))
	}
}
