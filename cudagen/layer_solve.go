package cudagen

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/ir"
)

// The loop of a solve over a batch is that of the launcher: kernels here begin it, say how long the next step of every sample is,
// decide on the step, and advance those that took it. t, h and what is decided are those of each sample; a sample that has ended
// goes on with the others and does not count.

// solveKernels are the kernels around the functions of a solve, by what they do.
type solveKernels struct {
	loop                                     *loop
	begin, length, aim, decide, advance, end *solveKernel
	outputs, rest                            *solveKernel    // along times
	jumps                                    []*solveKernel  // of events, nil where one does nothing
	settle                                   *solveKernel    // behind events
	anew                                     *solveKernel    // behind stops and events
	meet                                     *meetingKernels // of samples that take steps of one length
}

// loopKey tells kernels of the same solve apart: those of models are given their steppings, and gradients leave samples that fail out.
type loopKey struct {
	s        *ir.Solve
	stepping string
	slot     int
	counts   bool
}

func (l *layerFunc) loopKey(v *ir.Value) loopKey {
	s := v.Attr.Solve
	return loopKey{s, l.fn.stepping(s), l.fn.f.Slots[v], l.fn.f.Needs.Accum}
}

// solveKernel is a kernel with the names of what its addresses belong to.
type solveKernel struct {
	name   string
	rows   int
	refs   []string
	single bool // one block goes over the batch
}

// layerSolves reports whether the loop of s can be one over a batch.
func (e *emitter) layerSolves(s *ir.Solve) bool {
	if s.Stretches || s.Start != nil || s.PerSample || s.Passes() {
		return false
	}
	arrays := 8*len(s.States) + len(s.Extras) // of the kernels around steps
	if s.Times > 0 || len(s.Events) > 0 {
		arrays += len(s.Dense.Args)
	}
	if arrays > mostArguments {
		return false
	}
	fs := []*ir.Func{s.Field, s.Step}
	if s.Times > 0 && !e.spreads(s.Dense) || !e.layerEvents(s) {
		return false
	}
	if denseSteps(s) {
		fs[1] = s.DenseStep
	}
	if s.Rebegins() {
		fs = append(fs, s.Begin)
	}
	if s.Adaptive {
		fs = append(fs, s.Norm, s.Control)
		if s.FirstStep == 0 {
			fs = append(fs, s.Before()...)
		}
	}
	return !slices.ContainsFunc(fs, func(f *ir.Func) bool { return e.layersOf(e.plan.Of(f), false) == nil })
}

// walkBytes is the size of ndec_walk, statsBytes that of ndec_stats, keyBytes that of the key of draws.
const (
	keyBytes   = 8 * ir.KeyWords
	walkBytes  = 48
	statsBytes = 40
)

// layerSolve prints the kernels of the solve v of l.
func (e *emitter) layerSolve(l *layerFunc, v *ir.Value) {
	s, p := v.Attr.Solve, e.p
	key := l.loopKey(v)
	if e.layerLoops[key] != nil {
		return
	}
	lp := e.newLoop(s)
	k := &solveKernels{loop: lp}
	again := false
	for other := range e.layerLoops {
		again = again || other.s == s
	}
	e.layerLoops[key] = k
	for _, f := range solveFuncs(s) {
		if f != nil && f != s.Dense && f != s.Guard {
			e.layerKernels(e.layerFuncs[f])
		}
	}
	if len(s.Guards()) > 0 {
		e.guardFunction(s)
	}
	plain := lp.plain(lp.x)
	widest := 1
	for _, o := range lp.x {
		widest = max(widest, o.t.Len())
	}
	open := func(what, doc string, rows int, refs []address) *solveKernel {
		name := e.solves[s] + "_" + what
		if again {
			name = e.global.pick(name)
		}
		return e.openKernel(name, doc, rows, refs)
	}
	arrays := e.arrayAddresses
	control := []address{{param: "ndec_walk *walk_at", find: "walk"}, {param: "ndec_stats *st_at", find: "st"}}
	find := func() {
		p.line("ndec_walk &walk = walk_at[s];")
		p.line("ndec_stats &st = st_at[s];")
	}
	stepping := func() { p.line("const ndec_stepping stepping = %s;", l.fn.stepping(s)) }
	each := func(to, from []operand) {
		p.eachElement(widest, to, func(i int, at string) string {
			return fmt.Sprintf("%s_at[%s] = %s_at[%s];", to[i].name, at, from[i].name, at)
		})
	}

	// begin
	end := "t1"
	if s.Times > 0 {
		end = "ts"
	}
	refs := append(append(slices.Clone(control), number64("t0", end, "t", "h")...), append(arrays(suffixed(lp.x, "_start")), arrays(lp.x)...)...)
	if s.Adaptive {
		refs = append(refs, number64("span", "rtol", "atol", "err", "err_prev", "err_prev2")...)
		refs = append(refs, ratioAddresses(s)...)
	}
	if s.Times > 0 {
		refs = append(refs, nextAddress("next"))
	}
	if refs = slices.Concat(refs, stopAddresses(s), gridAddresses(s)); s.Stops > 0 {
		refs = append(refs, number64("begin")...)
	}
	if refs = append(refs, eventAddresses(s)...); len(s.Events) > 0 {
		refs = append(refs, e.guardAddresses(lp)...)
		if s.Record {
			refs = append(refs, intAddress("fired")...)
		}
	}
	refs = append(refs, begunAddresses(s)...)
	k.begin = open("begin", fmt.Sprintf("system %s with %s (%s) begins, for all samples", s.System, s.Method, clean(s.Span.String())), widest, refs)
	p.line("if (s >= n) return;")
	each(lp.x, suffixed(lp.x, "_start"))
	if widest > 1 {
		p.line("if (i > 0) return;")
	}
	find()
	stepping()
	p.line("double t0 = t0_at[s];")
	if s.Times > 0 {
		p.line("ndec_column<const double> ts = {ts_at + s, n};")
		p.line("double t1 = ts[%d];", s.Times-1)
		p.line("st.start(t0);")
		p.line("next_at[s] = 0;")
		p.line("if (!ndec_in_order(t0, ts, %d)) {", s.Times)
		p.line("st.fail(NDEC_BAD_TIMES, t0, 0);")
		p.line("t1 = t0;")
		p.line("}")
	} else {
		p.line("double t1 = t1_at[s];")
		p.line("st.start(t0);")
	}
	p.line("walk.t0 = t0, walk.t1 = t1, walk.on = t0 != t1, walk.take = walk.rejected = walk.last = walk.stop = walk.steps = 0;")
	if s.BeginEvals > 0 {
		p.line("st.nfe = %d;", s.BeginEvals)
	}
	if evals := e.firstEvals(s); evals > 0 {
		p.line("if (walk.on) st.nfe += %d;", evals)
	}
	p.line("t_at[s] = t0;")
	if s.Adaptive {
		p.line("span_at[s] = t1 - t0;")
		p.line("rtol_at[s] = stepping.rtol;")
		p.line("atol_at[s] = stepping.atol;")
		p.line("err_at[s] = err_prev_at[s] = err_prev2_at[s] = 1;")
		p.forgetRatios(s)
		if s.FirstStep > 0 {
			p.line("h_at[s] = ndec_signed(%s, t1 - t0);", number(s.FirstStep, ir.F64))
		} else {
			p.line("h_at[s] = 0;")
		}
	} else if s.Steps > 0 {
		p.line("walk.steps = (int)stepping.steps;")
		p.line("h_at[s] = (t1 - t0) / walk.steps;")
	} else {
		p.line("double h;")
		p.line("walk.steps = ndec_fixed_steps(t0, t1, stepping.step, h);")
		p.line("if (walk.steps == 0) st.fail(NDEC_MAX_STEPS, t0, h), walk.on = false;")
		p.line("h_at[s] = walk.steps == 1 ? t1 - t0 : h;")
	}
	p.beginStops(s)
	e.beginEvents(lp)
	if begunAddresses(s) != nil {
		p.line("anew_at[s] = false;")
	}
	p.line("}")
	p.line("")

	if s.Adaptive {
		if s.FirstStep == 0 {
			k.length = open("length", "the first step of every sample", 1, number64("span", "length", "h"))
			p.line("if (s >= n) return;")
			p.line("double dir = ndec_signed(1, span_at[s]);")
			if s.Compat == "" {
				p.line("h_at[s] = dir * ndec_min(length_at[s], dir * span_at[s]);")
			} else {
				p.line("h_at[s] = dir * length_at[s];")
			}
			p.line("}")
			p.line("")
		}
		k.aim = open("aim", "where the next step of every sample ends", 1, slices.Concat(control, number64("t", "h", "err"), stopAddresses(s), ratioAddresses(s)))
		p.line("if (s >= n || !walk_at[s].on) return;")
		find()
		stepping()
		p.line("double t = t_at[s];")
		p.line("double h = h_at[s];")
		p.line("double t1 = walk.t1;")
		p.line("double dir = ndec_signed(1, t1 - walk.t0);")
		if s.MaxStep > 0 {
			p.line("h = dir * ndec_min(dir * h, %s);", number(s.MaxStep, ir.F64))
		}
		if s.MinStep > 0 {
			p.line("h = dir * ndec_max(dir * h, %s);", number(s.MinStep, ir.F64))
		}
		goal := "t1"
		if s.Stops > 0 {
			p.goal("t1")
			p.line("cut_at[s] = h;")
			goal = "goal"
		}
		p.line("bool last = (t + %s - %s) * dir >= 0;", lastReach(s), goal)
		p.line("if (last) h = %s - t;", goal)
		p.line("walk.last = last;")
		p.line("h_at[s] = h;")
		if s.Ratios() {
			p.line("if (h_prev_at[s] != 0) ratio_at[s] = h / h_prev_at[s];")
		}
		p.line("if (st.accepted + st.rejected == stepping.max_steps) {")
		p.line("st.fail(NDEC_MAX_STEPS, t, h);")
		p.line("walk.on = false;")
		p.line("} else if (!(last || ndec_long_enough(h, t, t1))) { // a NaN step is not")
		p.line("st.fail(ndec_too_small(err_at[s], h), t, h);")
		p.line("walk.on = false;")
		p.line("}")
		p.line("}")
		p.line("")
	} else if cutSteps(s) {
		k.aim = l.aimFixed(e, s, open)
	}

	if len(s.Events) > 0 {
		e.spread(s.Dense)
	}
	refs = append(append(slices.Clone(control), number64("t", "h")...), arrays(suffixed(lp.x, "_1"))...)
	if s.Adaptive {
		refs = append(refs, number64("err", "err_prev", "err_prev2", "factor")...)
		refs = append(refs, ratioAddresses(s)...)
	}
	if s.Record {
		refs = append(refs, number64("t_tape", "h_tape")...)
	}
	if s.Times > 0 {
		refs = append(refs, number64("from", "taken")...)
		if cutSteps(s) {
			refs = append(refs, number64("reached")...)
		}
	}
	refs = slices.Concat(refs, stopAddresses(s), gridAddresses(s), e.seekAddresses(lp), begunAddresses(s))
	if begunAddresses(s) != nil {
		refs = append(refs, intAddress("begun_tape")...)
	}
	if len(s.Events) == 0 { // else it is settled later
		refs = append(refs, address{param: "unsigned *running_at", find: "running"})
	}
	k.decide = open("decide", "what becomes of the step of every sample, and who goes on", 1, refs)
	if len(s.Events) == 0 {
		p.line("bool on = false;")
	}
	p.line("if (s < n) walk_at[s].take = false;")
	p.line("if (s < n && walk_at[s].on) {")
	find()
	p.line("double t = t_at[s];")
	p.line("double h = h_at[s];")
	evals := s.StepEvals
	if denseSteps(s) {
		evals += s.DenseEvals
	}
	p.line("st.nfe += %d;", evals)
	finite := e.columnsFinite(suffixed(lp.x, "_1"))
	switch {
	case s.Adaptive:
		e.decideAdaptive(lp, finite, widest)
	case cutSteps(s):
		e.decideCut(l, lp, finite, widest)
	default:
		e.decideFixed(l, s, finite)
	}
	if len(s.Events) == 0 {
		p.line("on = walk.on;")
	}
	p.line("}")
	if len(s.Events) == 0 {
		p.line("ndec_layer_running(running_at, n, s, on);")
	}
	p.line("}")
	p.line("")

	to, from := slices.Clone(lp.x), suffixed(lp.x, "_1")
	if s.FSAL {
		to, from = append(to, suffixed(plain, "_k")...), append(from, suffixed(plain, "_k1")...)
	}
	refs = append(slices.Clone(control[:1]), append(arrays(to), arrays(from)...)...)
	tape := suffixed(lp.x, "_tape")
	if s.Times > 0 {
		k.outputs, k.rest = e.layerOutputs(s, lp, open, widest)
		refs = append(refs, nextAddress("next"), nextAddress("passed"))
	}
	if s.Record {
		refs = append(append(refs, control[1]), arrays(tape)...)
	}
	ends, before := suffixed(lp.x, "_cut"), suffixed(plain, "_before")
	if len(s.Events) > 0 {
		refs = slices.Concat(refs, number64("part"), arrays(ends))
	}
	if s.Resets() {
		refs = append(refs, arrays(before)...)
	}
	k.advance = open("advance", "samples that took the step are at its end", widest, refs)
	p.line("if (s >= n || !walk_at[s].take) return;")
	if s.Record {
		p.line("long long step = st_at[s].accepted - 1;")
		p.eachElement(widest, tape, func(i int, at string) string {
			return fmt.Sprintf("%s_at[%s] = %s_at[%s];", tape[i].name, tapeRow(tape[i].t, at), lp.x[i].name, at)
		})
	}
	if len(s.Events) > 0 {
		p.line("bool cut = part_at[s] < 1;")
		p.eachElement(widest, lp.x, func(i int, at string) string {
			return fmt.Sprintf("%s_at[%s] = cut ? %s_at[%s] : %s_at[%s];", to[i].name, at, ends[i].name, at, from[i].name, at)
		})
		if s.Resets() {
			each(before, plain)
		}
		to, from = to[len(lp.x):], from[len(lp.x):]
	}
	each(to, from)
	switch {
	case s.Times > 0 && widest > 1:
		p.line("if (i == 0) next_at[s] = passed_at[s];")
	case s.Times > 0:
		p.line("next_at[s] = passed_at[s];")
	}
	p.line("}")
	p.line("")
	if len(s.Events) > 0 {
		for i := range s.Events {
			k.jumps = append(k.jumps, e.jump(lp, i, widest, open))
		}
		k.settle = e.settle(lp, open)
	}
	if cutSteps(s) && (s.FSAL || s.Rebegins()) {
		k.anew = e.anew(s, lp, widest, open)
	}

	if s.StepGroup != "" {
		k.meet = e.meetings(lp, open)
	}
	if key.counts {
		k.end = open("end", "samples whose solve has failed have no part in a gradient", 1, append(slices.Clone(control[1:]), address{param: "int *counts_at", find: "counts"}))
		p.line("if (s < n && st_at[s].failed()) counts_at[s] = false;")
		p.line("}")
		p.line("")
	}
}

// tapeRow is where an element of a sample lies on the tape, in the row of a step.
func tapeRow(t ir.Type, at string) string {
	if t.Len() == 1 {
		return "step * n + s"
	}
	return fmt.Sprintf("step * n * %d + %s", t.Len(), at)
}

// openKernel prints the head of a kernel around functions, with so many rows of threads; 0 is one block, whose threads share out the samples.
func (e *emitter) openKernel(name, doc string, rows int, refs []address) *solveKernel {
	sk := &solveKernel{name: name, rows: rows}
	var params []string
	for _, r := range refs {
		sk.refs = append(sk.refs, r.find)
		params = append(params, r.param)
	}
	e.layerHead(name, doc, params, false)
	switch {
	case rows > 1:
		e.p.line("ndec_at at(n);")
		e.p.line("int i = at.row, s = at.s;")
	case rows == 1:
		e.p.line("ndec_at at(n);")
		e.p.line("int s = at.s;")
	}
	return sk
}

// number64 are the addresses of numbers of samples.
func number64(names ...string) (out []address) {
	for _, n := range names {
		out = append(out, address{param: "double *" + n + "_at", find: n})
	}
	return out
}

// arrayAddresses are those of operands.
func (e *emitter) arrayAddresses(os []operand) (out []address) {
	for _, o := range os {
		out = append(out, address{param: fmt.Sprintf("%s *%s_at", e.elem(o.t.Elem), o.name), find: o.name})
	}
	return out
}

// eachElement prints a statement for the element of each operand that a thread has, of so many rows of threads.
func (p *printer) eachElement(rows int, os []operand, set func(i int, at string) string) {
	for i, o := range os {
		at := "i * n + s"
		if rows == 1 {
			at = "s"
		}
		line := set(i, at)
		if o.t.Len() < rows {
			line = fmt.Sprintf("if (i < %d) %s", o.t.Len(), line)
		}
		p.line("%s", line)
	}
}

// recordStep prints how the start and length of a step that is accepted go on the tape, and to output times; the states follow when samples
// advance.
func (p *printer) recordStep(s *ir.Solve) {
	if s.Record {
		p.line("t_tape_at[(long long)st.accepted * n + s] = t;")
		p.line("h_tape_at[(long long)st.accepted * n + s] = h;")
	}
	if begunAddresses(s) != nil {
		p.line("begun_tape_at[(long long)st.accepted * n + s] = anew_at[s];")
		p.line("anew_at[s] = false;")
	}
	if s.Times > 0 {
		p.line("from_at[s] = t;")
		p.line("taken_at[s] = h;")
	}
}

// fullTape prints the end of samples whose tape has no room for the step.
func (p *printer) fullTape(s *ir.Solve) {
	if s.Record {
		p.line("} else if (st.accepted == room) {")
		p.line("st.fail(NDEC_TAPE_FULL, t, h);")
		p.line("walk.on = false;")
	}
}

// firstEvals are the evaluations before the first step.
func (e *emitter) firstEvals(s *ir.Solve) (n int) {
	if fieldFirst(s) {
		n++
	}
	if s.Adaptive && s.FirstStep == 0 {
		n += s.FirstEvals
	}
	return n
}

// unfinished prints that a step whose states are not finite ends the solve, or one that has no room on the tape, and leaves the branch of others open.
func (p *printer) unfinished(s *ir.Solve, finite string) {
	p.line("if (!(%s)) {", finite)
	p.line("st.fail(NDEC_NON_FINITE, t, h);")
	p.line("walk.on = false;")
	p.fullTape(s)
	p.line("} else {")
}

// takeStep prints what accepted steps begin with.
func (p *printer) takeStep(s *ir.Solve) {
	p.recordStep(s)
	p.line("st.accepted++;")
	p.line("st.h = h;")
}

func (e *emitter) decideFixed(l *layerFunc, s *ir.Solve, finite string) {
	p := e.p
	p.unfinished(s, finite)
	p.takeStep(s)
	width := "h"
	if s.StepSize > 0 {
		p.line("const ndec_stepping stepping = %s;", l.fn.stepping(s))
		width = "ndec_signed(stepping.step, walk.t1 - walk.t0)"
	}
	p.line("t = st.accepted == walk.steps ? walk.t1 : walk.t0 + st.accepted * %s;", width)
	if s.StepSize > 0 {
		p.line("h_at[s] = st.accepted == walk.steps - 1 ? walk.t1 - t : h;")
	}
	p.line("t_at[s] = t;")
	p.line("st.time = t;")
	p.line("walk.take = true;")
	p.line("walk.on = st.accepted < walk.steps && t != walk.t1;")
	p.line("}")
}
