package cudagen

import (
	"fmt"

	"ndec.dev/ndec/ir"
)

// Solves that keep stretches (ir.Solve.Stretches): the way back solves over each from its end to its start, by as many solves as a sample has
// stretches between events and output times.

// endStretch prints how a stretch ends at time t with the states os; whoever is in a loop over steps leaves it where that has failed.
func (l *loop) endStretch(t string, os []operand) {
	p := l.p
	args := fmt.Sprintf("%s%s, tape.since - %s", l.e.teamArg(), t, t)
	for _, o := range os {
		args += ", " + o.name
	}
	p.line("if (!tape.push(%s)) st.fail(NDEC_TAPE_FULL, %s, 0);", args, t)
	p.line("tape.since = %s;", t)
}

// backThroughStretch prints how cotangents go back over stretch k, and how the sweep ends where a solve of it has failed.
func (l *loop) backThroughStretch(r *ir.Rev, bar, out []operand) {
	e, p := l.e, l.p
	lead := []string{"t", "h"}
	if l.s.TakesStops() {
		lead = append(lead, "stops")
	}
	call := e.apply(r.StepVJP, append(lead, names(l.x, l.c, bar)...), out)
	n := e.plan.Of(r.StepVJP).Needs.Stats
	if n == 0 {
		p.line("%s", call)
		return
	}
	p.line("ndec_stats run[%d];", n)
	p.line("for (int i = 0; i < %d; i++) run[i].start(t);", n)
	p.line("%s, run);", call[:len(call)-len(");")])
	p.line("for (int i = 0; i < %d; i++) st[i].join(run[i], k + 1);", n)
	p.line("if (ndec_failed<%d>(run)) return;", n)
}

// stretched reports whether f reaches a solve that keeps stretches.
func (e *emitter) stretched(f *ir.Func) bool {
	found := false
	visitSolves(f, map[*ir.Func]bool{}, func(s *ir.Solve) { found = found || s.Stretches })
	return found
}
