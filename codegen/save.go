package codegen

// dense prints the output times that lie in the accepted step from t to tNext.
func (l *loop) dense() {
	p := l.p
	if l.path {
		also := ""
		if len(l.s.Events) > 0 { // at an event the states are those after it
			also = " && !(ev.Hit && ts[next] == tNext)"
		}
		p.line("for ; next < len(ts) && (ts[next]-tNext)*(t1-t0) <= 0%s; next++ {", also)
		l.save("tNext", false)
		p.line("}")
	}
	l.cutStep()
}

// save stores the states at ts[next].
func (l *loop) save(end string, rest bool) {
	p := l.p
	store := func(os []operand) {
		for i, o := range l.x {
			v := os[i].name
			if l.s.States[i].Memory {
				continue
			}
			if o.t.IsScalar() {
				p.line("%sOut[next] = %s", o.name, v)
			} else {
				p.line("copy(%sOut[next*%d:], %s[:])", o.name, o.t.Len(), v)
			}
		}
	}
	mark := func(step, theta string, os []operand) {
		switch {
		case l.s.Stretches:
			l.endStretch("ts[next]", os)
			p.line("tape.save(%s-1)", tapeSteps(l.s))
		case l.s.Record:
			p.line("tape.save(%s, %s)", step, theta)
		}
	}
	if rest {
		store(l.x)
		if l.s.Stretches {
			p.line("tape.save(%s)", tapeSteps(l.s))
		} else {
			mark(tapeSteps(l.s), "0", nil)
		}
		return
	}
	p.line("switch {")
	p.line("case ts[next] == t:")
	store(l.x)
	mark(tapeSteps(l.s)+"-1", "0", l.x)
	p.line("case ts[next] == %s:", end)
	store(suffixed(l.x, "1"))
	mark(tapeSteps(l.s)+"-1", "1", suffixed(l.x, "1"))
	p.line("default:")
	p.line("theta := (ts[next] - t) / h")
	outs := suffixed(l.x, "At")
	l.declare(outs)
	l.inside("theta", outs)
	l.forget(outs)
	store(outs)
	mark(tapeSteps(l.s)+"-1", "theta", outs)
	p.line("}")
}

// forget uses scalars of memory, which are not stored.
func (l *loop) forget(os []operand) {
	for i, o := range os {
		if l.s.States[i].Memory && o.t.IsScalar() {
			l.p.line("_ = %s", o.name)
		}
	}
}
