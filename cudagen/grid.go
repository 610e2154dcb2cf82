package cudagen

import "strings"

// Loops over steps of lengths that are given: a number of them, a length, or one between two output times or stops.

func (l *loop) fixed() {
	p, s := l.p, l.s
	switch {
	case s.PerSample:
		p.line("int steps = (int)by.steps;")
	case s.Steps > 0:
		p.line("int steps = (int)by.steps;")
		p.line("double h = (t1 - t0) / steps;")
	default:
		p.line("double h;")
		p.line("int steps = ndec_fixed_steps(t0, t1, by.step, h);")
		p.line("if (steps == 0) st.fail(NDEC_MAX_STEPS, t0, h);")
	}
	l.declare(suffixed(l.x, "_1"))
	if s.FSAL {
		l.declare(suffixed(l.plain(l.x), "_k"))
		l.declare(suffixed(l.plain(l.x), "_k1"))
	}
	l.declare(l.d)
	p.line("double t = t0;")
	if s.FSAL {
		l.begins(l.first)
	}
	if s.PerSample {
		p.line("#pragma unroll 1")
		p.line("for (int cell = 0; cell < %d; cell++) { // between output times lie the grids of steps", s.Times)
		defer p.line("}")
		if !l.e.tile { // its lanes stay together
			p.line("if (st.status != NDEC_OK) break;")
		}
		p.line("double from = t;")
		p.line("double to = ts[cell];")
		p.line("double h = (to - from) / steps;")
	}
	if cutSteps(s) || s.Start != nil {
		l.pieces()
		return
	}
	if l.lanes(); s.PerSample && l.e.tile {
		p.line("on = st.status == NDEC_OK;")
	}
	_, to := l.grid()
	p.line("#pragma unroll 1")
	p.line("for (int k = 0; %s; k++) {", l.going("k < steps && t != "+to))
	if s.StepSize > 0 {
		p.line("if (k == steps - 1) h = t1 - t;")
	}
	l.fixedStep()
	p.line("st.accepted++;")
	p.line("st.h = h;")
	l.record()
	l.nextTime("h")
	l.dense()
	l.advance()
	p.line("t = t_next;")
	p.line("st.time = t;")
	p.line("}")
}

// nextTime prints the end of a step of the grid.
func (l *loop) nextTime(h string) {
	if l.s.StepSize > 0 {
		h = "ndec_signed(by.step, t1 - t0)"
	}
	from, to := l.grid()
	l.p.line("double t_next = k == steps - 1 ? %s : %s + (k + 1) * %s;", to, from, h)
}

// grid names the ends of the grid of steps: those of the solve, or neighbouring output times.
func (l *loop) grid() (from, to string) {
	if l.s.PerSample {
		return "from", "to"
	}
	return "t0", "t1"
}

// pieces prints the steps of a grid, those that hold a stop or an event in pieces, and those of methods of several steps.
func (l *loop) pieces() {
	p, s := l.p, l.s
	cuts := cutSteps(s)
	p.line("double width = h;")
	if cuts {
		p.line("bool pieces = false;")
	}
	if cuts && s.Start != nil {
		p.line("bool filled = false; // the memory, by steps of the present length")
	}
	_, to := l.grid()
	p.line("#pragma unroll 1")
	p.line("for (int k = 0; k < steps && t != %s; k++) {", to)
	switch {
	case s.Start == nil:
	case cuts:
		p.line("bool first = !filled;")
		p.line("bool whole = first && !pieces;")
		p.line("if (whole) k += ndec_min(%d, steps - k) - 1;", s.StartSteps)
	default:
		p.line("bool first = k == 0;")
		p.line("if (first) k = ndec_min(%d, steps) - 1;", s.StartSteps)
	}
	l.nextTime("width")
	var conds []string
	goal, after := "t_next", "false"
	if s.Stops > 0 {
		l.goal("t_next")
		conds, goal, after = append(conds, "stop"), "goal", "stop"
	}
	if cuts {
		conds = append(conds, "pieces")
	}
	if s.StepSize > 0 {
		conds = append(conds, "k == steps - 1")
	}
	if s.Start != nil {
		if len(conds) > 0 {
			p.line("first = first || %s;", strings.Join(conds, " || "))
		}
		conds = []string{"first"}
	}
	p.line("h = %s ? %s - t : width;", strings.Join(conds, " || "), goal)
	l.fixedStep()
	if cuts {
		p.line("double end = t_next;")
	}
	if s.Stops > 0 {
		p.line("if (stop) t_next = stops[stop_at];")
	}
	l.events()
	p.line("st.accepted++;")
	p.line("st.h = h;")
	l.record()
	l.dense()
	l.advance()
	p.line("t = t_next;")
	if cuts {
		p.line("pieces = %s;", after)
	}
	lost := []string{"pieces = true;"}
	if cuts && s.Start != nil {
		also := ""
		if s.Stops > 0 {
			also = "!stop && "
		}
		p.line("filled = %s(whole || filled && !first);", also)
		lost = append(lost, "filled = false;")
	}
	p.line("st.time = t;")
	l.happen(append(lost, "if ((end - t) * (t1 - t0) > 0) k--; // the rest of the step")...)
	if s.Stops > 0 {
		p.line("if (stop) {")
		p.line("if ((end - gap - t) * (t1 - t0) > 0) k--; // the rest of the step")
		l.pass()
		p.line("}")
	}
	p.line("}")
}

// goal prints where the next step has to end: before a stop if there is one before end.
func (l *loop) goal(end string) {
	p := l.p
	p.line("while (stop_at < stop_end && (stops[stop_at] - gap - gap - t) * (t1 - t0) <= 0) stop_at++;")
	p.line("bool stop = stop_at < stop_end && (%s + gap - stops[stop_at]) * (t1 - t0) >= 0;", end)
	p.line("double goal = stop ? stops[stop_at] - gap : %s;", end)
}

// pass prints how a solve goes on at the other side of a stop.
func (l *loop) pass() {
	l.p.line("t += gap;")
	l.p.line("stop_at++;")
	l.anew()
}

// fixedStep prints a step of given length.
func (l *loop) fixedStep() {
	p := l.p
	l.step()
	p.line("if (!(%s)) {", l.finite(suffixed(l.x, "_1")))
	p.line("st.fail(NDEC_NON_FINITE, t, h);")
	l.leave()
	p.line("}")
}
