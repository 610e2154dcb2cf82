package codegen

import (
	"slices"

	"ndec.dev/ndec/ir"
)

func (l *loop) adaptive() {
	p, s, e := l.p, l.s, l.e
	l.resetTape("by.MaxSteps")
	if s.StepGroup != "" { // alone in a stepper, whose group is nil
		p.line("ws.group.Enter()")
		defer p.line("ws.group.Leave(st.Status.Failed())")
	}
	p.line("rtol, atol := by.RTol, by.ATol")
	p.line("dir := rt.Signed(1, t1-t0)")
	plain := l.plain(l.x)
	x, x1, k, k1, xe := l.x, suffixed(l.x, "1"), suffixed(plain, "K"), suffixed(plain, "K1"), suffixed(plain, "Err")
	l.declare(x1)
	l.declare(xe)
	if s.FSAL || s.FirstStep == 0 {
		l.declare(k)
	}
	if s.FSAL {
		l.declare(k1)
	}
	if l.ongoing {
		l.takeSlopes()
		l.loadPoint("t h", "T H")
		p.line("if !at.Begun {")
	} else {
		p.line("t, h := t0, 0.0")
		p.line("if t != t1 {")
	}
	if l.begins() {
		l.first()
	}
	if s.FirstStep > 0 {
		p.line("h = dir * %s", number(s.FirstStep, ir.F64))
	} else {
		l.firstLength(args(plain, k))
		if s.FirstEvals > 0 {
			p.line("st.NFE += %d", s.FirstEvals)
		}
		if s.Compat == "" {
			p.line("h = dir * min(h, dir*(t1-t0))")
		} else {
			p.line("h *= dir")
		}
	}
	p.line("}")
	names, fields := "t h err errPrev errPrev2", "T H Err ErrPrev ErrPrev2"
	if s.Compat == "" {
		names, fields = names+" rejected", fields+" Rejected"
	}
	if s.Ratios() {
		names, fields = names+" ratio ratioPrev hPrev", fields+" Ratio RatioPrev HPrev"
	}
	if l.ongoing {
		l.loadPoint(names[len("t h "):], fields[len("T H "):])
	} else {
		p.line("err, errPrev, errPrev2 := 1.0, 1.0, 1.0")
		if s.Compat == "" {
			p.line("rejected := false")
		}
	}
	control := []string{"err", "errPrev", "errPrev2"}
	if s.Ratios() {
		if !l.ongoing {
			p.line("ratio, ratioPrev, hPrev := 1.0, 1.0, 0.0")
		}
		control = append(control, "ratio", "ratioPrev")
	}
	l.declare(l.d)
	step, results := l.stepFunc()
	p.line("for %s {", ifElse(l.ongoing, "t != t1 && st.Accepted == before", "t != t1"))
	if s.MaxStep > 0 {
		p.line("h = dir * min(dir*h, %s)", number(s.MaxStep, ir.F64))
	}
	if s.MinStep > 0 {
		p.line("h = dir * max(dir*h, %s)", number(s.MinStep, ir.F64))
	}
	if s.Stops > 0 {
		l.goal("t1")
		p.line("last, cut := (t+float64(1.01*h)-goal)*dir >= 0, h")
		p.line("if last { h = goal - t }")
	} else if !s.Passes() {
		p.line("last := (t+%s-t1)*dir >= 0", ifElse(s.Compat == "", "float64(1.01*h)", "h"))
		p.line("if last { h = t1 - t }")
	}
	p.line("if st.Accepted+st.Rejected == by.MaxSteps {")
	p.line("st.Fail(rt.MaxSteps, t, h)")
	p.line("break")
	p.line("}")
	if s.Passes() {
		p.line("if !rt.LongEnough(h, t, t1) { // a NaN step is not")
	} else {
		p.line("if !(last || rt.LongEnough(h, t, t1)) { // a NaN step is not")
	}
	p.line("st.Fail(rt.TooSmall(err, h), t, h)")
	p.line("break")
	p.line("}")
	in := append([]string{"t", "h"}, args(x)...)
	if s.FSAL {
		in = append(in, args(k)...)
	}
	in = append(in, l.extras()...)
	p.line("%s", e.apply(step, in, results, "="))
	p.line("st.NFE += %d", l.evals())
	if s.Ratios() {
		p.line("if hPrev != 0 { ratio = h / hPrev }")
	}
	p.line("%s", e.apply(s.Norm, append([]string{"rtol", "atol"}, args(plain, l.plain(x1), xe)...), []operand{{"err", ir.Scalar(ir.F64)}}, "="))
	l.finite("finite", x1)
	p.line("if !finite { // an error is nothing beside an infinite state")
	p.line("err = rt.NaN()")
	p.line("}")
	switch s.StepGroup {
	case "rms":
		p.line("err = ws.group.RMS(err)")
	case "max":
		p.line("err = ws.group.Most(err)")
	}
	if s.MinStep > 0 {
		p.line("if !(err <= 1) && !(dir*h <= %s && err-err == 0) { // also a NaN", number(s.MinStep, ir.F64))
	} else {
		p.line("if !(err <= 1) { // also a NaN")
	}
	p.line("st.Rejected++")
	if s.Compat == "" {
		p.line("rejected = true")
	}
	p.line("if err-err != 0 {")
	p.line("h *= %s", number(s.MinFactor, ir.F64))
	p.line("continue")
	p.line("}")
	p.line("%s", e.apply(s.Control, control, []operand{{"factor", ir.Scalar(ir.F64)}}, ":="))
	p.line("h *= min(factor, 1)")
	p.line("continue")
	p.line("}")
	next := func() {
		p.line("tNext := t + h")
		if !s.Passes() {
			p.line("if last { tNext = t1 }")
		}
		if s.Stops > 0 {
			p.line("if last && stop { tNext = stops[0] }")
		}
	}
	switch {
	case len(s.Events) > 0:
		next()
		l.events()
	case s.Passes():
		next()
		if s.Record {
			p.line("part := 1.0 // of the step, up to the end")
			p.line("if (tNext-t1)*dir > 0 { part = (t1 - t) / h }")
		}
	}
	p.line("st.Accepted++")
	p.line("st.H = h")
	l.record()
	if !s.Cuts() {
		next()
	}
	l.dense()
	ends := !l.ongoing && !s.Cuts() && !s.Passes() && s.Stops == 0 // with its last step
	if ends {
		p.line("if !last { // another step follows")
	}
	p.line("%s", e.apply(s.Control, control, []operand{{"factor", ir.Scalar(ir.F64)}}, ":="))
	if s.Compat == "" {
		p.line("if rejected { factor = min(factor, 1) }")
		p.line("rejected = false")
	}
	if s.Ratios() {
		p.line("hPrev, ratioPrev = h, ratio")
	}
	p.line("errPrev, errPrev2 = max(err, 1e-4), errPrev")
	p.line("h *= factor")
	if ends {
		p.line("}")
	}
	l.advance()
	p.line("t = tNext")
	p.line("st.Time = t")
	anew := func() {
		p.line("errPrev, errPrev2 = 1, 1")
		if s.Ratios() {
			p.line("ratio, ratioPrev, hPrev = 1, 1, 0")
		}
	}
	l.happen(anew)
	if s.Stops > 0 {
		p.line("if last && stop {")
		l.pass()
		anew()
		p.line("h = rt.Longer(h, cut)")
		p.line("}")
	}
	p.line("}")
	if l.ongoing {
		l.storePoint("true "+names, "Begun "+fields)
	}
}

// firstLength sets h to the length of the first step; xk are the names of the state and its slopes.
func (l *loop) firstLength(xk []string) {
	p, s, e := l.p, l.s, l.e
	f64 := func(names ...string) []operand {
		var out []operand
		for _, n := range names {
			out = append(out, operand{n, ir.Scalar(ir.F64)})
		}
		return out
	}
	if s.StepGroup == "" {
		p.line("%s", e.apply(s.First, slices.Concat([]string{"t0", "t1 - t0", "rtol", "atol"}, xk, l.extras()), f64("h"), "="))
		return
	}
	p.line("%s", e.apply(s.FirstNorms, slices.Concat([]string{"rtol", "atol"}, xk), f64("size", "slope"), ":="))
	p.line("size, slope = ws.group.RMS(size), ws.group.RMS(slope)")
	p.line("%s", e.apply(s.FirstBend, slices.Concat([]string{"t0", "t1 - t0", "rtol", "atol", "size", "slope"}, xk, l.extras()), f64("bend"), ":="))
	p.line("bend = ws.group.RMS(bend)")
	p.line("%s", e.apply(s.FirstLength, []string{"t1 - t0", "size", "slope", "bend"}, f64("h"), "="))
}
