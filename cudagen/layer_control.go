package cudagen

import (
	"fmt"

	"ndec.dev/ndec/ir"
)

func (e *emitter) decideAdaptive(lp *loop, finite string, widest int) {
	p, s := e.p, lp.s
	p.line("double err = err_at[s];")
	p.line("double factor = factor_at[s];")
	p.line("if (!(%s)) err = nan(\"\"); // an error is nothing beside an infinite state", finite)
	good := "!(err <= 1)"
	if s.MinStep > 0 {
		good += fmt.Sprintf(" && !(ndec_signed(1, walk.t1 - walk.t0) * h <= %s && err - err == 0)", number(s.MinStep, ir.F64))
	}
	p.line("if (%s) { // also a NaN", good)
	p.line("st.rejected++;")
	if s.Compat == "" {
		p.line("walk.rejected = true;")
	}
	p.line("h *= err - err != 0 ? %s : ndec_min(factor, 1.0);", number(s.MinFactor, ir.F64))
	p.fullTape(s)
	p.line("} else {")
	if cutSteps(s) {
		p.line("double t_next = walk.last ? walk.t1 : t + h;")
		if s.Stops > 0 {
			p.line("bool stop = walk.last && walk.stop;")
			p.line("if (stop) t_next = stops_at[stop_at_at[s] * n + s];")
		}
		if len(s.Events) > 0 {
			e.seek(lp, widest)
		}
		p.recordStep(s)
		p.reached(s)
		p.line("t = t_next;")
	} else {
		p.recordStep(s)
		p.line("t = walk.last ? walk.t1 : t + h;")
	}
	p.line("st.accepted++;")
	p.line("st.h = h;")
	p.line("st.time = t;")
	if s.Compat == "" {
		p.line("if (walk.rejected) factor = ndec_min(factor, 1.0);")
		p.line("walk.rejected = false;")
	}
	if s.Ratios() {
		p.line("h_prev_at[s] = h;")
		p.line("ratio_prev_at[s] = ratio_at[s];")
	}
	p.line("err_prev2_at[s] = err_prev_at[s];")
	p.line("err_prev_at[s] = ndec_max(err, 1e-4);")
	p.line("h *= factor;")
	p.beginsAnew(s)
	if len(s.Events) > 0 {
		p.line("if (ev.hit) {")
		p.line("err_prev_at[s] = err_prev2_at[s] = 1;")
		p.forgetRatios(s)
		p.line("}")
	}
	if s.Stops > 0 {
		p.line("if (stop) {")
		p.passStop()
		p.line("err_prev_at[s] = err_prev2_at[s] = 1;")
		p.forgetRatios(s)
		p.line("h = ndec_longer(h, cut_at[s]);")
		p.line("}")
	}
	p.line("walk.take = true;")
	p.line("walk.on = t != walk.t1;")
	p.line("}")
	if len(s.Events) > 0 {
		p.line("}")
	}
	p.line("t_at[s] = t;")
	p.line("h_at[s] = h;")
	p.line("err_at[s] = err;")
}

// ratioAddresses are those of the lengths of steps over those before, for controllers that look at them.
func ratioAddresses(s *ir.Solve) []address {
	if !s.Ratios() {
		return nil
	}
	return number64("ratio", "ratio_prev", "h_prev")
}

// forgetRatios prints that a controller knows of no steps before.
func (p *printer) forgetRatios(s *ir.Solve) {
	if s.Ratios() {
		p.line("ratio_at[s] = ratio_prev_at[s] = 1;")
		p.line("h_prev_at[s] = 0;")
	}
}
