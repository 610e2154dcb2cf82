package codegen

import (
	"fmt"

	"ndec.dev/ndec/codegen/lanes"
	"ndec.dev/ndec/ir"
)

// Steps of one length for a batch in lanes (see lanes.Together): every block runs in a goroutine of its own, and the samples of all of them meet where
// lengths are chosen. Where one fails the whole batch is computed again sample by sample.

// inGroups reports whether solves of the package take such steps.
func (v *vectors) inGroups() bool {
	for _, n := range v.set.Nodes {
		if len(n.Func.Together()) > 0 {
			return true
		}
	}
	return false
}

// meeting is what comes of errors.
func meeting(s *ir.Solve) string { return ifElse(s.StepGroup == "max", "MostOfBlock", "RMSOfBlock") }

// enter prints how a block begins a solve with the others.
func (v *vectors) enter(s *ir.Solve) {
	if s.StepGroup != "" {
		v.p.line("l.group.Enter()")
		v.p.line("defer l.group.Leave(false)")
	}
}

// handExtras prints how a kernel gets extras from the step.
func (v *vectors) handExtras(s *ir.Solve, to, from map[string]string) {
	for i := range s.Extras {
		name := fmt.Sprintf("extra.%d", i)
		v.p.line("%s = %s", to[name], from[name])
	}
}

// meet prints how samples bring a number of theirs to the others.
func (v *vectors) meet(how, numbers, live string) {
	v.p.line("l.group.%s(%s[:], %s[:])", how, numbers, live)
}

// startTogether prints what samples do before the first step of a solve with steps of one length.
func (v *vectors) startTogether(l *lanes.Solve, step stepNames) {
	p, s := v.p, l.IR
	p.line("try := &fr.%s", l.Together.Try.Name)
	try := v.fieldNames(l.Together.Try, "try")
	v.handExtras(s, try.arg, step.arg)
	if s.FirstStep > 0 {
		v.startIfRunning(l, step)
		return
	}
	live := step.arg[lanes.Own+"live"]
	p.line("if running > 0 {")
	p.line("a := &fr.%s", l.Start.Name)
	start := v.fieldNames(l.Start, "a")
	for _, a := range l.Start.Func.Args {
		p.line("%s = %s", start.arg[a.Name], step.arg[a.Name])
	}
	p.line("%s", v.run(l.Start))
	v.meet("RMSOfBlock", start.res[lanes.SizeState], live)
	v.meet("RMSOfBlock", start.res[lanes.SizeSlope], live)
	p.line("bend := &fr.%s", l.Together.Bend.Name)
	bend := v.fieldNames(l.Together.Bend, "bend")
	given := func(name string) string { // by what is before
		if x, ok := start.res[name]; ok {
			return x
		}
		return step.arg[name]
	}
	for _, a := range l.Together.Bend.Func.Args {
		p.line("%s = %s", bend.arg[a.Name], given(a.Name))
	}
	p.line("%s", v.run(l.Together.Bend))
	v.meet("RMSOfBlock", bend.res[lanes.SizeBend], live)
	p.line("length := &fr.%s", l.Together.Length.Name)
	length := v.fieldNames(l.Together.Length, "length")
	for _, a := range l.Together.Length.Func.Args {
		from := given(a.Name)
		if a.Name == lanes.SizeBend {
			from = bend.res[a.Name]
		}
		p.line("%s = %s", length.arg[a.Name], from)
	}
	p.line("%s", v.run(l.Together.Length))
	p.line("%s = %s", step.arg[lanes.Own+"h"], length.res[lanes.Own+"h"])
	if s.FSAL {
		for _, st := range ir.Pick(s.States, s.Plain()) {
			p.line("%s = %s", step.arg[st.Name+".k"], start.res[st.Name+".k"])
		}
	}
	p.line("}")
}

// attempt prints an attempt and what is decided on it.
func (v *vectors) attempt(l *lanes.Solve, step stepNames) {
	p := v.p
	if l.Together == nil {
		p.line("%s", v.run(l.Step))
		return
	}
	k := l.Together.Try
	try := v.fieldNames(k, "try")
	for _, a := range k.Func.Args[:len(k.Args)-len(l.IR.Extras)] {
		p.line("%s = %s", try.arg[a.Name], step.arg[a.Name])
	}
	p.line("%s", v.run(k))
	v.meet(meeting(l.IR), try.res[lanes.TriedErr], step.arg[lanes.Own+"live"])
	for _, name := range k.Func.ResultNames[:1+l.States+l.Slopes] {
		p.line("%s = %s", step.arg[name], try.res[name])
	}
	p.line("%s", v.run(l.Step))
}

// triedData adds the names of the data of dense output, which an attempt leaves where it was made.
func (v *vectors) triedData(l *lanes.Solve, step stepNames) {
	if l.Together == nil {
		return
	}
	try := v.fieldNames(l.Together.Try, "try")
	for i := range l.Data {
		step.res[lanes.Data(i)] = try.res[lanes.Data(i)]
	}
}
