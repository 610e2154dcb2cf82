package codegen

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/codegen/lanes"
)

// How a sweep over a block makes states again that its tape does not keep, and goes back over beginnings of the method's memory.

// restore prints what brings the states at the start of step k to the end of a tape that does not keep all of them: from the
// last ones kept, by the steps between.
func (v *vectors) restore(r *lanes.Rev, tape *lanes.Solve, rel func(int) string) {
	p, k, s := v.p, r.Replay, r.IR.Solve
	at := func(i int) string { return "a." + v.paths[k.Args[i]][len(k.Name)+1:] }
	n := len(s.States)
	p.line("for j := tape.cut(k); j < k; {")
	p.line("next := tape.kept.Next(j, k)")
	p.line("a := &fr.%s", k.Name)
	var rows []string
	for i, st := range s.States {
		f := v.names[[2]any{tape, st.Name}]
		p.line("%s = tape.%s[len(tape.%s)-1]", at(2+i), f, f)
		rows = append(rows, "&"+at(2+i))
	}
	for i := range s.Extras {
		p.line("%s = %s", at(2+n+i), rel(3+n+i))
	}
	p.line("for ; j < next; j++ {")
	p.line("%s, %s = tape.t[j], tape.h[j]", at(0), at(1))
	if !tape.Alike {
		p.line("for i, n := range tape.n {")
		p.line("if j >= n { %s[i] = 0 } // this sample has fewer steps", at(1))
		p.line("}")
	}
	if again := v.runStep(k, r.ReplayRecord, "j", at(0), at(1)); r.FillReplay != nil {
		v.remakeFilled(r, at, again)
	} else {
		p.line("%s", again)
	}
	v.restoreEvents(tape, at)
	v.restoreMemory(tape, at)
	p.line("}")
	p.line("tape.again(j, %s)", strings.Join(rows, ", "))
	p.line("}")
}

// restoreEvents prints what gives the states after step j of samples whose step events ended: those before the last of them are on
// the tape. at are the arguments of the replay.
func (v *vectors) restoreEvents(l *lanes.Solve, at func(int) string) {
	s, p, w := l.IR, v.p, v.set.Samples()
	if len(s.Events) == 0 {
		return
	}
	n := len(s.States)
	p.line("var fired [%d]int // number of the last event of each sample at the end of the step, from 1", w)
	if s.Resets() {
		p.line("var time [%d]float64 // of that", w)
	}
	p.line("for i, f := range tape.events {")
	p.line("for f > 0 && tape.fired[f-1][i].Step > j { f-- }")
	p.line("if f == 0 || tape.fired[f-1][i].Step < j { continue }")
	p.line("fired[i]%s = tape.fired[f-1][i].Event + 1%s", ifText(s.Resets(), ", time[i]"), ifText(s.Resets(), ", tape.fired[f-1][i].T"))
	for i, st := range s.States {
		v.column(st.Type, at(2+i), fmt.Sprintf("tape.%sFired[f-1]", v.names[[2]any{l, st.Name}]))
	}
	p.line("}")
	for e, k := range l.Resets {
		if k == nil {
			continue
		}
		p.line("if slices.Contains(fired[:], %d) {", e+1)
		p.line("r := &fr.%s", k.Name)
		in := []string{"time"}
		for _, i := range s.Plain() {
			in = append(in, at(2+i))
		}
		for i := range s.Extras {
			in = append(in, at(2+n+i))
		}
		for i, a := range k.Args {
			p.line("r.%s = %s", v.paths[a][len(k.Name)+1:], in[i])
		}
		p.line("%s", v.run(k))
		p.line("for i, event := range fired {")
		p.line("if event != %d { continue }", e+1)
		for i, state := range s.Plain() {
			v.column(s.States[state].Type, at(2+state), fmt.Sprintf("r.%s", v.paths[k.Results[i]][len(k.Name)+1:]))
		}
		p.line("}")
		p.line("}")
	}
}

// restoreMemory prints what makes memory of the method anew after step j, of samples whose next step has begun with it.
func (v *vectors) restoreMemory(l *lanes.Solve, at func(int) string) {
	s, p := l.IR, v.p
	if !marked(s) {
		return
	}
	field := func(f *lanes.Field) string { return "f." + v.paths[f][len(l.Anew.Name)+1:] }
	v.findBegun("j+1")
	p.line("if anew {")
	p.line("f := &fr.%s", l.Anew.Name)
	p.line("%s = tape.t[j+1]", field(l.Anew.Args[0]))
	for i := range len(s.States) + len(s.Extras) {
		p.line("%s = %s", field(l.Anew.Args[1+i]), at(2+i))
	}
	p.line("%s", v.run(l.Anew))
	p.line("for i, begin := range begins {")
	p.line("if !begin { continue }")
	i := 0
	for state, st := range s.States {
		if st.Memory {
			v.column(st.Type, at(2+state), field(l.Anew.Results[i]))
			i++
		}
	}
	p.line("}")
	p.line("}")
}

// findBegun prints which samples have begun a step with new memory, and whether there are any.
func (v *vectors) findBegun(step string) {
	p := v.p
	p.line("anew := false")
	p.line("var begins [%d]bool // the step, with new memory", v.set.Samples())
	p.line("for i := range begins {")
	p.line("begins[i] = tape.begins(i, %s)", step)
	p.line("anew = anew || begins[i]")
	p.line("}")
}

// revBegin prints how cotangents go back over beginnings of the method's memory before step k.
func (v *vectors) revBegin(r *lanes.Rev, rel func(int) string) {
	if r.Begin == nil {
		return
	}
	p, k, s := v.p, r.Begin, r.IR.Solve
	n, m := len(s.States), len(s.Extras)
	at := func(i int) string { return "a." + v.paths[k.Args[i]][len(k.Name)+1:] }
	p.line("{")
	v.findBegun("k")
	p.line("if anew {")
	p.line("a := &fr.%s", k.Name)
	p.line("for i, begin := range begins {")
	p.line("%s[i], fr.mask[i] = 0, 0", at(1))
	p.line("if begin { %s[i], fr.mask[i] = 1, mask[i] }", at(1))
	p.line("}")
	p.line("%s = %s", at(0), rel(0))
	for i := range n {
		p.line("%s = %s", at(2+i), rel(3+i))
	}
	for i := range n + m {
		p.line("%s = %s", at(2+n+m+i), rel(3+n+m+i))
	}
	p.line("%s", v.run(k))
	for i := range n + m {
		p.line("%s = %s", rel(3+n+m+i), at(2+n+m+i))
	}
	p.line("}")
	p.line("}")
}
