package cudagen

import (
	"fmt"
	"slices"
	"strings"

	"ndec.dev/ndec/ir"
)

// Stops of a solve, layer by layer: every sample has its own, and is at a step of the grid of its own where steps are fixed. A kernel says
// where the next step ends, before a stop if there is one, and the one that decides on it goes over to the other side. The field there, for a
// method that takes it over from the step before, is evaluated for all samples and kept by those that passed a stop.

// cutSteps reports whether steps of s end elsewhere than its grid and control say.
func cutSteps(s *ir.Solve) bool { return s.Stops > 0 || len(s.Events) > 0 }

// rounds is the number of steps that all samples take; 0 where they take as many as they need.
func rounds(s *ir.Solve) int {
	if cutSteps(s) {
		return 0
	}
	return s.Steps
}

// intAddress is that of whole numbers of samples.
func intAddress(names ...string) (out []address) {
	for _, n := range names {
		out = append(out, address{param: "int *" + n + "_at", find: n})
	}
	return out
}

// stopAddresses are those of the stops of samples, and of where they are among them.
func stopAddresses(s *ir.Solve) []address {
	if s.Stops == 0 {
		return nil
	}
	refs := append([]address{{param: "const double *stops_at", find: "stops"}}, intAddress("stop_at", "stop_end")...)
	refs = append(refs, number64("gap")...)
	if s.Adaptive {
		return append(refs, number64("cut")...)
	}
	return refs
}

// gridAddresses are those of where samples are on the grid of a solve of fixed steps that are cut.
func gridAddresses(s *ir.Solve) []address {
	if s.Adaptive || !cutSteps(s) {
		return nil
	}
	return append(intAddress("grid", "pieces"), number64("width")...)
}

// beginStops prints how the stops of a sample begin.
func (p *printer) beginStops(s *ir.Solve) {
	if s.Stops > 0 {
		p.line("int stop_at;")
		p.line("int stop_end;")
		p.line("double gap;")
		p.line("double begin;")
		p.line("ndec_stops(ndec_column<const double>{stops_at + s, n}, %d, t0, t1, stop_at, stop_end, gap, begin);", s.Stops)
		p.line("stop_at_at[s] = stop_at;")
		p.line("stop_end_at[s] = stop_end;")
		p.line("gap_at[s] = gap;")
		p.line("begin_at[s] = begin;")
	}
	if s.Adaptive || !cutSteps(s) {
		return
	}
	p.line("grid_at[s] = pieces_at[s] = 0;")
	p.line("width_at[s] = h_at[s];")
}

// goal prints where the next step of a sample has to end.
func (p *printer) goal(end string) {
	p.line("int stop_at = stop_at_at[s];")
	p.line("int stop_end = stop_end_at[s];")
	p.line("double gap = gap_at[s];")
	p.line("double span = walk.t1 - walk.t0;")
	p.line("while (stop_at < stop_end && (stops_at[stop_at * n + s] - gap - gap - t) * span <= 0) stop_at++;")
	p.line("stop_at_at[s] = stop_at;")
	p.line("walk.stop = stop_at < stop_end && (%s + gap - stops_at[stop_at * n + s]) * span >= 0;", end)
	p.line("double goal = walk.stop ? stops_at[stop_at * n + s] - gap : %s;", end)
}

// aimFixed prints the kernel that says how long the next step of a grid is that is cut.
func (l *layerFunc) aimFixed(e *emitter, s *ir.Solve, open func(what, doc string, rows int, refs []address) *solveKernel) *solveKernel {
	p := e.p
	k := open("aim", "how long the next step of every sample is, or what is left of it", 1,
		slices.Concat([]address{{param: "ndec_walk *walk_at", find: "walk"}}, number64("t", "h"), stopAddresses(s), gridAddresses(s)))
	p.line("if (s >= n || !walk_at[s].on) return;")
	p.line("ndec_walk &walk = walk_at[s];")
	p.line("double t = t_at[s];")
	p.gridEnd(l, s)
	cond, goal := "pieces_at[s]", "t_next"
	if s.Stops > 0 {
		p.goal("t_next")
		cond, goal = "walk.stop || pieces_at[s]", "goal"
	}
	if s.StepSize > 0 {
		cond += " || grid_at[s] == walk.steps - 1"
	}
	p.line("h_at[s] = %s ? %s - t : width_at[s];", cond, goal)
	p.line("}")
	p.line("")
	return k
}

// gridEnd prints the end of the step of the grid that a sample is in.
func (p *printer) gridEnd(l *layerFunc, s *ir.Solve) {
	h := "width_at[s]"
	if s.StepSize > 0 {
		p.line("const ndec_stepping stepping = %s;", l.fn.stepping(s))
		h = "ndec_signed(stepping.step, walk.t1 - walk.t0)"
	}
	p.line("double t_next = grid_at[s] == walk.steps - 1 ? walk.t1 : walk.t0 + (grid_at[s] + 1) * %s;", h)
}

// decideCut prints what becomes of a step of a grid that is cut.
func (e *emitter) decideCut(l *layerFunc, lp *loop, finite string, widest int) {
	p, s := e.p, lp.s
	p.unfinished(s, finite)
	p.gridEnd(l, s)
	p.line("double end = t_next;")
	if s.Stops > 0 {
		p.line("bool stop = walk.stop;")
		p.line("if (stop) t_next = stops_at[stop_at_at[s] * n + s];")
	}
	if len(s.Events) > 0 {
		e.seek(lp, widest)
	}
	p.takeStep(s)
	p.reached(s)
	p.line("t = t_next;")
	p.line("st.time = t;")
	p.beginsAnew(s)
	p.line("pieces_at[s] = walk.stop;")
	p.line("int grid = grid_at[s] + 1;")
	if len(s.Events) > 0 {
		p.line("if (ev.hit && (end - t) * (walk.t1 - walk.t0) > 0) grid--; // the rest of the step")
	}
	if s.Stops > 0 {
		p.line("if (stop) {")
		p.line("if ((end - gap_at[s] - t) * (walk.t1 - walk.t0) > 0) grid--; // the rest of the step")
		p.passStop()
		p.line("}")
	}
	p.line("grid_at[s] = grid;")
	p.line("t_at[s] = t;")
	p.line("walk.take = true;")
	p.line("walk.on = grid < walk.steps && t != walk.t1;")
	if len(s.Events) > 0 {
		p.line("}")
	}
	p.line("}")
}

// reached keeps where a step has ended for the output times in it: samples that pass a stop go on behind it.
func (p *printer) reached(s *ir.Solve) {
	if s.Times > 0 && cutSteps(s) {
		p.line("reached_at[s] = t_next;")
	}
}

// beginsAnew prints whether the next step begins anew: behind events, which come before a stop, or behind a stop.
func (p *printer) beginsAnew(s *ir.Solve) {
	switch {
	case s.Stops > 0 && len(s.Events) > 0:
		p.line("if (ev.hit) stop = false;")
		p.line("walk.stop = ev.hit || stop;")
	case s.Stops > 0:
		p.line("walk.stop = stop;")
	case len(s.Events) > 0:
		p.line("walk.stop = ev.hit;")
	}
}

// passStop prints how a sample goes over to the other side of a stop.
func (p *printer) passStop() {
	p.line("t += gap_at[s];")
	p.line("stop_at_at[s]++;")
}

// begunAddresses are those of which samples begin anew, where the way back has to know it.
func begunAddresses(s *ir.Solve) []address {
	if !s.Record || !s.Rebegins() {
		return nil
	}
	return intAddress("anew")
}

// anew prints the kernel by which samples that begin anew take the field there, and memory of the method.
func (e *emitter) anew(s *ir.Solve, lp *loop, rows int, open func(what, doc string, rows int, refs []address) *solveKernel) *solveKernel {
	p := e.p
	var to, from []operand
	takes, evals := []string(nil), 0
	if s.FSAL {
		to, from = suffixed(lp.plain(lp.x), "_k"), suffixed(lp.plain(lp.x), "_k1")
		takes, evals = append(takes, "the field where they are"), 1
	}
	if s.Rebegins() {
		for i, o := range lp.x {
			if s.States[i].Memory {
				to, from = append(to, o), append(from, suffixed(lp.x, "_1")[i])
			}
		}
		takes, evals = append(takes, "new memory"), evals+s.BeginEvals
	}
	sk := open("anew", "samples that begin anew take "+strings.Join(takes, " and "), rows, slices.Concat([]address{{param: "const ndec_walk *walk_at", find: "walk"}, {param: "ndec_stats *st_at", find: "st"}},
		e.arrayAddresses(slices.Concat(to, from)), begunAddresses(s)))
	p.line("if (s >= n || !walk_at[s].take || !walk_at[s].stop) return;")
	p.eachElement(rows, to, func(i int, at string) string {
		return fmt.Sprintf("%s_at[%s] = %s_at[%s];", to[i].name, at, from[i].name, at)
	})
	if rows > 1 {
		p.line("if (i > 0) return;")
	}
	if evals == 1 {
		p.line("st_at[s].nfe++;")
	} else {
		p.line("st_at[s].nfe += %d;", evals)
	}
	if begunAddresses(s) != nil {
		p.line("anew_at[s] = true;")
	}
	p.line("}")
	p.line("")
	return sk
}
