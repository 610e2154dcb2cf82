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
	p.line("n [%d]int // steps of each sample", w)
	p.line("t, h [][%d]float64", w)
	if checkpointed(s) {
		p.line("kept rt.Kept // the steps that have their states in the following")
	}
	switch {
	case l.KeepsSome():
		p.line("kept []%s // of the first steps, what the way back takes of them, and of the present attempt", v.keptType(l))
		p.line("next int // number of the step that the present attempt makes in samples that none is ahead of")
		p.line("late uint32 // samples for which it has made an earlier one")
	case l.Keep != nil:
		p.line("kept []%s // of each step, what the way back takes of it", v.keptType(l))
	}
	if len(s.Events) > 0 {
		p.line("part [][%d]float64 // how much of each step counts: less than 1 where it was cut", w)
	}
	sc := newScope("n", "t", "h", "i", "k", "tp", "at", "theta", "count", "part", "events", "fired", "event", "kept", "keep", "cut", "place", "to", "from", "steps", "slots")
	var fields, types []string
	for _, st := range s.States {
		fields = append(fields, sc.pick(goName(st.Name, false)))
		types = append(types, fmt.Sprintf("[%d * %d]%s", st.Type.Len(), w, v.elem(st.Type.Elem)))
		p.line("%s []%s", fields[len(fields)-1], types[len(types)-1])
	}
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
	text(v.loops, fmt.Sprintf("%s keeps the accepted steps of %s for the reverse sweep: step k of every sample. A sample with fewer steps\nhas there what it was when another made this one.", name, s.Name),
		fmt.Sprintf("type %s struct {\n%s\n}", name, p.text()))
	p.line("tp.n = [%d]int{}", w)
	p.line("tp.t, tp.h = tp.t[:0], tp.h[:0]")
	for _, f := range fields {
		p.line("tp.%s = tp.%s[:0]", f, f)
	}
	if len(s.Events) > 0 {
		p.line("tp.part, tp.events, tp.fired = tp.part[:0], [%d]int{}, tp.fired[:0]", w)
		for _, f := range fields {
			p.line("tp.%sFired = tp.%sFired[:0]", f, f)
		}
	}
	switch {
	case l.KeepsSome():
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
	text(v.loops, "", fmt.Sprintf("func (tp *%s) reset(%s) {\n%s\n}", name, ifText(s.KeepBytes > 0 || l.Keep != nil && !l.KeepsSome(), "steps int"), p.text()))
	params := fmt.Sprintf("t, h *[%d]float64", w)
	for i, f := range fields {
		params += fmt.Sprintf(", %s *%s", f, types[i])
	}
	push := func() {
		if checkpointed(s) {
			p.line("if tp.kept.Wants(len(tp.t)) { tp.keep(len(tp.t), %s) }", strings.Join(fields, ", "))
		} else {
			for _, f := range fields {
				p.line("tp.%s = append(tp.%s, *%s)", f, f, f)
			}
		}
		p.line("tp.t, tp.h = append(tp.t, *t), append(tp.h, *h)")
	}
	if checkpointed(s) {
		v.keep(s, name, fields, types)
	}
	if plainSteps(s) {
		push()
		p.line("for i := range count { tp.n[i]++ }")
		text(v.loops, "pushAll keeps a step that the first samples have taken, as all before it.", fmt.Sprintf("func (tp *%s) pushAll(count int, %s) {\n%s\n}", name, params, p.text()))
	}
	one := func(i int, suffix string) {
		f := fields[i]
		if s.States[i].Type.Len() == 1 {
			p.line("tp.%s%s[k][i] = %s[i]", f, suffix, f)
			return
		}
		p.line("for e := i; e < len(%s); e += %d { tp.%s%s[k][e] = %s[e] }", f, w, f, suffix, f)
	}
	p.line("k := tp.n[i]")
	p.line("tp.n[i]++")
	p.line("if k == len(tp.t) {")
	push()
	if len(s.Events) > 0 {
		p.line("tp.part = append(tp.part, [%d]float64{})", w)
		p.line("tp.part[k][i] = part")
	}
	p.line("return")
	p.line("}")
	if l.KeepsSome() {
		p.line("if k == tp.next { return } // it is there with that of another sample")
		p.line("tp.late |= 1 << i")
	}
	p.line("tp.t[k][i], tp.h[k][i] = t[i], h[i]")
	if len(s.Events) > 0 {
		p.line("tp.part[k][i] = part")
	}
	if checkpointed(s) {
		p.line("place, ok := tp.kept.Place(k)")
		p.line("if !ok { return }")
		p.line("k = place")
	}
	for i := range fields {
		one(i, "")
	}
	text(v.loops, "push keeps the step of sample i.", fmt.Sprintf("func (tp *%s) push(i int%s, %s) {\n%s\n}", name, ifText(len(s.Events) > 0, ", part float64"), params, p.text()))
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
			one(i, "Fired")
			states = append(states, f+" *"+types[i])
		}
		text(v.loops, "event keeps an event at the end of the last step of sample i.", fmt.Sprintf("func (tp *%s) event(i, event int, t float64, %s) {\n%s\n}", name, strings.Join(states, ", "), p.text()))
	}
	v.names[[2]any{l, "tape"}] = ""
	for i, st := range s.States {
		v.names[[2]any{l, st.Name}] = fields[i]
	}
}

// resetTape prints how the tape of a solve begins.
func (v *vectors) resetTape(l *lanes.Solve) {
	s, p := l.IR, v.p
	steps := ""
	switch {
	case !s.Record:
		return
	case s.KeepBytes == 0 && l.Keep == nil, l.KeepsSome():
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
			p.line("tp.%s = append(tp.%s, *%s)", f, f, f)
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

// restore prints what brings the states at the start of step k to the end of a tape that does not keep all of them: from the
// last ones kept, by the steps between.
func (v *vectors) restore(r *lanes.Rev, tape *lanes.Solve, rel func(int) string) {
	p, k, s := v.p, r.Replay, r.IR.Solve
	at := func(f *lanes.Field) string { return "a." + v.paths[f][len(k.Name)+1:] }
	p.line("for j := tape.cut(k); j < k; {")
	p.line("next := tape.kept.Next(j, k)")
	p.line("a := &fr.%s", k.Name)
	var rows []string
	for i, st := range s.States {
		f := v.names[[2]any{tape, st.Name}]
		p.line("%s = tape.%s[len(tape.%s)-1]", at(k.Args[2+i]), f, f)
		rows = append(rows, "&"+at(k.Args[2+i]))
	}
	for i := range s.Extras {
		p.line("%s = %s", at(k.Args[2+len(s.States)+i]), rel(3+len(s.States)+i))
	}
	p.line("for ; j < next; j++ {")
	p.line("%s, %s = tape.t[j], tape.h[j]", at(k.Args[0]), at(k.Args[1]))
	if !tape.Alike {
		p.line("for i, n := range tape.n {")
		p.line("if j >= n { %s[i] = 0 } // this sample has fewer steps", at(k.Args[1]))
		p.line("}")
	}
	p.line("%s", v.runStep(k, r.ReplayRecord, "j", at(k.Args[0]), at(k.Args[1])))
	p.line("}")
	p.line("tape.again(j, %s)", strings.Join(rows, ", "))
	p.line("}")
}
