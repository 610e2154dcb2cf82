package codegen

import (
	"fmt"

	"ndec.dev/ndec/codegen/lanes"
)

// What steps keep for their way back, on the tape of a block. Where all samples take their steps together the kernel puts it where it
// belongs. Steps beyond those that are kept
// share a place. In an adaptive solve it puts it where the next step of those samples goes that none is ahead of; for samples that are late,
// since a step of theirs was rejected, it is moved to the place of theirs.

// keptType is the type of what a step keeps for its way back.
func (v *vectors) keptType(l *lanes.Solve) string {
	at := [2]any{l, "kept type"}
	if v.names[at] == "" {
		v.names[at] = v.e.global.pick(v.e.solves[l.IR] + "Kept")
	}
	return v.names[at]
}

// kept prints that type: the places are those that kernels know.
func (v *vectors) kept(l *lanes.Solve) {
	sc := newScope()
	for i, t := range l.Kept() {
		name := sc.pick(goName(l.KeptName(i), false))
		if i == 0 {
			v.names[[2]any{l, "first kept"}] = name
		}
		if i == l.First { // from here to the end of what the next step has of its first stage
			v.names[[2]any{l, "own kept"}] = name
		}
		v.p.line("%s [%d * %d]%s", name, t.Len(), v.set.Samples(), v.elem(t.Elem))
	}
	text(v.loops, fmt.Sprintf("%s is what the way back takes of a step of %s.", v.keptType(l), l.IR.Name), fmt.Sprintf("type %s struct {\n%s\n}", v.keptType(l), v.p.text()))
}

// keptStep is the pointer to what step k of a tape keeps, of those that do.
func (v *vectors) keptStep(l *lanes.Solve) string { return v.keptPlace(l, "k") }

// keepStep is the pointer to where step k, of a solve with steps of given length, puts what the way back takes of it.
func (v *vectors) keepStep(l *lanes.Solve) string {
	if l.KeepsSome() {
		return v.keptPlace(l, fmt.Sprintf("min(k, %d)", l.MostKept))
	}
	return v.keptPlace(l, "k")
}

func (v *vectors) keptPlace(l *lanes.Solve, k string) string {
	return fmt.Sprintf("&tape.kept[%s].%s[0]", k, v.names[[2]any{l, "first kept"}])
}

// keptSome prints the methods of the tape of an adaptive solve that keeps what the way back takes of the first steps of each sample.
func (v *vectors) keptSome(l *lanes.Solve) {
	p, name := v.p, v.tapeType(l)
	n := l.MostKept
	first, own := v.names[[2]any{l, "first kept"}], v.names[[2]any{l, "own kept"}]
	doc := "attempt is where an attempt puts what the way back takes of it."
	p.line("tp.next = len(tp.t)")
	p.line("k := min(tp.next, %d)", n)
	if l.First > 0 {
		doc = "attempt is where an attempt puts what the way back takes of it. The stage that it hands on is the first one of the next step, and lies there."
		p.line("tp.kept = rt.Grown(tp.kept, k+2, %d)", n+2)
	} else {
		p.line("tp.kept = rt.Grown(tp.kept, k+1, %d)", n+1)
	}
	p.line("return &tp.kept[k].%s[0]", first)
	text(v.loops, doc, fmt.Sprintf("func (tp *%s) attempt() *Real {\n%s\n}", name, p.text()))
	p.line("for i, n := range tp.n {")
	p.line("if tp.late>>i&1 == 0 { continue }")
	p.line("alike := rt.LanesWith(n, tp.n[:]) & tp.late")
	p.line("tp.late &^= alike")
	p.line("if n > %d { continue } // of such a step nothing is kept", n)
	p.line("rt.MergeLanes(unsafe.Slice(&tp.kept[n-1].%s[0], %d), unsafe.Slice(&tp.kept[min(tp.next, %d)].%s[0], %d), alike)", own, l.KeptLen()*v.set.Samples(), n, own, l.KeptLen()*v.set.Samples())
	p.line("}")
	text(v.loops, "settle moves what an attempt has kept of the steps of samples that are late to the places of these steps.", fmt.Sprintf("func (tp *%s) settle() {\n%s\n}", name, p.text()))
}

// revFromKept prints the sweep over steps of which the first ones have kept what it takes.
func (v *vectors) revFromKept(r *lanes.Rev) {
	p, tape := v.p, r.Solve
	n, m := len(tape.IR.States), len(tape.IR.Extras)
	sweep := func(k *lanes.Kernel, variable, end, record string) {
		rel := func(i int) string { return variable + "." + v.paths[k.Args[i]][len(k.Name)+1:] }
		p.line("for ; k >= %s; k-- {", end)
		v.revStates(r, rel, "k")
		switch {
		case record == "":
			v.revActive(r, rel, "")
			p.line("%s", v.run(k))
		case !tape.IR.Adaptive:
			v.revActive(r, rel, "")
			p.line("%s", v.runWith(k, record))
		default:
			p.line("gone := uint32(0)")
			v.revActive(r, rel, "gone")
			p.line("if gone != 0 { rt.FillLanes(unsafe.Slice(%s, %d), gone) }", record, tape.KeptLen()*v.set.Samples())
			p.line("%s", v.runWith(k, record))
		}
		p.line("}")
	}
	p.line("k := len(tape.t) - 1")
	sweep(r.Step, "s", fmt.Sprint(tape.MostKept), "")
	p.line("a := &fr.%s // of the other steps what the way back takes was kept", r.FromKept.Name)
	at := func(variable string, k *lanes.Kernel, i int) string {
		return variable + "." + v.paths[k.Args[i]][len(k.Name)+1:]
	}
	for i := 3 + n; i < 3+2*n+2*m; i++ { // extras, cotangents, sums of those of extras
		p.line("%s = %s", at("a", r.FromKept, i), at("s", r.Step, i))
	}
	sweep(r.FromKept, "a", "0", v.keptStep(tape))
	for i := 3 + n + m; i < 3+2*n+2*m; i++ {
		p.line("%s = %s", at("s", r.Step, i), at("a", r.FromKept, i))
	}
}
