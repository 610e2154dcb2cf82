package codegen

import (
	"fmt"

	"ndec.dev/ndec/codegen/lanes"
	"ndec.dev/ndec/ir"
)

// Methods of several steps in lanes (see lanes.Solve.Fill): steps that fill the memory have a kernel of their own.

// fills says whether the present step of sample i fills the memory.
func fills(s *ir.Solve) string { return ifElse(lanes.ByPieces(s), "first[i]", "first") }

// handFilled prints which samples have steps inside of which a kernel looks that have filled the memory.
func (v *vectors) handFilled(l *lanes.Solve, filled string) {
	if l.Fill == nil {
		return
	}
	v.p.line("for i := range %s {", filled)
	v.p.line("%s[i] = 0", filled)
	v.p.line("if %s { %s[i] = 1 }", fills(l.IR), filled)
	v.p.line("}")
}

// handFill prints how the kernel that fills the memory gets what that of other steps has, and runs; narrow prints which samples take part.
func (v *vectors) handFill(l *lanes.Solve, step stepNames, narrow func(live string)) (fill stepNames) {
	p := v.p
	fill = v.fieldNames(l.Fill, "fill")
	p.line("fill := &fr.%s", l.Fill.Name)
	for _, a := range l.Fill.Func.Args {
		p.line("%s = %s", fill.arg[a.Name], step.arg[a.Name])
	}
	narrow(fill.arg[lanes.Own+"live"])
	p.line("%s", v.run(l.Fill))
	return fill
}

// given are what that kernel gives, by pairs of where that of other steps has it, and what it is there.
func (v *vectors) given(l *lanes.Solve, step, fill stepNames, each func(to, from string, t ir.Type)) {
	for _, st := range l.IR.States {
		each(step.arg[st.Name], fill.arg[st.Name], st.Type)
		if at, ok := fill.res[st.Name+".at"]; ok {
			each(step.res[st.Name+".at"], at, st.Type)
		}
	}
	code := lanes.Own + "code"
	each(step.res[code], fill.res[code], ir.Scalar(ir.F64))
}

// firstOfAll prints the first step of a grid that all samples have alike, which goes over some steps of it.
func (v *vectors) firstOfAll(l *lanes.Solve, step stepNames) {
	p, t, h := v.p, step.arg[lanes.Own+"t"], step.arg[lanes.Own+"h"]
	p.line("first := k == 0 // fills the memory of the method, over some steps of the grid")
	p.line("if first {")
	p.line("k = min(%d, steps) - 1", l.IR.StartSteps)
	p.line("for i := range %s {", h)
	p.line("end := t0[i] + float64(float64(k+1)*width[i])")
	p.line("if k == steps-1 { end = t1[i] }")
	p.line("%s[i] = end - %s[i]", h, t)
	p.line("}")
	fill := v.handFill(l, step, func(string) {})
	v.given(l, step, fill, func(to, from string, _ ir.Type) { p.line("%s = %s", to, from) })
	p.line("} else {")
}

// fillPieces prints the steps of samples that fill the memory, and of the others.
func (v *vectors) fillPieces(l *lanes.Solve, step stepNames) {
	p, live := v.p, step.arg[lanes.Own+"live"]
	p.line("if filling > 0 {")
	fill := v.handFill(l, step, func(own string) {
		p.line("for i, fills := range first {")
		p.line("if fills { %s[i] = 0 } else { %s[i] = 0 }", live, own)
		p.line("}")
	})
	p.line("}")
	p.line("if filling < running { %s }", v.run(l.Step))
	p.line("if filling > 0 {")
	p.line("fill := &fr.%s", l.Fill.Name)
	p.line("for i, fills := range first {")
	p.line("if fills { %s[i] = 1 } else if filling < running { continue } // else nobody has made the step of others", live)
	v.given(l, step, fill, func(to, from string, t ir.Type) { v.column(t, to, from) })
	p.line("}")
	p.line("}")
}

// revFillFields prints where the kernels of a way back over steps that fill the memory have what does not change.
func (v *vectors) revFillFields(r *lanes.Rev, rel func(int) string) {
	n := len(r.IR.Solve.States)
	extras := func(k *lanes.Kernel, first int) {
		if k == nil {
			return
		}
		for i := range r.IR.Solve.Extras {
			v.p.line("fr.%s = %s", v.paths[k.Args[first+i]], rel(3+n+i))
		}
	}
	extras(r.Fill, 3+n)
	extras(r.FillAt, 4+n)
	extras(r.FillReplay, 2+n)
}

// revFill prints the way back over step k of samples that have filled the memory with it, and by others of the rest.
func (v *vectors) revFill(r *lanes.Rev, rel func(int) string, others string) {
	p, k := v.p, r.Fill
	n, m := len(r.IR.Solve.States), len(r.IR.Solve.Extras)
	at := func(i int) string { return "fill." + v.paths[k.Args[i]][len(k.Name)+1:] }
	p.line("{")
	p.line("fill := &fr.%s", k.Name)
	for i := range 3 + n {
		p.line("%s = %s", at(i), rel(i))
	}
	p.line("filling, rest := false, false")
	p.line("for i, active := range %s { // a sample has no part in the other kernel, and there a step of no length", at(2))
	p.line("if active == 0 { continue }")
	p.line("if tape.first[k][i] {")
	p.line("%s[i], %s[i], fr.mask[i], filling = 0, 0, 0, true", rel(1), rel(2))
	p.line("} else {")
	p.line("%s[i], %s[i], rest = 0, 0, true", at(1), at(2))
	p.line("}")
	p.line("}")
	p.line("if rest { %s }", others)
	p.line("if filling {")
	for i := range n + m {
		p.line("%s = %s", at(3+n+m+i), rel(3+n+m+i))
	}
	p.line("for i, active := range %s {", at(2))
	p.line("fr.mask[i] = 0")
	p.line("if active != 0 { %s[i], %s[i], fr.mask[i] = %s[i], 1, mask[i] }", rel(1), rel(2), at(1))
	p.line("}")
	p.line("%s", v.run(k))
	for i := range n + m {
		p.line("%s = %s", rel(3+n+m+i), at(3+n+m+i))
	}
	p.line("}")
	p.line("}")
}

// remakeFilled prints the steps of a tape that are made again where some of them fill the memory; at are the arguments of the kernel of the others.
func (v *vectors) remakeFilled(r *lanes.Rev, at func(int) string, others string) {
	p, k, s := v.p, r.FillReplay, r.IR.Solve
	arg := func(i int) string { return "fill." + v.paths[k.Args[i]][len(k.Name)+1:] }
	p.line("filling, rest := false, false")
	p.line("for i, n := range tape.n {")
	p.line("filling, rest = filling || tape.first[j][i], rest || j < n && !tape.first[j][i]")
	p.line("}")
	p.line("fill := &fr.%s", k.Name)
	p.line("if filling {")
	for i := range 2 + len(s.States) {
		p.line("%s = %s", arg(i), at(i))
	}
	p.line("%s", v.run(k))
	p.line("}")
	p.line("if rest { %s }", others)
	p.line("if filling {")
	p.line("for i, fills := range tape.first[j] {")
	p.line("if !fills { continue }")
	for i, st := range s.States {
		v.column(st.Type, at(2+i), "fill."+v.paths[k.Results[i]][len(k.Name)+1:])
	}
	p.line("}")
	p.line("}")
}

// tapeOfFills prints the field of a tape that says which steps have filled the memory.
func (v *vectors) tapeOfFills(s *ir.Solve, format string) {
	if s.Start != nil {
		v.p.line(format, fmt.Sprintf("[%d]bool", v.set.Samples()))
	}
}
