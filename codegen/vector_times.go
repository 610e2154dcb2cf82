package codegen

import (
	"fmt"

	"ndec.dev/ndec/codegen/lanes"
	"ndec.dev/ndec/ir"
)

// Output times in lanes. Every sample has its own steps and so its own output times in a step. A kernel takes them row by row
// (lanes.Solve.Output), each from the samples that have reached it.

// outParams are the arguments for some states of a solve at its output times, or for their cotangents.
func (v *vectors) outParams(s *ir.Solve, states []int, suffix string) string {
	out := ""
	for _, i := range states {
		t := s.States[i].Type
		out += fmt.Sprintf(", %s *[%d * %d]%s", outName(i, suffix), s.Times*t.Len(), v.set.Samples(), v.elem(t.Elem))
	}
	return out
}

func outName(state int, suffix string) string { return fmt.Sprintf("state%d%s", state, suffix) }

// laneLoop prints a statement for every element of a value of sample i: at gives the place of an element in an
// array with rows of that value, from a row on.
func (v *vectors) laneLoop(t ir.Type, statement func(at func(row string) string) string) {
	w := v.set.Samples()
	if t.Len() == 1 {
		v.p.line("%s", statement(func(row string) string {
			if row == "" {
				return "i"
			}
			return fmt.Sprintf("%s*%d+i", row, w)
		}))
		return
	}
	v.p.line("for e := range %d { %s }", t.Len(), statement(func(row string) string {
		if row == "" {
			return fmt.Sprintf("e*%d+i", w)
		}
		return fmt.Sprintf("(%s*%d+e)*%d+i", row, t.Len(), w)
	}))
}

// outputNames are the fields of the frame of Output, relative to d.
func (v *vectors) outputNames(l *lanes.Solve) stepNames { return v.fieldNames(l.Output, "d") }

// startOutputs prints how the outputs of a solve begin, and where their rows lie.
func (v *vectors) startOutputs(l *lanes.Solve) {
	p, d := v.p, v.outputNames(l)
	p.line("d := &fr.%s", l.Output.Name)
	p.line("clear(%s[:])", d.arg[lanes.OutputNext])
	p.line("for i := range %s { %s[i] = t1[i]-t0[i] }", d.arg[lanes.OutputSpan], d.arg[lanes.OutputSpan])
	p.line("%s[0] = rt.Apart(fr, ts)", d.arg[lanes.RowStart(lanes.OutputAt)])
	for _, k := range l.GivenStates() {
		p.line("%s[0] = rt.Apart(fr, %s)", d.arg[lanes.RowStart(l.IR.States[k].Name+lanes.Row)], outName(k, "Out"))
	}
	if l.Order != nil {
		p.line("order := &fr.%s", l.Order.Name)
		p.line("%s = *t0", v.fieldNames(l.Order, "order").arg[lanes.OrderStart])
		p.line("%s", v.run(l.Order))
	}
}

// noOutputs prints that no sample has taken a step.
func (v *vectors) noOutputs(l *lanes.Solve) {
	if l.IR.Times > 0 {
		d := v.outputNames(l)
		v.p.line("clear(%s[:]) // of samples that have taken a step", d.arg[lanes.OutputOpen])
		v.p.line("%s[0] = %d // the first row that one of them has to take", d.arg[lanes.OutputRow], l.IR.Times)
	}
}

// mayOutput prints that sample i has taken a step.
func (v *vectors) mayOutput(l *lanes.Solve) {
	if l.IR.Times > 0 {
		d := v.outputNames(l)
		v.p.line("%s[i] = 1", d.arg[lanes.OutputOpen])
		row := d.arg[lanes.OutputRow]
		v.p.line("if next := float64(%s[i]); next < %s[0] { %s[0] = next }", d.arg[lanes.OutputNext], row, row)
	}
}

// outputs prints the output times that lie in the steps that samples took, from t to end, row by row.
func (v *vectors) outputs(l *lanes.Solve, step stepNames, t, end, h string) {
	s, p, w, d := l.IR, v.p, v.set.Samples(), v.outputNames(l)
	row := d.arg[lanes.OutputRow] + "[0]"
	pairs := []string{d.arg[lanes.OutputT], t, d.arg[lanes.OutputEnd], end, d.arg[lanes.OutputH], h}
	for _, st := range s.States {
		pairs = append(pairs, d.arg[st.Name+".at"], step.res[st.Name+".at"], d.arg[st.Name], step.arg[st.Name])
	}
	for i := range l.Data {
		pairs = append(pairs, d.arg[lanes.Data(i)], step.res[lanes.Data(i)])
	}
	if v.hands(pairs) || l.Fill != nil {
		p.line("if %s < %d {", row, s.Times)
		v.hand(pairs...)
		v.handFilled(l, d.arg[lanes.Filled])
		p.line("}")
	}
	p.line("for %s < %d {", row, s.Times)
	if s.Stretches || s.Record {
		p.line("row := int(%s)", row)
	}
	p.line("%s[0] = %d // rows at a time", d.arg[lanes.OutputLeft], l.Rows)
	p.line("%s", v.run(l.Output))
	if s.Stretches || s.Record {
		p.line("for i := range n {")
		p.line("if %s[i] == 0 { continue }", d.res[lanes.OutputTaken])
		if s.Stretches {
			v.endStretch(l, fmt.Sprintf("ts[row*%d+i]", w), func(k int) string { return d.res[s.States[k].Name+lanes.Inside] })
			p.line("tape.at[row][i] = tape.n[i] - 1")
		} else {
			p.line("tape.at[row][i], tape.theta[row][i] = tape.n[i]-1, %s[i]", d.res[lanes.OutputPlace])
		}
		p.line("}")
	}
	p.line("}")
}

// rest prints what a solve of no length, or one that failed, leaves at the times that it did not reach, as do lanes without a sample.
func (v *vectors) rest(l *lanes.Solve, step stepNames) {
	p, s, d := v.p, l.IR, v.outputNames(l)
	p.line("for i, next := range %s {", d.arg[lanes.OutputNext])
	p.line("for row := int(next); row < %d; row++ {", s.Times)
	for _, k := range l.GivenStates() {
		st := s.States[k]
		v.laneLoop(st.Type, func(at func(string) string) string {
			return fmt.Sprintf("%s[%s] = %s[%s]", outName(k, "Out"), at("row"), step.arg[st.Name], at(""))
		})
	}
	switch {
	case s.Stretches:
		p.line("tape.at[row][i] = tape.n[i]")
	case s.Record:
		p.line("tape.at[row][i], tape.theta[row][i] = tape.n[i], 0")
	}
	p.line("}")
	p.line("}")
}

// addBars prints how cotangents of output time row of sample i are added to those that travel back.
func (v *vectors) addBars(r *lanes.Rev, rel func(int) string, row string) {
	n, m := len(r.IR.Solve.States), len(r.IR.Solve.Extras)
	for k, st := range r.IR.Solve.States {
		if !st.Memory {
			v.laneLoop(st.Type, func(at func(string) string) string {
				return fmt.Sprintf("%s[%s] += %s[%s]", rel(3+n+m+k), at(""), outName(k, "Bar"), at(row))
			})
		}
	}
}

// revRest prints the cotangents of output times at the end of a solve that took no step there.
func (v *vectors) revRest(r *lanes.Rev, rel func(int) string) {
	p := v.p
	p.line("var m [%d]int // output times of each sample that are not done", v.set.Samples())
	p.line("for i := range n {")
	p.line("for m[i] = %d; m[i] > 0 && tape.at[m[i]-1][i] >= tape.n[i]; m[i]-- {", r.IR.Solve.Times)
	v.addBars(r, rel, "(m[i]-1)")
	p.line("}")
	p.line("}")
}

// revInside prints how the cotangents of output times inside step k, and of its end where it is cut, are added up for it.
func (v *vectors) revInside(r *lanes.Rev, rel func(int) string) {
	s, p, w := r.IR.Solve, v.p, v.set.Samples()
	n, m := len(s.States), len(s.Extras)
	at := func(i int) string { return "a." + v.paths[r.At.Args[i]][len(r.At.Name)+1:] }
	sums := len(r.IR.DataTypes()) + n // arguments of both kernels that take what outputs give
	p.line("a, some := &fr.%s, false", r.At.Name)
	for i := range sums {
		p.line("clear(%s[:])", at(3+n+i))
	}
	if s.Cuts() {
		p.line("%s = [%d]float64{}", at(2), w)
		p.line("for i, n := range tape.n { // the end of a step that is cut lies inside it")
		p.line("if k >= n || %s == 1 { continue }", v.part(s))
		p.line("%s[i], %s[i], some = %s, 1, true", at(0), at(2), v.part(s))
		for j, st := range s.States {
			v.laneLoop(st.Type, func(place func(string) string) string {
				bar := rel(3+n+m+j) + "[" + place("") + "]"
				return fmt.Sprintf("%s[%s], %s = %s, 0", at(3+j), place(""), bar, bar)
			})
		}
		p.line("}")
		p.line("if some {")
		p.line("%s = %s", at(1), rel(1))
		p.line("%s", v.run(r.At))
		p.line("}")
	}
	if s.Times > 0 {
		v.revOutputsInside(r, rel, at)
	}
	p.line("if some || inside {")
	for i := range sums {
		p.line("%s = %s", rel(3+2*(n+m)+i), at(3+n+i))
	}
	p.line("inside = some")
	p.line("}")
}

// revOutputsInside prints how the outputs inside step k are added up, one of each sample at a time; at are the arguments of Rev.At.
func (v *vectors) revOutputsInside(r *lanes.Rev, rel, at func(int) string) {
	s, p, w := r.IR.Solve, v.p, v.set.Samples()
	p.line("c := m")
	p.line("for {")
	p.line("more := false")
	p.line("%s = [%d]float64{}", at(2), w)
	p.line("for i := range n {")
	p.line("for c[i] > 0 && tape.at[c[i]-1][i] == k {")
	p.line("c[i]--")
	p.line("theta := tape.theta[c[i]][i]")
	p.line("if theta == 0 || theta == 1 { continue }")
	p.line("%s[i], %s[i], more = theta, 1, true", at(0), at(2))
	for j, st := range s.States {
		if !st.Memory {
			v.laneLoop(st.Type, func(place func(string) string) string {
				return fmt.Sprintf("%s[%s] = %s[%s]", at(3+j), place(""), outName(j, "Bar"), place("c[i]"))
			})
		}
	}
	p.line("break")
	p.line("}")
	p.line("}")
	p.line("if !more { break }")
	p.line("%s, some = %s, true", at(1), rel(1))
	p.line("%s", v.run(r.At))
	p.line("}")
}

// revStarts prints the cotangents of output times at the start of step k.
func (v *vectors) revStarts(r *lanes.Rev, rel func(int) string) {
	p := v.p
	p.line("for i := range n {")
	p.line("for m[i] > 0 && tape.at[m[i]-1][i] == k {")
	p.line("m[i]--")
	p.line("if tape.theta[m[i]][i] == 0 {")
	v.addBars(r, rel, "m[i]")
	p.line("}")
	p.line("}")
	p.line("}")
}

// revOutputs prints the cotangents of output times in step k, but for those at its end, by kernel but for other samples.
func (v *vectors) revOutputs(r *lanes.Rev, rel func(int) string, kernel *lanes.Kernel, other string) {
	s, p, w := r.IR.Solve, v.p, v.set.Samples()
	n, m := len(s.States), len(s.Extras)
	at := func(i int) string { return "a." + v.paths[kernel.Args[i]][len(kernel.Name)+1:] }
	if other != "" {
		p.line("{")
		defer p.line("}")
	}
	p.line("a := &fr.%s", kernel.Name)
	p.line("for round := 0; ; round++ {")
	p.line("more := false")
	p.line("%s, %s = [%d]float64{}, [%d]float64{}", at(2), at(3), w, w)
	for j := range s.States { // samples without an output have numbers, too
		p.line("clear(%s[:])", at(4+n+m+j))
	}
	p.line("for i := range n {")
	p.line("fr.mask[i] = 0")
	if other != "" {
		p.line("if %s { continue }", other)
	}
	p.line("for m[i] > 0 && tape.at[m[i]-1][i] == k {")
	p.line("m[i]--")
	p.line("theta := tape.theta[m[i]][i]")
	p.line("if theta == 1 { continue }")
	p.line("if theta == 0 {")
	v.addBars(r, rel, "m[i]")
	p.line("continue")
	p.line("}")
	p.line("%s[i], %s[i], fr.mask[i], more = theta, 1, mask[i], true", at(2), at(3))
	for k, st := range s.States {
		if !st.Memory {
			v.laneLoop(st.Type, func(place func(string) string) string {
				return fmt.Sprintf("%s[%s] = %s[%s]", at(4+n+m+k), place(""), outName(k, "Bar"), place("m[i]"))
			})
		}
	}
	p.line("break")
	p.line("}")
	p.line("}")
	p.line("if !more { break }")
	p.line("if round == 0 {")
	p.line("%s, %s = %s, %s", at(0), at(1), rel(0), rel(1))
	for i := range s.States {
		p.line("%s = %s", at(4+i), rel(3+i))
	}
	p.line("}")
	for i := range n + m {
		p.line("%s = %s", at(4+n+m+n+i), rel(3+n+m+i))
	}
	p.line("%s", v.run(kernel))
	for i := range n + m {
		p.line("%s = a.%s", rel(3+n+m+i), v.paths[kernel.Results[i]][len(kernel.Name)+1:])
	}
	p.line("}")
}
