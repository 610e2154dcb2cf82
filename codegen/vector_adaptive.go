package codegen

import (
	"fmt"

	"ndec.dev/ndec/codegen/lanes"
	"ndec.dev/ndec/ir"
)

// Adaptive steps in lanes: every sample of a block has its own, and the block ends with the last of them.

func (v *vectors) adaptive(l *lanes.Solve, step stepNames) {
	s, p, w := l.IR, v.p, v.set.Samples()
	arg, res := step.arg, step.res
	t, h, live := arg[lanes.Own+"t"], arg[lanes.Own+"h"], arg[lanes.Own+"live"]
	settle := l.Search.Settles()
	if settle == nil {
		p.line("var last [%d]float64 // error norm of the last attempt", w)
		p.line("for i := range last { last[i] = 1 }")
	}
	p.line("running := 0")
	v.beginAdaptive(l, step, true)
	v.declareEvents(l, step)
	if settle != nil {
		v.beginSettle(settle)
	}
	p.line("for k := 0; running > 0; k++ {")
	if s.Stops > 0 {
		p.line("for i := range n {")
		v.goal(t, "t1[i]")
		p.line("%s[i] = goal", arg[lanes.Own+"t1"])
		p.line("cut[i] = %s[i]", h)
		if s.MaxStep > 0 {
			p.line("cut[i] = %s[i] * min(%s[i]*cut[i], %s)", arg[lanes.Own+"dir"], arg[lanes.Own+"dir"], number(s.MaxStep, ir.F64))
		}
		if s.MinStep > 0 {
			p.line("cut[i] = %s[i] * max(%s[i]*cut[i], %s)", arg[lanes.Own+"dir"], arg[lanes.Own+"dir"], number(s.MinStep, ir.F64))
		}
		p.line("}")
	}
	p.line("if k == by.MaxSteps { // attempts of every sample that is still running")
	p.line("for i := range n {")
	p.line("if %s[i] == 0 { continue }", live)
	v.failMaxSteps(l, step)
	p.line("}")
	p.line("%s", ifElse(s.Times > 0 || s.Stretches || settle != nil, "break", "return"))
	p.line("}")
	whole := l.Search.StepsAtOnce()
	switch {
	case whole != nil:
		p.line("%s", v.run(whole))
	case l.KeepsSome():
		p.line("%s", v.runWith(l.Step, "tape.attempt()"))
	default:
		v.attempt(l, step)
	}
	if settle == nil {
		v.noOutputs(l)
	}
	if s.Stops > 0 {
		p.line("var passed [%d]bool // a stop", w)
		p.line("passing := false")
	}
	if len(s.Events) > 0 && whole == nil {
		end := t
		if s.Stops > 0 { // steps that end before a stop are taken to end at it
			end = "end"
			p.line("end := %s", t)
			p.line("for i := range n {")
			p.line("if stop[i] && end[i] == %s[i] { end[i] = ahead[i][0] }", arg[lanes.Own+"t1"])
			p.line("}")
		}
		v.search(l, step, res[lanes.Own+"t_at"], res[lanes.Own+"h_at"], end)
	}
	if settle != nil {
		v.settled(l, step, settle)
	} else {
		p.line("for i := range n {")
		p.line("if %s[i] == 0 { continue }", live)
		v.decide(l, step, "t1[i]")
		p.line("}")
	}
	if l.KeepsSome() {
		p.line("tape.settle()")
	}
	if s.Times > 0 && whole == nil {
		v.outputs(l, step, res[lanes.Own+"t_at"], t, res[lanes.Own+"h_at"])
	}
	v.happen(l, step, res[lanes.Own+"t_at"], res[lanes.Own+"h_at"])
	if s.Stops > 0 {
		v.pass(l, step, func() {
			v.forget(s, step)
			p.line("%s[i] = rt.Longer(%s[i], cut[i])", h, h)
		})
	}
	p.line("}")
	if settle != nil {
		v.endSettle(l, step, settle)
	}
}

// beginAdaptive prints how the first n samples begin an adaptive solve, and whether they are counted as running.
func (v *vectors) beginAdaptive(l *lanes.Solve, step stepNames, count bool) {
	s, p, arg := l.IR, v.p, step.arg
	t, h, live := arg[lanes.Own+"t"], arg[lanes.Own+"h"], arg[lanes.Own+"live"]
	evals := 0
	if s.FSAL || s.FirstStep == 0 {
		evals++
	}
	if s.FirstStep == 0 {
		evals += s.FirstEvals
	}
	p.line("for i := range %s {", t)
	p.line("%s[i], %s[i], %s[i] = t0[i], t1[i], rt.Signed(1, t1[i]-t0[i])", t, arg[lanes.Own+"t1"], arg[lanes.Own+"dir"])
	if s.Stops > 0 {
		v.findStops(l, t)
	}
	p.line("%s[i], %s[i] = by.RTol, by.ATol", arg[lanes.Own+"rtol"], arg[lanes.Own+"atol"])
	p.line("%s[i], %s[i] = 0, 0", arg[lanes.Own+"rejected"], live)
	v.forget(s, step)
	p.line("if i < n {")
	p.line("st[i] = rt.SolveStats{%sTime: t0[i]}", ifText(s.BeginEvals > 0, fmt.Sprintf("NFE: %d, ", s.BeginEvals)))
	v.ifSpan(l)
	p.line("%s[i] = 1", live)
	if evals > 0 {
		p.line("st[i].NFE += %d", evals)
	}
	if count {
		p.line("running++")
	}
	p.line("}")
	p.line("}")
	p.line("}")
	if l.Start == nil {
		p.line("for i := range %s { %s[i] = %s[i] * %s }", h, h, arg[lanes.Own+"dir"], number(s.FirstStep, ir.F64))
	}
	if l.Together != nil {
		v.startTogether(l, step)
	} else if count {
		v.startIfRunning(l, step)
	} else {
		v.start(l, step)
	}
	if s.Stops > 0 {
		p.line("for i := range n { %s[i] = t0[i] } // where the field was seen may be beside it", t)
	}
}

// forget prints that the controller knows nothing of steps before.
func (v *vectors) forget(s *ir.Solve, step stepNames) {
	at := func(name string) string { return step.arg[lanes.Own+name] + "[i]" }
	v.p.line("%s, %s = 1, 1", at("err_prev"), at("err_prev2"))
	if s.Ratios() {
		v.p.line("%s, %s, %s = 1, 1, 0", at("ratio"), at("ratio_prev"), at("h_prev"))
	}
}

// failMaxSteps prints that sample i has no attempts left.
func (v *vectors) failMaxSteps(l *lanes.Solve, step stepNames) {
	s, p, arg := l.IR, v.p, step.arg
	t := arg[lanes.Own+"t"]
	p.line("h := %s[i]", arg[lanes.Own+"h"])
	if s.MaxStep > 0 {
		p.line("h = %s[i] * min(%s[i]*h, %s)", arg[lanes.Own+"dir"], arg[lanes.Own+"dir"], number(s.MaxStep, ir.F64))
	}
	if s.MinStep > 0 {
		p.line("h = %s[i] * max(%s[i]*h, %s)", arg[lanes.Own+"dir"], arg[lanes.Own+"dir"], number(s.MinStep, ir.F64))
	}
	p.line("if (%s[i]+float64(1.01*h)-%s[i])*%s[i] >= 0 { h = %s[i] - %s[i] }", t, arg[lanes.Own+"t1"], arg[lanes.Own+"dir"], arg[lanes.Own+"t1"], t)
	p.line("st[i].Fail(rt.MaxSteps, %s[i], h)", t)
}

// decide prints what becomes of the step that sample i, on its way to end, has tried.
func (v *vectors) decide(l *lanes.Solve, step stepNames, end string) {
	s, p, arg, res := l.IR, v.p, step.arg, step.res
	t, live := arg[lanes.Own+"t"], arg[lanes.Own+"live"]
	p.line("switch %s[i] {", res[lanes.Own+"code"])
	p.line("case %d: // accepted", lanes.CodeAccepted)
	p.line("st[i].NFE += %d", l.Evals())
	v.hits(l, step, live, res[lanes.Own+"t_at"], res[lanes.Own+"h_at"])
	p.line("st[i].Accepted++")
	p.line("st[i].H = %s[i]", res[lanes.Own+"h_at"])
	v.record(l, step, "push", "i", res[lanes.Own+"t_at"], res[lanes.Own+"h_at"])
	v.mayOutput(l)
	if s.Stops > 0 {
		p.line("if stop[i] && %s[i] == %s[i]%s { // the step ended before a stop", t, arg[lanes.Own+"t1"], v.noHit(l))
		p.line("%s[i], passed[i], passing = ahead[i][0], true, true", t)
		p.line("}")
	}
	if len(s.Events) > 0 {
		p.line("if %s { %s[i] = %s[i] }", v.hit(l), t, v.seekNames(l)[lanes.SearchTime])
	}
	p.line("st[i].Time = %s[i]", t)
	p.line("if %s[i] == %s {", t, end)
	p.line("%s[i] = 0", live)
	p.line("running--")
	p.line("}")
	p.line("case %d: // rejected", lanes.CodeRejected)
	p.line("st[i].NFE += %d", l.Evals())
	p.line("st[i].Rejected++")
	p.line("case %d: // too short to be taken", lanes.CodeTooSmall)
	p.line("st[i].Fail(rt.TooSmall(last[i], %s[i]), %s[i], %s[i])", res[lanes.Own+"h_at"], res[lanes.Own+"t_at"], res[lanes.Own+"h_at"])
	p.line("%s[i] = 0", live)
	p.line("running--")
	p.line("}")
	p.line("last[i] = %s[i]", res[lanes.Own+"err"])
}
