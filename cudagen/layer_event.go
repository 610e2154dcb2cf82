package cudagen

import (
	"fmt"
	"slices"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Events of a solve, layer by layer. The kernel that decides on a step looks for events in it, a thread a sample, by the search that all
// forms have: guards see dense output element by element, made where they read it. Samples that are at events come through the kernels of
// resets as all do, and a kernel takes what an event has set for those at which it fires. One more settles how they go on: whether the
// solve has ended there, and the guards behind the events.

// eventsBytes is the size of ndec_events with so many events.
func eventsBytes(n int) int { return 192 + 80*n }

// guardsFit reports whether the guards of s can be seen by a thread a sample: they hold no long array and run nothing else.
func (e *emitter) guardsFit(s *ir.Solve) bool {
	if len(s.Guards()) == 0 {
		return true
	}
	f := e.plan.Of(s.Guard)
	for _, v := range f.IR.Values {
		switch v.Op {
		case ir.OpCall, ir.OpSolve, ir.OpRev, ir.OpMap, ir.OpScan:
			return false
		}
		switch f.Places[v].Kind {
		case plan.Local, plan.Work:
			if v.Type.Len() > smallLen {
				return false
			}
		}
	}
	return true
}

// layerEvents reports whether the events of s can happen layer by layer.
func (e *emitter) layerEvents(s *ir.Solve) bool {
	if len(s.Events) == 0 {
		return true
	}
	fits := e.spreads(s.Dense) && e.guardsFit(s)
	for _, ev := range s.Events {
		fits = fits && (ev.Reset == nil || e.layersOf(e.plan.Of(ev.Reset), false) != nil)
	}
	return fits
}

// guardFunction prints the guards of s as a device function of a sample, whose arrays lie anywhere, and gives its name.
func (e *emitter) guardFunction(s *ir.Solve) string {
	f := s.Guard
	if name, ok := e.guardFuncs[f]; ok {
		return name
	}
	p, fn := e.p, e.newFunction(e.plan.Of(f))
	name := e.global.pick(e.funcs[f] + "_of")
	e.guardFuncs[f] = name
	params := e.common(fn.f.Needs, false, true)
	var any []string
	for _, a := range f.Args {
		if a.Type.IsScalar() {
			params = append(params, e.in(a.Type, fn.name[a]))
			continue
		}
		any = append(any, fmt.Sprintf("C%d", len(any)))
		params = append(params, any[len(any)-1]+" "+fn.name[a])
	}
	for i, r := range f.Results {
		params = append(params, e.out(r.Type, fn.res[i]))
	}
	p.line("// %s is %s of a sample, whose arrays lie anywhere.", name, clean(f.Name))
	p.line("%sNDEC_D void %s(%s) {", e.templates(any...), name, strings.Join(params, ", "))
	for _, n := range fn.f.Nests {
		fn.nest(n)
	}
	for i, r := range f.Results {
		p.line("%s = %s;", fn.res[i], bare(fn.elem(r, at(0))))
	}
	p.line("}")
	p.line("")
	return name
}

// eventAddresses are those of the events of samples.
func eventAddresses(s *ir.Solve) []address {
	if len(s.Events) == 0 {
		return nil
	}
	return []address{{param: fmt.Sprintf("ndec_events<%d> *ev_at", len(s.Events)), find: "ev"}}
}

// guardAddresses are those of what guards see beside the states.
func (e *emitter) guardAddresses(lp *loop) []address {
	if len(lp.s.Guards()) == 0 {
		return nil
	}
	var out []address
	for _, o := range lp.c {
		out = append(out, address{param: fmt.Sprintf("const %s *%s_at", e.elem(o.t.Elem), o.name), find: o.name})
	}
	return out
}

// guards prints the guards of ev at a time, for these expressions of the plain states.
func (e *emitter) layerGuards(lp *loop, t string, states []string) {
	s := lp.s
	if len(s.Guards()) == 0 {
		return
	}
	n := e.plan.Of(s.Guard).Needs
	if n.Params {
		e.p.line("const Params &w = *ndec_params;")
	}
	if n.Prepared {
		e.p.line("const Prepared &pre = *ndec_prepared;")
	}
	args := append(append(e.common(n, false, false), t), states...)
	for _, o := range lp.c {
		args = append(args, e.ofSample(o, "const "))
	}
	for _, i := range s.Guards() {
		args = append(args, fmt.Sprintf("ev.e[%d].g", i))
	}
	e.p.line("%s(%s);", e.guardFuncs[s.Guard], strings.Join(args, ", "))
}

// ofSample is the expression of an operand of a sample, as a function of numbers and columns takes it.
func (e *emitter) ofSample(o operand, c string) string {
	if o.t.IsScalar() {
		return o.name + "_at[s]"
	}
	return fmt.Sprintf("ndec_column<%s%s>{%s_at + s, n}", c, e.elem(o.t.Elem), o.name)
}

func (e *emitter) ofSamples(os []operand) (out []string) {
	for _, o := range os {
		out = append(out, e.ofSample(o, "const "))
	}
	return out
}

// beginEvents prints the end of the kernel that begins a solve.
func (e *emitter) beginEvents(lp *loop) {
	p, s := e.p, lp.s
	if len(s.Events) == 0 {
		return
	}
	p.line(`static_assert(sizeof(ndec_events<%d>) == %d, "the launcher gives so many bytes");`, len(s.Events), eventsBytes(len(s.Events)))
	p.line("ndec_events<%d> ev(%s, %d);", len(s.Events), number(s.EventTol, ir.F64), s.EventMax)
	for i, ev := range s.Events {
		p.line("ev.kind(%d, %s, %s);", i, eventKinds[ev.Kind], number(ev.Every, ir.F64))
	}
	e.layerGuards(lp, "t0", e.ofSamples(suffixed(lp.plain(lp.x), "_start")))
	p.line("ev.start(t0, t1);")
	p.line("ev_at[s] = ev;")
	p.line("walk.hit = false;")
	if s.Record {
		p.line("fired_at[s] = 0;")
	}
}

// seekAddresses are those of the search for events in a step, beside the events.
func (e *emitter) seekAddresses(lp *loop) []address {
	s := lp.s
	if len(s.Events) == 0 {
		return nil
	}
	refs := slices.Concat(eventAddresses(s), number64("part"), e.guardAddresses(lp), e.arrayAddresses(slices.Concat(lp.x, lp.d, suffixed(lp.x, "_cut"))))
	if s.Record {
		refs = append(refs, number64("part_tape")...)
	}
	return refs
}

// denseArgs are the arguments of dense output of element i at a place in the step.
func (e *emitter) denseArgs(lp *loop, i, theta string) []string {
	return append([]string{i, theta, "h"}, e.ofSamples(slices.Concat(lp.x, suffixed(lp.x, "_1"), lp.d))...)
}

// seek prints the search for events in the step from t to t_next, and how a solve ends in it: where events come too fast, or where dense output
// is no number. It leaves the branch of other samples open.
func (e *emitter) seek(lp *loop, widest int) {
	p, s := e.p, lp.s
	dense := e.spread(s.Dense)
	n := len(s.Events)
	p.line("ndec_events<%d> ev = ev_at[s];", n)
	p.line("#pragma unroll 1")
	p.line("for (ev.step(t, h, t_next); ev.next();) {")
	if len(s.Guards()) > 0 {
		e.layerGuards(lp, "ev.time", e.seen(lp, dense))
	}
	p.line("}")
	p.line("ev_at[s] = ev;")
	p.line("bool cut = ev.hit && ev.end < 1;")
	p.line("if (cut) {")
	args := e.denseArgs(lp, "i", "ev.end")
	for _, o := range suffixed(lp.x, "_cut") {
		args = append(args, fmt.Sprintf("{%s_at + s, n}", o.name))
	}
	p.line("#pragma unroll 1")
	p.line("for (int i = 0; i < %d; i++) %s(%s);", widest, dense, strings.Join(args, ", "))
	p.line("}")
	p.line("if (ev.endless()) {")
	p.line("st.fail(NDEC_MAX_EVENTS, t, h);")
	p.line("walk.on = false;")
	p.line("} else if (cut && !(%s)) { // between finite ends, a polynomial of numbers near the largest", e.columnsFinite(suffixed(lp.x, "_cut")))
	p.line("st.accepted++;")
	p.line("st.fail(NDEC_NON_FINITE, t, h);")
	p.line("walk.on = false;")
	p.line("} else {")
	p.line("if (ev.hit) t_next = ev.time;")
	p.line("part_at[s] = ev.part();")
	p.line("walk.hit = ev.hit;")
	if s.Record {
		p.line("part_tape_at[(long long)st.accepted * n + s] = ev.part();")
	}
}

// columnsFinite is a test of arrays of a sample.
func (e *emitter) columnsFinite(os []operand) string {
	var terms []string
	for _, o := range os {
		terms = append(terms, fmt.Sprintf("ndec_layer_finite(ndec_column<%s>{%s_at + s, n}, %d)", e.elem(o.t.Elem), o.name, o.t.Len()))
	}
	return strings.Join(terms, " && ")
}

// seen prints the states at the place where the search looks, and gives their expressions.
func (e *emitter) seen(lp *loop, dense string) (out []string) {
	p := e.p
	for _, k := range lp.s.Plain() {
		o := lp.x[k]
		t := e.elem(o.t.Elem)
		body := func(i, end string) {
			args := e.denseArgs(lp, i, "ev.at")
			others := map[string]bool{}
			for j, x := range lp.x {
				to := "x"
				if j != k {
					to = "other_" + e.elem(x.t.Elem)
					if !others[to] {
						p.line("%s %s;", e.elem(x.t.Elem), to)
					}
					others[to] = true
				}
				args = append(args, fmt.Sprintf("{&%s, 0}", to))
			}
			p.line("%s x = %s;", t, end)
			p.line("if (ev.at != 1) %s(%s);", dense, strings.Join(args, ", "))
			p.line("return x;")
		}
		name := o.name + "_seen"
		if o.t.IsScalar() {
			p.line("auto %s = [&]() {", name)
			body("0", o.name+"_1_at[s]")
			p.line("};")
			out = append(out, name+"()")
			continue
		}
		p.line("auto %s = ndec_made([&](int i) {", name)
		body("i", o.name+"_1_at[i * n + s]")
		p.line("});")
		out = append(out, name)
	}
	return out
}

// jump prints the kernel by which event i sets the states of samples at which it fires, and is kept for the way back; nil where it does neither.
func (e *emitter) jump(lp *loop, i int, rows int, open func(what, doc string, rows int, refs []address) *solveKernel) *solveKernel {
	p, s := e.p, lp.s
	reset := s.Events[i].Reset != nil
	if !reset && !s.Record {
		return nil
	}
	to, from, fired := lp.plain(lp.x), suffixed(lp.plain(lp.x), "_1"), suffixed(lp.x, "_fired")
	arrays := lp.x
	if reset {
		arrays = slices.Concat(lp.x, from)
	}
	refs := slices.Concat([]address{{param: "const ndec_walk *walk_at", find: "walk"}}, eventAddresses(s), e.arrayAddresses(arrays))
	if s.Record {
		refs = slices.Concat(refs, []address{{param: "const ndec_stats *st_at", find: "st"}}, number64("t"), intAddress("fired"), firedAddresses(), e.arrayAddresses(fired))
	}
	k := open(fmt.Sprintf("jump%d", i), fmt.Sprintf("samples at which event %d fires have the states after it", i), rows, refs)
	p.line("if (s >= n || !walk_at[s].take || !walk_at[s].hit || !ev_at[s].e[%d].fires()) return;", i)
	if s.Record {
		p.line("long long step = fired_at[s] + ev_at[s].firing(%d); // on the tape", i)
		p.line("if (step < room) {")
		p.eachElement(rows, lp.x, func(k int, at string) string {
			return fmt.Sprintf("%s_at[%s] = %s_at[%s];", fired[k].name, tapeRow(lp.x[k].t, at), lp.x[k].name, at)
		})
		if rows > 1 {
			p.line("if (i == 0) {")
		}
		p.line("fired_t_at[step * n + s] = t_at[s];")
		p.line("fired_step_at[step * n + s] = st_at[s].accepted - 1;")
		p.line("fired_event_at[step * n + s] = %d;", i)
		if rows > 1 {
			p.line("}")
		}
		p.line("}")
	}
	if reset {
		p.eachElement(rows, to, func(k int, at string) string {
			return fmt.Sprintf("%s_at[%s] = %s_at[%s];", to[k].name, at, from[k].name, at)
		})
	}
	p.line("}")
	p.line("")
	return k
}

// firedAddresses are those of the events on a tape: when they have happened, at the end of which step, and which they are.
func firedAddresses() []address {
	return append(number64("fired_t"), intAddress("fired_step", "fired_event")...)
}

// settle prints the kernel that says how samples go on that are at events, and who does.
func (e *emitter) settle(lp *loop, open func(what, doc string, rows int, refs []address) *solveKernel) *solveKernel {
	p, s := e.p, lp.s
	plain := lp.plain(lp.x)
	refs := slices.Concat([]address{{param: "ndec_walk *walk_at", find: "walk"}, {param: "ndec_stats *st_at", find: "st"}}, number64("t", "h"),
		eventAddresses(s), e.guardAddresses(lp), e.arrayAddresses(plain))
	if s.Resets() {
		refs = append(refs, e.arrayAddresses(suffixed(plain, "_before"))...)
	}
	if s.Record {
		refs = append(refs, intAddress("fired")...)
	}
	refs = append(refs, address{param: "unsigned *running_at", find: "running"})
	k := open("settle", "how samples go on that are at events, and who does", 1, refs)
	p.line("bool on = false;")
	p.line("if (s < n && walk_at[s].take && walk_at[s].hit) {")
	p.line("ndec_walk &walk = walk_at[s];")
	p.line("ndec_stats &st = st_at[s];")
	p.line("ndec_events<%d> ev = ev_at[s];", len(s.Events))
	p.line("double t = t_at[s];")
	for i, ev := range s.Events {
		if ev.Stop {
			p.line("if (ev.e[%d].fires()) st.status = NDEC_EVENT_STOP;", i)
		}
	}
	or := ""
	if s.Record {
		p.line("fired_at[s] += ev.firing(%d);", len(s.Events))
		p.line("if (fired_at[s] > room) {")
		p.line("st.fail(NDEC_TAPE_FULL, t, h_at[s]);")
		or = "} else "
	}
	if s.Resets() {
		p.line("%sif (!(%s)) {", or, e.columnsFinite(plain))
		p.line("st.fail(NDEC_NON_FINITE, t, h_at[s]);")
		for _, o := range plain {
			p.line("for (int i = 0; i < %d; i++) %s_at[i * n + s] = %s_before_at[i * n + s];", o.t.Len(), o.name, o.name)
		}
		or = "} else "
	}
	if or != "" {
		p.line("}")
	}
	p.line("if (st.status != NDEC_OK) {")
	p.line("walk.on = walk.stop = false;")
	p.line("} else {")
	e.layerGuards(lp, "t", e.ofSamples(plain))
	p.line("ev.again(t);")
	p.line("ev_at[s] = ev;")
	p.line("}")
	p.line("}")
	p.line("if (s < n) on = walk_at[s].on;")
	p.line("ndec_layer_running(running_at, n, s, on);")
	p.line("}")
	p.line("")
	return k
}
