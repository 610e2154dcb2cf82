package cudagen

import "ndec.dev/ndec/ir"

func (l *loop) adaptive() {
	p, s, e := l.p, l.s, l.e
	x := l.plain(l.x)
	k, xe := suffixed(x, "_k"), suffixed(x, "_err")
	p.line("double rtol = by.rtol;")
	p.line("double atol = by.atol;")
	p.line("double dir = ndec_signed(1, t1 - t0);")
	l.declare(suffixed(l.x, "_1"))
	l.declare(xe)
	if fieldFirst(s) {
		l.declare(k)
	}
	if s.FSAL {
		l.declare(suffixed(x, "_k1"))
	}
	l.declare(l.d)
	p.line("double t = t0;")
	p.line("double h = 0;")
	l.begins(func() {
		if fieldFirst(s) {
			l.first()
		}
		if s.FirstStep > 0 {
			p.line("h = dir * %s;", number(s.FirstStep, ir.F64))
			return
		}
		in := append([]string{"t0", "t1 - t0", "rtol", "atol"}, append(names(x, k), names(l.c)...)...)
		p.line("%s", e.apply(s.First, in, []operand{{"h", ir.Scalar(ir.F64)}}))
		if s.FirstEvals > 0 && e.tile {
			p.line("if (t != t1) st.nfe += %d;", s.FirstEvals)
		} else if s.FirstEvals > 0 {
			p.line("st.nfe += %d;", s.FirstEvals)
		}
		if s.Compat == "" {
			p.line("h = dir * ndec_min(h, dir * (t1 - t0));")
		} else {
			p.line("h *= dir;")
		}
	})
	p.line("double err = 1;")
	p.line("double err_prev = 1;")
	p.line("double err_prev2 = 1;")
	if s.Compat == "" {
		p.line("bool rejected = false;")
	}
	known := []string{"err", "err_prev", "err_prev2"}
	forget := []string{"err_prev = err_prev2 = 1;"}
	if s.Ratios() {
		p.line("double ratio = 1; // of the lengths of the last steps")
		p.line("double ratio_prev = 1;")
		p.line("double h_prev = 0;")
		known = append(known, "ratio", "ratio_prev")
		forget = append(forget, "ratio = ratio_prev = 1;", "h_prev = 0;")
	}
	l.lanes()
	p.line("#pragma unroll 1")
	p.line("while (%s) {", l.going("t != t1"))
	if s.MaxStep > 0 {
		p.line("h = dir * ndec_min(dir * h, %s);", number(s.MaxStep, ir.F64))
	}
	if s.MinStep > 0 {
		p.line("h = dir * ndec_max(dir * h, %s);", number(s.MinStep, ir.F64))
	}
	goal := "t1"
	if s.Stops > 0 {
		l.goal("t1")
		goal = "goal"
		p.line("double cut = h;")
	}
	enough := "last || "
	if s.Passes() { // no step is a last one
		enough = ""
	} else {
		p.line("bool last = (t + %s - %s) * dir >= 0;", lastReach(s), goal)
		p.line("if (last) h = %s - t;", goal)
	}
	p.line("if (%s) {", l.goes("st.accepted + st.rejected == by.max_steps"))
	p.line("st.fail(NDEC_MAX_STEPS, t, h);")
	l.stop()
	p.line("}")
	p.line("if (%s) { // a NaN step is not", l.goes("!("+enough+"ndec_long_enough(h, t, t1))"))
	p.line("st.fail(ndec_too_small(err, h), t, h);")
	l.stop()
	p.line("}")
	l.step()
	if s.Ratios() {
		p.line("if (h_prev != 0) ratio = h / h_prev;")
	}
	p.line("%s", e.apply(s.Norm, append([]string{"rtol", "atol"}, names(x, suffixed(x, "_1"), xe)...), []operand{{"err", ir.Scalar(ir.F64)}}))
	p.line("if (!(%s)) err = nan(\"\"); // an error is nothing beside an infinite state", l.finite(suffixed(l.x, "_1")))
	control := e.apply(s.Control, known, []operand{{"factor", ir.Scalar(ir.F64)}})
	p.line("double factor;")
	if s.MinStep > 0 {
		p.line("if (!(err <= 1) && !(dir * h <= %s && err - err == 0)) { // also a NaN", number(s.MinStep, ir.F64))
	} else {
		p.line("if (!(err <= 1)) { // also a NaN")
	}
	p.line("st.rejected++;")
	if s.Compat == "" {
		p.line("rejected = true;")
	}
	p.line("if (err - err != 0) {")
	p.line("h *= %s;", number(s.MinFactor, ir.F64))
	p.line("continue;")
	p.line("}")
	p.line("%s", control)
	p.line("h *= ndec_min(factor, 1.0);")
	p.line("continue;")
	p.line("}")
	if s.Passes() {
		p.line("double t_next = t + h;")
	} else {
		p.line("double t_next = last ? t1 : t + h;")
	}
	if s.Stops > 0 {
		p.line("if (last && stop) t_next = stops[stop_at];")
	}
	l.events()
	p.line("st.accepted++;")
	p.line("st.h = h;")
	l.record()
	l.dense()
	p.line("%s", control)
	if s.Compat == "" {
		p.line("if (rejected) factor = ndec_min(factor, 1.0);")
		p.line("rejected = false;")
	}
	if s.Ratios() {
		p.line("h_prev = h;")
		p.line("ratio_prev = ratio;")
	}
	p.line("err_prev2 = err_prev;")
	p.line("err_prev = ndec_max(err, 1e-4);")
	p.line("h *= factor;")
	l.advance()
	p.line("t = t_next;")
	p.line("st.time = t;")
	l.happen(forget...)
	if s.Stops > 0 {
		p.line("if (last && stop) {")
		l.pass()
		for _, line := range forget {
			p.line("%s", line)
		}
		p.line("h = ndec_longer(h, cut);")
		p.line("}")
	}
	p.line("}")
}

// lastReach is how far ahead the end of a solve may be of its last step.
func lastReach(s *ir.Solve) string {
	if s.Compat == "" {
		return "1.01 * h"
	}
	return "h"
}
