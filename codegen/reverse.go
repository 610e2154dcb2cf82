package codegen

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/ir"
)

// reverse prints the sweep over the recorded steps, last to first. Names: x is the recorded
// state, xBar the cotangent that travels backwards.
func (e *emitter) reverse(r *ir.Rev) (params, results, body string) {
	p, s := e.p, r.Solve
	l := e.newLoop(e.plan.OfSolve(s), false)
	needs := e.plan.RevNeeds(r)
	var ps, rs []string
	if needs.Params {
		ps = append(ps, "w *Params")
	}
	if needs.Prepared {
		ps = append(ps, "pre *prepared")
	}
	if needs.Work {
		ps = append(ps, "ws *workspace")
	}
	ps = append(ps, "tape *"+e.tapeType(s))
	for _, o := range l.c {
		ps = append(ps, o.name+" "+e.passed(o.t))
	}
	for i, o := range l.x {
		if s.Times > 0 {
			if s.States[i].Memory {
				continue // nobody reads it along the way
			}
			ps = append(ps, fmt.Sprintf("%sOutBar []%s", o.name, e.elem(o.t.Elem)))
		} else {
			ps = append(ps, fmt.Sprintf("%sEndBar %s", o.name, e.passed(o.t)))
		}
	}
	if s.MayStop() {
		ps = append(ps, "endBar float64")
	}
	if s.TakesStops() {
		ps = append(ps, fmt.Sprintf("stops *[%d]float64", s.Stops))
	}
	out := func(o operand, suffix string) {
		if o.t.IsScalar() {
			rs = append(rs, e.elem(o.t.Elem))
		} else {
			ps = append(ps, o.name+suffix+" "+e.passed(o.t))
		}
	}
	for _, o := range l.x {
		out(o, "StartBar")
	}
	for _, o := range l.c {
		out(o, "Bar")
	}
	if needs.Accum {
		ps = append(ps, "g *"+e.sumsType())
	}
	if n := e.plan.Of(r.StepVJP).Needs.Stats; n > 0 {
		ps = append(ps, fmt.Sprintf("st *[%d]rt.SolveStats", n))
	}
	results = strings.Join(rs, ", ")
	if len(rs) > 1 {
		results = "(" + results + ")"
	}

	if r.InStep() {
		p.line("defer ws.group.Await() // samples with more stretches")
	}
	bar, barIn := suffixed(l.x, "Bar"), suffixed(l.x, "BarIn")
	cSum, cStep := suffixed(l.c, "Sum"), suffixed(l.c, "Step")
	l.declare(bar)
	l.declare(barIn)
	l.declare(cSum)
	l.declare(cStep)
	if s.Times == 0 {
		for i, o := range bar {
			if o.t.IsScalar() {
				p.line("%s = %sEndBar", o.name, l.x[i].name)
			} else {
				p.line("%s = *%sEndBar", o.name, l.x[i].name)
			}
		}
	}
	stepOut := append(append([]operand(nil), barIn...), cStep...)
	at := func(o operand) string {
		if checkpointed(s) {
			return fmt.Sprintf("[len(tape.%s)-1]", o.name)
		}
		return "[k]"
	}
	count, stepT, stepH := tapeSteps(s), "tape.t[k]", "tape.h[k]"
	if s.Undo {
		stepT, stepH = "t", "h"
	}
	recorded := func() []string {
		if s.Undo {
			return args(l.x)
		}
		in := []string{}
		for _, o := range l.x {
			if o.t.IsScalar() {
				in = append(in, "tape."+o.name+at(o))
			} else {
				in = append(in, "&tape."+o.name+at(o))
			}
		}
		return in
	}
	addExtras := func() {
		for i, o := range l.c {
			e.addInto(cSum[i].name, cStep[i].name, o.t)
		}
	}
	// pull goes back over step k, by the one function or, where it has filled the memory, the other.
	pull := func(step, first *ir.Func, in []string) {
		if first != nil {
			p.line("if tape.first[k] {")
			p.line("%s", e.apply(first, in, stepOut, "="))
			p.line("} else {")
		}
		p.line("%s", e.apply(step, in, stepOut, "="))
		if first != nil {
			p.line("}")
		}
	}
	addOutputs := func(at string) {
		for i, o := range l.x {
			if !s.States[i].Memory {
				e.addInto(bar[i].name, e.outBar(o, at), o.t)
			}
		}
	}
	if s.Times > 0 {
		p.line("m := len(tape.at) - 1")
		p.line("// Output times of the end of a solve that took no step.")
		p.line("for ; m >= 0 && tape.at[m] >= %s; m-- {", count)
		addOutputs("m")
		p.line("}")
	}
	if len(s.Events) > 0 {
		p.line("f := len(tape.fired) - 1")
	}
	if marked(s) {
		p.line("b := len(tape.begun) - 1")
		p.line("for b >= 0 && tape.begun[b] == %s { b-- } // no step was left to take", count)
	}
	switch {
	case s.Undo && inRuns(s):
		p.line("kept := tape.kept")
		l.declare(l.x)
	case s.Undo:
		for _, o := range l.x {
			p.line("%s := tape.%s", o.name, o.name)
		}
	}
	p.line("for k := %s - 1; k >= 0; k-- {", count)
	switch {
	case s.Undo:
		p.line("t, h := tape.steps.At(k)")
		l.undo()
	case checkpointed(s):
		l.restore()
	}
	if s.Times > 0 {
		if s.Stretches {
			p.line("for ; m >= 0 && tape.at[m] == k; m-- {")
			addOutputs("m")
			p.line("}")
		} else {
			p.line("for j := m; j >= 0 && tape.at[j] == k; j-- {")
			p.line("if tape.theta[j] == 1 {")
			addOutputs("j")
			p.line("}")
			p.line("}")
		}
	}
	if len(s.Events) > 0 {
		e.backOverEvents(r, l, stepOut, bar, addExtras)
	}
	cuts := s.Cuts() && !s.Stretches && r.DenseVJP == nil
	dense := e.insideStep(r, l, bar, stepH)
	if cuts {
		p.line("if %spart < 1 {", ifText(!s.Undo, "part := tape.part[k]; "))
		in := append([]string{stepT, stepH, "part"}, append(append(recorded(), l.extras()...), args(bar)...)...)
		pull(r.AtVJP, r.StartAtVJP, in)
		p.line("} else {")
	}
	lead := []string{stepT, stepH}
	if s.TakesStops() {
		lead = append(lead, "stops")
	}
	in := append(lead, append(append(recorded(), l.extras()...), args(bar)...)...)
	if s.Stretches {
		zeros := strings.TrimSuffix(strings.Repeat("0, ", len(rs)), ", ")
		e.backThroughStretch(r, in, stepOut, zeros)
	} else {
		pull(r.StepVJP, r.StartVJP, append(in, args(dense.data)...))
	}
	if cuts {
		p.line("}")
	}
	for i := range bar {
		p.line("%s = %s", bar[i].name, barIn[i].name)
	}
	for i, o := range dense.start {
		x := o.name
		if !o.t.IsScalar() {
			x = "&" + x
		}
		e.addInto(bar[i].name, x, o.t)
	}
	addExtras()
	switch {
	case s.Times == 0 || s.Stretches:
	case r.DenseVJP != nil:
		p.line("for ; m >= 0 && tape.at[m] == k; m-- {")
		p.line("if tape.theta[m] == 0 {")
		addOutputs("m")
		p.line("}")
		p.line("}")
	default:
		p.line("for ; m >= 0 && tape.at[m] == k; m-- {")
		p.line("switch tape.theta[m] {")
		p.line("case 1:")
		p.line("case 0:")
		addOutputs("m")
		p.line("default:")
		outBars := make([]string, len(l.x))
		for i, o := range l.x {
			if s.States[i].Memory {
				outBars[i] = "0"
				if !o.t.IsScalar() {
					outBars[i] = "new(" + e.valueType(o.t) + ")"
				}
				continue
			}
			outBars[i] = e.outBar(o, "m")
		}
		in := append([]string{stepT, stepH, "tape.theta[m]"}, append(append(recorded(), l.extras()...), outBars...)...)
		pull(r.AtVJP, r.StartAtVJP, in)
		for i, o := range l.x {
			x := barIn[i].name
			if !o.t.IsScalar() {
				x = "&" + x
			}
			e.addInto(bar[i].name, x, o.t)
		}
		addExtras()
		p.line("}")
		p.line("}")
	}
	if marked(s) {
		p.line("if b >= 0 && tape.begun[b] == k {")
		p.line("%s", e.apply(r.BeginVJP, append([]string{stepT}, append(append(recorded(), l.extras()...), args(bar)...)...), stepOut, "="))
		for i := range bar {
			p.line("%s = %s", bar[i].name, barIn[i].name)
		}
		addExtras()
		p.line("b--")
		p.line("}")
	}
	p.line("}")
	rs = rs[:0]
	give := func(o operand, from, suffix string) {
		if o.t.IsScalar() {
			rs = append(rs, from)
		} else {
			p.line("*%s = %s", o.name+suffix, from)
		}
	}
	for i, o := range l.x {
		give(o, bar[i].name, "StartBar")
	}
	for i, o := range l.c {
		give(o, cSum[i].name, "Bar")
	}
	if len(rs) > 0 {
		p.line("return %s", strings.Join(rs, ", "))
	}
	return strings.Join(ps, ", "), results, p.text()
}

// denseBars are the cotangents that outputs inside a step give to its start and to the data of its dense output.
type denseBars struct{ start, data []operand }

// insideStep prints how the outputs inside step k, and its end where it has been cut, are added up for it (ir.Rev.DenseVJP).
func (e *emitter) insideStep(r *ir.Rev, l *loop, bar []operand, h string) (sum denseBars) {
	if r.DenseVJP == nil {
		return sum
	}
	p, s := e.p, r.Solve
	n := len(s.States)
	name := func(suffix string, i int) operand {
		t := r.DenseVJP.Results[i].Type
		if i < n {
			return operand{l.pick(l.x[i].name + "Inside" + suffix), t}
		}
		return operand{l.pick(fmt.Sprintf("data%d%s", i-n, suffix)), t}
	}
	var sums, one []operand
	for i := range r.DenseVJP.Results {
		sums, one = append(sums, name("Bar", i)), append(one, name("One", i))
	}
	p.line("// Outputs inside the step give to its start and to the data of its dense output.")
	l.declare(sums)
	take := func(theta string, bars []string) {
		l.declare(one)
		p.line("%s", e.apply(r.DenseVJP, append([]string{theta, h}, bars...), one, "="))
		for i, o := range one {
			x := o.name
			if !o.t.IsScalar() {
				x = "&" + x
			}
			e.addInto(sums[i].name, x, o.t)
		}
	}
	if s.Cuts() {
		p.line("if part := tape.part[k]; part < 1 {")
		take("part", args(bar))
		for _, o := range bar {
			if o.t.IsScalar() {
				p.line("%s = 0", o.name)
			} else {
				p.line("clear(%s[:])", o.name)
			}
		}
		p.line("}")
	}
	if s.Times > 0 {
		p.line("for j := m; j >= 0 && tape.at[j] == k; j-- {")
		p.line("if tape.theta[j] == 0 || tape.theta[j] == 1 { continue }")
		outs := make([]string, n)
		for i, o := range l.x {
			outs[i] = e.outBar(o, "j")
		}
		take("tape.theta[j]", outs)
		p.line("}")
	}
	return denseBars{sums[:n], sums[n:]}
}

// outBar is the cotangent of the output at time index i: a scalar, or a pointer.
func (e *emitter) outBar(o operand, i string) string {
	if o.t.IsScalar() {
		return fmt.Sprintf("%sOutBar[%s]", o.name, i)
	}
	return fmt.Sprintf("(*[%d]%s)(%sOutBar[%s*%d:])", o.t.Len(), e.elem(o.t.Elem), o.name, i, o.t.Len())
}

// addInto prints dst += src for a scalar or an array; src may be a pointer.
func (e *emitter) addInto(dst, src string, t ir.Type) {
	if t.IsScalar() {
		e.p.line("%s += %s", dst, src)
		return
	}
	e.p.line("for i, v := range %s {", src)
	e.p.line("%s[i] += v", dst)
	e.p.line("}")
}
