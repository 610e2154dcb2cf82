package codegen

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/codegen/lanes"
	"ndec.dev/ndec/ir"
)

// Tapes of blocks: step k of every sample lies in row k. Checkpoints are rows, too, those of steps that rt.Kept chooses, so that
// the way back makes the others again for all samples at once.

// tapeType is the type of the tape of a recorded solve in lanes.
func (v *vectors) tapeType(l *lanes.Solve) string {
	if l.Keep != nil {
		return v.keptType(l) + "Tape"
	}
	return v.e.tapeType(l.IR) + "Lanes"
}

// tape prints the type that keeps the accepted steps of a block of samples.
func (v *vectors) tape(l *lanes.Solve) {
	s, p, w := l.IR, v.p, v.set.Samples()
	name := v.tapeType(l)
	fields, types := v.tapeFields(l)
	switch {
	case s.Undo:
		v.undoTape(l, fields, types)
		return
	case s.Stretches:
		v.stretchTape(l, fields, types)
		return
	}
	p.line("n [%d]int // steps of each sample", w)
	p.line("t, h [][%d]float64", w)
	v.tapeOfFills(s, "first []%s // which steps have filled the memory of the method")
	if checkpointed(s) {
		p.line("kept rt.Kept // the steps that have their states in the following")
	}
	switch {
	case l.Keep != nil && s.Adaptive:
		p.line("kept []%s // of the first steps, what the way back takes of them, and of the present attempt", v.keptType(l))
		p.line("next int // number of the step that the present attempt makes in samples that none is ahead of")
		p.line("late uint32 // samples for which it has made an earlier one")
	case l.Keep != nil:
		whose := "of each step, what the way back takes of it"
		if l.KeepsSome() {
			whose = "of the first steps, what the way back takes of them, and of the present one"
		}
		p.line("kept []%s // %s", v.keptType(l), whose)
	}
	if len(s.Events) > 0 {
		p.line("part [][%d]float64 // how much of each step counts: less than 1 where it was cut", w)
	}
	for i, f := range fields {
		p.line("%s []%s", f, types[i])
	}
	v.tapeSides(l, fields, types)
	text(v.loops, fmt.Sprintf("%s keeps the accepted steps of %s for the reverse sweep: step k of every sample. A sample with fewer steps\nhas there what it was when another made this one.", name, s.Name),
		fmt.Sprintf("type %s struct {\n%s\n}", name, p.text()))
	p.line("tp.n = [%d]int{}", w)
	p.line("tp.t, tp.h = tp.t[:0], tp.h[:0]")
	if s.Start != nil {
		p.line("tp.first = tp.first[:0]")
	}
	for _, f := range fields {
		p.line("tp.%s = tp.%s[:0]", f, f)
	}
	if len(s.Events) > 0 {
		p.line("tp.part = tp.part[:0]")
	}
	v.resetSides(l, fields)
	switch {
	case l.Keep != nil && s.Adaptive:
	case l.KeepsSome():
		p.line("kept := min(steps, %d)", l.MostKept+1)
		p.line("tp.kept = rt.Room(tp.kept, kept)[:kept]")
	case l.Keep != nil:
		p.line("tp.kept = rt.Room(tp.kept, steps)[:steps]")
	case s.KeepEvery > 0:
		p.line("tp.kept.Reset(%d, 0)", s.KeepEvery)
	case s.KeepBytes > 0:
		p.line("slots := min(rt.Slots(%d, steps, %d), steps)", s.KeepBytes, stateBytes(s))
		p.line("tp.kept.Reset(1, slots)")
		p.line("tp.t, tp.h = rt.Room(tp.t, steps), rt.Room(tp.h, steps)")
		for _, f := range fields {
			p.line("tp.%s = rt.Room(tp.%s, min(slots+1, steps))", f, f)
		}
	}
	text(v.loops, "", fmt.Sprintf("func (tp *%s) reset(%s) {\n%s\n}", name, ifText(s.KeepBytes > 0 || l.Keep != nil && !s.Adaptive, "steps int"), p.text()))
	params := fmt.Sprintf("t, h *[%d]float64", w)
	for i, f := range fields {
		params += fmt.Sprintf(", %s *%s", f, types[i])
	}
	push := func() {
		if checkpointed(s) {
			p.line("if tp.kept.Wants(len(tp.t)) { tp.keep(len(tp.t), %s) }", strings.Join(fields, ", "))
		} else {
			for _, f := range fields {
				p.line("tp.%s = append(rt.More(tp.%s), *%s)", f, f, f)
			}
		}
		p.line("tp.t, tp.h = append(rt.More(tp.t), *t), append(rt.More(tp.h), *h)")
		v.tapeOfFills(s, "tp.first = append(tp.first, %s{})")
	}
	if checkpointed(s) {
		v.keep(s, name, fields, types)
	}
	if plainSteps(s) {
		push()
		p.line("for i := range count { tp.n[i]++ }")
		text(v.loops, "pushAll keeps a step that the first samples have taken, as all before it.", fmt.Sprintf("func (tp *%s) pushAll(count int, %s) {\n%s\n}", name, params, p.text()))
	}
	p.line("k := tp.n[i]")
	p.line("tp.n[i]++")
	p.line("if k == len(tp.t) {")
	push()
	if len(s.Events) > 0 {
		p.line("tp.part = append(tp.part, [%d]float64{})", w)
		p.line("tp.part[k][i] = part")
	}
	if s.Start != nil {
		p.line("tp.first[k][i] = first")
	}
	p.line("return")
	p.line("}")
	if l.Keep != nil && s.Adaptive {
		p.line("if k == tp.next { return } // it is there with that of another sample")
		p.line("tp.late |= 1 << i")
	}
	p.line("tp.t[k][i], tp.h[k][i] = t[i], h[i]")
	if len(s.Events) > 0 {
		p.line("tp.part[k][i] = part")
	}
	if s.Start != nil {
		p.line("tp.first[k][i] = first")
	}
	if checkpointed(s) {
		p.line("place, ok := tp.kept.Place(k)")
		p.line("if !ok { return }")
		p.line("k = place")
	}
	for i, f := range fields {
		v.column(s.States[i].Type, fmt.Sprintf("tp.%s[k]", f), f)
	}
	text(v.loops, "push keeps the step of sample i.", fmt.Sprintf("func (tp *%s) push(i int%s%s, %s) {\n%s\n}", name, ifText(len(s.Events) > 0, ", part float64"), ifText(s.Start != nil, ", first bool"), params, p.text()))
	v.tapeMethods(l, fields, types)
}

// tapeFields names the states on a tape, and gives their types.
func (v *vectors) tapeFields(l *lanes.Solve) (fields, types []string) {
	sc := newScope("n", "t", "h", "i", "j", "k", "tp", "at", "theta", "count", "part", "first", "events", "fired", "event", "kept", "keep", "cut", "place", "to", "from", "steps", "slots", "open", "step", "begun", "begin", "begins", "anew", "e", "since", "end", "next", "late")
	for _, st := range l.IR.States {
		f := sc.pick(goName(st.Name, false))
		fields = append(fields, f)
		types = append(types, fmt.Sprintf("[%d * %d]%s", st.Type.Len(), v.set.Samples(), v.elem(st.Type.Elem)))
		v.names[[2]any{l, st.Name}] = f
	}
	return fields, types
}

// resetTape prints how the tape of a solve begins.
func (v *vectors) resetTape(l *lanes.Solve) {
	s, p := l.IR, v.p
	steps := ""
	switch {
	case !s.Record:
		return
	case s.Stretches:
		steps = "t0"
	case s.KeepBytes == 0 && (l.Keep == nil || s.Adaptive):
	case s.Adaptive:
		steps = "by.MaxSteps"
	case s.StepSize == 0:
		steps = "by.Steps"
	default:
		steps = "most"
		p.line("most := 0 // steps of a sample")
		p.line("for i := range n {")
		p.line("_, count := rt.FixedSteps(t0[i], t1[i], by.Step)")
		p.line("most = max(most, count)")
		p.line("}")
	}
	p.line("tape.reset(%s)", steps)
}

// keep prints the methods of a tape that keeps the states of some steps.
func (v *vectors) keep(s *ir.Solve, name string, fields, types []string) {
	p := v.p
	var params []string
	for i, f := range fields {
		params = append(params, f+" *"+types[i])
	}
	cut := func() {
		for _, f := range fields {
			p.line("tp.%s = tp.%s[:tp.kept.Len()]", f, f)
		}
	}
	add := func() {
		p.line("tp.kept.Add(k)")
		for _, f := range fields {
			p.line("tp.%s = append(rt.More(tp.%s), *%s)", f, f, f)
		}
	}
	if s.KeepBytes > 0 {
		p.line("if tp.kept.Full() {")
		p.line("for to, from := range tp.kept.Thin() {")
		for _, f := range fields {
			p.line("tp.%s[to] = tp.%s[from]", f, f)
		}
		p.line("}")
		cut()
		p.line("}")
		p.line("if !tp.kept.Wants(k) { return }")
	}
	add()
	text(v.loops, "keep stores the states at the start of step k on the way forward.", fmt.Sprintf("func (tp *%s) keep(k int, %s) {\n%s\n}", name, strings.Join(params, ", "), p.text()))
	add()
	text(v.loops, "again stores the states at the start of step k on the way back.", fmt.Sprintf("func (tp *%s) again(k int, %s) {\n%s\n}", name, strings.Join(params, ", "), p.text()))
	p.line("last := tp.kept.Cut(k)")
	cut()
	p.line("return last")
	text(v.loops, "cut forgets the states after step k, and gives the last step with states.", fmt.Sprintf("func (tp *%s) cut(k int) int {\n%s\n}", name, p.text()))
}
