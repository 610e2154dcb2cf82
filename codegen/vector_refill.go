package codegen

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/codegen/lanes"
	"ndec.dev/ndec/ir"
)

// Refill. Samples of an adaptive solve end after different numbers of steps. In a batch a lane whose sample has ended
// takes the next one: of some hundred rows all begin the solve, block by block, and wait with what a step takes; then
// lanes run through them; at the end every block goes on with what has become of its samples. A step computes each lane
// for itself, so that a sample has the bits that it has in any other lane.

// apartFields is a part of the frame that is kept apart, as a type: the first fields of a kernel. Of the step of a solve it is the arguments.
type apartFields struct {
	fields int
	solve  *lanes.Solve
}

// keepApart makes types of the parts of the frame that samples of n wait with.
func (v *vectors) keepApart(n *lanes.Node) {
	if st := n.Refilled(); st != nil {
		v.apart[n.Frame] = apartFields{fields: len(n.Frame.Fields)}
		v.apart[st.Solve.Step] = apartFields{len(st.Solve.Step.Args), st.Solve}
	}
}

// apartType is the name of the type of a part of the frame that is kept apart.
func (v *vectors) apartType(k *lanes.Kernel) string { return k.Name + "Block" }

// apartTypes prints these types, and for those of steps how a sample gets from one block to another.
func (v *vectors) apartTypes(f *file, groups []*lanes.Kernel) {
	p, w := v.p, v.set.Samples()
	for _, k := range groups {
		n, l := v.apart[k].fields, v.apart[k].solve
		if n == 0 {
			continue
		}
		off := k.Fields[0].Off
		for _, fd := range k.Fields[:n] {
			v.gap(off, fd)
			p.line("%s %s", v.paths[fd][len(k.Name)+1:], v.fieldType(fd))
			off = fd.Off + v.set.FieldBytes(fd)
		}
		text(f, fmt.Sprintf("%s is what a block of samples has in the frame for %s.", v.apartType(k), clean(k.Func.Name)), fmt.Sprintf("type %s struct {\n%s\n}", v.apartType(k), p.text()))
		if l == nil {
			continue // that of a model
		}
		moves := func(wanted func(arg int) bool) string {
			for i, fd := range k.Args {
				if !wanted(i) {
					continue
				}
				name := v.paths[fd][len(k.Name)+1:]
				switch {
				case fd.Apart > 0:
					p.line("copy(b.%s[i*%d:(i+1)*%d], from.%s[k*%d:])", name, fd.Apart, fd.Apart, name, fd.Apart)
				case fd.Rows == 1:
					p.line("b.%s[i] = from.%s[k]", name, name)
				default:
					p.line("for e := 0; e < len(b.%s); e += %d { b.%s[e+i] = from.%s[e+k] }", name, w, name, name)
				}
			}
			return p.text()
		}
		text(f, "take makes sample k of another block, which begins its steps, that of lane i, but for what is alike for all that begin.",
			fmt.Sprintf("func (b *%s) take(i int, from *%s, k int) {\n%s\n}", v.apartType(k), v.apartType(k), moves(func(arg int) bool { return !l.AlikeAtStart(arg) })))
		text(f, "takeStates makes the states of sample k of another block those of lane i.",
			fmt.Sprintf("func (b *%s) takeStates(i int, from *%s, k int) {\n%s\n}", v.apartType(k), v.apartType(k), moves(func(arg int) bool { return arg >= l.Lead() && arg < l.Lead()+l.States })))
	}
}

// refill prints the rows of a batch with a solve whose lanes are refilled.
func (v *vectors) refill(m *ir.Model, n *lanes.Node, x *waiting, rows *rows) {
	e, p, w := v.e, v.p, v.samples()
	fn := &function{e: e, f: e.plan.Of(m.Func)}
	st, held := x.st, x.held
	node, step := v.apartType(n.Frame), v.apartType(st.Solve.Step)
	v.tapes = append(v.tapes, fmt.Sprintf("%s []*%s // blocks of a batch that wait", held, held))
	text(v.loops, fmt.Sprintf("%s is a block of samples of %s that waits for its solve, or has it behind it.", held, m.Name),
		fmt.Sprintf("type %s struct {\nst [%d][%d]rt.SolveStats\nnode %s\nstep %s\n}", held, fn.f.Needs.Stats, v.set.Samples(), node, step))
	at := slices.IndexFunc(n.Steps, func(s lanes.NodeStep) bool { return s.Solve != nil })
	kernels := func(steps []lanes.NodeStep) {
		for _, s := range steps {
			p.line("%s", v.run(s.Kernel))
		}
	}
	blocks := func(body func()) {
		p.line("for k, b := range held {")
		p.line("from := lo + k*%d", w)
		p.line("n := min(%d, hi-from)", w)
		body()
		p.line("}")
	}
	p.line("for ; lo < hi; lo += rt.WaitingRows {")
	p.line("rows := min(rt.WaitingRows, hi-lo)")
	p.line("for len(l.%s)*%d < rows { l.%s = append(l.%s, new(%s)) }", held, w, held, held, held)
	p.line("held := l.%s[:(rows+%d)/%d]", held, w-1, w)
	by := fn.stepping(st.Solve.IR)
	if e.stepped[m.Func] != nil {
		by = "j.m." + by
	}
	blocks(func() {
		rows.load("from")
		kernels(n.Steps[:at])
		p.line("l.%s(&%s, &%s, %s, n, &b.st[%d])", x.begin, v.at(st.T0), v.at(st.T1), by, x.slot)
		p.line("b.node, b.step = fr.%s.%s, fr.%s.%s", n.Frame.Name, node, st.Solve.Step.Name, step)
	})
	p.line("l.%s(held, %s, rows)", x.run, by)
	blocks(func() {
		p.line("fr.%s.%s, fr.%s.%s = b.node, b.step", n.Frame.Name, node, st.Solve.Step.Name, step)
		p.line("st := &b.st")
		v.afterStep(fn, *st)
		kernels(n.Steps[at+1:])
		rows.store("from")
	})
	p.line("}")
}

// waiting are names: of the type of a block that waits for a solve, and of the methods that begin the solve for a block
// and run it for those that wait.
type waiting struct {
	st               *lanes.NodeStep
	slot             int // of the statistics of the solve
	held, begin, run string
}

// waiting prints these methods.
func (v *vectors) waiting(m *ir.Model, st *lanes.NodeStep) *waiting {
	l := st.Solve
	s, p, w := l.IR, v.p, v.set.Samples()
	x := &waiting{st: st, slot: v.e.plan.Of(m.Func).Slots[st.Value], held: v.e.bases[m] + "Held" + ifText(v.form.few, v.form.suffix)}
	base := goName(v.e.solves[s], true)
	if base == "" {
		base = goName(s.Name, true)
	}
	x.begin, x.run = v.e.global.pick("begin"+base+v.form.suffix), v.e.global.pick("solve"+base+v.form.suffix)
	names := v.stepNames(l)
	live := names.arg[lanes.Own+"live"]
	step := v.apartType(l.Step)

	p.line("fr := l.fr")
	p.line("s := &fr.%s", l.Step.Name)
	v.beginAdaptive(l, names, false)
	v.method(fmt.Sprintf("%s begins to solve system %s for the first n samples (%s).", x.begin, s.System, clean(s.Span.String())), x.begin,
		fmt.Sprintf("t0, t1 *[%d]float64, by rt.Stepping, n int, st *[%d]rt.SolveStats", w, w))

	p.line("s := &l.fr.%s", l.Step.Name)
	p.line("s.%s = held[0].step // lanes without a sample compute something all the same", step)
	p.line("%s = [%d]float64{}", live, w)
	p.line("var st [%d]*rt.SolveStats", w)
	p.line("var number, first, accepted [%d]int // of each lane: its sample, the round of its first attempt, and the steps that it has taken", w)
	p.line("var last [%d]float64 // error norm of the last attempt", w)
	p.line("next, running := 0, 0")
	p.line("for k := 0; ; k++ {")
	p.line("if k >= by.MaxSteps { // attempts")
	p.line("for i := range st {")
	p.line("if %s[i] == 0 || k-first[i] != by.MaxSteps { continue }", live)
	v.failMaxSteps(l, names)
	p.line("st[i].Tried(by.MaxSteps, accepted[i], %d)", l.Evals())
	p.line("%s[i] = 0", live)
	p.line("running--")
	p.line("}")
	p.line("}")
	p.line("for i := 0; i < %d && next < rows; {", v.samples())
	p.line("if %s[i] != 0 {", live)
	p.line("i++")
	p.line("continue")
	p.line("}")
	p.line("b := held[next/%d]", v.samples())
	p.line("s.take(i, &b.step, next%%%d)", v.samples())
	p.line("%s[i] = 0", names.arg[lanes.Own+"rejected"])
	v.forget(s, names)
	p.line("st[i], number[i], first[i], accepted[i], last[i] = &b.st[%d][next%%%d], next, k, 0, 1", x.slot, v.samples())
	p.line("next++")
	p.line("if %s[i] != 0 { running++ } // else it has no way to go", live)
	p.line("}")
	p.line("if running == 0 { return }")
	p.line("%s", v.run(l.Step))
	t, code, at := names.arg[lanes.Own+"t"], names.res[lanes.Own+"code"], names.res[lanes.Own+"h_at"]
	p.line("ended := rt.Ended(accepted[:], %s[:], %s[:], %s[:], %s[:])", code, t, names.arg[lanes.Own+"t1"], live)
	p.line("for ; ended != 0; ended &= ended - 1 {")
	p.line("i := rt.FirstLane(ended)")
	p.line("if %s[i] == %d { // the step was too short to be taken", code, lanes.CodeTooSmall)
	p.line("st[i].Fail(rt.TooSmall(last[i], %s[i]), %s[i], %s[i])", at, names.res[lanes.Own+"t_at"], at)
	p.line("st[i].Tried(k-first[i], accepted[i], %d)", l.Evals())
	p.line("} else {")
	p.line("st[i].Time, st[i].H = %s[i], %s[i]", t, at)
	p.line("st[i].Tried(k-first[i]+1, accepted[i], %d)", l.Evals())
	p.line("held[number[i]/%d].step.takeStates(number[i]%%%d, &s.%s, i)", v.samples(), v.samples(), step)
	p.line("}")
	p.line("%s[i] = 0", live)
	p.line("running--")
	p.line("}")
	p.line("last = %s", names.res[lanes.Own+"err"])
	p.line("}")
	v.method(fmt.Sprintf("%s solves system %s for the samples of blocks that wait, each in steps of its own (%s). Lanes\nwhose sample has ended take the next one.", x.run, s.System, clean(s.Span.String())), x.run,
		fmt.Sprintf("held []*%s, by rt.Stepping, rows int", x.held))
	return x
}
